"""Remember what each official was told of each incident, and the messages of its thread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from services.contracts.codes import Severity
from services.notifier.core.decide import Told, Way
from services.notifier.core.snapshot import Snapshot
from services.notifier.rows import Row
from services.notifier.tables import THREAD, TOLD


def _pack(told: Told) -> str:
    return json.dumps({
        "way": told.way, "withdrawn": told.withdrawn, "version": told.state.version,
        "severity": int(told.state.severity), "counts": dict(told.state.counts),
        "fingerprint": told.state.fingerprint,
    })  # fmt: skip


def _unpack(text: str) -> Told:
    found = json.loads(text)
    state = Snapshot(found["version"], Severity(found["severity"]), found["counts"], found["fingerprint"])
    return Told(Way(found["way"]), state, found["withdrawn"])


@dataclass(frozen=True)
class Memory:
    """What an official was told of an incident, and before what still waits to be sent."""

    official_id: str
    incident_id: str
    told: Told
    base: Told | None


def memories(conn: sa.Connection, incident_ids: Sequence[str]) -> dict[tuple[str, str], Memory]:
    """What anybody was told of these incidents, by official and incident."""
    query = sa.select(TOLD).where(TOLD.c.incident_id.in_(incident_ids))
    return {(row.official_id, row.incident_id): _memory(row) for row in conn.execute(query)}


def memory_of(conn: sa.Connection, official_id: str, incident_id: str) -> Memory | None:
    """What one official was told of an incident."""
    query = sa.select(TOLD).where(TOLD.c.official_id == official_id, TOLD.c.incident_id == incident_id)
    row = conn.execute(query).first()
    return _memory(row) if row else None


def _memory(row: Any) -> Memory:
    base = _unpack(row.base) if row.base else None
    return Memory(row.official_id, row.incident_id, _unpack(row.state), base)


def remember(conn: sa.Connection, memory: Memory, now: float) -> None:
    """Replace what is known of what somebody was told."""
    key = {"official_id": memory.official_id, "incident_id": memory.incident_id}
    values = {
        "way": memory.told.way,
        "state": _pack(memory.told),
        "withdrawn": memory.told.withdrawn,
        "base": _pack(memory.base) if memory.base else None,
        "changed_at": now,
    }
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(TOLD).values(**key, **values)
    conn.execute(insert.on_conflict_do_update(index_elements=list(key), set_=values))


def erase(conn: sa.Connection, official_id: str, incident_id: str) -> None:
    """As if the official had never been told."""
    conn.execute(sa.delete(TOLD).where(TOLD.c.official_id == official_id, TOLD.c.incident_id == incident_id))


def thread_refs(conn: sa.Connection, official_id: str, incident_id: str, channel: str) -> list[str]:
    """The messages of one incident that this official got on a channel, the first one first."""
    query = (
        sa.select(THREAD.c.ref)
        .where(
            THREAD.c.official_id == official_id,
            THREAD.c.incident_id == incident_id,
            THREAD.c.channel == channel,
        )
        .order_by(THREAD.c.at, THREAD.c.ref)
    )
    return [row.ref for row in conn.execute(query)]


def add_thread_ref(conn: sa.Connection, row: Row, ref: str, now: float) -> None:
    """Remember the message a delivery became."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    values = {"official_id": row.official_id, "incident_id": row.incident_id, "channel": row.channel, "ref": ref}
    conn.execute(dialect.insert(THREAD).values(**values, at=now).on_conflict_do_nothing())


def share_thread(conn: sa.Connection, official_id: str, old: str, new: str) -> None:
    """Let the messages of a merged incident be the thread of the one it became."""
    query = sa.select(THREAD).where(THREAD.c.official_id == official_id, THREAD.c.incident_id == old)
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    for row in conn.execute(query).mappings().all():
        values = dict(row) | {"incident_id": new}
        conn.execute(dialect.insert(THREAD).values(**values).on_conflict_do_nothing())
