"""Put stored stories through the system again: their last state, marked so that nobody is pushed for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from services.ingest.events import last_event, message_of, withdrawal
from services.ingest.tables import outbox, stories
from services.runtime.outbox import enqueue

#: The header whose presence means: known already, correct what was sent, push nothing.
HEADER = "replay"
AT_ONCE = 200


def replay_since(conn: sa.Connection, since: datetime, after: str = "") -> tuple[int, str]:
    """Enqueue a batch of the stories that changed since a moment, in the order of their ids.

    A withdrawn story is sent with its text first and its withdrawal after it, as it once was.

    Args:
        after: where the batch before ended; empty for the first.

    Returns:
        How many stories, and where this batch ended; 0 when there are no more.
    """
    rows = conn.execute(
        sa.select(stories)
        .where(stories.c.changed_at >= since.timestamp(), stories.c.story_id > after)
        .order_by(stories.c.story_id)
        .limit(AT_ONCE)
    ).all()
    messages = []
    for row in rows:
        event = last_event(row)
        messages.append(message_of(event, row.trace))
        if row.withdrawn:
            messages.append(
                message_of(withdrawal(event, row.version, "removal_notice", event.occurred_at), row.trace)
            )
    enqueue(conn, outbox, [replace(one, headers={HEADER: "1"}) for one in messages])
    return len(rows), rows[-1].story_id if rows else after
