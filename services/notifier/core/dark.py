"""Tell a source that is dark from one that flickers, whom that concerns, and how it is said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.contracts.source import Health
from services.notifier.core.clock import say_time
from services.notifier.core.regions import region_name
from services.notifier.core.subscription import EVERYWHERE, Official
from services.notifier.core.words import say_outlet, words_for

DARK = frozenset({Health.STALE, Health.BLOCKED, Health.BROKEN, Health.GONE})
#: A source must have been dark, or back, for so long before anybody is told: one that flickers is no news.
DARK_AFTER = timedelta(hours=6)
BACK_AFTER = timedelta(hours=2)
#: So many sources are named in one digest; when a whole outlet is away its twenty desks are one fact.
_NAMED = 8


class Light(StrEnum):
    """How it stands with a source."""

    DARK = "dark"
    BACK = "back"
    #: Turned lately: whoever waits with telling goes on waiting.
    FLICKERS = "flickers"


@dataclass(frozen=True)
class SourceState:
    """A source as last heard of; ``turned_at`` is when it went dark or came back, ``since`` when it ceased."""

    source_id: str
    outlet: str
    region: str
    health: Health
    since: datetime | None
    turned_at: datetime


def light_of(source: SourceState, now: datetime) -> Light:
    """Dark or back for long enough, or neither."""
    lasted = now - source.turned_at
    if source.health in DARK:
        return Light.DARK if lasted >= DARK_AFTER else Light.FLICKERS
    return Light.BACK if lasted >= BACK_AFTER else Light.FLICKERS


def concerns(official: Official, region: str) -> bool:
    """Whether a source of this region is one of theirs: the same region, its country, or a part of it."""
    wanted = {code for line in official.subscriptions for code in line.regions}
    if EVERYWHERE in wanted:
        return True
    country = region.partition("-")[0]
    if not country:
        return False
    if region == country:
        return any(code.partition("-")[0] == country for code in wanted)
    return region in wanted or country in wanted


def say_dark(official: Official, sources: Iterable[SourceState]) -> str:
    """One paragraph on what is dark; "" where nothing is."""
    words = words_for(official.language)
    said: dict[str, str] = {}
    for source in sorted(sources, key=lambda one: (one.since or one.turned_at, one.source_id)):
        when = say_time(source.since or source.turned_at, official.zone, words.language)
        why = words.labels.get(f"health_{source.health.value}", source.health.value)
        name = _name(source, official.language)
        said.setdefault(name, words.labels["dark_source"].format(what=name, x=when, why=why))
    return words.labels["dark"].format(x=_listed(said.values(), words.labels["more"])) if said else ""


def say_back(official: Official, sources: Iterable[SourceState]) -> str:
    """One paragraph on what is back; "" where nothing is."""
    words = words_for(official.language)
    said = dict.fromkeys(_name(source, official.language) for source in sources)
    return words.labels["back"].format(x=_listed(said, words.labels["more"])) if said else ""


def _name(source: SourceState, language: str) -> str:
    region = region_name(source.region, language) if source.region else ""
    return f"{say_outlet(source.outlet)} ({region})" if region else say_outlet(source.outlet)


def _listed(said: Iterable[str], more: str) -> str:
    every = list(said)
    tail = [more.format(n=len(every) - _NAMED)] if len(every) > _NAMED else []
    return "; ".join([*every[:_NAMED], *tail])
