"""Read the desk's tables: incidents, stories, sources; nothing here changes anything."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from services.contracts.alert import ALERT_EVENT, Alert
from services.contracts.tagging import STORY_TAGGED, StoryTagged
from services.notifier.desk.search import matching
from services.notifier.desk.tables import (
    INCIDENT,
    INCIDENT_PLACE,
    INCIDENT_TOPIC,
    LETTER,
    PULSE,
    SOURCE,
    STEP,
    STORY,
    TOLD,
    TOLD_MEMBER,
)
from services.notifier.desk.wanted import PAGE, Wanted

_DAY_S = 86_400.0


@dataclass(frozen=True)
class Scope:
    """What somebody may see at all; None or empty: everything."""

    regions: Sequence[str] | None = None
    topics: Sequence[str] = ()


EVERYTHING = Scope()


@dataclass(frozen=True)
class Found:
    """An incident as the list shows it."""

    incident_id: str
    version: int
    standing: str
    others: tuple[str, ...]
    alert: Alert
    first_seen_at: float
    changed_at: float


@dataclass(frozen=True)
class Step:
    """One event in an incident's history."""

    version: int
    event: str
    at: float
    severity: int | None
    changed: tuple[str, ...]


def find_incidents(
    conn: sa.Connection,
    wanted: Wanted,
    now: float,
    mine: Sequence[str],
    *,
    limit: int = PAGE,
    scope: Scope = EVERYTHING,
) -> tuple[list[Found], int]:
    """A page of incidents, what changed last first, and how many there are in all."""
    where = [*conditions(conn, wanted, now, mine), *within(scope)]
    count = conn.execute(sa.select(sa.func.count()).select_from(INCIDENT).where(*where)).scalar_one()
    query = (
        sa.select(INCIDENT)
        .where(*where)
        .order_by(INCIDENT.c.changed_at.desc(), INCIDENT.c.incident_id)
        .limit(limit)
        .offset((wanted.page - 1) * limit)
    )
    return [read_found(row) for row in conn.execute(query)], int(count)


def find_incident(conn: sa.Connection, incident_id: str) -> Found | None:
    """One incident; None if there is none, or nothing of it but its end is known."""
    row = conn.execute(sa.select(INCIDENT).where(INCIDENT.c.incident_id == incident_id)).first()
    return read_found(row) if row else None


def stories_of(conn: sa.Connection, incident_id: str) -> list[StoryTagged]:
    """The stories of an incident, the first published first."""
    query = sa.select(STORY.c.tagged).where(STORY.c.incident_id == incident_id).order_by(STORY.c.published_at)
    return [STORY_TAGGED.validate_json(row.tagged) for row in conn.execute(query)]


def steps_of(conn: sa.Connection, incident_id: str) -> list[Step]:
    """The history of an incident, the newest step first."""
    query = sa.select(STEP).where(STEP.c.incident_id == incident_id).order_by(STEP.c.version.desc())
    return [
        Step(row.version, row.event, row.at, row.severity, tuple(json.loads(row.changed)))
        for row in conn.execute(query)
    ]


def told_of(conn: sa.Connection, incident_id: str) -> list[sa.Row[Any]]:
    """Who was told of an incident, alone or in a digest; the newest first."""
    in_digest = sa.select(TOLD_MEMBER.c.delivery_key).where(TOLD_MEMBER.c.incident_id == incident_id)
    query = (
        sa.select(TOLD)
        .where(sa.or_(TOLD.c.incident_id == incident_id, TOLD.c.delivery_key.in_(in_digest)))
        .order_by(TOLD.c.at.desc())
        .limit(200)
    )
    return list(conn.execute(query))


def sources(conn: sa.Connection) -> list[sa.Row[Any]]:
    """Every source and how it is doing."""
    return list(conn.execute(sa.select(SOURCE).order_by(SOURCE.c.region, SOURCE.c.source_id)))


def letters(conn: sa.Connection, limit: int = 100) -> list[sa.Row[Any]]:
    """The newest dead letters."""
    return list(conn.execute(sa.select(LETTER).order_by(LETTER.c.dead_offset.desc()).limit(limit)))


def pulse(conn: sa.Connection) -> str:
    """Changes when an incident or a source did."""
    rows = conn.execute(sa.select(PULSE).order_by(PULSE.c.name))
    return ".".join(str(row.number) for row in rows) or "0"


def read_found(row: sa.Row[Any]) -> Found:
    """An incident's row.

    Raises:
        TypeError: it holds no state of an incident.
    """
    alert = ALERT_EVENT.validate_json(row.alert)
    if not isinstance(alert, Alert):
        raise TypeError(f"incident {row.incident_id} holds a {alert.event}")
    others = tuple(json.loads(row.others))
    return Found(row.incident_id, row.version, row.standing, others, alert, row.first_seen_at, row.changed_at)


def conditions(
    conn: sa.Connection, wanted: Wanted, now: float, mine: Sequence[str]
) -> list[sa.ColumnElement[bool]]:
    """What the rows of a filter have in common."""
    found: list[sa.ColumnElement[bool]] = [
        INCIDENT.c.alert.is_not(None),
        INCIDENT.c.changed_at >= now - wanted.days * _DAY_S,
    ]
    if wanted.severity:
        found.append(INCIDENT.c.severity >= wanted.severity)
    if wanted.kind:
        found.append(INCIDENT.c.kind == wanted.kind)
    if wanted.topic:
        topics = sa.select(INCIDENT_TOPIC.c.incident_id).where(INCIDENT_TOPIC.c.topic == wanted.topic)
        found.append(INCIDENT.c.incident_id.in_(topics))
    if wanted.place or wanted.role:
        found.append(INCIDENT.c.incident_id.in_(_places(wanted, mine)))
    if wanted.words:
        found.append(INCIDENT.c.incident_id.in_(_with_words(conn, wanted.words)))
    return found


def _places(wanted: Wanted, mine: Sequence[str]) -> sa.Select[Any]:
    query = sa.select(INCIDENT_PLACE.c.incident_id)
    if wanted.place:
        query = query.where(_in_regions(mine if wanted.place == "mine" else [wanted.place]))
    if wanted.role:
        query = query.where(INCIDENT_PLACE.c.role == wanted.role)
    return query


def _in_regions(codes: Sequence[str]) -> sa.ColumnElement[bool]:
    """Places in any of these regions or countries; ``*`` is everywhere."""
    if "*" in codes:
        return sa.true()
    regions = [code for code in codes if "-" in code]
    countries = [code for code in codes if "-" not in code]
    return sa.or_(INCIDENT_PLACE.c.region.in_(regions), INCIDENT_PLACE.c.country.in_(countries))


def within(scope: Scope) -> list[sa.ColumnElement[bool]]:
    """The same for what somebody may see at all."""
    found: list[sa.ColumnElement[bool]] = []
    if scope.regions is not None:
        places = sa.select(INCIDENT_PLACE.c.incident_id).where(_in_regions(scope.regions))
        found.append(INCIDENT.c.incident_id.in_(places))
    if scope.topics:
        topics = sa.select(INCIDENT_TOPIC.c.incident_id).where(INCIDENT_TOPIC.c.topic.in_(scope.topics))
        found.append(INCIDENT.c.incident_id.in_(topics))
    return found


def _with_words(conn: sa.Connection, words: str) -> sa.Select[Any]:
    condition = matching(conn, words)
    query = sa.select(STORY.c.incident_id).where(STORY.c.relevant, STORY.c.withdrawn.is_(False))
    return query.where(sa.false() if condition is None else condition)
