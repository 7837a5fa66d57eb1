"""Read what an official writes to the bot."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import time
from enum import StrEnum

from services.notifier.core.mail_text import is_plain_address
from services.notifier.core.quiet import QuietHours
from services.notifier.core.wishes import DIGESTS_AT_MOST

_COMMAND = re.compile(r"^/([a-z]{1,20})(?:@[A-Za-z0-9_]{1,40})?(?:\s+(\S.{0,79}))?\s*$")
#: Telegram hands on at most 64 of these characters from an invitation link.
_TOKEN = re.compile(r"^[A-Za-z0-9_-]{20,64}$")
_CODE = re.compile(r"^[0-9]{8}$")
_CLOCK = re.compile(r"^([01]?[0-9]|2[0-3])[:.]([0-5][0-9])$")
_THREAD = re.compile(r"^[A-Z0-9]{1,8}$")
LONGEST_PAUSE_H = 72


class Ask(StrEnum):
    """What is wanted."""

    JOIN = "join"
    ADDRESS = "address"
    CODE = "code"
    HELP = "help"
    STATUS = "status"
    REGIONS = "regions"
    TOPICS = "topics"
    QUIET = "quiet"
    DIGEST = "digest"
    PAUSE = "pause"
    WHY = "why"
    STOP = "stop"
    STOP_SURE = "stop_sure"
    RESUME = "resume"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Command:
    """One message as we understand it.

    Attributes:
        word: the token with join, the address, the code, or the incident's short name with why.
        hours: with pause; 0 asks how long.
        quiet: with quiet, the hours that were written out.
        digest: with digest, the times that were written out.
    """

    ask: Ask
    word: str = ""
    hours: int = 0
    quiet: QuietHours | None = None
    digest: tuple[time, ...] = ()


def read_command(text: str) -> Command:
    """The command a message holds; anything else is unclear."""
    said = text.strip()[:200]
    found = _COMMAND.match(said)
    if not found:
        return _plain(said)
    name, argument = found[1], (found[2] or "").strip()
    if name in _WITH_ARGUMENT:
        return _WITH_ARGUMENT[name](argument)
    return Command(_SIMPLE.get(name, Ask.UNCLEAR)) if not argument else Command(Ask.UNCLEAR)


def _plain(said: str) -> Command:
    code = said.replace(" ", "").replace("-", "")
    if code.isascii() and _CODE.match(code):
        return Command(Ask.CODE, word=code)
    return Command(Ask.ADDRESS, word=said.lower()) if is_plain_address(said) else Command(Ask.UNCLEAR)


def _start(argument: str) -> Command:
    return Command(Ask.JOIN, word=argument) if _TOKEN.match(argument) else Command(Ask.HELP)


def _why(argument: str) -> Command:
    word = argument.upper()
    return Command(Ask.WHY, word=word) if not word or _THREAD.match(word) else Command(Ask.UNCLEAR)


def _stop(argument: str) -> Command:
    if not argument:
        return Command(Ask.STOP)
    return Command(Ask.STOP_SURE if argument.lower() in {"ya", "yes"} else Ask.UNCLEAR)


def _pause(argument: str) -> Command:
    if not argument:
        return Command(Ask.PAUSE)
    if argument.isascii() and argument.isdigit() and 0 < int(argument) <= LONGEST_PAUSE_H:
        return Command(Ask.PAUSE, hours=int(argument))
    return Command(Ask.UNCLEAR)


def _quiet(argument: str) -> Command:
    if not argument:
        return Command(Ask.QUIET)
    clocks = read_clocks(argument.replace("-", " "))
    if len(clocks) != 2 or clocks[0] == clocks[1]:
        return Command(Ask.UNCLEAR)
    return Command(Ask.QUIET, quiet=QuietHours(clocks[0], clocks[1]))


def _digest(argument: str) -> Command:
    if not argument:
        return Command(Ask.DIGEST)
    clocks = tuple(sorted(set(read_clocks(argument.replace(",", " ")))))
    if not 0 < len(clocks) <= DIGESTS_AT_MOST:
        return Command(Ask.UNCLEAR)
    return Command(Ask.DIGEST, digest=clocks)


def read_clocks(text: str) -> tuple[time, ...]:
    """Times of day such as ``6.30 16:00``; nothing at all if one of them is none."""
    found = [_CLOCK.match(word) for word in text.split()]
    return tuple(time(int(one[1]), int(one[2])) for one in found if one) if all(found) else ()


_SIMPLE = {
    "help": Ask.HELP, "status": Ask.STATUS, "resume": Ask.RESUME, "regions": Ask.REGIONS, "topics": Ask.TOPICS,
}  # fmt: skip
_WITH_ARGUMENT: dict[str, Callable[[str], Command]] = {
    "start": _start, "stop": _stop, "pause": _pause, "mute": _pause, "quiet": _quiet, "digest": _digest,
    "why": _why,
}  # fmt: skip
