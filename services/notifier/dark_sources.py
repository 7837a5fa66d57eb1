"""Keep how the sources are doing, and plan the notes of what is dark and what is back into the digests.

A path of its own beside the alerts: its own consumer group and tables.  It meets the ledger in one place,
where a digest that closes takes the notes that are due along.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

import sqlalchemy as sa

from services.contracts.delivery import Action
from services.contracts.source import Health, SourceHealthChanged
from services.notifier import roster
from services.notifier.core.dark import DARK, Light, SourceState, concerns, light_of, say_back, say_dark
from services.notifier.core.digest import next_digest
from services.notifier.core.ledger import State
from services.notifier.core.subscription import Official
from services.notifier.source_tables import SOURCE, SOURCE_NOTE
from services.notifier.tables import DELIVERY
from services.runtime.records import Received
from services.runtime.store import Store

_ARRIVED = frozenset({State.ACCEPTED, State.UNKNOWN, State.PARKED})
_LOST = frozenset({State.REFUSED, State.SUPPRESSED, State.BOUNCED})


class NoteState(StrEnum):
    """Where a note stands."""

    PLANNED = "planned"
    BUNDLED = "bundled"
    TOLD = "told"


class SourceHandler:
    """Takes the changes of health."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, batch: Sequence[Received[SourceHealthChanged]]) -> None:
        """Keep the newest state of each source."""
        await self._store.write(lambda conn: keep_changes(conn, [received.value for received in batch]))


class SourceWatch:
    """Looks now and then at what has been dark or back for long enough."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    async def __call__(self) -> None:
        """Settle what was sent, then plan what is to be told."""
        now = self._clock()
        await self._store.write(lambda conn: plan_notes(conn, now))


def keep_changes(conn: sa.Connection, changes: Iterable[SourceHealthChanged]) -> None:
    """Bring the sources up to date; an event older than the last one heard changes nothing."""
    for change in changes:
        where = SOURCE.c.source_id == change.source_id
        row = conn.execute(sa.select(SOURCE).where(where)).first()
        at = change.occurred_at.timestamp()
        if row is not None and row.heard_at >= at:
            continue
        if change.retired:
            _forget(conn, change.source_id)
            continue
        dark = change.health in DARK
        turned = row is None or (Health(row.health) in DARK) is not dark
        since = row.dark_since if row is not None else None
        if dark and turned:
            since = change.since.timestamp()
        values = {
            "outlet": change.outlet, "region": change.default_region, "health": change.health, "heard_at": at,
            "dark_since": since, "turned_at": at if turned or row is None else row.turned_at,
        }  # fmt: skip
        if row is None:
            conn.execute(sa.insert(SOURCE).values(source_id=change.source_id, **values))
        else:
            conn.execute(sa.update(SOURCE).where(where).values(**values))


def _forget(conn: sa.Connection, source_id: str) -> None:
    """Nobody waits for a source that is on the list no more: it is neither dark nor back."""
    for table in (SOURCE_NOTE, SOURCE):
        conn.execute(sa.delete(table).where(table.c.source_id == source_id))


def plan_notes(conn: sa.Connection, now: datetime) -> None:
    """Settle the notes that were on their way, then plan new ones."""
    lights = {source: light_of(source, now) for source in all_sources(conn)}
    notes: dict[str, dict[str, sa.Row[tuple[object, ...]]]] = {}
    for row in conn.execute(sa.select(SOURCE_NOTE)).all():
        notes.setdefault(row.source_id, {})[row.official_id] = row
    if not notes and Light.DARK not in lights.values():
        return  # nearly always: nobody's subscriptions need to be read
    officials = {official.official_id: official for official in roster.active_officials(conn)}
    for row in [row for known in notes.values() for row in known.values()]:
        if row.official_id not in officials:
            _drop(conn, row.official_id, row.source_id)
        elif row.state == NoteState.BUNDLED:
            _settle(conn, row, officials[row.official_id], now)
    for source, light in lights.items():
        known = notes.get(source.source_id, {})
        if light is Light.FLICKERS:
            continue
        for official_id, note in known.items():
            if official_id in officials:
                _follow(conn, note, officials[official_id], light, now)
        for official in officials.values() if light is Light.DARK else ():
            if official.official_id not in known and concerns(official, source.region):
                _insert(conn, official, source, now)


def _follow(
    conn: sa.Connection, note: sa.Row[tuple[object, ...]], official: Official, light: Light, now: datetime
) -> None:
    """What an official was told, and what is so now: a difference is told, one that passed is not."""
    says, state = Light(note.says), NoteState(note.state)
    if says is light or state is NoteState.BUNDLED:
        return
    if state is NoteState.PLANNED:
        if says is Light.DARK:
            _drop(conn, note.official_id, note.source_id)
        else:
            _change(conn, note, now, says=Light.DARK, state=NoteState.TOLD)
    elif says is Light.DARK:
        _change(conn, note, now, says=Light.BACK, state=NoteState.PLANNED, due_at=_next(official, now))


def _settle(conn: sa.Connection, note: sa.Row[tuple[object, ...]], official: Official, now: datetime) -> None:
    query = sa.select(DELIVERY.c.state).where(
        DELIVERY.c.subject == note.window,
        DELIVERY.c.official_id == note.official_id,
        DELIVERY.c.action == Action.DIGEST,
    )
    states = {State(row.state) for row in conn.execute(query)}
    if states & _ARRIVED:
        if note.says == Light.BACK:
            _drop(conn, note.official_id, note.source_id)
        else:
            _change(conn, note, now, state=NoteState.TOLD)
    elif states <= _LOST:
        _change(conn, note, now, state=NoteState.PLANNED, window=None, due_at=_next(official, now))


def _next(official: Official, now: datetime) -> float:
    return next_digest(official.digest, now, official.zone, official.quiet).timestamp()


def _insert(conn: sa.Connection, official: Official, source: SourceState, now: datetime) -> None:
    conn.execute(
        sa.insert(SOURCE_NOTE).values(
            official_id=official.official_id,
            source_id=source.source_id,
            says=Light.DARK,
            state=NoteState.PLANNED,
            due_at=_next(official, now),
            changed_at=now.timestamp(),
        )
    )


def _this(official_id: str, source_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(SOURCE_NOTE.c.official_id == official_id, SOURCE_NOTE.c.source_id == source_id)


def _change(conn: sa.Connection, note: sa.Row[tuple[object, ...]], now: datetime, **values: object) -> None:
    where = _this(note.official_id, note.source_id)
    conn.execute(sa.update(SOURCE_NOTE).where(where).values(changed_at=now.timestamp(), **values))


def _drop(conn: sa.Connection, official_id: str, source_id: str) -> None:
    conn.execute(sa.delete(SOURCE_NOTE).where(_this(official_id, source_id)))


def all_sources(conn: sa.Connection) -> list[SourceState]:
    """Every source as last heard of."""
    return [_source(row) for row in conn.execute(sa.select(SOURCE).order_by(SOURCE.c.source_id))]


def _source(row: sa.Row[tuple[object, ...]]) -> SourceState:
    since = datetime.fromtimestamp(row.dark_since, UTC) if row.dark_since is not None else None
    turned = datetime.fromtimestamp(row.turned_at, UTC)
    return SourceState(row.source_id, row.outlet, row.region, Health(row.health), since, turned)


# Where it meets the digests -------------------------------------------------------------------


def due_officials(conn: sa.Connection, now: datetime) -> set[str]:
    """Officials whose next digest has something of this to say: still true, and for long enough."""
    return {row.official_id for row, _ in _due(conn, now)}


def take_along(conn: sa.Connection, official_id: str, window: str, now: datetime) -> int:
    """Put an official's notes that are due into this digest; how many."""
    found = [row for row, _ in _due(conn, now, official_id)]
    for row in found:
        _change(conn, row, now, state=NoteState.BUNDLED, window=window)
    return len(found)


def _due(
    conn: sa.Connection, now: datetime, official_id: str | None = None
) -> list[tuple[sa.Row[tuple[object, ...]], SourceState]]:
    query = (
        sa.select(SOURCE_NOTE, SOURCE)
        .join(SOURCE, SOURCE.c.source_id == SOURCE_NOTE.c.source_id)
        .where(SOURCE_NOTE.c.state == NoteState.PLANNED, SOURCE_NOTE.c.due_at <= now.timestamp())
    )
    if official_id is not None:
        query = query.where(SOURCE_NOTE.c.official_id == official_id)
    found = [(row, _source(row)) for row in conn.execute(query)]
    return [(row, source) for row, source in found if light_of(source, now) == row.says]


def say_notes(conn: sa.Connection, official: Official, window: str) -> tuple[str, ...]:
    """What a digest says of sources, a paragraph each."""
    query = (
        sa.select(SOURCE_NOTE.c.says, SOURCE)
        .join(SOURCE, SOURCE.c.source_id == SOURCE_NOTE.c.source_id)
        .where(SOURCE_NOTE.c.official_id == official.official_id, SOURCE_NOTE.c.window == window)
    )
    rows = conn.execute(query).all()
    dark = say_dark(official, [_source(row) for row in rows if row.says == Light.DARK])
    back = say_back(official, [_source(row) for row in rows if row.says == Light.BACK])
    return tuple(said for said in (dark, back) if said)
