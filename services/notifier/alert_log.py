"""Keep every alert event of the last months as it was handled, for who asks what would have come."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import sqlalchemy as sa
import structlog

from services.contracts.alert import ALERT_EVENT, Alert, AlertEvent
from services.notifier.core.canary import is_synthetic
from services.notifier.tables import ALERT_LOG
from services.runtime.store import Store

log = structlog.get_logger(__name__)
_AT_ONCE = 500
_KEPT = sa.select(ALERT_LOG.c.at).where(ALERT_LOG.c.alert_id == sa.bindparam("known"))
_INSERT = sa.insert(ALERT_LOG)


@dataclass(frozen=True)
class Logged:
    """One event, when it was handled, and whether it came of a replay."""

    event: AlertEvent
    at: datetime
    replayed: bool


def keep_alert(conn: sa.Connection, event: AlertEvent, *, replayed: bool, now: float) -> None:
    """Append one event; a version handled before is not kept again, a synthetic one never."""
    if is_synthetic(event):
        return
    if conn.execute(_KEPT, {"known": event.alert_id}).first() is None:
        values = {
            "alert_id": event.alert_id,
            "incident_id": event.incident_id,
            "version": event.version,
            "at": now,
            "replayed": replayed,
            "event": event.model_dump_json(),
        }
        conn.execute(_INSERT, values)


def read_log(conn: sa.Connection, since: datetime, until: datetime) -> Iterator[Logged]:
    """The events handled from ``since`` to ``until``, in order, a page at a time."""
    after = (since.timestamp(), "")
    while True:
        query = (
            sa.select(ALERT_LOG)
            .where(
                sa.tuple_(ALERT_LOG.c.at, ALERT_LOG.c.alert_id) > sa.tuple_(*after),
                ALERT_LOG.c.at < until.timestamp(),
            )
            .order_by(ALERT_LOG.c.at, ALERT_LOG.c.alert_id)
            .limit(_AT_ONCE)
        )
        rows = conn.execute(query).all()
        for row in rows:
            event = ALERT_EVENT.validate_json(row.event)
            yield Logged(event, datetime.fromtimestamp(row.at, UTC), row.replayed)
        if len(rows) < _AT_ONCE:
            return
        after = (rows[-1].at, rows[-1].alert_id)


def reach(conn: sa.Connection) -> tuple[datetime, datetime] | None:
    """From when to when there are events; None if there is none."""
    row = conn.execute(sa.select(sa.func.min(ALERT_LOG.c.at), sa.func.max(ALERT_LOG.c.at))).one()
    return None if row[0] is None else (datetime.fromtimestamp(row[0], UTC), datetime.fromtimestamp(row[1], UTC))


def find_alert(conn: sa.Connection, incident_id: str, version: int) -> Alert | None:
    """An incident as it stood at a version: the last full state that is not newer."""
    query = (
        sa.select(ALERT_LOG.c.event)
        .where(ALERT_LOG.c.alert_id.in_([f"{incident_id}.{n}" for n in range(version, max(0, version - 50), -1)]))
        .order_by(ALERT_LOG.c.version.desc())
    )
    for row in conn.execute(query):
        event = ALERT_EVENT.validate_json(row.event)
        if isinstance(event, Alert):
            return event
    return None


class LogKeeper:
    """Takes out what is older than it is kept."""

    def __init__(self, store: Store, clock: Callable[[], datetime], kept: timedelta) -> None:
        self._store = store
        self._clock = clock
        self._kept = kept

    async def __call__(self) -> None:
        """A part at a time, so that nobody waits for it."""
        before = (self._clock() - self._kept).timestamp()

        def work(conn: sa.Connection) -> int:
            old = sa.select(ALERT_LOG.c.alert_id).where(ALERT_LOG.c.at < before).limit(_AT_ONCE)
            ids = [row.alert_id for row in conn.execute(old)]
            conn.execute(sa.delete(ALERT_LOG).where(ALERT_LOG.c.alert_id.in_(ids)))
            return len(ids)

        while await self._store.write(work) == _AT_ONCE:
            log.debug("old alerts taken out", count=_AT_ONCE)
