"""Read one topic for one group so that no record is lost, none blocks the ones behind it, none loops.

At least once: the offset is committed after the handler returned.  A record that cannot be decoded, or
on which the handler fails again and again, goes to the dead letters; one that fails because a store or
a broker is away waits for it.  One that was not finished in its time is not bad for that: ``retries`` says
how long it is insisted on.  Meanwhile it is what the topic waits for, and once nothing has been committed for
``stall_after_s`` /readyz names it.
"""

from __future__ import annotations

import asyncio
import dataclasses
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
import structlog
from aiokafka import ConsumerRebalanceListener, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage

from services.runtime.errors import UnavailableError, told
from services.runtime.metrics import RuntimeMetrics
from services.runtime.outbox import enqueue
from services.runtime.pulse import Pulse
from services.runtime.records import Received, dead_letter, text_headers
from services.runtime.retries import Again, Tries, first_limit_s, limit_after_starving_s, next_try
from services.runtime.store import Store

log = structlog.get_logger(__name__)
T = TypeVar("T")
Handler = Callable[[Sequence[Received[T]]], Awaitable[None]]

#: Waits while a store or a broker is away; then the batch is read again.  Well below max.poll.interval.
OUTAGE_WAITS_S = (0.5, 1.0, 2.0, 5.0)
#: A batch that has cost this much waits no more for records that fail, so those behind them come through.
PATIENCE_S = 30.0
#: While a bad batch is sorted out, what is done of it is committed this often: nothing is done twice, and
#: the watchdog, which ends a process that commits nothing, sees it move.
PROGRESS_EVERY_S = 10.0
#: Our watchdog and not the client decides when a consumer is stuck.
MAX_POLL_INTERVAL_MS = 3_600_000
DRAIN_S = 8.0
#: The broker answers a fetch when it has so much, or after so long: a batch costs as much as twenty stories in it.
UNHURRIED_BYTES, FETCH_WAIT_MS = 512 * 1024, 500


class Consumption(Generic[T]):
    """One subscription of one consumer group."""

    def __init__(
        self,
        *,
        service: str,
        topic: str,
        group: str,
        decode: Callable[[bytes], T],
        handler: Handler[T],
        store: Store,
        outbox: sa.Table,
        dead_topic: str,
        metrics: RuntimeMetrics,
        on_enqueued: Callable[[], None],
    ) -> None:
        self.topic = topic
        self.group = group
        self.waiting_for: str | None = None
        self.freed_at = float("-inf")  # when it last waited no more; from then on it can be held to account
        self.subscriber: Any = None
        self._batch_began = self._progress_at = time.monotonic()
        self._service = service
        self._decode = decode
        self._handler = handler
        self._store = store
        self._outbox = outbox
        self._dead_topic = dead_topic
        self._metrics = metrics
        self._on_enqueued = on_enqueued
        metrics.expect_consumption(group, topic)

    def attach(
        self, broker: KafkaBroker, *, max_records: int, session_timeout_ms: int, hurried: bool = True
    ) -> None:
        """Subscribe with FastStream; the consumer starts with the broker."""
        drain = _DrainOnRebalance()
        self.subscriber = drain.subscriber = broker.subscriber(
            self.topic,
            group_id=self.group,
            batch=True,
            max_records=max_records,
            batch_timeout_ms=50,
            fetch_min_bytes=1 if hurried else UNHURRIED_BYTES,
            fetch_max_wait_ms=FETCH_WAIT_MS,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
            # Only this policy commits nothing when a handler fails; our own waits keep it from looping hot.
            ack_policy=AckPolicy.NACK_ON_ERROR,
            session_timeout_ms=session_timeout_ms,
            heartbeat_interval_ms=session_timeout_ms // 4,
            rebalance_timeout_ms=20_000,
            max_poll_interval_ms=MAX_POLL_INTERVAL_MS,
            listener=drain,
            parser=_tolerant_parser,
            decoder=_no_decoding,
            title=f"{self.group} reads {self.topic}",
        )

        async def on_batch(message: KafkaMessage) -> None:
            await self.process(message.raw_message)

        self.subscriber(on_batch)

    async def process(self, records: Sequence[ConsumerRecord]) -> None:
        """Handle a batch; on return every record is handled or a durable dead letter.

        Raises:
            UnavailableError: a store or a broker stayed away; the batch will be read again.
        """
        began = self._batch_began = self._progress_at = time.monotonic()
        batch: list[tuple[ConsumerRecord, Received[T]]] = []
        for record in records:
            try:
                batch.append((record, self._received(record)))
            except Exception as error:  # noqa: BLE001 - whatever the bytes did, they go to the dead letters
                # In the order of the batch, or a commit of what is done would pass over what is not.
                await self._handle(batch)
                batch = []
                await self._bury(record, "undecodable", error)
        await self._handle(batch)
        self._metrics.handling.labels(self.group, self.topic).observe(time.monotonic() - began)

    def _received(self, record: ConsumerRecord) -> Received[T]:
        if not record.value:
            raise ValueError("the record is empty")
        return Received(
            value=self._decode(record.value),
            key=record.key or b"",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            timestamp_ms=record.timestamp,
            headers=text_headers(record),
        )

    async def _handle(self, batch: list[tuple[ConsumerRecord, Received[T]]]) -> None:
        """Halve a batch that fails until the one bad record stands alone."""
        if not batch:
            return
        try:
            limit_s = first_limit_s(len(batch), in_haste=self._in_haste())
            await self._attempt([received for _, received in batch], limit_s)
        except UnavailableError:
            raise
        except Exception as error:  # noqa: BLE001 - sorted out below, one record at a time
            if len(batch) == 1:
                await self._insist(*batch[0], error)
                return
            middle = len(batch) // 2
            await self._handle(batch[:middle])
            await self._handle(batch[middle:])
            return
        self._metrics.consumed.labels(self.group, self.topic, "handled").inc(len(batch))
        await self._done_up_to(batch[-1][0])

    async def _insist(self, record: ConsumerRecord, received: Received[T], error: Exception) -> None:
        """Try a record that failed alone until it is handled or proven bad."""
        tries = Tries().with_one_more(error)
        while isinstance(now := next_try(tries, in_haste=self._in_haste()), Again):
            await asyncio.sleep(now.wait_s)
            try:
                await self._attempt([received], now.limit_s)
            except UnavailableError:
                raise
            except Exception as again:  # noqa: BLE001 - kept as the reason
                error, tries = again, tries.with_one_more(again)
            else:
                self._metrics.consumed.labels(self.group, self.topic, "retried").inc()
                await self._done_up_to(record)
                return
        await self._bury(record, now, error)

    async def _acquit(self, pulse: Pulse, spots: str) -> None:
        """No record is to blame for a machine that gives us no time, nor for a store that hangs: outages both."""
        if pulse.starved:
            raise UnavailableError(f"{spots}: the machine is too busy")
        if not await self._store.works():
            raise UnavailableError("the store does not answer")

    def _in_haste(self) -> bool:
        return time.monotonic() - self._batch_began > PATIENCE_S

    async def _attempt(self, batch: Sequence[Received[T]], limit_s: float) -> None:
        """Hand it to the handler.

        Raises:
            TimeoutError: it was not finished within ``limit_s``, or what it waited for did not answer.
            UnavailableError: an outage, and a longer one than we wait here.
        """

        async def once() -> None:
            nonlocal limit_s
            pulse = Pulse()
            try:
                async with pulse, asyncio.timeout(limit_s) as limit:
                    await self._handler(batch)
            except TimeoutError as error:
                had_s, spots = limit_s, _spots(batch)
                self._say_unfinished(spots, had_s)
                if len(batch) == 1:  # several are halved, whatever the reason: less is sooner done
                    if pulse.starved:
                        limit_s = limit_after_starving_s()
                    await self._acquit(pulse, spots)
                if not limit.expired():  # what it waited for gave up by itself
                    raise
                raise TimeoutError(f"did not finish within {had_s:g} s") from error

        await self._through_outages(once)

    def _say_unfinished(self, spots: str, limit_s: float) -> None:
        """To the log and to /readyz; the watchdog, which sees nothing committed, must not end us for it."""
        self.waiting_for = f"{spots} did not finish within {limit_s:g} s"
        log.warning("not finished", topic=self.topic, records=spots, seconds=limit_s)

    async def _done_up_to(self, record: ConsumerRecord) -> None:
        """Commit what is done of a batch that takes long; the batch is worked through in its own order."""
        if time.monotonic() - self._progress_at < PROGRESS_EVERY_S:
            return
        self._progress_at = time.monotonic()
        spot = TopicPartition(record.topic, record.partition)
        for consumer in self.consumers():
            try:
                await consumer.commit({spot: record.offset + 1})
            except KafkaError as error:  # the partition went elsewhere: whoever has it begins where we committed
                log.warning("progress not committed", topic=record.topic, reason=told(error))

    async def _bury(self, record: ConsumerRecord, kind: str, error: Exception) -> None:
        reason = told(error)
        letter = dead_letter(record, to=self._dead_topic, service=self._service, kind=kind, reason=reason)

        async def write() -> None:
            await self._store.write(lambda conn: enqueue(conn, self._outbox, [letter]))

        await self._through_outages(write)
        self._on_enqueued()
        await self._done_up_to(record)
        self._metrics.dead.labels(self.topic, kind).inc()
        self._metrics.consumed.labels(self.group, self.topic, "dead").inc()
        log.error(
            "dead letter",
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            kind=kind,
            error=type(error).__name__,  # the letter says more, to those who may read it
        )

    async def _through_outages(self, step: Callable[[], Awaitable[None]]) -> None:
        """Wait for a store or broker that is away, for a bounded time, then let the batch be read again."""
        for wait in (*OUTAGE_WAITS_S, None):
            try:
                await step()
            except UnavailableError as error:
                self.waiting_for = str(error)
                log.warning("waiting", topic=self.topic, reason=str(error), seconds=wait)
                if wait is None:
                    raise
                await asyncio.sleep(wait)
            else:
                if self.waiting_for is not None:
                    self.waiting_for, self.freed_at = None, time.monotonic()
                return

    def consumers(self) -> list[Any]:
        """The aiokafka consumers behind the subscription, once it has started."""
        one = getattr(self.subscriber, "consumer", None)
        return [one] if one is not None else []

    def assignment(self) -> set[TopicPartition]:
        """The partitions this process reads now."""
        return {tp for consumer in self.consumers() for tp in consumer.assignment()}


def _spots(batch: Sequence[Received[Any]]) -> str:
    """Where the records are, as an operator looks for them."""
    first, last = batch[0], batch[-1]
    spots = f"{first.partition}:{first.offset}"
    return spots if len(batch) == 1 else f"{spots} to {last.partition}:{last.offset}"


class _DrainOnRebalance(ConsumerRebalanceListener):  # type: ignore[misc]
    """Finish and commit what is in hand before partitions go elsewhere, or they are handled twice."""

    subscriber: Any = None

    async def on_partitions_revoked(self, revoked: set[TopicPartition]) -> None:
        if revoked and self.subscriber is not None:
            await self.subscriber.lock.wait_release(DRAIN_S)

    async def on_partitions_assigned(self, assigned: set[TopicPartition]) -> None:
        pass


async def _tolerant_parser(raw: Sequence[ConsumerRecord], original: Callable[[Any], Awaitable[Any]]) -> Any:
    """FastStream loses a record whose headers are null or not UTF-8: it gets cleaned copies to look at."""
    clean = tuple(
        dataclasses.replace(
            record, headers=tuple((name, value.encode()) for name, value in text_headers(record).items())
        )
        for record in raw
    )
    message = await original(clean)
    message.raw_message = tuple(raw)
    return message


async def _no_decoding(message: Any) -> None:
    """Records are decoded one by one, so that one bad record does not take its batch with it."""
