"""Read-only questions to ingest's store: for the live view and `siaga why`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.contracts.source import Health
from services.contracts.story import Story
from services.ingest.core.rules_watch import fit_share
from services.ingest.events import last_event
from services.ingest.tables import polls, sightings, stories


@dataclass(frozen=True)
class SourceRow:
    """One source as it stands.

    ``rules_fit``: share of its last pages that its outlet's rules fitted, None where no page was read.
    ``fallback_reason``: why it is read at its fallback, None where it is not.
    """

    source_id: str
    url: str
    health: str
    last_reason: str
    last_polled_at: datetime | None
    last_new_story_at: datetime | None
    next_check_at: datetime | None
    due_reason: str
    failures: int
    rules_fit: float | None = None
    fallback_reason: str | None = None


@dataclass(frozen=True)
class Freshness:
    """What a source's silence is judged by."""

    health: Health | None
    median_gap_s: float | None
    last_success_at: datetime | None
    last_new_story_at: datetime | None


@dataclass(frozen=True)
class StoryRow:
    """One story as ingest has it: how it was found, and what it last published."""

    story: Story
    first_seen_at: datetime
    changed_at: datetime
    withdrawn: bool
    relevant: bool | None
    incident_id: str | None
    trace: str
    seen_in: tuple[str, ...]


def list_sources(conn: sa.Connection) -> list[SourceRow]:
    """Every source ever polled, by id."""
    return [_source_row(row) for row in conn.execute(sa.select(polls).order_by(polls.c.source_id))]


def freshness(conn: sa.Connection) -> dict[str, Freshness]:
    """How each source ever polled does, by id."""
    return {
        row.source_id: Freshness(
            Health(row.health) if row.health else None,
            row.median_gap_s,
            _at(row.last_success_at),
            _at(row.last_new_story_at),
        )
        for row in conn.execute(sa.select(polls))
    }


def find_story(conn: sa.Connection, story_id: str) -> StoryRow | None:
    """One story, or None where ingest never saw it or keeps it no longer."""
    row = conn.execute(sa.select(stories).where(stories.c.story_id == story_id)).one_or_none()
    return _story_row(conn, row) if row is not None else None


def recent_stories(conn: sa.Connection, limit: int = 50) -> list[StoryRow]:
    """The stories that changed last, newest first."""
    rows = conn.execute(sa.select(stories).order_by(stories.c.changed_at.desc()).limit(limit))
    return [_story_row(conn, row) for row in rows]


def _source_row(row: sa.Row[Any]) -> SourceRow:
    return SourceRow(
        source_id=row.source_id,
        url=row.url,
        health=row.health or "",
        last_reason=row.last_reason,
        last_polled_at=_at(row.last_polled_at),
        last_new_story_at=_at(row.last_new_story_at),
        next_check_at=_at(row.next_check_at),
        due_reason=row.due_reason,
        failures=row.failures,
        rules_fit=fit_share(row.rules_recent),
        fallback_reason=row.standby_reason,
    )


def _story_row(conn: sa.Connection, row: sa.Row[Any]) -> StoryRow:
    seen = conn.execute(sa.select(sightings.c.source_id).where(sightings.c.story_id == row.story_id)).scalars()
    return StoryRow(
        story=last_event(row),
        first_seen_at=datetime.fromtimestamp(row.first_seen_at, UTC),
        changed_at=datetime.fromtimestamp(row.changed_at, UTC),
        withdrawn=row.withdrawn,
        relevant=row.relevant,
        incident_id=row.incident_id,
        trace=row.trace,
        seen_in=tuple(sorted(seen)),
    )


def _at(seconds: float | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds is not None else None
