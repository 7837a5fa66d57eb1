"""Bring the ledger up to what was announced: what it does not know, or is behind with, is taken over."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from services.contracts.codes import Severity
from services.contracts.delivery import DELIVERY_RECORDED, Action, DeliveryRecorded, Outcome
from services.notifier import rows
from services.notifier.core.ledger import FOR_NOW, VISIBLE_UNKNOWN, Next, Priority, State
from services.notifier.core.reason import Reason
from services.notifier.incidents import last_version
from services.notifier.listed import is_told_now, list_no_more
from services.notifier.outcomes import settle
from services.notifier.placing import priority
from services.notifier.rows import Row
from services.notifier.tables import RESTORED

#: What goes again waits at most so long for its alert to be read again, which makes it due.
_ALERT_COMES_S = 86_400.0
#: Records in memory at a time.
AT_ONCE = 500
_STATE = {
    Outcome.ACCEPTED: State.ACCEPTED,
    Outcome.REFUSED: State.REFUSED,
    Outcome.SUPPRESSED: State.SUPPRESSED,
    # An intent without an outcome: whether it left nobody can tell.
    Outcome.INTENDED: State.UNKNOWN,
    Outcome.UNKNOWN: State.UNKNOWN,
}


def complete(conn: sa.Connection, events: Iterable[DeliveryRecorded], now: datetime) -> int:
    """Bring the ledger up to what was announced; how many deliveries changed."""
    keep_unknown(conn, events)
    count = 0
    while done := settle_kept(conn, now, AT_ONCE):
        count += done
    return count


def keep_unknown(conn: sa.Connection, events: Iterable[DeliveryRecorded]) -> None:
    """Keep the last event of each delivery that the ledger does not know or is behind with."""
    dialect = postgresql if conn.dialect.name == "postgresql" else sqlite
    for event in events:
        row = rows.read_row(conn, _key(event))
        if row is not None and not _is_behind(row, event):
            # An outcome the ledger has: an intent kept of the same delivery is answered by it.
            continue
        attempt, settled = _order(event)
        values = {"attempt": attempt, "settled": settled, "event": event.model_dump_json().encode()}
        insert = dialect.insert(RESTORED).values(delivery_key=event.delivery_key, **values)
        older = sa.or_(
            RESTORED.c.attempt < attempt,
            sa.and_(RESTORED.c.attempt == attempt, sa.or_(sa.not_(RESTORED.c.settled), sa.literal(settled))),
        )
        conn.execute(insert.on_conflict_do_update(index_elements=["delivery_key"], set_=values, where=older))


def settle_kept(conn: sa.Connection, now: datetime, at_most: int) -> int:
    """Complete the ledger by so many of the events kept, and drop them; how many there were."""
    query = sa.select(RESTORED).order_by(RESTORED.c.delivery_key).limit(at_most)
    kept = conn.execute(query).all()
    for row in kept:
        _complete_one(conn, DELIVERY_RECORDED.validate_json(row.event), now)
    conn.execute(sa.delete(RESTORED).where(RESTORED.c.delivery_key.in_([row.delivery_key for row in kept])))
    return len(kept)


def _key(event: DeliveryRecorded) -> tuple[str, str, str, str]:
    return (event.subject, event.official_id, event.channel, event.action)


def _order(event: DeliveryRecorded) -> tuple[int, bool]:
    return event.attempt, event.outcome is not Outcome.INTENDED


def _complete_one(conn: sa.Connection, event: DeliveryRecorded, now: datetime) -> bool:
    row = rows.read_row(conn, _key(event))
    if row is None:
        rows.insert_row(conn, _row(conn, event, now), now.timestamp())
    elif not _is_behind(row, event):
        return False
    else:
        _catch_up(conn, row, event, now)
    if event.outcome is Outcome.ACCEPTED:
        _members_arrived(conn, event, now.timestamp())
    return True


def _row(conn: sa.Connection, event: DeliveryRecorded, now: datetime) -> Row:
    due, state = now.timestamp(), _STATE[event.outcome]
    # What a digest held is listed in another one: of its own it has nothing that could be sent again.
    if event.incident_id is not None and _goes_again(event):
        state = _again(event)
        if last_version(conn, event.incident_id) < _version(event):
            due += _ALERT_COMES_S
    return Row(
        subject=event.subject,
        official_id=event.official_id,
        channel=event.channel,
        action=event.action,
        incident_id=event.incident_id,
        version=_version(event),
        state=state,
        reason=Reason.CRASHED if event.outcome is Outcome.INTENDED else event.reason,
        why=event.reason,
        priority=priority(event.action, Severity.HIGH),
        due_at=due,
        first_due_at=due,
        attempts=event.attempt,
        second_copy=event.reason == Reason.SAID_NOT_ARRIVED,
    )


def _goes_again(event: DeliveryRecorded) -> bool:
    """Whether another attempt follows what was announced."""
    said = event.reason == Reason.SAID_NOT_ARRIVED and event.incident_id is not None
    return event.outcome is Outcome.REFUSED and (said or event.reason in FOR_NOW)


def _again(event: DeliveryRecorded) -> State:
    """Where what goes again waits: for the next digest, or for nothing."""
    return State.PLANNED if event.action is Action.DIGEST and event.incident_id is not None else State.DUE


def _member(event: DeliveryRecorded, subject: str, at: float) -> Row:
    incident_id, _, version = subject.rpartition(".")
    return Row(
        subject=subject,
        official_id=event.official_id,
        channel=event.channel,
        action=Action.DIGEST,
        incident_id=incident_id,
        version=int(version) if version.isascii() and version.isdigit() else 0,
        state=State.ACCEPTED,
        reason=Reason.IN_DIGEST,
        why=event.reason,
        priority=Priority.DIGEST,
        due_at=at,
        first_due_at=at,
        bundle=event.subject,
    )


def _version(event: DeliveryRecorded) -> int:
    tail = event.subject.rpartition(".")[2]
    return int(tail) if event.incident_id and tail.isascii() and tail.isdigit() else 0


def _is_behind(row: Row, event: DeliveryRecorded) -> bool:
    if row.state in {State.INTENDED, State.SENDING}:
        return event.attempt >= row.attempts and event.outcome is not Outcome.INTENDED
    if row.state in {State.DUE, State.RETRY_WAIT}:
        return event.attempt > row.attempts or (
            event.outcome is Outcome.SUPPRESSED and event.attempt >= row.attempts
        )
    if row.state in VISIBLE_UNKNOWN:
        # Of the same attempt more is known only after somebody said so, or the mail came back.
        known = event.outcome not in {Outcome.INTENDED, Outcome.UNKNOWN}
        return event.attempt > row.attempts or (known and event.attempt == row.attempts)
    return row.state is State.PLANNED and event.outcome is Outcome.SUPPRESSED


def _catch_up(conn: sa.Connection, row: Row, event: DeliveryRecorded, now: datetime) -> None:
    """Take the row along the legal way to where the topic says it is."""
    at = now.timestamp()
    if row.state in VISIBLE_UNKNOWN:
        resolved = _resolved(conn, row, event, at)
        if resolved is None:
            return
        row = resolved
    if event.outcome is Outcome.SUPPRESSED and row.state is not State.SENDING:
        rows.move(conn, row, State.SUPPRESSED, Reason.SUPERSEDED, at)
        return
    if row.state in {State.DUE, State.RETRY_WAIT}:
        row = rows.move(conn, row, State.INTENDED, Reason.RESUMED, at, attempts=event.attempt)
    if row.state is State.INTENDED:
        row = rows.move(conn, row, State.SENDING, Reason.RESUMED, at, attempts=event.attempt)
    if _STATE[event.outcome] is State.UNKNOWN:
        settle(conn, row, Next(State.UNKNOWN, Reason.CRASHED, relist=True), None, now, detail="from the topic")
    elif event.outcome is Outcome.REFUSED and event.reason == Reason.SAID_NOT_ARRIVED:
        row = rows.move(conn, row, State.UNKNOWN, Reason.CRASHED, at, attempts=event.attempt)
        _resolved(conn, row, event, at)
    else:
        _settled(conn, row, event, at)


def _settled(conn: sa.Connection, row: Row, event: DeliveryRecorded, at: float) -> None:
    """An attempt under way ends as announced."""
    state, reason = _STATE[event.outcome], Reason.REJECTED
    if event.outcome is Outcome.ACCEPTED:
        reason = Reason.SENT
    elif _goes_again(event):
        state, reason = State.RETRY_WAIT, Reason(event.reason)
    moved = rows.move(conn, row, state, reason, at, due_at=at, attempts=event.attempt)
    rows.note_attempt(conn, moved, state, reason, at, detail="from the topic")
    if state is State.ACCEPTED:
        list_no_more(conn, moved, reason, at)


def _resolved(conn: sa.Connection, row: Row, event: DeliveryRecorded, at: float) -> Row | None:
    """What was unknown and has been resolved since; the row if it was sent again and more is known of that."""
    same = event.attempt == row.attempts
    if same and event.outcome is Outcome.ACCEPTED:
        arrived = rows.move(conn, row, State.ACCEPTED, Reason.SAID_ARRIVED, at)
        list_no_more(conn, arrived, Reason.SAID_ARRIVED, at)
        return None
    bounced = event.reason == Reason.BOUNCED
    gone = rows.move(conn, row, State.BOUNCED, Reason.BOUNCED if bounced else Reason.SAID_NOT_ARRIVED, at)
    refused = same and event.outcome is Outcome.REFUSED
    if refused and not _goes_again(event):
        return None
    changes = {"due_at": at, "first_due_at": at, "second_copy": True}
    again = rows.move(conn, gone, _again(event), Reason.SENT_AGAIN, at, **changes)
    if refused:
        is_told_now(conn, again, at)
        return None
    return again


def _members_arrived(conn: sa.Connection, event: DeliveryRecorded, at: float) -> None:
    """What a digest held has arrived with it and is not listed again."""
    for subject in event.members if event.action is Action.DIGEST else ():
        row = rows.find_member(conn, subject, event.official_id)
        if row is None:
            # Planned after the backup: written down, or its alert, read again, would list it once more.
            rows.insert_row(conn, _member(event, subject, at), at)
        elif row.state is State.PLANNED:
            bundled = rows.move(conn, row, State.BUNDLED, Reason.IN_DIGEST, at, bundle=event.subject)
            rows.move(conn, bundled, State.ACCEPTED, Reason.IN_DIGEST, at)
