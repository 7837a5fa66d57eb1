"""Carry out what officials write and press, in one transaction an update; the answers are sent after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from services.notifier import audit, invitations, roster
from services.notifier.buttons import MUTE as MUTE_BUTTON
from services.notifier.buttons import read_press
from services.notifier.core.answers import answer, say_status
from services.notifier.core.commands import Ask, Command, read_command
from services.notifier.incidents import last_version
from services.notifier.roster import Standing
from services.notifier.spec import OfficialSpec
from services.notifier.tables import CORRECTION, META, MUTE, OFFICIAL, THREAD
from services.notifier.vault import Vault

_OFFSET = "telegram_offset"
_BUTTON_MUTE_H = 24


@dataclass(frozen=True)
class Reply:
    """What to send back: a message to the chat, or the answer to a pressed button."""

    chat_id: int
    text: str
    callback_id: str | None = None


def read_offset(conn: sa.Connection) -> int:
    """The first update not yet handled."""
    return int(conn.execute(sa.select(META.c.value).where(META.c.name == _OFFSET)).scalar() or 0)


def handle_update(conn: sa.Connection, vault: Vault, update: Mapping[str, Any], now: datetime) -> Reply | None:
    """Carry out one update and note that it is done; an update seen before does nothing."""
    if not pass_over(conn, update):
        return None
    message, press = update.get("message"), update.get("callback_query")
    if isinstance(message, Mapping):
        return _on_message(conn, vault, message, now.timestamp())
    if isinstance(press, Mapping):
        return _on_press(conn, vault, press, now.timestamp())
    return None


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


def _on_message(conn: sa.Connection, vault: Vault, message: Mapping[str, Any], now: float) -> Reply | None:
    chat, text = _chat(message), message.get("text")
    if chat is None or not isinstance(text, str):
        return None
    chat_id, kind = chat
    command = read_command(text)
    known = roster.find_by_address(conn, vault, "telegram", str(chat_id))
    if command.ask is Ask.JOIN:
        return Reply(chat_id, _join(conn, vault, command, chat_id, kind, now=now))
    if not known:
        # In a group only commands are answered; a stranger learns nothing of who is invited.
        return Reply(chat_id, answer("id", "stranger")) if kind == "private" else None
    return Reply(chat_id, _command(conn, known[0], command, now))


def _join(conn: sa.Connection, vault: Vault, command: Command, chat_id: int, kind: str, *, now: float) -> str:
    if kind != "private":
        return answer("id", "private_only")
    official_id = invitations.redeem(conn, vault, command.token, chat_id, now)
    if official_id is None:
        return answer("id", "bad_token")
    return answer(_language(conn, official_id), "waiting")


def _language(conn: sa.Connection, official_id: str) -> str:
    spec = conn.execute(sa.select(OFFICIAL.c.spec).where(OFFICIAL.c.official_id == official_id)).scalar()
    return OfficialSpec.model_validate_json(spec, by_alias=True, by_name=True).language if spec else "id"


def _command(conn: sa.Connection, official_id: str, command: Command, now: float) -> str:
    language = _language(conn, official_id)
    official = roster.find_official(conn, official_id)
    if command.ask is Ask.RESUME:
        return _resume(conn, official_id, language, now)
    if official is None:
        return answer(language, "not_active")
    if command.ask is Ask.STATUS:
        return say_status(official)
    if command.ask is Ask.MUTE:
        _mute(conn, official_id, "*", now + command.hours * 3600)
        return answer(language, "muted", n=command.hours)
    if command.ask is Ask.STOP_SURE:
        roster.set_standing(conn, official_id, Standing.SUSPENDED, "official", now, why=_OWN_WISH)
        return answer(language, "stopped")
    return answer(language, command.ask.value)


_OWN_WISH = "stopped by the official"


def _resume(conn: sa.Connection, official_id: str, language: str, now: float) -> str:
    """Only who stopped by own wish may come back alone; who was suspended by an operator may not."""
    if invitations.standing_of(conn, official_id) is Standing.ACTIVE:
        conn.execute(sa.delete(MUTE).where(MUTE.c.official_id == official_id))
        return answer(language, "resumed")
    if audit.last_reason(conn, official_id) != _OWN_WISH:
        return answer(language, "not_active")
    roster.set_standing(conn, official_id, Standing.ACTIVE, "official", now, why="resumed by the official")
    return answer(language, "resumed")


def _mute(conn: sa.Connection, official_id: str, incident_id: str, until: float) -> None:
    where = (MUTE.c.official_id == official_id, MUTE.c.incident_id == incident_id)
    conn.execute(sa.delete(MUTE).where(*where))
    conn.execute(sa.insert(MUTE).values(official_id=official_id, incident_id=incident_id, until=until))


def _on_press(conn: sa.Connection, vault: Vault, press: Mapping[str, Any], now: float) -> Reply | None:
    callback_id, data, message = press.get("id"), press.get("data"), press.get("message")
    if not isinstance(callback_id, str) or not isinstance(message, Mapping):
        return None
    chat = _chat(message)
    if chat is None:
        return None
    text = _press(conn, vault, str(data), chat, message, sender=press.get("from"), now=now)
    return Reply(chat[0], text, callback_id)


def _press(
    conn: sa.Connection,
    vault: Vault,
    data: str,
    chat: tuple[int, str],
    message: Mapping[str, Any],
    *,
    sender: object,
    now: float,
) -> str:
    chat_id, kind = chat
    # In a private chat the presser is the official; in a group anybody could be.
    own = kind == "private" and isinstance(sender, Mapping) and sender.get("id") == chat_id
    known = roster.find_by_address(conn, vault, "telegram", str(chat_id)) if own else []
    for official_id in known:
        for incident_id in _incidents(conn, official_id, str(message.get("message_id"))):
            code = read_press(vault, data, official_id, incident_id)
            if code is not None:
                return _carry_out(conn, official_id, incident_id, code, now)
    return answer("id", "not_yours")


def _incidents(conn: sa.Connection, official_id: str, ref: str) -> list[str]:
    query = sa.select(THREAD.c.incident_id).where(
        THREAD.c.official_id == official_id, THREAD.c.channel == "telegram", THREAD.c.ref == ref
    )
    return [row.incident_id for row in conn.execute(query)]


def _carry_out(conn: sa.Connection, official_id: str, incident_id: str, code: str, now: float) -> str:
    language = _language(conn, official_id)
    if code == MUTE_BUTTON:
        _mute(conn, official_id, incident_id, now + _BUTTON_MUTE_H * 3600)
        return answer(language, "muted_incident")
    version = last_version(conn, incident_id)
    values = {"official_id": official_id, "incident_id": incident_id, "version": version, "kind": code}
    where = [CORRECTION.c[name] == value for name, value in values.items()]
    if conn.execute(sa.select(CORRECTION.c.at).where(*where)).first() is None:
        conn.execute(sa.insert(CORRECTION).values(**values, at=now))
    return answer(language, "noted")
