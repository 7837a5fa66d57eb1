"""Events that a transaction decided, kept until the broker, and whoever must read them, has them."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from services.runtime.trace import HEADER, child

#: Kept beside the headers and not published: the span that decided this record.
_PARENT = "~parent"


@dataclass(frozen=True)
class Message:
    """One record to publish.

    Attributes:
        topic: where to.
        key: decides the partition; bytes where the key came from elsewhere and may not be text.
        value: the encoded event.
        schema: name and version of the event, e.g. ``StoryTagged/1``.
        trace: the traceparent this follows; a new trace begins where it is None.
        headers: further headers, UTF-8 text.
    """

    topic: str
    key: str | bytes
    value: bytes
    schema: str = ""
    trace: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


def outbox_table(metadata: sa.MetaData) -> sa.Table:
    """The table ``outbox`` in a service's own schema.

    ``incarnation``, ``partition`` and ``offset`` say where an in-memory broker holds the record;
    ``refused`` why a record can never be published.
    """
    return sa.Table(
        "outbox",
        metadata,
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("topic", sa.String(249), nullable=False),
        sa.Column("key", sa.LargeBinary, nullable=False),
        sa.Column("value", sa.LargeBinary, nullable=False),
        sa.Column("headers", sa.Text, nullable=False),
        sa.Column("created_at", sa.Float, nullable=False),
        sa.Column("incarnation", sa.String(64)),
        sa.Column("partition", sa.Integer),
        sa.Column("offset", sa.BigInteger),
        sa.Column("refused", sa.Text),
        sqlite_autoincrement=True,  # an id is never used again, so order and acknowledgement stay true
    )


def create_outbox() -> None:
    """The outbox of a service's first migration; for use inside Alembic's ``upgrade()``."""
    from alembic import op  # noqa: PLC0415 - only inside a migration

    outbox_table(sa.MetaData()).create(op.get_bind())


def enqueue(conn: sa.Connection, table: sa.Table, messages: Iterable[Message]) -> list[int]:
    """Add messages within the caller's transaction; their ids come back in order."""
    rows = [
        {
            "topic": message.topic,
            "key": message.key.encode() if isinstance(message.key, str) else message.key,
            "value": message.value,
            "headers": json.dumps(_headers(message)),
            "created_at": time.time(),
        }
        for message in messages
    ]
    if not rows:
        return []
    return [int(row.id) for row in conn.execute(_insert(table), rows)]


@lru_cache(maxsize=16)
def _insert(table: sa.Table) -> Any:
    """Built once: building a statement costs more than running it."""
    return sa.insert(table).returning(table.c.id, sort_by_parameter_order=True)


def _headers(message: Message) -> dict[str, str]:
    own = {"content-type": "application/json", HEADER: child(message.trace)}
    if message.trace is not None:
        own[_PARENT] = message.trace
    return own | ({"schema": message.schema} if message.schema else {}) | dict(message.headers)


@dataclass(frozen=True)
class Pending:
    """A row the relay still has to publish.

    Attributes:
        parent: traceparent of the span that decided it.
        again: an earlier start of the broker had it.
    """

    id: int
    topic: str
    key: bytes
    value: bytes
    headers: dict[str, str]
    created_at: float
    parent: str | None = None
    again: bool = False

    @property
    def size(self) -> int:
        """Bytes it takes in a partition, near enough: value, key, headers and framing."""
        return len(self.value) + len(self.key) + sum(len(k) + len(v) for k, v in self.headers.items()) + 120


def _waiting(table: sa.Table, incarnation: str) -> sa.ColumnElement[bool]:
    """Not yet with this start of the broker.  A row that an earlier start held waits again."""
    fresh = table.c.incarnation.is_(None)
    again = fresh | (table.c.incarnation != incarnation) if incarnation else fresh
    return again & table.c.refused.is_(None)


def count_pending(conn: sa.Connection, table: sa.Table, incarnation: str, ids: Sequence[int]) -> int:
    """How many of these rows the broker has not acknowledged."""
    return int(conn.execute(_pending_among(table, incarnation), {"these": [*ids]}).scalar_one())


@lru_cache(maxsize=16)
def _pending_among(table: sa.Table, incarnation: str) -> sa.Select[Any]:
    these = table.c.id.in_(sa.bindparam("these", expanding=True))
    return sa.select(sa.func.count()).where(_waiting(table, incarnation), these)


def read_pending(conn: sa.Connection, table: sa.Table, incarnation: str, limit: int) -> list[Pending]:
    """The next rows to publish to this start of the broker, in the order they were decided."""
    return [_pending(row) for row in conn.execute(_next(table, incarnation), {"at_most": limit})]


@lru_cache(maxsize=16)
def _next(table: sa.Table, incarnation: str) -> sa.Select[Any]:
    at_most = sa.bindparam("at_most", type_=sa.Integer)
    return sa.select(table).where(_waiting(table, incarnation)).order_by(table.c.id).limit(at_most)


def _pending(row: sa.Row[Any]) -> Pending:
    headers = json.loads(row.headers)
    parent = headers.pop(_PARENT, None)
    again = row.incarnation is not None
    return Pending(row.id, row.topic, row.key, row.value, headers, row.created_at, parent, again)


def drop(conn: sa.Connection, table: sa.Table, ids: Sequence[int]) -> None:
    """Forget rows that are safe elsewhere."""
    for start in range(0, len(ids), 500):
        conn.execute(_drop(table), {"these": [*ids[start : start + 500]]})


@lru_cache(maxsize=16)
def _drop(table: sa.Table) -> sa.Delete:
    return sa.delete(table).where(table.c.id.in_(sa.bindparam("these", expanding=True)))


@dataclass(frozen=True)
class Landed:
    """Where a row came to lie."""

    id: int
    partition: int
    offset: int


def keep_landed(conn: sa.Connection, table: sa.Table, incarnation: str, landed: Sequence[Landed]) -> None:
    """Remember where an in-memory broker holds rows, since it may forget them."""
    conn.execute(
        sa.update(table)
        .where(table.c.id == sa.bindparam("row"))
        .values(incarnation=incarnation, partition=sa.bindparam("to"), offset=sa.bindparam("at")),
        [{"row": one.id, "to": one.partition, "at": one.offset} for one in landed],
    )


def read_landed(conn: sa.Connection, table: sa.Table, incarnation: str) -> list[tuple[str, Landed, int]]:
    """Topic, place and bytes of what this start of the broker holds and readers may not have read."""
    size = sa.func.length(table.c.value) + sa.func.length(table.c.key) + 250
    query = sa.select(table.c.id, table.c.topic, table.c.partition, table.c.offset, size.label("size"))
    rows = conn.execute(query.where(table.c.incarnation == incarnation, table.c.refused.is_(None)))
    return [(row.topic, Landed(row.id, row.partition, row.offset), int(row.size)) for row in rows]


def refuse(conn: sa.Connection, table: sa.Table, row: int, reason: str) -> None:
    """Set aside a row that no broker will ever take; it is shown, never silently dropped."""
    conn.execute(sa.update(table).where(table.c.id == row).values(refused=reason))


@dataclass(frozen=True)
class Backlog:
    """What waits to be published."""

    rows: int
    oldest_at: float | None
    refused: int


def read_backlog(conn: sa.Connection, table: sa.Table, incarnation: str) -> Backlog:
    """How much waits, since when, and how many rows were refused."""
    waiting, refused = _counts(table, incarnation)
    rows, oldest = conn.execute(waiting).one()
    return Backlog(int(rows), oldest, int(conn.execute(refused).scalar_one()))


@lru_cache(maxsize=16)
def _counts(table: sa.Table, incarnation: str) -> tuple[Any, Any]:
    waiting = sa.select(sa.func.count(), sa.func.min(table.c.created_at)).where(_waiting(table, incarnation))
    return waiting, sa.select(sa.func.count()).where(table.c.refused.is_not(None))
