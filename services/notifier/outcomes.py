"""Write down what became of an attempt, and everything that follows from it, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import sqlalchemy as sa

from services.contracts.delivery import Action, Outcome
from services.notifier import roster, rows
from services.notifier.channels.base import DeliveryError, Receipt
from services.notifier.core.ledger import (
    Attempted,
    Next,
    Result,
    State,
    Verdict,
    announced_reason,
    is_repeatable,
    next_step,
)
from services.notifier.core.reason import Reason
from services.notifier.listed import list_no_more, settle_members
from services.notifier.placing import put_off
from services.notifier.prepare import Impossible
from services.notifier.rows import Row
from services.notifier.told import add_thread_ref, erase, has_message
from services.notifier.vault import Vault

_OUTCOME = {
    State.ACCEPTED: Outcome.ACCEPTED,
    State.REFUSED: Outcome.REFUSED,
    State.UNKNOWN: Outcome.UNKNOWN,
    # This attempt is certainly not out; the next one announces itself again.
    State.RETRY_WAIT: Outcome.REFUSED,
}


@dataclass(frozen=True)
class Ended:
    """An attempt and its result; ``receipt`` or ``error`` is set; ``story_id`` names the story in the log."""

    row: Row
    receipt: Receipt | None
    error: DeliveryError | None
    jitter: float
    story_id: str | None = None


def write_outcome(conn: sa.Connection, vault: Vault, ended: Ended, now: datetime) -> Row:
    """Move the row on and do what follows; the row as it stands then."""
    at = now.timestamp()
    row = ended.row
    result = ended.error.result if ended.error else Result(Verdict.ACCEPTED, Reason.SENT)
    if ended.error is not None and ended.error.moved_to is not None:
        _move_chat(conn, vault, row, ended.error.moved_to, at)
    following = next_step(_tried(conn, row, at), result, ended.jitter)
    detail = str(ended.error) if ended.error else (ended.receipt.note if ended.receipt else "")
    return settle(conn, row, following, ended.receipt, now, detail=detail)


def settle(
    conn: sa.Connection, row: Row, following: Next, receipt: Receipt | None, now: datetime, *, detail: str = ""
) -> Row:
    """Write down where a row stands now, tell the topic, and look after what hangs on it."""
    at = now.timestamp()
    changes: dict[str, object] = {}
    if following.wait is not None:
        changes["due_at"] = at + following.wait.total_seconds()
    if receipt is not None:
        changes["ref"] = receipt.ref or None
    moved = rows.move(conn, row, following.state, following.reason, at, **changes)
    rows.note_attempt(conn, moved, following.state, following.reason, at, detail=detail)
    members = [member.subject for member in rows.members_of(conn, row.official_id, row.subject)]
    rows.announce(conn, moved, _OUTCOME[following.state], announced_reason(following), at, members=members)
    if following.reason is Reason.GONE:
        roster.suspend_channel(conn, row.official_id, row.channel, Reason.GONE, at)
    if following.state is State.RETRY_WAIT:
        return moved
    if following.state is State.ACCEPTED and receipt is not None:
        _keep_thread(conn, moved, receipt, at)
    if following.state is State.ACCEPTED and moved.second_copy:
        list_no_more(conn, moved, Reason.SENT_AGAIN, at)
    carried_on = following.fall_back and _fall_back(conn, moved, at, second=following.state is State.UNKNOWN)
    if row.action is Action.DIGEST:
        if not carried_on:
            settle_members(conn, moved, now)
    elif not carried_on:
        _tell_later(conn, moved, following, now)
    return moved


def _tried(conn: sa.Connection, row: Row, at: float) -> Attempted:
    return Attempted(
        action=row.action,
        priority=row.priority,
        attempts=rows.refusals_of(conn, row) + 1,
        age=timedelta(seconds=at - row.first_due_at),
        repeatable=is_repeatable(row.channel, row.action),
        has_next_channel=_next_channel(conn, row) is not None,
    )


def _next_channel(conn: sa.Connection, row: Row) -> str | None:
    """The official's next channel that this delivery has not been on."""
    official = roster.find_official(conn, row.official_id)
    if official is None or row.action is Action.EDIT:
        return None  # an edit means nothing where the message is not
    for channel in roster.usable_channels(conn, official):
        other = (row.subject, row.official_id, channel, row.action)
        if channel != row.channel and rows.read_row(conn, other) is None:
            return channel
    return None


def _fall_back(conn: sa.Connection, row: Row, at: float, *, second: bool) -> bool:
    """Use the next channel at once; after an unknown outcome it is marked as possibly a second copy."""
    channel = _next_channel(conn, row)
    if channel is None:
        return False
    copy = replace(
        row,
        channel=channel,
        state=State.DUE,
        reason=Reason.SECOND_COPY if second else row.why,
        due_at=at,
        first_due_at=at,
        attempts=0,
        second_copy=second or row.second_copy,
        ref=None,
    )
    return rows.insert_row(conn, copy, at)


def _keep_thread(conn: sa.Connection, row: Row, receipt: Receipt, at: float) -> None:
    if row.incident_id is not None and receipt.ref:
        add_thread_ref(conn, row, receipt.ref, at)


def _tell_later(conn: sa.Connection, row: Row, following: Next, now: datetime) -> None:
    """What could not be seen to arrive, or found no message to edit, is listed in the next digest."""
    if row.incident_id is None:
        return
    official = roster.find_official(conn, row.official_id)
    unseen = following.relist and following.state is State.UNKNOWN
    lost_edit = row.action in {Action.EDIT, Action.WITHDRAW} and following.state is State.REFUSED
    if official is None or not (unseen or lost_edit):
        return
    reason = Reason.OUTCOME_UNKNOWN if unseen else Reason.NO_MESSAGE
    put_off(conn, row, official, reason, now)
    if unseen:
        rows.move(conn, row, State.PARKED, Reason.OUTCOME_UNKNOWN, now.timestamp())


def _move_chat(conn: sa.Connection, vault: Vault, row: Row, new_address: str, at: float) -> None:
    """A group became a supergroup: its new id replaces the old one, in the same transaction."""
    roster.keep_contacts(conn, vault, row.official_id, {row.channel: new_address}, at)


def hold_back(conn: sa.Connection, row: Row, why: Impossible, now: datetime) -> None:
    """A delivery that is due cannot or must not go out: say so, and use another way where there is one."""
    at = now.timestamp()
    moved = rows.move(conn, row, State.SUPPRESSED, why.reason, at)
    rows.announce(conn, moved, Outcome.SUPPRESSED, why.reason, at)
    if row.action is Action.PUSH and why.reason in {Reason.WITHDRAWN_UNSENT, Reason.NO_LONGER_YOURS}:
        _was_never_told(conn, row)
    official = roster.find_official(conn, row.official_id)
    if official is not None and why.reason is Reason.NO_CHANNEL and _fall_back(conn, moved, at, second=False):
        return
    if row.action is Action.DIGEST:
        settle_members(conn, moved, now)
    elif official is None:
        return
    elif why.put_off or (why.reason is Reason.NO_CHANNEL and row.action is Action.EDIT):
        put_off(conn, row, official, why.reason, now)


def _was_never_told(conn: sa.Connection, push: Row) -> None:
    """Should it be reported again after all, it is news to who has no message of it."""
    if push.incident_id is None:
        return
    whose = (push.official_id, push.incident_id)
    if not has_message(conn, *whose):
        erase(conn, *whose)


def recover(conn: sa.Connection, now: datetime) -> dict[State, int]:
    """Sort out what a stopped process left behind; how many rows went to each state."""
    at = now.timestamp()
    found: dict[State, int] = {}
    for row in rows.rows_in(conn, [State.INTENDED, State.SENDING]):
        repeatable = is_repeatable(row.channel, row.action)
        if row.state is State.INTENDED or repeatable:
            moved = rows.move(conn, row, State.DUE, Reason.RESUMED, at, due_at=at)
            rows.note_attempt(conn, moved, State.DUE, Reason.RESUMED, at)
        else:
            tried = _tried(conn, row, at)
            moved = settle(conn, row, next_step(tried, Result(Verdict.UNKNOWN, Reason.CRASHED), 0.0), None, now)
        found[moved.state] = found.get(moved.state, 0) + 1
    return found
