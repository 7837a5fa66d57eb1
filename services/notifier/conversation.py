"""Carry out what officials write and press, in one transaction an update; the answers are sent after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.notifier import actions, audit, choices, invitations, mail_codes, roster
from services.notifier.actions import ACTIONS, Said
from services.notifier.buttons import MUTE as MUTE_BUTTON
from services.notifier.buttons import read_press
from services.notifier.choices import Pressed, Talker, paused_until, take_press, take_written
from services.notifier.core.answers import answer, say_status
from services.notifier.core.commands import Ask, Command, read_command
from services.notifier.core.reason import Reason
from services.notifier.core.wishes import apply_wishes
from services.notifier.incidents import last_version
from services.notifier.mail_codes import Asked, Request
from services.notifier.reasons_told import explain
from services.notifier.reply import Reply
from services.notifier.roster import Standing
from services.notifier.tables import META, THREAD
from services.notifier.vault import Vault

_OFFSET = "telegram_offset"
_SAID = {code: what for what, code in ACTIONS.items()}
_OWN_WISH = "stopped by the official"
NO_DOMAINS: frozenset[str] = frozenset()
#: In a group anybody could be writing, so there it is only said what the group receives.
_READS = frozenset({Ask.STATUS, Ask.HELP, Ask.WHY, Ask.UNCLEAR})
_MENUS = frozenset({Ask.REGIONS, Ask.TOPICS, Ask.QUIET, Ask.DIGEST, Ask.PAUSE, Ask.WHY})


def read_offset(conn: sa.Connection) -> int:
    """The first update not yet handled."""
    return int(conn.execute(sa.select(META.c.value).where(META.c.name == _OFFSET)).scalar() or 0)


def is_before(update: Mapping[str, Any], offset: int) -> bool:
    """Whether its number is one that was not asked for."""
    number = update.get("update_id")
    return isinstance(number, int) and number < offset


def count_anew(conn: sa.Connection) -> None:
    """Forget which updates are handled: those that follow are numbered otherwise."""
    conn.execute(sa.delete(META).where(META.c.name == _OFFSET))


def handle_update(
    conn: sa.Connection,
    vault: Vault,
    update: Mapping[str, Any],
    now: datetime,
    *,
    domains: frozenset[str] = NO_DOMAINS,
) -> list[Reply]:
    """Carry out one update and note that it is done; an update seen before does nothing."""
    if not pass_over(conn, update):
        return []
    message, press = update.get("message"), update.get("callback_query")
    if isinstance(message, Mapping):
        return _on_message(conn, vault, message, now.timestamp(), domains)
    if isinstance(press, Mapping):
        return _on_press(conn, vault, press, now.timestamp())
    return []


def pass_over(conn: sa.Connection, update: Mapping[str, Any]) -> bool:
    """Note that an update is done with; False if it was before."""
    number = update.get("update_id")
    if not isinstance(number, int) or number < read_offset(conn):
        return False
    conn.execute(sa.delete(META).where(META.c.name == _OFFSET))
    conn.execute(sa.insert(META).values(name=_OFFSET, value=str(number + 1)))
    return True


def _chat(message: Mapping[str, Any]) -> tuple[int, str] | None:
    chat = message.get("chat")
    if not isinstance(chat, Mapping) or not isinstance(chat.get("id"), int):
        return None
    return chat["id"], str(chat.get("type", ""))


def _on_message(
    conn: sa.Connection, vault: Vault, message: Mapping[str, Any], now: float, domains: frozenset[str]
) -> list[Reply]:
    chat, text = _chat(message), message.get("text")
    if chat is None or not isinstance(text, str):
        return []
    chat_id, kind = chat
    private = kind == "private"
    command = read_command(text)
    known = roster.find_by_address(conn, vault, "telegram", str(chat_id))
    _are_there(conn, known, now)
    if command.ask is Ask.JOIN:
        reads = _reads(message.get("from"))
        said = _join(conn, vault, command, (chat_id, private, known), reads, now=now, domains=domains)
        return [Reply(chat_id, said)]
    if not known:
        # In a group only commands are answered; a stranger learns nothing of who is invited.
        return [Reply(chat_id, answer(_reads(message.get("from")), "stranger"))] if private else []
    if not private:
        return _in_group(conn, vault, known[0], chat_id, text, now=now)
    standing = invitations.standing_of(conn, known[0])
    if standing in {Standing.CONFIRMING, Standing.PENDING}:
        return [Reply(chat_id, _confirm(conn, vault, known[0], command, domains, now=now))]
    return _command(conn, vault, known[0], chat_id, command, now=now)


def _are_there(conn: sa.Connection, official_ids: Sequence[str], now: float) -> None:
    """A chat that was given up because it refused us, and is heard of again, is used again."""
    for official_id in official_ids:
        if roster.why_suspended(conn, official_id, "telegram") == Reason.GONE:
            roster.resume_channel(conn, official_id, "telegram", "official", now)


def _in_group(
    conn: sa.Connection, vault: Vault, official_id: str, chat_id: int, text: str, *, now: float
) -> list[Reply]:
    """Anybody could be writing here: it is said what the group receives, and nothing is changed."""
    if not text.startswith("/"):
        return []  # people talking to each other
    command = read_command(text)
    if command.ask not in _READS:
        return [Reply(chat_id, answer(_language(conn, official_id), "group_only_reads"))]
    return _command(conn, vault, official_id, chat_id, command, now=now)


def _join(
    conn: sa.Connection,
    vault: Vault,
    command: Command,
    where: tuple[int, bool, list[str]],
    reads: str,
    *,
    now: float,
    domains: frozenset[str],
) -> str:
    chat_id, private, known = where
    if not private:
        return answer(reads, "private_only")
    if known:
        # The link stays good for whom it was meant for.
        return answer(_language(conn, known[0]), "joined_before")
    official_id = invitations.redeem(conn, vault, command.word, chat_id, now, needs_mailbox=bool(domains))
    if official_id is None:
        return answer(reads, "bad_token")
    return answer(_language(conn, official_id), "send_address" if domains else "waiting")


def _confirm(
    conn: sa.Connection, vault: Vault, official_id: str, command: Command, domains: frozenset[str], *, now: float
) -> str:
    """The steps between the invitation and the approval."""
    language = _language(conn, official_id)
    if invitations.standing_of(conn, official_id) is Standing.PENDING:
        return answer(language, "waiting")
    if command.ask is Ask.ADDRESS:
        asked = mail_codes.ask_code(conn, vault, Request(official_id, command.word), domains, now)
        if asked is not Asked.SENT:
            return answer(language, asked)
        return answer(language, asked, n=mail_codes.DIGITS, m=int(mail_codes.VALID_S // 60))
    if command.ask is Ask.CODE:
        return answer(language, mail_codes.prove(conn, vault, official_id, command.word, now))
    return answer(language, "send_address")


def _reads(sender: object) -> str:
    """What somebody unknown reads, by what their Telegram is set to; Indonesian where it does not say."""
    code = sender.get("language_code") if isinstance(sender, Mapping) else None
    return code[:2].lower() if isinstance(code, str) else "id"


def _language(conn: sa.Connection, official_id: str) -> str:
    found = roster.granted(conn, official_id)
    return found[0].language if found else "id"


def _talker(conn: sa.Connection, official_id: str, chat_id: int, now: float) -> Talker | None:
    found = roster.granted(conn, official_id)
    if found is None or invitations.standing_of(conn, official_id) is not Standing.ACTIVE:
        return None
    return Talker(official_id, *found, chat_id, now)


def _command(
    conn: sa.Connection, vault: Vault, official_id: str, chat_id: int, command: Command, *, now: float
) -> list[Reply]:
    language = _language(conn, official_id)
    if command.ask is Ask.RESUME:
        return [Reply(chat_id, _resume(conn, official_id, language, now))]
    talker = _talker(conn, official_id, chat_id, now)
    if talker is None:
        return [Reply(chat_id, answer(language, "not_active"))]
    if command.ask in _MENUS and not command.word:
        return take_written(conn, vault, talker, command)
    return [Reply(chat_id, _answer(conn, vault, talker, command))]


def _answer(conn: sa.Connection, vault: Vault, talker: Talker, command: Command) -> str:
    if command.ask is Ask.STATUS:
        return _status(conn, vault, talker)
    if command.ask is Ask.WHY:
        return explain(conn, talker.official_id, command.word)
    if command.ask is Ask.STOP_SURE:
        roster.set_standing(conn, talker.official_id, Standing.SUSPENDED, "official", talker.now, why=_OWN_WISH)
        return answer(talker.language, "stopped")
    return answer(talker.language, command.ask if command.ask in {Ask.HELP, Ask.STOP} else Ask.UNCLEAR)


def _status(conn: sa.Connection, vault: Vault, talker: Talker) -> str:
    until = paused_until(conn, talker.official_id, talker.now)
    said = say_status(apply_wishes(talker.granted, talker.wishes), talker.wishes, paused_until=until)
    mail = roster.read_contact(conn, vault, talker.official_id, "email", even_suspended=True)
    stopped = mail is not None and roster.read_contact(conn, vault, talker.official_id, "email") is None
    return f"{said}\n{answer(talker.language, 'mail_stopped_status')}" if stopped else said


def _resume(conn: sa.Connection, official_id: str, language: str, now: float) -> str:
    """Only who stopped by own wish may come back alone; who was suspended by an operator may not."""
    talker = _talker(conn, official_id, 0, now)
    if talker is not None:
        return choices.resume(conn, talker)
    if audit.last_reason(conn, official_id, f"official {Standing.SUSPENDED}") != _OWN_WISH:
        return answer(language, "not_active")
    roster.set_standing(conn, official_id, Standing.ACTIVE, "official", now, why="resumed by the official")
    return answer(language, "resumed")


def _on_press(conn: sa.Connection, vault: Vault, press: Mapping[str, Any], now: float) -> list[Reply]:
    callback_id, data, message = press.get("id"), press.get("data"), press.get("message")
    if not isinstance(callback_id, str) or not isinstance(message, Mapping):
        return []
    chat = _chat(message)
    if chat is None:
        return []
    chat_id, kind = chat
    sender, message_id = press.get("from"), message.get("message_id")
    # In a private chat the presser is the official; in a group anybody could be.
    own = kind == "private" and isinstance(sender, Mapping) and sender.get("id") == chat_id
    known = roster.find_by_address(conn, vault, "telegram", str(chat_id)) if own else []
    _are_there(conn, known, now)
    for official_id in known:
        talker = _talker(conn, official_id, chat_id, now)
        if talker is None or not isinstance(message_id, int):
            continue
        replies = take_press(conn, vault, talker, Pressed(str(data), message_id, callback_id))
        if replies is not None:
            return replies
        said = _press_card(conn, vault, talker, str(data), message_id)
        if said is not None:
            return [Reply(chat_id, said, callback_id)]
    return [Reply(chat_id, answer(_reads(sender), "not_yours"), callback_id)]


def _press_card(conn: sa.Connection, vault: Vault, talker: Talker, data: str, message_id: int) -> str | None:
    query = sa.select(THREAD.c.incident_id).where(
        THREAD.c.official_id == talker.official_id,
        THREAD.c.channel == "telegram",
        THREAD.c.ref == str(message_id),
    )
    for row in conn.execute(query).all():
        code = read_press(vault, data, talker.official_id, row.incident_id)
        if code is not None:
            return _carry_out(conn, talker, row.incident_id, code)
    return None


def _carry_out(conn: sa.Connection, talker: Talker, incident_id: str, code: str) -> str:
    said = Said(talker.official_id, incident_id, last_version(conn, incident_id), _SAID[code])
    actions.carry_out(conn, said, talker.now)
    return answer(talker.language, "muted_incident" if code == MUTE_BUTTON else "noted")
