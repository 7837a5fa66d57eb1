"""Compose the full state of an incident from its stories, and the events that tell of its change."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.contracts.alert import (
    Alert,
    AlertRaised,
    AlertUpdated,
    AlertWithdrawn,
    IncidentMerged,
    IncidentSplit,
    Source,
)
from services.contracts.base import Event
from services.contracts.codes import Role, Topic
from services.contracts.tagging import Facts, Place, StoryTagged
from services.contracts.topics import ALERTS, region_topic

_ROLE_ORDER = {role: order for order, role in enumerate(Role)}
_MAX_FACTS = 12
_MAX_PLACES = 20
_MAX_TOPICS = 3
WithdrawReason = Literal["stories_withdrawn", "not_relevant"]


@dataclass(frozen=True)
class Outgoing:
    """An event with the topic and key it goes to."""

    topic: str
    key: str
    event: Event


@dataclass(frozen=True)
class Member:
    """One story of an incident as it stands now."""

    tagged: StoryTagged
    backfill: bool = False


def compose(
    incident_id: str, version: int, members: Sequence[Member], now: datetime, previous: Alert | None
) -> AlertRaised | AlertUpdated | None:
    """The incident's new state; None when nothing an official would see has changed."""
    standing = [m.tagged for m in members if not m.tagged.withdrawn and m.tagged.relevant]
    ordered = sorted(standing, key=lambda t: (t.published_at, t.story_id))
    leading = max(ordered, key=lambda t: t.severity)  # the first of the gravest
    kind = leading.kind
    if kind is None:
        raise ValueError(f"story {leading.story_id} is relevant and has no kind")
    state: dict[str, Any] = {
        "incident_id": incident_id,
        "version": version,
        "occurred_at": now,
        "topics": _topics(ordered),
        "kind": kind.code,
        "severity": leading.severity,
        "triggers": leading.triggers,
        "places": _places(ordered),
        "facts": _facts(ordered),
        "sources": tuple(_source(m.tagged) for m in sorted(members, key=lambda m: m.tagged.published_at)),
        "confidence": _confidence(ordered),
        "first_seen_at": previous.first_seen_at if previous else now,
        "last_changed_at": now,
        "published_at": min(t.published_at for t in ordered),
        "fetched_at": max(t.fetched_at for t in ordered),
        "aliases": previous.aliases if previous else (),
        "backfill": all(m.backfill for m in members),
    }
    if previous is None:
        return AlertRaised(**state)
    changed = changes(previous, Alert(**state))
    return AlertUpdated(changed=changed, **state) if changed else None


def changes(old: Alert, new: Alert) -> tuple[str, ...]:
    """The names of what an official would see differently."""
    names = ("facts", "severity", "sources", "places", "topics", "kind", "confidence", "aliases")
    return tuple(name for name in names if _seen(name, old) != _seen(name, new))


def _seen(name: str, alert: Alert) -> object:
    if name == "places":
        return {(p.name, p.region, p.role) for p in alert.places}
    if name == "facts":
        return {
            (slot, *((f.low, f.high, f.unit, f.of) if hasattr(f, "low") else (f.value,)))
            for slot in Facts.model_fields
            for f in getattr(alert.facts, slot)
        }
    if name == "sources":
        return {(s.story_id, s.copies, s.withdrawn) for s in alert.sources}
    return getattr(alert, name)


def project(
    event: Alert | AlertWithdrawn | IncidentMerged | IncidentSplit, regions: Iterable[str], left: Iterable[str]
) -> list[Outgoing]:
    """The event for ``alerts`` and for the topic of each region; a region that was left is told so."""
    outgoing = [Outgoing(ALERTS, event.incident_id, event)]
    outgoing += [Outgoing(region_topic(region), event.incident_id, event) for region in sorted(regions)]
    for region in sorted(left):
        gone = AlertWithdrawn(
            incident_id=event.incident_id,
            version=event.version,
            occurred_at=event.occurred_at,
            reason="region_changed",
            region=region,
        )
        outgoing.append(Outgoing(region_topic(region), event.incident_id, gone))
    return outgoing


def withdraw(incident_id: str, version: int, now: datetime, reason: WithdrawReason) -> AlertWithdrawn:
    """The incident is no longer reported."""
    return AlertWithdrawn(incident_id=incident_id, version=version, occurred_at=now, reason=reason)


def _topics(ordered: Sequence[StoryTagged]) -> tuple[Topic, ...]:
    weight: dict[Topic, float] = {}
    for tagged in ordered:
        for rank, label in enumerate(tagged.topics):
            weight[label.code] = weight.get(label.code, 0.0) + label.score / (rank + 1)
    return tuple(sorted(weight, key=lambda code: -weight[code])[:_MAX_TOPICS])


def _places(ordered: Sequence[StoryTagged]) -> tuple[Place, ...]:
    found: dict[tuple[str, str | None, Role], Place] = {}
    for tagged in ordered:
        for place in tagged.places:
            found.setdefault((place.name, place.region, place.role), place)
    return tuple(sorted(found.values(), key=lambda p: _ROLE_ORDER[p.role])[:_MAX_PLACES])


def _facts(ordered: Sequence[StoryTagged]) -> Facts:
    """Every story's facts side by side: what differs is kept, what is equal stands once."""
    merged: dict[str, Any] = {}
    for slot in Facts.model_fields:
        kept: dict[object, Any] = {}
        for tagged in ordered:
            for fact in getattr(tagged.facts, slot):
                key = (fact.low, fact.high, fact.unit, fact.of) if hasattr(fact, "low") else fact.value
                kept.setdefault(key, fact)
        merged[slot] = _as_many_as_fit(list(kept.values()))
    return Facts(**merged)


def _as_many_as_fit(told: Sequence[Any]) -> tuple[Any, ...]:
    """In the order told: the greatest number of each thing counted, and what was told last.

    A case that is reported for weeks tells more than a card holds. With the earliest kept alone, a toll that rose
    since would never reach the officials.
    """
    greatest: dict[tuple[str, str], int] = {}
    for index, fact in enumerate(told):
        if hasattr(fact, "low"):
            best = greatest.get((fact.unit, fact.of))
            if best is None or (fact.low, fact.high or 0.0) > (told[best].low, told[best].high or 0.0):
                greatest[fact.unit, fact.of] = index
    latest = range(len(told) - 1, -1, -1)
    chosen = list(dict.fromkeys([*greatest.values(), *latest]))[:_MAX_FACTS]
    return tuple(told[index] for index in sorted(chosen))


def _source(tagged: StoryTagged) -> Source:
    return Source(
        story_id=tagged.story_id,
        version=tagged.version,
        outlet=tagged.outlet,
        url=tagged.url,
        language=tagged.language,
        published_at=tagged.published_at,
        copies=tagged.copies,
        withdrawn=tagged.withdrawn,
    )


def _confidence(ordered: Sequence[StoryTagged]) -> Literal["low", "medium", "high"]:
    if len({tagged.outlet for tagged in ordered}) >= 2:
        return "high"
    return "medium" if ordered[0].topics[0].score >= 0.5 else "low"
