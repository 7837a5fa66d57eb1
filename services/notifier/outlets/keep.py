"""Keep what the feeds show: each incident's present state, its events, and under what it is read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, cast

import sqlalchemy as sa

from services.contracts.alert import ALERT_EVENT, Alert, AlertEvent
from services.notifier.core.outlets.entry import Entry, Standing, follow, reach
from services.notifier.outlets.tables import ENTRY, EVENT, REACH


@dataclass(frozen=True)
class Wanted:
    """Which feed, and how much of it at once."""

    region: str
    topic: str
    at_most: int


#: Built once: building a statement costs more than running it.
_STATE = sa.select(ENTRY).where(ENTRY.c.incident_id == sa.bindparam("known"))
_UPDATE_ENTRY = sa.update(ENTRY).where(ENTRY.c.incident_id == sa.bindparam("known"))
_REACHED = sa.select(REACH.c.region, REACH.c.topic, REACH.c.gone).where(
    REACH.c.incident_id == sa.bindparam("known")
)
_LAST_SEQ = sa.select(sa.func.max(ENTRY.c.seq))
_INSERT_EVENT, _INSERT_ENTRY, _INSERT_REACH = sa.insert(EVENT), sa.insert(ENTRY), sa.insert(REACH)


def take_event(conn: sa.Connection, event: AlertEvent, now: datetime) -> tuple[Entry, int] | None:
    """Bring the tables up to date; the entry and its place in the order of changes, None if nothing changed."""
    before = find_entry(conn, event.incident_id)
    after = follow(before, event, now)
    if after is None or after == before:
        return None
    seq = _next_seq(conn)
    _keep_entry(conn, after, seq)
    values = {"incident_id": event.incident_id, "version": event.version, "event": event.model_dump_json()}
    conn.execute(_INSERT_EVENT, values)
    if isinstance(event, Alert):
        _keep_reach(conn, event)
    return after, seq


def find_entry(conn: sa.Connection, incident_id: str) -> Entry | None:
    """An incident's present state; None if it is not kept."""
    row = conn.execute(_STATE, {"known": incident_id}).first()
    return read_entry(row) if row else None


def read_entry(row: Any, *, gone: bool = False) -> Entry:
    """The entry of a row; ``gone``: it is read under a region or topic it has left."""
    standing = Standing(row.standing)
    return Entry(
        incident_id=row.incident_id,
        version=row.version,
        standing=Standing.LEFT if gone and standing is Standing.OPEN else standing,
        others=tuple(row.others.split()),
        alert=cast(Alert, ALERT_EVENT.validate_json(row.alert)),
        first_at=datetime.fromtimestamp(row.first_at, UTC),
        updated_at=datetime.fromtimestamp(row.updated_at, UTC),
    )


def events_of(conn: sa.Connection, incident_id: str) -> list[AlertEvent]:
    """Every event kept of an incident, in order."""
    query = sa.select(EVENT.c.event).where(EVENT.c.incident_id == incident_id).order_by(EVENT.c.version)
    return [ALERT_EVENT.validate_json(row.event) for row in conn.execute(query)]


def pairs_of(conn: sa.Connection, incident_id: str) -> set[tuple[str, str]]:
    """The regions and topics an incident is or was read under."""
    query = sa.select(REACH.c.region, REACH.c.topic).where(REACH.c.incident_id == incident_id)
    return {(row.region, row.topic) for row in conn.execute(query)}


def marks_of(conn: sa.Connection, wanted: Wanted, before: int | None = None) -> list[tuple[int, bool]]:
    """What a page is made of, without its contents: while this is the same, so is the page."""
    rows = conn.execute(_page_query(wanted, before, ENTRY.c.seq, REACH.c.gone))
    return [(int(row.seq), bool(row.gone)) for row in rows]


def page_of(conn: sa.Connection, wanted: Wanted, before: int | None = None) -> tuple[list[Entry], int | None]:
    """The entries of a feed that changed last, newest first, and where the next page begins, if there is one."""
    rows = conn.execute(_page_query(wanted, before, ENTRY, REACH.c.gone)).all()
    following = int(rows[wanted.at_most - 1].seq) if len(rows) > wanted.at_most else None
    return [read_entry(row, gone=row.gone) for row in rows[: wanted.at_most]], following


def _page_query(wanted: Wanted, before: int | None, *columns: Any) -> sa.Select[Any]:
    query = (
        sa.select(*columns)
        .join_from(ENTRY, REACH, REACH.c.incident_id == ENTRY.c.incident_id)
        .where(REACH.c.region == wanted.region, REACH.c.topic == wanted.topic)
        .order_by(ENTRY.c.seq.desc())
        .limit(wanted.at_most + 1)
    )
    return query if before is None else query.where(ENTRY.c.seq < before)


def forget_before(conn: sa.Connection, instant: float, at_most: int = 500) -> int:
    """Drop incidents that have not changed since; how many."""
    query = sa.select(ENTRY.c.incident_id).where(ENTRY.c.updated_at < instant).limit(at_most)
    found = [row.incident_id for row in conn.execute(query)]
    for table in (ENTRY, REACH, EVENT):
        conn.execute(sa.delete(table).where(table.c.incident_id.in_(found)))
    return len(found)


def _next_seq(conn: sa.Connection) -> int:
    # The caller's transaction is serial, so no other one draws the same number.
    return int(conn.execute(_LAST_SEQ).scalar() or 0) + 1


def _keep_entry(conn: sa.Connection, entry: Entry, seq: int) -> None:
    values = {
        "seq": seq,
        "version": entry.version,
        "standing": entry.standing,
        "others": " ".join(_words(entry.others)),
        "alert": entry.alert.model_dump_json(),
        "first_at": entry.first_at.timestamp(),
        "updated_at": entry.updated_at.timestamp(),
    }
    if conn.execute(_UPDATE_ENTRY, values | {"known": entry.incident_id}).rowcount == 0:
        conn.execute(_INSERT_ENTRY, values | {"incident_id": entry.incident_id})


def _words(others: Sequence[str]) -> Iterable[str]:
    # Ids of ours hold no blanks; one that did would fall apart in two when it is read.
    return ("_".join(other.split()) for other in others)


def _keep_reach(conn: sa.Connection, alert: Alert) -> None:
    now = reach(alert)
    of_incident = REACH.c.incident_id == alert.incident_id
    found = conn.execute(_REACHED, {"known": alert.incident_id})
    known = {(row.region, row.topic): bool(row.gone) for row in found}
    fresh = [
        {"incident_id": alert.incident_id, "region": region, "topic": topic, "gone": False}
        for region, topic in sorted(now - known.keys())
    ]
    if fresh:
        conn.execute(_INSERT_REACH, fresh)
    for (region, topic), was_gone in known.items():
        gone = (region, topic) not in now
        if gone is not was_gone:
            where = (of_incident, REACH.c.region == region, REACH.c.topic == topic)
            conn.execute(sa.update(REACH).where(*where).values(gone=gone))
