"""Read what an official writes to the bot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

_COMMAND = re.compile(r"^/([a-z]{1,20})(?:@[A-Za-z0-9_]{1,40})?(?:\s+(\S{1,64}))?\s*$")
#: Telegram hands on at most 64 of these characters from an invitation link.
_TOKEN = re.compile(r"^[A-Za-z0-9_-]{20,64}$")
LONGEST_MUTE_H = 72


class Ask(StrEnum):
    """What is wanted."""

    JOIN = "join"
    HELP = "help"
    STATUS = "status"
    MUTE = "mute"
    STOP = "stop"
    STOP_SURE = "stop_sure"
    RESUME = "resume"
    UNCLEAR = "unclear"


@dataclass(frozen=True)
class Command:
    """One message as we understand it; ``token`` with join, ``hours`` with mute."""

    ask: Ask
    token: str = ""
    hours: int = 0


def read_command(text: str) -> Command:
    """The command a message holds; anything else is unclear."""
    found = _COMMAND.match(text.strip()[:200])
    if not found:
        return Command(Ask.UNCLEAR)
    name, argument = found[1], found[2] or ""
    if name == "start":
        return Command(Ask.JOIN, token=argument) if _TOKEN.match(argument) else Command(Ask.HELP)
    if name == "stop":
        return Command(Ask.STOP_SURE if argument.lower() in {"ya", "yes"} else Ask.STOP)
    if name == "mute":
        return _mute(argument)
    simple = {"help": Ask.HELP, "status": Ask.STATUS, "resume": Ask.RESUME}
    return Command(simple.get(name, Ask.UNCLEAR))


def _mute(argument: str) -> Command:
    if not argument:
        return Command(Ask.MUTE, hours=24)
    if argument.isascii() and argument.isdigit() and 0 < int(argument) <= LONGEST_MUTE_H:
        return Command(Ask.MUTE, hours=int(argument))
    return Command(Ask.UNCLEAR)
