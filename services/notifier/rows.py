"""Read and write the ledger's rows; every change of state goes through the table of legal steps."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from services.contracts.delivery import Action, DeliveryRecorded, Outcome
from services.contracts.topics import DELIVERIES
from services.notifier.core.ledger import CANCELLABLE, SENDABLE, Priority, State, step
from services.notifier.core.reason import Reason
from services.notifier.tables import ATTEMPT, DELIVERY, OUTBOX
from services.runtime.outbox import Message, enqueue


@dataclass(frozen=True)
class Row:
    """One delivery as the ledger holds it; ``why`` is the reason it was decided, ``reason`` where it stands."""

    subject: str
    official_id: str
    channel: str
    action: Action
    incident_id: str | None
    version: int
    state: State
    reason: str
    why: str
    priority: Priority
    due_at: float
    first_due_at: float
    attempts: int = 0
    second_copy: bool = False
    bundle: str | None = None
    relisted: int = 0
    ref: str | None = None
    trace: str | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes a delivery one delivery."""
        return (self.subject, self.official_id, self.channel, self.action)


_ADDRESS = re.compile(r"[^\s<>@,;:]+@[^\s<>@,;:]+")
_FIELDS = tuple(Row.__dataclass_fields__)


def row_of(found: Any) -> Row:
    """A row of the table as a delivery."""
    values = {name: getattr(found, name) for name in _FIELDS}
    values |= {
        "action": Action(values["action"]),
        "state": State(values["state"]),
        "priority": Priority(values["priority"]),
    }
    return Row(**values)


#: Statements that run for each delivery are built once: building one costs more than running it.
_SAME = sa.and_(
    DELIVERY.c.subject == sa.bindparam("its_subject"),
    DELIVERY.c.official_id == sa.bindparam("its_official"),
    DELIVERY.c.channel == sa.bindparam("its_channel"),
    DELIVERY.c.action == sa.bindparam("its_action"),
)
#: An attempt of a worker that was taken over from is not the one that another has begun since.
_MOVE = sa.update(DELIVERY).where(
    _SAME, DELIVERY.c.state == sa.bindparam("its_state"), DELIVERY.c.attempts == sa.bindparam("its_attempts")
)
_READ = sa.select(DELIVERY).where(_SAME).with_for_update()
_INSERT = {
    name: dialect.insert(DELIVERY).on_conflict_do_nothing()
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_INSERT_ATTEMPT = sa.insert(ATTEMPT)


def _its(key: tuple[str, str, str, str]) -> dict[str, Any]:
    return dict(zip(("its_subject", "its_official", "its_channel", "its_action"), key, strict=True))


def insert_row(conn: sa.Connection, row: Row, now: float) -> bool:
    """Add a delivery; False if this very delivery exists already."""
    values = {name: getattr(row, name) for name in _FIELDS} | {"created_at": now, "changed_at": now}
    return conn.execute(_INSERT[conn.dialect.name], values).rowcount == 1


def move(conn: sa.Connection, row: Row, state: State, reason: Reason, now: float, **changes: Any) -> Row:
    """Take a legal step; what another hand changed meanwhile is never overwritten.

    Raises:
        IllegalStepError: the ledger does not allow it.
        LostRowError: the row is no longer in the state it was read in.
    """
    step(row.state, state)
    its = _its(row.key) | {"its_state": row.state, "its_attempts": row.attempts}
    done = conn.execute(_MOVE, its | changes | {"state": state, "reason": reason, "changed_at": now})
    if done.rowcount != 1:
        raise LostRowError(row.subject)
    return replace(row, state=state, reason=reason, **changes)


def bring_forward(conn: sa.Connection, row: Row, at: float) -> None:
    """Let what waits to be sent be due by then."""
    later = sa.and_(DELIVERY.c.state.in_([*SENDABLE]), DELIVERY.c.due_at > at)
    conn.execute(sa.update(DELIVERY).where(_SAME, later), _its(row.key) | {"due_at": at})


class LostRowError(Exception):
    """Somebody else moved this row first."""


def read_row(conn: sa.Connection, key: tuple[str, str, str, str]) -> Row | None:
    """One delivery by its key, locked until the transaction ends."""
    found = conn.execute(_READ, _its(key)).first()
    return row_of(found) if found else None


def find_member(conn: sa.Connection, subject: str, official_id: str) -> Row | None:
    """What waits under this subject for an official's digest, on whatever channel; locked."""
    query = sa.select(DELIVERY).where(
        DELIVERY.c.subject == subject,
        DELIVERY.c.official_id == official_id,
        DELIVERY.c.action == Action.DIGEST,
        DELIVERY.c.incident_id.is_not(None),
    )
    found = conn.execute(query.with_for_update()).first()
    return row_of(found) if found else None


def has_later(conn: sa.Connection, member: Row) -> bool:
    """Whether the official was told of a later version of the incident, or is about to be."""
    query = sa.select(DELIVERY.c.version).where(
        DELIVERY.c.incident_id == member.incident_id,
        DELIVERY.c.official_id == member.official_id,
        DELIVERY.c.version > member.version,
        DELIVERY.c.state.not_in([State.SUPPRESSED, State.REFUSED, State.BOUNCED]),
    )
    return conn.execute(query).first() is not None


_OF_SUBJECT = sa.select(DELIVERY).where(DELIVERY.c.subject == sa.bindparam("its_subject"))


def rows_of_subject(conn: sa.Connection, subject: str) -> dict[str, list[Row]]:
    """Every delivery of one alert, by official."""
    found: dict[str, list[Row]] = {}
    for one in conn.execute(_OF_SUBJECT, {"its_subject": subject}):
        found.setdefault(one.official_id, []).append(row_of(one))
    return found


def find_by_ref(conn: sa.Connection, channel: str, ref: str) -> Row | None:
    """The delivery that became this message."""
    found = conn.execute(sa.select(DELIVERY).where(DELIVERY.c.channel == channel, DELIVERY.c.ref == ref)).first()
    return row_of(found) if found else None


def rows_in(conn: sa.Connection, states: Iterable[State]) -> list[Row]:
    """Every delivery in one of these states."""
    query = sa.select(DELIVERY).where(DELIVERY.c.state.in_([*states])).order_by(DELIVERY.c.created_at)
    return [row_of(found) for found in conn.execute(query)]


def waiting_rows(conn: sa.Connection, official_id: str, incident_id: str) -> list[Row]:
    """What is decided for this official and incident and has not left."""
    return waiting_by_official(conn, incident_id, official_id).get(official_id, [])


def has_unsent_push(conn: sa.Connection, official_id: str, incident_id: str) -> bool:
    """Whether a push of this incident to this official will be tried, on whatever channel."""
    query = sa.select(DELIVERY.c.version).where(
        DELIVERY.c.incident_id == incident_id,
        DELIVERY.c.official_id == official_id,
        DELIVERY.c.action == Action.PUSH,
        DELIVERY.c.state.in_([*SENDABLE, State.INTENDED, State.SENDING]),
    )
    return conn.execute(query).first() is not None


#: SQLite's writers come one by one and ignore the lock; PostgreSQL's dispatcher must not slip between.
_WAITING = (
    sa.select(DELIVERY)
    .where(DELIVERY.c.incident_id == sa.bindparam("its_incident"), DELIVERY.c.state.in_([*CANCELLABLE]))
    .with_for_update()
)
_WAITING_FOR_ONE = _WAITING.where(DELIVERY.c.official_id == sa.bindparam("its_official"))


def waiting_by_official(
    conn: sa.Connection, incident_id: str, official_id: str | None = None
) -> dict[str, list[Row]]:
    """What is decided for this incident and has not left, by official; for one of them or for all."""
    query, its = _WAITING, {"its_incident": incident_id}
    if official_id is not None:
        query, its = _WAITING_FOR_ONE, its | {"its_official": official_id}
    found: dict[str, list[Row]] = {}
    for one in conn.execute(query, its):
        found.setdefault(one.official_id, []).append(row_of(one))
    return found


_MEMBERS = (
    sa.select(DELIVERY)
    .where(DELIVERY.c.official_id == sa.bindparam("its_official"), DELIVERY.c.bundle == sa.bindparam("its_window"))
    .order_by(DELIVERY.c.priority, DELIVERY.c.created_at, DELIVERY.c.subject)
)


def members_of(conn: sa.Connection, official_id: str, window: str) -> list[Row]:
    """The deliveries that travel in this digest, the most important first."""
    found = conn.execute(_MEMBERS, {"its_official": official_id, "its_window": window})
    return [row_of(one) for one in found]


def traces_in(conn: sa.Connection, digest: Row) -> list[str | None]:
    """The traceparents of what travels in a digest."""
    return [member.trace for member in members_of(conn, digest.official_id, digest.subject)]


def windows_like(conn: sa.Connection, official_id: str, window: str) -> int:
    """How many messages of this digest window exist for this official."""
    query = sa.select(sa.func.count(sa.distinct(DELIVERY.c.subject))).where(
        DELIVERY.c.official_id == official_id,
        DELIVERY.c.action == Action.DIGEST,
        sa.or_(DELIVERY.c.subject == window, DELIVERY.c.subject.startswith(f"{window}/", autoescape=True)),
    )
    return int(conn.execute(query).scalar_one())


def pushes_since(conn: sa.Connection, official_id: str, since: float) -> int:
    """New messages planned for this official since then, for the daily budget; one on two channels is one."""
    query = sa.select(sa.func.count(sa.distinct(DELIVERY.c.subject))).where(
        DELIVERY.c.official_id == official_id,
        DELIVERY.c.action == Action.PUSH,
        DELIVERY.c.created_at >= since,
        DELIVERY.c.state != State.SUPPRESSED,
    )
    return int(conn.execute(query).scalar_one())


def note_attempt(conn: sa.Connection, row: Row, phase: str, reason: str, now: float, *, detail: str = "") -> None:
    """Append one line of evidence; a server that repeats the address in its answer does not put it here."""
    detail = _ADDRESS.sub("<address>", detail)
    values = {
        "subject": row.subject, "official_id": row.official_id, "channel": row.channel, "action": row.action,
        "n": row.attempts, "phase": phase, "reason": reason, "detail": detail[:300], "at": now,
    }  # fmt: skip
    conn.execute(_INSERT_ATTEMPT, values)


_REFUSALS = sa.select(sa.func.count()).where(
    ATTEMPT.c.subject == sa.bindparam("its_subject"),
    ATTEMPT.c.official_id == sa.bindparam("its_official"),
    ATTEMPT.c.channel == sa.bindparam("its_channel"),
    ATTEMPT.c.action == sa.bindparam("its_action"),
    ATTEMPT.c.phase == State.RETRY_WAIT,
)


def refusals_of(conn: sa.Connection, row: Row) -> int:
    """How often a delivery was refused for now; an intent that a crash cut off is no refusal."""
    return int(conn.execute(_REFUSALS, _its(row.key)).scalar_one())


def announce(
    conn: sa.Connection, row: Row, outcome: Outcome, reason: str, now: float, *, members: Sequence[str] = ()
) -> int:
    """Tell the topic ``deliveries``; the id of the outbox row."""
    event = DeliveryRecorded(
        occurred_at=datetime.fromtimestamp(now, UTC),
        subject=row.subject,
        incident_id=row.incident_id,
        official_id=row.official_id,
        channel=row.channel,
        action=row.action,
        outcome=outcome,
        reason=reason,
        attempt=row.attempts,
        members=tuple(members),
    )
    message = Message(
        DELIVERIES, row.subject, event.model_dump_json().encode(), "DeliveryRecorded/1", trace=row.trace
    )
    return enqueue(conn, OUTBOX, [message])[0]


def suppress(conn: sa.Connection, row: Row, reason: Reason, at: float) -> None:
    """It never leaves; the topic is told why."""
    move(conn, row, State.SUPPRESSED, reason, at)
    announce(conn, row, Outcome.SUPPRESSED, reason, at)
