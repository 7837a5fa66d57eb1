"""Cut lists by a place in their order rather than by a count, so that what is added meanwhile moves nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from services.contracts.tagging import STORY_TAGGED, StoryTagged
from services.notifier.desk import find
from services.notifier.desk.find import EVERYTHING, Found, Scope
from services.notifier.desk.search import Hit, search, story_columns
from services.notifier.desk.tables import INCIDENT, LETTER, STORY
from services.notifier.desk.wanted import Wanted
from services.notifier.tables import AUDIT

Place = tuple[float, str]


@dataclass(frozen=True)
class Cut:
    """Which part of the incidents; instants are of their last change.

    Attributes:
        after: the place of the last one before this part.
        oldest_first: in the order of change, for whoever keeps a copy: what changes meanwhile comes later on.
    """

    limit: int
    after: Place | None = None
    since: float | None = None
    until: float | None = None
    oldest_first: bool = False


def cut_incidents(
    conn: sa.Connection, wanted: Wanted, now: float, scope: Scope, cut: Cut
) -> tuple[list[Found], bool, int]:
    """Incidents, whether there are more, and how many the filter meets in all."""
    changed, name = INCIDENT.c.changed_at, INCIDENT.c.incident_id
    where = [*find.conditions(conn, wanted, now, ()), *find.within(scope)]
    if cut.since is not None:
        where.append(changed >= cut.since)
    if cut.until is not None:
        where.append(changed < cut.until)
    count = conn.execute(sa.select(sa.func.count()).select_from(INCIDENT).where(*where)).scalar_one()
    if cut.after is not None:
        at, last = cut.after
        further = changed > at if cut.oldest_first else changed < at
        where.append(sa.or_(further, sa.and_(changed == at, name > last)))
    order = changed if cut.oldest_first else changed.desc()
    rows = conn.execute(sa.select(INCIDENT).where(*where).order_by(order, name).limit(cut.limit + 1)).all()
    return [find.read_found(row) for row in rows[: cut.limit]], len(rows) > cut.limit, int(count)


@dataclass(frozen=True)
class Stories:
    """Which stories; ``scope`` cuts them to those of incidents in it."""

    words: str = ""
    incident_id: str = ""
    everything: bool = False
    scope: Scope = EVERYTHING


def cut_stories(
    conn: sa.Connection, wanted: Stories, limit: int, before: int | None = None
) -> tuple[list[tuple[int, Hit]], bool]:
    """Stories with their running numbers, what came last first, and whether there are more."""
    query = _stories(conn, wanted)
    if query is None:
        return [], False
    if before is not None:
        query = query.where(STORY.c.number < before)
    query = query.add_columns(STORY.c.number).order_by(None).order_by(STORY.c.number.desc())
    rows = conn.execute(query.limit(limit + 1)).all()
    return [(row.number, _hit(row)) for row in rows[:limit]], len(rows) > limit


def best_stories(conn: sa.Connection, wanted: Stories, limit: int) -> tuple[list[Hit], bool]:
    """The stories that match the words best, and whether there are more."""
    query = _stories(conn, wanted)
    rows = conn.execute(query.limit(limit + 1)).all() if query is not None else []
    return [_hit(row) for row in rows[:limit]], len(rows) > limit


def story_in(conn: sa.Connection, story_id: str, wanted: Stories) -> StoryTagged | None:
    """One story, if it may be seen; one that was withdrawn is shown by nobody."""
    query = sa.select(STORY.c.tagged).where(STORY.c.story_id == story_id, STORY.c.withdrawn.is_(False))
    row = conn.execute(_cut_to(query, wanted)).first()
    return STORY_TAGGED.validate_json(row.tagged) if row else None


def _stories(conn: sa.Connection, wanted: Stories) -> sa.Select[Any] | None:
    query = search(conn, wanted.words) if wanted.words else story_columns(sa.null().label("snippet"))
    if query is None:
        return None
    query = query.where(STORY.c.withdrawn.is_(False))
    if wanted.incident_id:
        query = query.where(STORY.c.incident_id == wanted.incident_id)
    return _cut_to(query, wanted)


def _cut_to(query: sa.Select[Any], wanted: Stories) -> sa.Select[Any]:
    if not wanted.everything:
        query = query.where(STORY.c.relevant)
    if wanted.scope != EVERYTHING:
        seen = sa.select(INCIDENT.c.incident_id).where(*find.within(wanted.scope))
        query = query.where(STORY.c.incident_id.in_(seen))
    return query


def _hit(row: sa.Row[Any]) -> Hit:
    return Hit(row.story_id, row.incident_id, row.outlet, row.title, row.snippet, row.relevant, row.published_at)


def cut_letters(conn: sa.Connection, limit: int, before: int | None) -> tuple[Sequence[sa.Row[Any]], bool]:
    """Dead letters, the newest first, and whether there are more: where they are, never what is in them."""
    return _newest(conn, sa.select(LETTER), LETTER.c.dead_offset, limit, before)


def cut_audit(conn: sa.Connection, limit: int, before: int | None) -> tuple[Sequence[sa.Row[Any]], bool]:
    """Entries of the audit, the newest first, and whether there are more."""
    return _newest(conn, sa.select(AUDIT), AUDIT.c.id, limit, before)


def _newest(
    conn: sa.Connection, query: sa.Select[Any], number: sa.Column[Any], limit: int, before: int | None
) -> tuple[Sequence[sa.Row[Any]], bool]:
    if before is not None:
        query = query.where(number < before)
    rows = conn.execute(query.order_by(number.desc()).limit(limit + 1)).all()
    return rows[:limit], len(rows) > limit
