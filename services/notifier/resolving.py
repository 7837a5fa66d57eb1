"""Take a person's word on a delivery whose outcome nobody could see: it arrived, or it did not.

Nothing is ever repeated blindly; sending again is somebody's decision, in the audit log under their name, and a
new attempt like any other.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa

from services.contracts.delivery import Action, Outcome
from services.notifier import audit, roster, rows
from services.notifier.core.digest import next_digest
from services.notifier.core.ledger import VISIBLE_UNKNOWN, State
from services.notifier.core.reason import Reason
from services.notifier.listed import is_told_now, list_no_more, was_told
from services.notifier.rows import Row

Key = tuple[str, str, str, str]


class Word(StrEnum):
    """What somebody found out, by asking the official."""

    ARRIVED = "arrived"
    NOT_ARRIVED = "not_arrived"


def resolve(conn: sa.Connection, key: Key, word: Word, actor: str, now: datetime) -> bool:
    """Settle one delivery; False, and nothing changes, if its outcome is no longer unknown.

    Args:
        conn: the ledger, in a transaction.
        key: subject, official, channel and action.
        word: what somebody found out; what did not arrive is sent again.
        actor: who says so, for the audit.
        now: when.
    """
    row = rows.read_row(conn, key)
    if row is None or row.state not in VISIBLE_UNKNOWN:
        return False
    at = now.timestamp()
    if word is Word.ARRIVED:
        _arrived(conn, row, at)
    else:
        _send_again(conn, row, now)
    said = {"delivery": row.subject, "channel": row.channel, "action": str(row.action), "word": str(word)}
    audit.record(conn, at, actor, "unknown delivery resolved", row.official_id, detail=said)
    return True


def _arrived(conn: sa.Connection, row: Row, at: float) -> None:
    moved = rows.move(conn, row, State.ACCEPTED, Reason.SAID_ARRIVED, at)
    rows.note_attempt(conn, moved, State.ACCEPTED, Reason.SAID_ARRIVED, at)
    rows.announce(conn, moved, Outcome.ACCEPTED, Reason.SAID_ARRIVED, at)
    if row.action is not Action.DIGEST:
        # It waits in the next digest because nobody knew.
        list_no_more(conn, moved, Reason.SAID_ARRIVED, at)
    elif row.incident_id is not None:
        was_told(conn, moved, at)


def _send_again(conn: sa.Connection, row: Row, now: datetime) -> None:
    """First it is certain that it did not arrive, then it is due like a new one."""
    at = now.timestamp()
    gone = rows.move(conn, row, State.BOUNCED, Reason.SAID_NOT_ARRIVED, at)
    rows.note_attempt(conn, gone, State.BOUNCED, Reason.SAID_NOT_ARRIVED, at)
    rows.announce(conn, gone, Outcome.REFUSED, Reason.SAID_NOT_ARRIVED, at)
    if row.incident_id is None:
        return  # what a digest held was listed in the next one at once
    changes: dict[str, object] = {"due_at": at, "first_due_at": at, "second_copy": True}
    state = State.DUE
    if row.action is Action.DIGEST:
        official = roster.find_official(conn, row.official_id)
        due = next_digest(official.digest, now, official.zone, official.quiet).timestamp() if official else at
        changes, state = {"due_at": due, "bundle": None, "relisted": row.relisted + 1}, State.PLANNED
    again = rows.move(conn, gone, state, Reason.SENT_AGAIN, at, **changes)
    rows.note_attempt(conn, again, state, Reason.SENT_AGAIN, at)
    if state is State.DUE:
        is_told_now(conn, again, at)
