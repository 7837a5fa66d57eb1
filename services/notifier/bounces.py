"""Take in mails that came back: the delivery is marked, a dead address is not used again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa

from services.contracts.delivery import Action, Outcome
from services.notifier import roster, rows
from services.notifier.core.bounce import Bounce
from services.notifier.core.ledger import State
from services.notifier.core.reason import Reason
from services.notifier.listed import list_bounced
from services.notifier.placing import put_off


def take_bounce(conn: sa.Connection, bounce: Bounce, now: datetime) -> bool:
    """Mark the delivery, shut a dead address, and list what it held again; False if it is not one of ours."""
    row = rows.find_by_ref(conn, "email", bounce.message_id)
    if row is None or not bounce.permanent or row.state not in {State.ACCEPTED, State.UNKNOWN, State.PARKED}:
        return False
    at = now.timestamp()
    moved = rows.move(conn, row, State.BOUNCED, Reason.BOUNCED, at)
    rows.note_attempt(conn, moved, State.BOUNCED, Reason.BOUNCED, at, detail=bounce.status)
    rows.announce(conn, moved, Outcome.REFUSED, Reason.BOUNCED, at)
    if bounce.gone:
        roster.suspend_channel(conn, row.official_id, row.channel, Reason.BOUNCED, at)
    if row.action is Action.DIGEST:
        list_bounced(conn, moved, now)
        return True
    official = roster.find_official(conn, row.official_id)
    if official is not None and roster.usable_channels(conn, official):
        put_off(conn, moved, official, Reason.BOUNCED, now)
    return True
