"""Read-only questions about the tagger's store, for the command line."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from services.contracts.alert import ALERT_EVENT, Alert
from services.contracts.tagging import STORY_TAGGED, StoryTagged
from services.tagger.tables import incidents, stories


@dataclass(frozen=True)
class StoryFate:
    """What became of a story in the tagger; ``tagged`` is in cleared text."""

    story_id: str
    version: int
    relevant: bool
    reason: str
    incident_id: str | None
    decided_at: datetime
    tagged: StoryTagged
    why: str = ""


@dataclass(frozen=True)
class IncidentState:
    """An incident as it was last published."""

    incident_id: str
    version: int
    withdrawn: bool
    merged_into: str | None
    changed_at: datetime
    alert: Alert


def story_fate(conn: sa.Connection, story_id: str) -> StoryFate | None:
    """What became of this story, or None where the tagger has not seen it."""
    row = conn.execute(sa.select(stories).where(stories.c.story_id == story_id)).one_or_none()
    return _fate(row) if row else None


def find_stories(conn: sa.Connection, part: str, limit: int = 20) -> list[str]:
    """Ids of stories that contain ``part``, the latest first."""
    pattern = "%" + part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
    query = (
        sa.select(stories.c.story_id)
        .where(stories.c.story_id.like(pattern, escape="\\"))
        .order_by(stories.c.decided_at.desc())
        .limit(limit)
    )
    return list(conn.execute(query).scalars())


def recent_stories(conn: sa.Connection, limit: int = 50, *, relevant_only: bool = False) -> list[StoryFate]:
    """The stories decided last, the latest first."""
    query = sa.select(stories).order_by(stories.c.decided_at.desc(), stories.c.story_id).limit(limit)
    if relevant_only:
        query = query.where(stories.c.relevant.is_(True))
    return [_fate(row) for row in conn.execute(query)]


def incident_state(conn: sa.Connection, incident_id: str) -> IncidentState | None:
    """The incident of this id."""
    row = conn.execute(sa.select(incidents).where(incidents.c.incident_id == incident_id)).one_or_none()
    return _state(row) if row else None


def recent_incidents(conn: sa.Connection, limit: int = 50) -> list[IncidentState]:
    """The incidents changed last, the latest first."""
    query = sa.select(incidents).order_by(incidents.c.changed_at.desc(), incidents.c.incident_id).limit(limit)
    return [_state(row) for row in conn.execute(query)]


def stories_of(conn: sa.Connection, incident_id: str) -> list[str]:
    """The ids of the incident's stories, by publication."""
    query = (
        sa.select(stories.c.story_id)
        .where(stories.c.incident_id == incident_id)
        .order_by(stories.c.published_at, stories.c.story_id)
    )
    return list(conn.execute(query).scalars())


def _fate(row: sa.Row[tuple[object, ...]]) -> StoryFate:
    values = row._mapping
    return StoryFate(
        values["story_id"],
        values["version"],
        values["relevant"],
        values["reason"],
        values["incident_id"],
        datetime.fromtimestamp(values["decided_at"], UTC),
        STORY_TAGGED.validate_json(values["tagged"]),
        values["why"],
    )


def _state(row: sa.Row[tuple[object, ...]]) -> IncidentState:
    values = row._mapping
    alert = ALERT_EVENT.validate_json(values["alert"])
    if not isinstance(alert, Alert):
        raise TypeError(f"incident {values['incident_id']} holds no full state")
    return IncidentState(
        values["incident_id"],
        values["version"],
        values["withdrawn"],
        values["merged_into"],
        datetime.fromtimestamp(values["changed_at"], UTC),
        alert,
    )
