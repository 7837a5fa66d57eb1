"""Keep what is sent to webhook targets, what became of each try, and which targets are switched off."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from services.notifier import audit
from services.notifier.core.outlets.entry import Entry
from services.notifier.core.outlets.webhook import Tell, message_id, what_to_tell, write_body
from services.notifier.outlets.tables import TARGET, WEBHOOK
from services.notifier.outlets.targets import Target


class State(StrEnum):
    """Where a message stands; ``held`` waits for its target to be switched on again."""

    DUE = "due"
    HELD = "held"
    ACCEPTED = "accepted"
    GAVE_UP = "gave_up"
    DROPPED = "dropped"


class TargetState(StrEnum):
    """Whether a target is sent anything."""

    ACTIVE = "active"
    DISABLED = "disabled"
    REMOVED = "removed"


@dataclass(frozen=True)
class Row:
    """One message to one target."""

    webhook_id: str
    target: str
    incident_id: str
    version: int
    tell: Tell
    body: bytes
    tries: int


@dataclass(frozen=True)
class Try:
    """What became of one try, and when the next one is due."""

    state: State
    reason: str
    status: int | None
    due_at: float


@dataclass(frozen=True)
class TargetView:
    """A target as an operator sees it."""

    name: str
    state: TargetState
    reason: str
    failing_since: float | None
    last_success_at: float | None
    waiting: int


def sync_targets(conn: sa.Connection, names: Iterable[str], now: float) -> None:
    """Take over which targets the file has; what waits for one that is gone is dropped, and seen to be."""
    wanted = set(names)
    known = {row.name: row.state for row in conn.execute(sa.select(TARGET.c.name, TARGET.c.state))}
    for name in sorted(wanted - known.keys()):
        conn.execute(
            sa.insert(TARGET).values(name=name, state=TargetState.ACTIVE, reason="in the file", changed_at=now)
        )
    for name, state in known.items():
        if name in wanted and state == TargetState.REMOVED:
            _set_target(conn, name, TargetState.ACTIVE, "in the file", now)
        if name not in wanted and state != TargetState.REMOVED:
            _set_target(conn, name, TargetState.REMOVED, "not in the file", now)
            _put_aside(conn, name, State.DROPPED, "target removed", now)


def plan_webhooks(conn: sa.Connection, targets: Iterable[Target], entry: Entry, seq: int, now: datetime) -> int:
    """Write down what each target is to be told of a change; how many."""
    disabled = {
        row.name for row in conn.execute(sa.select(TARGET.c.name).where(TARGET.c.state == TargetState.DISABLED))
    }
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    planned = 0
    for target in targets:
        known = _last_told(conn, target.name, entry.incident_id) not in _OVER
        tell = what_to_tell(target.wanted, entry, known=known)
        if tell is None:
            continue
        at = now.timestamp()
        # Read again from the beginning of the topic, a change has its message already.
        done = conn.execute(
            dialect.insert(WEBHOOK)
            .values(
                webhook_id=message_id(target.name, entry.alert_id),
                target=target.name,
                incident_id=entry.incident_id,
                version=entry.version,
                tell=tell,
                seq=seq,
                body=write_body(tell, entry, target.language, target.zone),
                state=State.HELD if target.name in disabled else State.DUE,
                reason="planned",
                tries=0,
                due_at=at,
                created_at=at,
                changed_at=at,
            )
            .on_conflict_do_nothing()
        )
        planned += done.rowcount
    return planned


#: Told that it is over for them: what comes after begins anew.
_OVER = frozenset({None, Tell.LEFT, Tell.WITHDRAWN, Tell.MERGED})


def _last_told(conn: sa.Connection, target: str, incident_id: str) -> Tell | None:
    query = sa.select(WEBHOOK.c.tell).where(WEBHOOK.c.target == target, WEBHOOK.c.incident_id == incident_id)
    found = conn.execute(query.order_by(WEBHOOK.c.version.desc()).limit(1)).scalar()
    return Tell(found) if found else None


def due_for(conn: sa.Connection, target: str, now: float, at_most: int) -> list[Row]:
    """What may go to a target now, oldest first; nothing overtakes an earlier message of its incident."""
    earlier = WEBHOOK.alias("earlier")
    waits = sa.exists().where(
        earlier.c.target == WEBHOOK.c.target,
        earlier.c.incident_id == WEBHOOK.c.incident_id,
        earlier.c.version < WEBHOOK.c.version,
        earlier.c.state == State.DUE,
    )
    query = (
        sa.select(WEBHOOK)
        .where(WEBHOOK.c.state == State.DUE, WEBHOOK.c.target == target, WEBHOOK.c.due_at <= now, ~waits)
        .order_by(WEBHOOK.c.seq)
        .limit(at_most)
    )
    return [_row(row) for row in conn.execute(query)]


def targets_with_work(conn: sa.Connection, now: float) -> list[str]:
    """The targets that something is due for."""
    query = sa.select(WEBHOOK.c.target).where(WEBHOOK.c.state == State.DUE, WEBHOOK.c.due_at <= now).distinct()
    return [row.target for row in conn.execute(query)]


def note_try(conn: sa.Connection, row: Row, made: Try, now: float) -> None:
    """Write down what became of a try."""
    conn.execute(
        sa.update(WEBHOOK)
        .where(WEBHOOK.c.webhook_id == row.webhook_id)
        .values(
            state=made.state,
            reason=made.reason,
            status=made.status,
            tries=row.tries + 1,
            due_at=made.due_at,
            changed_at=now,
        )
    )


def note_success(conn: sa.Connection, target: str, now: float) -> None:
    """The target takes messages."""
    conn.execute(sa.update(TARGET).where(TARGET.c.name == target).values(failing_since=None, last_success_at=now))


def note_failure(conn: sa.Connection, target: str, now: float) -> float:
    """The target took none; since when that is so."""
    since = conn.execute(sa.select(TARGET.c.failing_since).where(TARGET.c.name == target)).scalar()
    if since is not None:
        return float(since)
    conn.execute(sa.update(TARGET).where(TARGET.c.name == target).values(failing_since=now))
    return now


def disable(conn: sa.Connection, target: str, why: str, actor: str, now: float) -> None:
    """Send a target nothing more; what is for it is held until it is switched on, or too old."""
    _set_target(conn, target, TargetState.DISABLED, why, now)
    _put_aside(conn, target, State.HELD, why, now)
    audit.record(conn, now, actor, "webhook target disabled", detail={"target": target, "why": why})


def enable(conn: sa.Connection, target: str, actor: str, now: float) -> int | None:
    """Switch a target on again; how many held messages go out, None if it is not switched off."""
    state = conn.execute(sa.select(TARGET.c.state).where(TARGET.c.name == target)).scalar()
    if state != TargetState.DISABLED:
        return None
    _set_target(conn, target, TargetState.ACTIVE, f"enabled by {actor}"[:80], now)
    conn.execute(sa.update(TARGET).where(TARGET.c.name == target).values(failing_since=None))
    audit.record(conn, now, actor, "webhook target enabled", detail={"target": target})
    where = (WEBHOOK.c.target == target, WEBHOOK.c.state == State.HELD)
    values = {"state": State.DUE, "due_at": now, "tries": 0, "reason": "enabled", "changed_at": now}
    return int(conn.execute(sa.update(WEBHOOK).where(*where).values(**values)).rowcount)


def list_targets(conn: sa.Connection) -> list[TargetView]:
    """Every target ever known, by name."""
    waiting = sa.select(WEBHOOK.c.target, sa.func.count().label("n")).where(
        WEBHOOK.c.state.in_([State.DUE, State.HELD])
    )
    counts = {row.target: int(row.n) for row in conn.execute(waiting.group_by(WEBHOOK.c.target))}
    return [
        TargetView(
            row.name,
            TargetState(row.state),
            row.reason,
            row.failing_since,
            row.last_success_at,
            counts.get(row.name, 0),
        )
        for row in conn.execute(sa.select(TARGET).order_by(TARGET.c.name))
    ]


def recent(conn: sa.Connection, target: str | None, at_most: int) -> Sequence[dict[str, Any]]:
    """The messages that changed last, newest first, without their bodies."""
    shown = [column for column in WEBHOOK.c if column.name != "body"]
    query = sa.select(*shown).order_by(WEBHOOK.c.changed_at.desc()).limit(at_most)
    if target is not None:
        query = query.where(WEBHOOK.c.target == target)
    return [dict(row._mapping) for row in conn.execute(query)]


def count_rows(conn: sa.Connection) -> dict[str, int]:
    """How many messages are in each state."""
    query = sa.select(WEBHOOK.c.state, sa.func.count().label("n")).group_by(WEBHOOK.c.state)
    return {row.state: int(row.n) for row in conn.execute(query)}


def oldest_due(conn: sa.Connection) -> float | None:
    """When the oldest message that is due was made; None if none is."""
    found = conn.execute(sa.select(sa.func.min(WEBHOOK.c.created_at)).where(WEBHOOK.c.state == State.DUE))
    value = found.scalar()
    return None if value is None else float(value)


def forget_before(conn: sa.Connection, instant: float) -> int:
    """Drop messages that have not changed since, whatever became of them; how many."""
    return int(conn.execute(sa.delete(WEBHOOK).where(WEBHOOK.c.changed_at < instant)).rowcount)


def _row(row: Any) -> Row:
    return Row(
        row.webhook_id, row.target, row.incident_id, row.version, Tell(row.tell), bytes(row.body), row.tries
    )


def _set_target(conn: sa.Connection, name: str, state: TargetState, reason: str, now: float) -> None:
    values = {"state": state, "reason": reason[:80], "changed_at": now}
    conn.execute(sa.update(TARGET).where(TARGET.c.name == name).values(**values))


def _put_aside(conn: sa.Connection, target: str, state: State, why: str, now: float) -> None:
    where = (WEBHOOK.c.target == target, WEBHOOK.c.state.in_([State.DUE, State.HELD]))
    values = {"state": state, "reason": why[:80], "changed_at": now}
    conn.execute(sa.update(WEBHOOK).where(*where).values(**values))
