"""Read what is due: on each channel, on those that do not work, and for digests."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from services.notifier.core.ledger import SENDABLE, Priority, State
from services.notifier.rows import Row, row_of
from services.notifier.tables import CONTACT, DELIVERY


@dataclass(frozen=True)
class Candidate:
    """A delivery that is due, and the mark of the address it goes to, for pacing."""

    row: Row
    fingerprint: str
    is_group: bool


def _due_query(*, urgent: bool) -> sa.Select[Any]:
    place = sa.func.row_number().over(
        partition_by=DELIVERY.c.official_id,
        order_by=(DELIVERY.c.priority, DELIVERY.c.first_due_at, DELIVERY.c.created_at, DELIVERY.c.subject),
    )
    due = sa.and_(
        DELIVERY.c.state.in_([*SENDABLE]),
        DELIVERY.c.due_at <= sa.bindparam("now"),
        DELIVERY.c.channel == sa.bindparam("on"),
    )
    if urgent:
        due = sa.and_(due, DELIVERY.c.priority == Priority.CRITICAL)
    ranked = sa.select(DELIVERY, place.label("place")).where(due).subquery()
    return (
        sa.select(ranked, CONTACT.c.fingerprint, CONTACT.c.is_group)
        .join(
            CONTACT,
            sa.and_(
                CONTACT.c.official_id == ranked.c.official_id,
                CONTACT.c.channel == ranked.c.channel,
                CONTACT.c.suspended.is_(None),
            ),
            isouter=True,
        )
        .where(ranked.c.place == 1)
        .order_by(ranked.c.priority, ranked.c.first_due_at, ranked.c.subject)
        .limit(sa.bindparam("at_most", type_=sa.Integer))
    )


#: Asked after every delivery.
_DUE, _URGENT = _due_query(urgent=False), _due_query(urgent=True)


def due_rows(
    conn: sa.Connection, now: float, channel: str, limit: int, *, urgent: bool = False
) -> list[Candidate]:
    """The first delivery of each official that is due on a channel, the most urgent first.

    One at a time for each official keeps a push before its edit, and one official with a long queue
    never hides the others.

    Args:
        urgent: only what is; the index finds it without looking at all that is due.
    """
    found = conn.execute(_URGENT if urgent else _DUE, {"now": now, "on": channel, "at_most": limit})
    return [Candidate(row_of(one), one.fingerprint or "", bool(one.is_group)) for one in found]


def rows_elsewhere(conn: sa.Connection, now: float, channels: Iterable[str], limit: int) -> list[Row]:
    """What is due on a channel that is not one of these."""
    query = sa.select(DELIVERY).where(
        DELIVERY.c.state.in_([*SENDABLE]), DELIVERY.c.due_at <= now, DELIVERY.c.channel.not_in([*channels])
    )
    query = query.order_by(DELIVERY.c.priority).limit(limit)
    return [row_of(found) for found in conn.execute(query.with_for_update(skip_locked=True))]


def due_members(conn: sa.Connection, now: float, limit: int) -> list[Row]:
    """Deliveries whose digest window has come, by official, channel and importance.

    They are locked: what somebody calls off just now is not among them.
    """
    query = (
        sa.select(DELIVERY)
        .where(DELIVERY.c.state == State.PLANNED, DELIVERY.c.due_at <= now)
        .order_by(DELIVERY.c.official_id, DELIVERY.c.channel, DELIVERY.c.priority, DELIVERY.c.created_at)
        .limit(limit)
    )
    return [row_of(found) for found in conn.execute(query.with_for_update())]
