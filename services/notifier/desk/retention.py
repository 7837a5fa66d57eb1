"""Take out of the desk's store what is older than the topics keep it, a part at a time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog

from services.notifier.desk import sessions
from services.notifier.desk.tables import (
    INCIDENT,
    INCIDENT_PLACE,
    INCIDENT_TOPIC,
    LETTER,
    STEP,
    STORY,
    TOLD,
    TOLD_MEMBER,
)
from services.runtime.store import Store

log = structlog.get_logger(__name__)
#: The topics keep 90 days: a store that comes back from them holds no less.
KEPT = timedelta(days=90)
_AT_ONCE = 500
Part = Callable[[sa.Connection, float], int]


class Keeper:
    """An incident goes when nothing of it changed for so long; one that goes on keeps all that belongs to it."""

    def __init__(self, store: Store, clock: Callable[[], datetime], kept: timedelta = KEPT) -> None:
        self._store = store
        self._clock = clock
        self._kept = kept

    async def __call__(self) -> None:
        """Sessions that are over, then what is old; between two parts others may write."""
        now = self._clock()
        before = (now - self._kept).timestamp()
        await self._store.write(lambda conn: sessions.forget_old(conn, now.timestamp()))
        for part in PARTS:
            await self._all(part, before)

    async def _all(self, part: Part, before: float) -> None:
        taken = _AT_ONCE
        while taken == _AT_ONCE:
            taken = await self._store.write(lambda conn: part(conn, before))
            if taken:
                log.debug("old rows taken out", what=part.__name__, count=taken)


def take_incidents(conn: sa.Connection, before: float) -> int:
    """Incidents that nothing happened to since then, with their steps and places."""
    gone = _some(conn, INCIDENT.c.incident_id, INCIDENT.c.changed_at < before)
    for table in (INCIDENT_TOPIC, INCIDENT_PLACE, STEP, INCIDENT):
        conn.execute(sa.delete(table).where(table.c.incident_id.in_(gone)))
    return len(gone)


def take_steps(conn: sa.Connection, before: float) -> int:
    """Steps of incidents of which nothing but their end was ever heard."""
    gone = _some(conn, STEP.c.incident_id, STEP.c.at < before, _no_incident(STEP.c.incident_id))
    conn.execute(sa.delete(STEP).where(STEP.c.incident_id.in_(gone), STEP.c.at < before))
    return len(gone)


def take_stories(conn: sa.Connection, before: float) -> int:
    """Stories of no incident that is kept."""
    alone = sa.or_(STORY.c.incident_id.is_(None), _no_incident(STORY.c.incident_id))
    gone = _some(conn, STORY.c.number, STORY.c.published_at < before, alone)
    conn.execute(sa.delete(STORY).where(STORY.c.number.in_(gone)))
    return len(gone)


def take_told(conn: sa.Connection, before: float) -> int:
    """Deliveries of no incident that is kept; a digest stays as long as one it told of."""
    member = sa.select(TOLD_MEMBER.c.delivery_key).join(
        INCIDENT, INCIDENT.c.incident_id == TOLD_MEMBER.c.incident_id
    )
    alone = sa.or_(TOLD.c.incident_id.is_(None), _no_incident(TOLD.c.incident_id))
    gone = _some(conn, TOLD.c.delivery_key, TOLD.c.at < before, alone, TOLD.c.delivery_key.not_in(member))
    for table in (TOLD_MEMBER, TOLD):
        conn.execute(sa.delete(table).where(table.c.delivery_key.in_(gone)))
    return len(gone)


def take_letters(conn: sa.Connection, before: float) -> int:
    """Notes on dead letters that the topic has dropped long ago."""
    gone = _some(conn, LETTER.c.dead_offset, LETTER.c.at < before)
    conn.execute(sa.delete(LETTER).where(LETTER.c.dead_offset.in_(gone)))
    return len(gone)


#: In this order: what belongs to an incident goes after it.
PARTS: tuple[Part, ...] = (take_incidents, take_steps, take_stories, take_told, take_letters)


def _no_incident(column: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
    return ~sa.exists().where(INCIDENT.c.incident_id == column)


def _some(conn: sa.Connection, key: sa.ColumnElement[Any], *where: sa.ColumnElement[bool]) -> list[Any]:
    return list(conn.execute(sa.select(key).where(*where).distinct().limit(_AT_ONCE)).scalars())
