"""Publish a service's outbox in order, and keep what a forgetful broker might lose."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import sqlalchemy as sa
import structlog
from aiokafka.errors import MessageSizeTooLargeError

from services.runtime.errors import OperatorError, UnavailableError
from services.runtime.metrics import RuntimeMetrics
from services.runtime.outbox import (
    Backlog,
    Landed,
    Pending,
    count_pending,
    drop,
    keep_landed,
    read_backlog,
    read_landed,
    read_pending,
    refuse,
)
from services.runtime.spans import Spans
from services.runtime.store import Store
from services.runtime.trace import HEADER

log = structlog.get_logger(__name__)

BATCH = 500
IDLE_S = 1.0
POLL_READERS_S = 0.2
#: A backlog is counted at most so often, and so many times as long is spent on working it off.
MEASURE_EVERY_S, MEASURE_SHARE = 1.0, 20
#: librdkafka's in-memory cluster drops the oldest silently beyond 5 MiB a partition.
HOLD_BYTES = 3 * 1024 * 1024


class Publishes(Protocol):
    """What the relay needs of a broker."""

    async def publish(self, row: Pending) -> asyncio.Future[object]:
        """Hand one record over; the future ends with its metadata once the broker has it."""

    async def committed(self, group: str, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        """The next offset the group will read in each partition; 0 where it never committed."""

    async def ensure_topic(self, topic: str) -> None:
        """Create a topic at its first use."""


@dataclass(frozen=True)
class Forgetful:
    """Set for a broker that keeps nothing over a restart.

    Attributes:
        incarnation: names this start of the broker.
        readers: the consumer groups that must have read a topic before its rows are dropped.
        kept: topics whose rows stay in the outbox although no group reads them.
    """

    incarnation: str
    readers: Mapping[str, tuple[str, ...]]
    kept: frozenset[str]


class Relay:
    """Publishes rows in id order.  One relay leads for a store, so order holds among replicas."""

    def __init__(
        self,
        store: Store,
        table: sa.Table,
        broker: Publishes,
        metrics: RuntimeMetrics,
        forgetful: Forgetful | None = None,
        *,
        spans: Spans | None = None,
    ) -> None:
        self._store = store
        self._table = table
        self._broker = broker
        self._metrics = metrics
        self._spans = spans or Spans()
        self._forgetful = forgetful
        self._incarnation = forgetful.incarnation if forgetful else ""
        self._awake = asyncio.Event()
        self._changed = asyncio.Condition()
        self._leads = False
        self._measure_from = 0.0
        self._ahead: dict[tuple[str, int], dict[int, Landed]] = defaultdict(dict)
        self._sizes: dict[int, int] = {}
        self._topics: set[str] = set()

    def kick(self) -> None:
        """Something was enqueued: publish now rather than at the next look."""
        self._awake.set()

    async def wait_acknowledged(self, ids: Sequence[int]) -> None:
        """Return once the broker has acknowledged every one of these rows.

        The store is asked, since another replica's relay may be the one that publishes.
        """
        self.kick()
        while await self._store.read(lambda conn: count_pending(conn, self._table, self._incarnation, ids)):
            with contextlib.suppress(TimeoutError):
                async with self._changed:
                    async with asyncio.timeout(POLL_READERS_S):
                        await self._changed.wait()

    async def drained(self) -> None:
        """Return once nothing waits to be published."""
        while (await self._backlog()).rows:
            self.kick()
            await asyncio.sleep(POLL_READERS_S / 4)

    async def run(self) -> None:
        """Publish for ever; an outage of store or broker is waited out."""
        while True:
            try:
                if not await self._takes_the_lead():
                    await self._sleep(IDLE_S)
                    continue
                published = await self._round()
                await self._measure(caught_up=published == 0)
            except UnavailableError as error:
                log.warning("relay waits", reason=str(error))
                await asyncio.sleep(IDLE_S)
                continue
            if not published:
                await self._sleep(POLL_READERS_S if self._ahead else IDLE_S)

    async def _takes_the_lead(self) -> bool:
        leads = await self._store.lead("relay")
        if leads and not self._leads and self._forgetful:
            landed = await self._store.read(lambda conn: read_landed(conn, self._table, self._incarnation))
            for topic, spot, size in landed:
                if self._forgetful.readers.get(topic):
                    self._ahead[topic, spot.partition][spot.id] = spot
                    self._sizes[spot.id] = size
        self._leads = leads
        return leads

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        self._awake.clear()

    async def _round(self) -> int:
        await self._drop_what_was_read()
        rows = await self._store.read(lambda conn: read_pending(conn, self._table, self._incarnation, BATCH))
        sent: list[tuple[Pending, asyncio.Future[object]]] = []
        held = defaultdict(int, {topic: self._bytes_ahead(topic) for topic in {row.topic for row in rows}})
        failed: UnavailableError | None = None
        for row in rows:
            if self._forgetful and self._forgetful.readers.get(row.topic) and held[row.topic] > HOLD_BYTES:
                self._metrics.held.labels(self._metrics.topic_label(row.topic)).inc()
                break  # later rows wait too, so order holds
            held[row.topic] += row.size
            try:
                if row.topic not in self._topics:
                    await self._broker.ensure_topic(row.topic)
                    self._topics.add(row.topic)
                sent.append((row, await self._broker.publish(row)))
            except (MessageSizeTooLargeError, OperatorError) as error:
                # Too large, or a topic we may not create: this row alone, not all that stand behind it.
                await self._set_aside(row, str(error))
            except UnavailableError as error:
                failed = error
                break
        settled = await self._settle(sent)
        if failed:
            raise failed
        return settled

    def _bytes_ahead(self, topic: str) -> int:
        """Bytes ahead of the readers in this topic's fullest partition."""
        sums = [sum(self._sizes[row] for row in rows) for (name, _), rows in self._ahead.items() if name == topic]
        return max(sums, default=0)

    async def _settle(self, sent: list[tuple[Pending, asyncio.Future[object]]]) -> int:
        landed: list[Landed] = []
        done: list[int] = []
        failed: BaseException | None = None
        for (row, _), record in zip(
            sent, await asyncio.gather(*(future for _, future in sent), return_exceptions=True), strict=True
        ):
            if isinstance(record, MessageSizeTooLargeError):
                await self._set_aside(row, str(record))
            elif isinstance(record, BaseException):  # a client that gave up calls its futures off
                failed = record
            else:
                done.append(row.id)
                self._note_published(row)
                if self._keeps(row.topic):
                    landed.append(self._remember(row, record))
        kept = {spot.id for spot in landed}
        gone = [row for row in done if row not in kept]

        def settle(conn: sa.Connection) -> None:
            drop(conn, self._table, gone)
            if landed:
                keep_landed(conn, self._table, self._incarnation, landed)

        if done:
            await self._store.write(settle)
            async with self._changed:
                self._changed.notify_all()
        if failed:
            raise UnavailableError(f"the broker did not take everything: {failed}") from failed
        return len(done)

    def _note_published(self, row: Pending) -> None:
        now = time.time()
        self._metrics.note_published(row.topic, now - row.created_at)
        if not row.again:  # else its span has been told
            trace = row.headers.get(HEADER)
            self._spans.tell("publish", trace, parent=row.parent, began=row.created_at, ended=now, topic=row.topic)

    def _remember(self, row: Pending, record: object) -> Landed:
        spot = Landed(row.id, int(getattr(record, "partition", 0)), int(getattr(record, "offset", 0)))
        if self._forgetful and self._forgetful.readers.get(row.topic):
            self._sizes[row.id] = row.size
            self._ahead[row.topic, spot.partition][row.id] = spot
        return spot

    def _keeps(self, topic: str) -> bool:
        return self._forgetful is not None and (
            bool(self._forgetful.readers.get(topic)) or topic in self._forgetful.kept
        )

    async def _set_aside(self, row: Pending, reason: str) -> None:
        log.error("record refused", topic=row.topic, row=row.id, bytes=len(row.value), reason=reason)
        await self._store.write(lambda conn: refuse(conn, self._table, row.id, reason))

    async def _drop_what_was_read(self) -> None:
        """On a broker that forgets, a row goes once every reader has committed past it."""
        if not self._forgetful or not self._ahead:
            return
        by_group: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for topic, partition in self._ahead:
            for group in self._forgetful.readers.get(topic, ()):
                by_group[group].append((topic, partition))
        passed: dict[tuple[str, int], int] = {}
        for group, spots in by_group.items():
            for spot, offset in (await self._broker.committed(group, spots)).items():
                passed[spot] = min(passed.get(spot, offset), offset)
        gone = [
            row
            for spot, rows in self._ahead.items()
            for row, at in rows.items()
            if at.offset < passed.get(spot, 0)
        ]
        if not gone:
            return
        await self._store.write(lambda conn: drop(conn, self._table, gone))
        read = set(gone)
        for rows in self._ahead.values():
            for row in read & rows.keys():
                del rows[row], self._sizes[row]
        self._ahead = defaultdict(dict, {spot: rows for spot, rows in self._ahead.items() if rows})

    async def _measure(self, *, caught_up: bool) -> None:
        """Counting reads all that waits: with many thousands that would cost more than publishing them."""
        began = time.monotonic()
        if not caught_up and began < self._measure_from:
            return
        self._metrics.set_backlog(await self._backlog())
        took = time.monotonic() - began
        self._measure_from = began + max(MEASURE_EVERY_S, MEASURE_SHARE * took)

    async def _backlog(self) -> Backlog:
        return await self._store.read(lambda conn: read_backlog(conn, self._table, self._incarnation))
