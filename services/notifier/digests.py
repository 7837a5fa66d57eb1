"""Close digest windows: gather what waits for an official into digest deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

import sqlalchemy as sa

from services.contracts.delivery import Action, Outcome
from services.notifier import roster, rows
from services.notifier.core.digest import window_name
from services.notifier.core.ledger import Priority, State
from services.notifier.core.reason import Reason
from services.notifier.core.telegram_text import DIGEST_ENTRIES
from services.notifier.planner import NO_CHANNEL, digest_channel
from services.notifier.rows import Row

#: Incidents in one message, by channel; what is more goes into the next message of the same window.
ENTRIES = {"telegram": DIGEST_ENTRIES, "email": 40}
_AT_ONCE = 2000


def close_windows(conn: sa.Connection, now: datetime) -> int:
    """Bundle every delivery whose window has come; how many digests that makes."""
    at = now.timestamp()
    made = 0
    for official_id, members in groupby(rows.due_members(conn, at, _AT_ONCE), key=lambda row: row.official_id):
        made += _close(conn, official_id, list(members), at)
    return made


def _close(conn: sa.Connection, official_id: str, members: list[Row], at: float) -> int:
    official = roster.find_official(conn, official_id)
    channel = digest_channel(official, roster.usable_channels(conn, official)) if official else NO_CHANNEL
    if official is None or channel == NO_CHANNEL:
        reason = Reason.OFFICIAL_SUSPENDED if official is None else Reason.NO_CHANNEL
        for member in members:
            rows.move(conn, member, State.SUPPRESSED, reason, at)
            rows.announce(conn, member, Outcome.SUPPRESSED, reason, at)
        return 0
    due = datetime.fromtimestamp(max(member.due_at for member in members), UTC)
    window = window_name(due)
    part = rows.windows_like(conn, official_id, window)
    for chunk in _chunks(members, ENTRIES[channel]):
        part += 1
        subject = window_name(due, part)
        digest = Row(
            subject=subject,
            official_id=official_id,
            channel=channel,
            action=Action.DIGEST,
            incident_id=None,
            version=0,
            state=State.DUE,
            reason=Reason.IN_DIGEST,
            why=Reason.IN_DIGEST,
            priority=Priority.DIGEST,
            due_at=at,
            first_due_at=at,
            trace=chunk[0].trace,
        )
        rows.insert_row(conn, digest, at)
        for member in chunk:
            rows.move(conn, member, State.BUNDLED, Reason.IN_DIGEST, at, bundle=subject)
    return part


def _chunks(members: Sequence[Row], incidents: int) -> Iterator[list[Row]]:
    """So many incidents each; the rows of one incident stay together."""
    by_incident: dict[str | None, list[Row]] = {}
    for member in members:
        by_incident.setdefault(member.incident_id, []).append(member)
    groups = list(by_incident.values())
    for start in range(0, len(groups), incidents):
        yield [member for group in groups[start : start + incidents] for member in group]
