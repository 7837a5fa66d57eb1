"""When the stores were last copied: a backup that nobody makes any more is found before it is needed."""

from __future__ import annotations

import sqlalchemy as sa

from services.notifier.metrics import NotifierMetrics
from services.notifier.tables import META
from services.runtime.store import Store

EVERY_S = 60.0
_MADE, _AWAITED = "backup_made", "backup_awaited"


class BackupAge:
    """Every process of a store shows what `siaga backup` noted in it."""

    def __init__(self, store: Store, metrics: NotifierMetrics) -> None:
        self._store = store
        self._metrics = metrics

    async def __call__(self) -> None:
        """Show it."""
        at = await self._store.read(last_backup)
        if at is not None:
            self._metrics.backup_made.set(at)


def await_first(conn: sa.Connection, now: float) -> None:
    """A store that was never copied counts from when it was first opened: the alarm is for it too."""
    if last_backup(conn) is None:
        _put(conn, _AWAITED, now)


def note_backup(conn: sa.Connection, at: float) -> None:
    """A whole backup lies in its folder; ``at``: as of when, Unix time."""
    _put(conn, _MADE, at)


def last_backup(conn: sa.Connection) -> float | None:
    """As of when the last whole backup is, Unix time; before the first, since when one is awaited."""
    named = sa.select(META.c.name, META.c.value).where(META.c.name.in_((_MADE, _AWAITED)))
    found = {row.name: float(row.value) for row in conn.execute(named)}
    return found.get(_MADE, found.get(_AWAITED))


def _put(conn: sa.Connection, name: str, at: float) -> None:
    conn.execute(sa.delete(META).where(META.c.name == name))
    conn.execute(sa.insert(META).values(name=name, value=str(at)))
