"""Remember what each official was told of each incident, and the messages of its thread."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from services.contracts.codes import Severity
from services.contracts.delivery import Action
from services.notifier.core.decide import Told, Way
from services.notifier.core.snapshot import Snapshot
from services.notifier.rows import Row
from services.notifier.tables import THREAD, TOLD


def _pack(told: Told) -> str:
    return json.dumps({
        "way": told.way, "withdrawn": told.withdrawn, "version": told.state.version,
        "severity": int(told.state.severity), "counts": dict(told.state.counts),
        "fingerprint": told.state.fingerprint, "taken_back": told.state.taken_back,
    })  # fmt: skip


def _unpack(text: str) -> Told:
    found = json.loads(text)
    state = Snapshot(
        found["version"], Severity(found["severity"]), found["counts"], found["fingerprint"],
        found.get("taken_back", 0),
    )  # fmt: skip
    return Told(Way(found["way"]), state, found["withdrawn"])


@dataclass(frozen=True)
class Memory:
    """What an official was told of an incident, and before what still waits to be sent."""

    official_id: str
    incident_id: str
    told: Told
    base: Told | None


#: Built once: building a statement costs more than running it.
_OF_INCIDENTS = sa.select(TOLD).where(TOLD.c.incident_id.in_(sa.bindparam("incidents", expanding=True)))
_OF_ONE = sa.select(TOLD).where(
    TOLD.c.official_id == sa.bindparam("official"), TOLD.c.incident_id == sa.bindparam("incident")
)
_REFS = (
    sa.select(THREAD.c.ref)
    .where(
        THREAD.c.official_id == sa.bindparam("official"),
        THREAD.c.incident_id == sa.bindparam("incident"),
        THREAD.c.channel == sa.bindparam("channel"),
    )
    .order_by(THREAD.c.at, THREAD.c.ref)
)
_DIALECTS: dict[str, Any] = {"sqlite": sqlite, "postgresql": postgresql}


@lru_cache(maxsize=2)
def _remembering(dialect: str) -> Any:
    insert = _DIALECTS[dialect].insert(TOLD)
    changes = {name: insert.excluded[name] for name in ("way", "state", "withdrawn", "base", "changed_at")}
    return insert.on_conflict_do_update(index_elements=["official_id", "incident_id"], set_=changes)


@lru_cache(maxsize=2)
def _adding_ref(dialect: str) -> Any:
    return _DIALECTS[dialect].insert(THREAD).on_conflict_do_nothing()


def memories(conn: sa.Connection, incident_ids: Sequence[str]) -> dict[tuple[str, str], Memory]:
    """What anybody was told of these incidents, by official and incident."""
    found = conn.execute(_OF_INCIDENTS, {"incidents": [*incident_ids]})
    return {(row.official_id, row.incident_id): _memory(row) for row in found}


def memory_of(conn: sa.Connection, official_id: str, incident_id: str) -> Memory | None:
    """What one official was told of an incident."""
    row = conn.execute(_OF_ONE, {"official": official_id, "incident": incident_id}).first()
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
    conn.execute(_remembering(conn.dialect.name), key | values)


def erase(conn: sa.Connection, official_id: str, incident_id: str) -> None:
    """As if the official had never been told."""
    conn.execute(sa.delete(TOLD).where(TOLD.c.official_id == official_id, TOLD.c.incident_id == incident_id))


def thread_refs(conn: sa.Connection, official_id: str, incident_id: str, channel: str) -> list[str]:
    """The messages of one incident that this official got on a channel, the first one first."""
    wanted = {"official": official_id, "incident": incident_id, "channel": channel}
    return [row.ref for row in conn.execute(_REFS, wanted)]


def has_message(conn: sa.Connection, official_id: str, incident_id: str) -> bool:
    """Whether this official got a message of the incident, on whatever channel."""
    query = sa.select(THREAD.c.ref).where(THREAD.c.official_id == official_id, THREAD.c.incident_id == incident_id)
    return conn.execute(query.limit(1)).first() is not None


def add_thread_ref(conn: sa.Connection, row: Row, ref: str, now: float) -> None:
    """Remember the message a delivery became."""
    values = {"official_id": row.official_id, "incident_id": row.incident_id, "channel": row.channel, "ref": ref}
    conn.execute(_adding_ref(conn.dialect.name), values | {"at": now})


def share_thread(conn: sa.Connection, official_id: str, old: str, new: str) -> None:
    """Let the messages of a merged incident be the thread of the one it became."""
    query = sa.select(THREAD).where(THREAD.c.official_id == official_id, THREAD.c.incident_id == old)
    for row in conn.execute(query).mappings().all():
        conn.execute(_adding_ref(conn.dialect.name), dict(row) | {"incident_id": new})


def effective(memory: Memory | None, waiting: Sequence[Row]) -> Told | None:
    """What the official has really seen: a push or an edit that has not left does not count."""
    if memory is None:
        return None
    pushes = [row.version for row in waiting if row.action is Action.PUSH]
    if pushes and memory.base is not None and memory.base.state.version >= min(pushes):
        # Something came while the push was on its way, and the push did not arrive: what was told before that
        # something is what the push itself says.
        return None
    if any(row.action in {Action.PUSH, Action.EDIT, Action.WITHDRAW} for row in waiting):
        return memory.base
    if memory.told.way is Way.DIGEST_WAITING and not waiting:
        # Its digest is on its way just now, with the state before this one.
        return replace(memory.told, way=Way.DIGEST)
    return memory.told


def from_before(told: Told) -> Told:
    """The same, but older than any version of the incident it now belongs to."""
    return replace(told, state=replace(told.state, version=0))
