"""Take back what was planned by a clock that has since been set back.

A host that starts with a clock an hour ahead, and is put right by NTP, would hold an urgent push for an hour.
"""

from __future__ import annotations

import sqlalchemy as sa

from services.notifier.core.ledger import SENDABLE
from services.notifier.tables import DELIVERY

#: Clocks of replicas differ by less than this.
AHEAD_S = 5.0
#: What is due this soon after it was decided was meant to go at once.
_AT_ONCE_S = 1.0


def plan_anew(conn: sa.Connection, now: float) -> int:
    """Deliveries that were decided in the future: at once stays at once, a wait is as long as it was.

    What waits for a time of day (the end of quiet hours, a digest) keeps it: that is right by any clock.
    """
    waits = DELIVERY.c.due_at - DELIVERY.c.changed_at
    retries = DELIVERY.c.attempts > 0
    planned = sa.case(
        (waits <= _AT_ONCE_S, now),
        (retries, now + waits),
        else_=DELIVERY.c.due_at,
    )
    ahead = sa.and_(DELIVERY.c.state.in_([*SENDABLE]), DELIVERY.c.changed_at > now + AHEAD_S)
    found = conn.execute(
        sa.update(DELIVERY)
        .where(ahead)
        .values(
            due_at=planned,
            first_due_at=sa.case((DELIVERY.c.first_due_at > planned, planned), else_=DELIVERY.c.first_due_at),
            created_at=sa.case((DELIVERY.c.created_at > now, now), else_=DELIVERY.c.created_at),
            changed_at=now,
        )
    )
    return found.rowcount
