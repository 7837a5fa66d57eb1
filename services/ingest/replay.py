"""Put stored stories through the system again: their last state, marked so that nobody is pushed for it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from services.contracts.topics import STORIES
from services.ingest.events import last_event, message_of, withdrawal
from services.ingest.tables import outbox, stories
from services.runtime.outbox import enqueue

#: The header whose presence means: known already, correct what was sent, push nothing.
HEADER = "replay"
AT_ONCE = 200


@dataclass(frozen=True)
class Span:
    """Stories that changed from ``since`` on and before ``until``; of all sources and outlets if none is named."""

    since: datetime
    until: datetime | None = None
    sources: tuple[str, ...] = ()
    outlets: tuple[str, ...] = ()

    def where(self) -> sa.ColumnElement[bool]:
        parts = [stories.c.changed_at >= self.since.timestamp()]
        if self.until:
            parts.append(stories.c.changed_at < self.until.timestamp())
        if self.sources:
            parts.append(stories.c.source_id.in_(self.sources))
        if self.outlets:
            parts.append(stories.c.outlet.in_(self.outlets))
        return sa.and_(*parts)


def count_by_outlet(conn: sa.Connection, span: Span, after: str = "") -> dict[str, int]:
    """How many stories of each outlet a replay would still tell again."""
    query = (
        sa.select(stories.c.outlet, sa.func.count())
        .where(span.where(), stories.c.story_id > after)
        .group_by(stories.c.outlet)
        .order_by(stories.c.outlet)
    )
    return {row[0]: row[1] for row in conn.execute(query)}


def unknown_names(conn: sa.Connection, span: Span) -> list[str]:
    """Sources and outlets that were named and of which there is no story at all."""
    found = []
    for column, names in ((stories.c.source_id, span.sources), (stories.c.outlet, span.outlets)):
        known = set(conn.execute(sa.select(column).where(column.in_(names)).distinct()).scalars())
        found += [name for name in names if name not in known]
    return found


def count_waiting(conn: sa.Connection) -> int:
    """How many stories wait in the outbox, replayed or not."""
    return int(conn.execute(sa.select(sa.func.count()).where(outbox.c.topic == STORIES)).scalar_one())


def replay_since(conn: sa.Connection, span: Span | datetime, after: str = "") -> tuple[int, str]:
    """Enqueue a batch of the stories of a span, or since a moment, in the order of their ids.

    A withdrawn story is sent with its text first and its withdrawal after it, as it once was.

    Args:
        after: where the batch before ended; empty for the first.

    Returns:
        How many stories, and where this batch ended; 0 when there are no more.
    """
    wanted = span if isinstance(span, Span) else Span(span)
    rows = conn.execute(
        sa.select(stories)
        .where(wanted.where(), stories.c.story_id > after)
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
