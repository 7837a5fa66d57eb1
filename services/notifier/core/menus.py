"""The menus under the bot's answers: what can be chosen, and what a choice changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import time
from enum import StrEnum

from services.notifier.core.answers import answer, say_clocks, say_digest, say_quiet
from services.notifier.core.quiet import QuietHours
from services.notifier.core.regions import region_name
from services.notifier.core.subscription import EVERYWHERE, Official
from services.notifier.core.wishes import Wishes, apply_wishes, granted_regions, granted_topics
from services.notifier.core.words import words_for


class Verb(StrEnum):
    """What a button does; two letters, since callback data has 64 bytes."""

    REGION_ON = "r1"
    REGION_OFF = "r0"
    TOPIC_ON = "t1"
    TOPIC_OFF = "t0"
    QUIET = "qu"
    DIGEST = "di"
    PAUSE = "pa"
    RESUME = "re"
    WHY = "wy"


@dataclass(frozen=True)
class Button:
    """A button before it is signed.  It says what will be, not "the other one": pressed twice is pressed once."""

    label: str
    verb: Verb
    argument: str


@dataclass(frozen=True)
class Menu:
    """A text and its rows of buttons."""

    text: str
    rows: tuple[tuple[Button, ...], ...]


_QUIET = ((time(21), time(5, 30)), (time(22), time(6)), (time(20), time(7)))
_DIGESTS = ((time(6, 30), time(16)), (time(6, 30),), (time(16),), (time(7), time(12), time(17)))
_PAUSES_H = (8, 24, 72)
_NONE, _GRANTED = "none", "granted"
#: Telegram takes at most 100 buttons under one message.
_BUTTONS_AT_MOST = 90


def region_menu(granted: Official, wishes: Wishes) -> Menu:
    """Every granted region, on or off."""
    language = granted.language
    buttons = []
    for region in granted_regions(granted)[:_BUTTONS_AT_MOST]:
        off = region in wishes.regions_off
        verb = Verb.REGION_ON if off else Verb.REGION_OFF
        buttons.append(Button(_marked(region_name(region, language), on=not off), verb, region))
    return Menu(answer(language, "menu_regions"), _rows(buttons, 3))


def topic_menu(granted: Official, wishes: Wishes) -> Menu:
    """Every granted topic, on or off."""
    language = granted.language
    words = words_for(language)
    buttons = []
    for topic in granted_topics(granted):
        off = topic in wishes.topics_off
        verb = Verb.TOPIC_ON if off else Verb.TOPIC_OFF
        buttons.append(Button(_marked(words.topics[topic], on=not off), verb, topic.value))
    return Menu(answer(language, "menu_topics"), _rows(buttons, 1))


def quiet_menu(granted: Official, wishes: Wishes) -> Menu:
    """Usual nights, none, and what was granted."""
    language = granted.language
    now = apply_wishes(granted, wishes).quiet
    buttons = [
        Button(f"{start:%H:%M}-{end:%H:%M}", Verb.QUIET, f"{start:%H%M}{end:%H%M}") for start, end in _QUIET
    ]
    buttons += [
        Button(answer(language, "off"), Verb.QUIET, _NONE),
        Button(answer(language, "as_granted"), Verb.QUIET, _GRANTED),
    ]
    return Menu(answer(language, "menu_quiet", x=say_quiet(language, now)), _rows(buttons, 3))


def digest_menu(granted: Official, wishes: Wishes) -> Menu:
    """Usual times, and what was granted."""
    language = granted.language
    now = say_digest(apply_wishes(granted, wishes))
    buttons = [
        Button(say_clocks(clocks), Verb.DIGEST, "".join(f"{clock:%H%M}" for clock in clocks))
        for clocks in _DIGESTS
    ]
    buttons.append(Button(answer(language, "as_granted"), Verb.DIGEST, _GRANTED))
    return Menu(answer(language, "menu_digest", x=now), _rows(buttons, 2))


def pause_menu(granted: Official) -> Menu:
    """How long to be silent."""
    language = granted.language
    buttons = [Button(answer(language, "hours", n=hours), Verb.PAUSE, str(hours)) for hours in _PAUSES_H]
    buttons.append(Button(answer(language, "go_on"), Verb.RESUME, _NONE))
    return Menu(answer(language, "menu_pause"), _rows(buttons, 2))


def why_menu(language: str, incidents: Sequence[tuple[str, str]]) -> Menu:
    """The last incidents by short name and label."""
    buttons = [Button(label, Verb.WHY, name) for name, label in incidents]
    return Menu(answer(language, "menu_why" if buttons else "nothing_sent"), _rows(buttons, 1))


def _marked(label: str, *, on: bool) -> str:
    return f"{'✅' if on else '⬜'} {label}"


def _rows(buttons: Sequence[Button], across: int) -> tuple[tuple[Button, ...], ...]:
    return tuple(tuple(buttons[n : n + across]) for n in range(0, len(buttons), across))


def choose(granted: Official, wishes: Wishes, verb: Verb, argument: str) -> Wishes | None:
    """The wishes after a press; None where the choice would leave nothing, or was never granted."""
    if verb in {Verb.REGION_ON, Verb.REGION_OFF}:
        return _switch_region(granted, wishes, argument, on=verb is Verb.REGION_ON)
    if verb in {Verb.TOPIC_ON, Verb.TOPIC_OFF}:
        return _switch_topic(granted, wishes, argument, on=verb is Verb.TOPIC_ON)
    if verb is Verb.QUIET:
        return _choose_quiet(wishes, argument)
    if verb is Verb.DIGEST:
        clocks = () if argument == _GRANTED else _clocks(argument)
        return replace(wishes, digest=clocks) if clocks or argument == _GRANTED else None
    return None


def _switch_region(granted: Official, wishes: Wishes, region: str, *, on: bool) -> Wishes | None:
    if region not in granted_regions(granted) or region == EVERYWHERE:
        return None
    off = wishes.regions_off - {region} if on else wishes.regions_off | {region}
    return _if_anything_is_left(granted, replace(wishes, regions_off=off))


def _switch_topic(granted: Official, wishes: Wishes, code: str, *, on: bool) -> Wishes | None:
    topic = next((topic for topic in granted_topics(granted) if topic.value == code), None)
    if topic is None:
        return None
    off = wishes.topics_off - {topic} if on else wishes.topics_off | {topic}
    return _if_anything_is_left(granted, replace(wishes, topics_off=off))


def _if_anything_is_left(granted: Official, wishes: Wishes) -> Wishes | None:
    return wishes if apply_wishes(granted, wishes).subscriptions else None


def _choose_quiet(wishes: Wishes, argument: str) -> Wishes | None:
    if argument in {_NONE, _GRANTED}:
        return replace(wishes, quiet=None, no_quiet=argument == _NONE)
    clocks = _clocks(argument)
    if len(clocks) != 2:
        return None
    return replace(wishes, quiet=QuietHours(*clocks), no_quiet=False)


def _clocks(argument: str) -> tuple[time, ...]:
    parts = [argument[n : n + 4] for n in range(0, len(argument), 4)]
    try:
        return tuple(time(int(part[:2]), int(part[2:])) for part in parts if len(part) == 4)
    except ValueError:
        return ()


__all__ = [
    "Button", "Menu", "Verb", "choose", "digest_menu", "pause_menu", "quiet_menu", "region_menu",
    "topic_menu", "why_menu",
]  # fmt: skip
