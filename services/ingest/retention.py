"""Forget what is older than anybody asked us to keep."""

from __future__ import annotations

from datetime import datetime, timedelta

import sqlalchemy as sa

from services.ingest.copy_index import WITHIN
from services.ingest.tables import aliases, anchors, copies, looks, sightings, stories

#: Rows forgotten in one transaction, so that nobody waits long for the writer.
AT_ONCE = 500


def forget_old(conn: sa.Connection, now: datetime, keep: timedelta) -> int:
    """Forget some of what is old; returns of how many stories something went, 0 when nothing is left to forget.

    A story that a feed still shows is kept whatever its age: forgotten, it would be published again.
    """
    aged = anchors.c.seen_at < (now - WITHIN).timestamp()
    aged_of = list(conn.execute(sa.select(anchors.c.story_id).where(aged).distinct().limit(AT_ONCE)).scalars())
    conn.execute(sa.delete(anchors).where(aged, anchors.c.story_id.in_(aged_of)))
    before = (now - keep).timestamp()
    conn.execute(sa.delete(copies).where(copies.c.seen_at < before))
    shown = sa.select(sightings.c.story_id).where(sightings.c.last_seen_at >= before)
    old = list(
        conn.execute(
            sa.select(stories.c.story_id)
            .where(stories.c.changed_at < before, stories.c.story_id.not_in(shown))
            .order_by(stories.c.changed_at)
            .limit(AT_ONCE)
        ).scalars()
    )
    for table in (looks, aliases, anchors, sightings, stories):
        conn.execute(sa.delete(table).where(table.c.story_id.in_(old)))
    return len({*old, *aged_of})
