"""An incident as a feed carries it, and how its standing follows from the events about it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.contracts.alert import (
    Alert,
    AlertEvent,
    AlertRaised,
    AlertUpdated,
    AlertWithdrawn,
    IncidentMerged,
    IncidentSplit,
)

#: Every region, every topic: for readers who may have all of it.
ALL = "*"
#: A reader compares ``updated`` to see a change, so two states never share one.
_TICK = timedelta(milliseconds=1)


class Standing(StrEnum):
    """What a reader is told of an incident: ``left`` is out of the region or topic it is read from."""

    OPEN = "open"
    WITHDRAWN = "withdrawn"
    NOT_RELEVANT = "not_relevant"
    MERGED = "merged"
    SPLIT = "split"
    LEFT = "left"


#: What was said no longer holds, so it is not said again.
OVER = frozenset({Standing.WITHDRAWN, Standing.NOT_RELEVANT, Standing.MERGED, Standing.SPLIT, Standing.LEFT})


@dataclass(frozen=True)
class Entry:
    """One incident; ``alert`` is its last full state, ``others`` what it merged into or was split into."""

    incident_id: str
    version: int
    standing: Standing
    others: tuple[str, ...]
    alert: Alert
    first_at: datetime
    updated_at: datetime

    @property
    def alert_id(self) -> str:
        """Names this state of the incident."""
        return f"{self.incident_id}.{self.version}"

    @property
    def over(self) -> bool:
        """Whether nothing is left but the notice that it is so."""
        return self.standing in OVER


def follow(before: Entry | None, event: AlertEvent, now: datetime) -> Entry | None:
    """The entry after an event; unchanged where the event is old, None where there is nothing to show."""
    if before is not None and event.version <= before.version:
        return before
    if isinstance(event, AlertRaised | AlertUpdated):
        # Not the present instant: a feed that is built anew has published nothing anew.
        first = before.first_at if before else event.first_seen_at
        return Entry(event.incident_id, event.version, Standing.OPEN, (), event, first, _after(before, now))
    if before is None:
        return None
    after = replace(before, version=event.version)
    standing, others = _ending(event)
    if standing is None:
        return after
    return replace(after, standing=standing, others=others, updated_at=_after(before, now))


def _ending(event: AlertWithdrawn | IncidentMerged | IncidentSplit) -> tuple[Standing | None, tuple[str, ...]]:
    if isinstance(event, IncidentMerged):
        return Standing.MERGED, (event.into,)
    if isinstance(event, IncidentSplit):
        return Standing.SPLIT, event.parts
    if event.reason == "region_changed":
        # Said on a region's own topic; here the next full state says where the incident is.
        return None, ()
    return (Standing.NOT_RELEVANT if event.reason == "not_relevant" else Standing.WITHDRAWN), ()


def _after(before: Entry | None, now: datetime) -> datetime:
    return now if before is None else max(now, before.updated_at + _TICK)


def reach(alert: Alert) -> frozenset[tuple[str, str]]:
    """The (region, topic) pairs a state is read under: the projection of ``alerts.<region>``, and all."""
    regions = (*alert.regions(), ALL)
    return frozenset((region, topic) for region in regions for topic in (*map(str, alert.topics), ALL))
