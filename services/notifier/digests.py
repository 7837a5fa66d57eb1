"""Close digest windows: gather what waits for an official into digest deliveries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby

import sqlalchemy as sa

from services.contracts.delivery import Action, Outcome
from services.notifier import dark_sources, roster, rows
from services.notifier.core.digest import window_name
from services.notifier.core.ledger import Priority, State
from services.notifier.core.reason import Reason
from services.notifier.core.subscription import Official
from services.notifier.core.telegram_text import DIGEST_ENTRIES
from services.notifier.due import due_members
from services.notifier.heirs import PERHAPS_SEEN
from services.notifier.incidents import find_incident
from services.notifier.placing import NO_CHANNEL, digest_channel
from services.notifier.rows import Row
from services.notifier.told import erase, memory_of

#: Incidents in one message, by channel; what is more goes into the next message of the same window.
ENTRIES = {"telegram": DIGEST_ENTRIES, "email": 40}
_AT_ONCE = 2000


def close_windows(conn: sa.Connection, now: datetime) -> int:
    """Bundle every delivery whose window has come; how many digests that makes."""
    found = due_members(conn, now.timestamp(), _AT_ONCE)
    due = {official_id: list(members) for official_id, members in groupby(found, key=lambda row: row.official_id)}
    noted = dark_sources.due_officials(conn, now)
    for official_id in sorted(noted - due.keys()):
        due[official_id] = []
    return sum(
        _close(conn, official_id, members, now, noted=official_id in noted) for official_id, members in due.items()
    )


def _close(conn: sa.Connection, official_id: str, members: list[Row], now: datetime, *, noted: bool) -> int:
    at = now.timestamp()
    official = roster.find_official(conn, official_id)
    channel = digest_channel(official, roster.usable_channels(conn, official)) if official else NO_CHANNEL
    if official is None or channel == NO_CHANNEL:
        reason = Reason.OFFICIAL_SUSPENDED if official is None else Reason.NO_CHANNEL
        for member in members:
            rows.move(conn, member, State.SUPPRESSED, reason, at)
            rows.announce(conn, member, Outcome.SUPPRESSED, reason, at)
        return 0
    members = [member for member in members if _is_still_theirs(conn, official, member, at)]
    if not members and not noted:
        return 0
    due = datetime.fromtimestamp(max((member.due_at for member in members), default=at), UTC)
    window = window_name(due)
    part = rows.windows_like(conn, official_id, window)
    for number, chunk in enumerate(_chunks(members, ENTRIES[channel]) if members else [[]]):
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
            trace=chunk[0].trace if chunk else None,
        )
        rows.insert_row(conn, digest, at)
        if number == 0:
            dark_sources.take_along(conn, official_id, subject, now)
        for member in chunk:
            rows.move(conn, member, State.BUNDLED, Reason.IN_DIGEST, at, bundle=subject)
    return part


def _is_still_theirs(conn: sa.Connection, official: Official, member: Row, at: float) -> bool:
    """What is outside the subscription by now, and was never told, is called off rather than listed.

    What the official may have heard of already is listed as it stands: it is a correction.
    """
    incident = find_incident(conn, member.incident_id or "")
    memory = memory_of(conn, official.official_id, member.incident_id or "")
    if incident is None or incident.concerns(official) or member.relisted or member.why in PERHAPS_SEEN:
        return True
    if memory is not None and memory.base is not None:
        return True
    rows.suppress(conn, member, Reason.NO_LONGER_YOURS, at)
    erase(conn, official.official_id, incident.incident_id)
    return False


def _chunks(members: Sequence[Row], incidents: int) -> Iterator[list[Row]]:
    """So many incidents each; the rows of one incident stay together."""
    by_incident: dict[str | None, list[Row]] = {}
    for member in members:
        by_incident.setdefault(member.incident_id, []).append(member)
    groups = list(by_incident.values())
    for start in range(0, len(groups), incidents):
        yield [member for group in groups[start : start + incidents] for member in group]
