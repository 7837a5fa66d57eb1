"""Show an official's menus and carry out what is chosen in them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

import sqlalchemy as sa

from services.notifier import audit, roster
from services.notifier.actions import mute
from services.notifier.core.answers import answer
from services.notifier.core.commands import Ask, Command
from services.notifier.core.menus import (
    Menu,
    Verb,
    choose,
    digest_menu,
    pause_menu,
    quiet_menu,
    region_menu,
    topic_menu,
)
from services.notifier.core.subscription import Official
from services.notifier.core.wishes import Wishes
from services.notifier.menu_buttons import Stale, read_press, sign_menu
from services.notifier.reasons_told import explain, last_incidents_menu
from services.notifier.reply import Reply
from services.notifier.tables import MUTE
from services.notifier.vault import Vault

EVERYTHING = "*"


@dataclass(frozen=True)
class Talker:
    """An official who is active, in a chat, at an instant."""

    official_id: str
    granted: Official
    wishes: Wishes
    chat_id: int
    now: float

    @property
    def language(self) -> str:
        """What to answer in."""
        return self.granted.language


def show_menu(conn: sa.Connection, vault: Vault, talker: Talker, ask: Ask) -> Reply:
    """The menu of a command."""
    return _reply(vault, talker, _menu(conn, talker, ask))


def _menu(conn: sa.Connection, talker: Talker, ask: Ask) -> Menu:
    if ask is Ask.WHY:
        return last_incidents_menu(conn, talker.official_id, talker.language)
    if ask is Ask.PAUSE:
        return pause_menu(talker.granted)
    made = {Ask.REGIONS: region_menu, Ask.TOPICS: topic_menu, Ask.QUIET: quiet_menu, Ask.DIGEST: digest_menu}
    return made[ask](talker.granted, talker.wishes)


def _reply(vault: Vault, talker: Talker, menu: Menu, *, edits: int | None = None) -> Reply:
    keyboard = sign_menu(vault, talker.official_id, talker.wishes.number, menu, talker.now)
    return Reply(talker.chat_id, menu.text, keyboard=keyboard, edits=edits)


def take_written(conn: sa.Connection, vault: Vault, talker: Talker, command: Command) -> list[Reply]:
    """Quiet hours, digest times or a pause that were written out, or the menu that offers them."""
    if command.ask is Ask.PAUSE and command.hours:
        return [Reply(talker.chat_id, pause(conn, talker, command.hours))]
    if command.ask is Ask.QUIET and command.quiet is not None:
        return _keep(conn, vault, talker, replace(talker.wishes, quiet=command.quiet, no_quiet=False), Ask.QUIET)
    if command.ask is Ask.DIGEST and command.digest:
        return _keep(conn, vault, talker, replace(talker.wishes, digest=command.digest), Ask.DIGEST)
    return [show_menu(conn, vault, talker, command.ask)]


def _keep(conn: sa.Connection, vault: Vault, talker: Talker, wishes: Wishes, ask: Ask) -> list[Reply]:
    changed = _store(conn, talker, wishes)
    return [
        Reply(talker.chat_id, answer(talker.language, "changed")),
        _reply(vault, changed, _menu(conn, changed, ask)),
    ]


def _store(conn: sa.Connection, talker: Talker, wishes: Wishes) -> Talker:
    kept = roster.keep_wishes(conn, talker.official_id, wishes, talker.now)
    audit.record(conn, talker.now, "official", "own choice changed", talker.official_id)
    return replace(talker, wishes=kept)


_MENU_OF = {
    Verb.REGION_ON: Ask.REGIONS, Verb.REGION_OFF: Ask.REGIONS, Verb.TOPIC_ON: Ask.TOPICS,
    Verb.TOPIC_OFF: Ask.TOPICS, Verb.QUIET: Ask.QUIET, Verb.DIGEST: Ask.DIGEST,
}  # fmt: skip


@dataclass(frozen=True)
class Pressed:
    """A press as Telegram reports it."""

    data: str
    message_id: int
    callback_id: str


def take_press(conn: sa.Connection, vault: Vault, talker: Talker, pressed: Pressed) -> list[Reply] | None:
    """Carry out a press of a menu's button; None if this is none of ours for this official."""
    press = read_press(vault, talker.official_id, talker.wishes.number, pressed.data, talker.now)
    if press is None:
        return None
    said = Reply(talker.chat_id, "", pressed.callback_id)
    if isinstance(press, Stale):
        return [replace(said, text=answer(talker.language, "too_old"))]
    if press.verb is Verb.WHY:
        return [said, Reply(talker.chat_id, explain(conn, talker.official_id, press.argument))]
    if press.verb in {Verb.PAUSE, Verb.RESUME}:
        paused = press.verb is Verb.PAUSE
        return [replace(said, text=pause(conn, talker, int(press.argument)) if paused else resume(conn, talker))]
    wishes = choose(talker.granted, talker.wishes, press.verb, press.argument)
    if wishes is None:
        return [replace(said, text=answer(talker.language, "last_one"))]
    changed = _store(conn, talker, wishes)
    menu = _reply(vault, changed, _menu(conn, changed, _MENU_OF[press.verb]), edits=pressed.message_id)
    return [replace(said, text=answer(talker.language, "changed")), menu]


def pause(conn: sa.Connection, talker: Talker, hours: int) -> str:
    """Hold everything back but what is critical; what was said of it."""
    mute(conn, talker.official_id, EVERYTHING, talker.now + hours * 3600)
    return answer(talker.language, "paused", n=hours)


def resume(conn: sa.Connection, talker: Talker) -> str:
    """Hold nothing back any more."""
    conn.execute(sa.delete(MUTE).where(MUTE.c.official_id == talker.official_id))
    return answer(talker.language, "resumed")


def paused_until(conn: sa.Connection, official_id: str, now: float) -> datetime | None:
    """Until when everything is held back; None if it is not."""
    query = sa.select(MUTE.c.until).where(
        MUTE.c.official_id == official_id, MUTE.c.incident_id == EVERYTHING, MUTE.c.until > now
    )
    until = conn.execute(query).scalar()
    return datetime.fromtimestamp(until, UTC) if until else None
