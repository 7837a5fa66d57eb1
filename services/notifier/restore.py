"""Complete the ledger from the topic ``deliveries`` before anything is sent.

After a backup was put back the ledger does not know what was sent since; the topic does.  Read at every
start from where the last start ended, so that it costs nothing when there is nothing to complete.  What the
ledger knows already is passed over record by record; of what it does not know, the last event of each delivery
is kept in a table until the end of the topic is reached, so that memory holds a batch at a time.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime
from functools import partial

import sqlalchemy as sa
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.contracts.delivery import DELIVERY_RECORDED, DeliveryRecorded
from services.contracts.topics import DELIVERIES, TOPICS
from services.notifier.completing import AT_ONCE, keep_unknown, settle_kept
from services.notifier.tables import META
from services.runtime.broker import client_options
from services.runtime.errors import UnavailableError
from services.runtime.settings import ServiceSettings
from services.runtime.store import Store

log = structlog.get_logger(__name__)

_OFFSET = "deliveries_offset:"
_POLL_MS = 500


class Restorer:
    """Reads the topic once, from where it was read before."""

    def __init__(self, settings: ServiceSettings, store: Store, now: Callable[[], datetime]) -> None:
        self._settings = settings
        self._store = store
        self._now = now

    async def __call__(self) -> int:
        """Complete the ledger; how many deliveries it did not know.

        Raises:
            UnavailableError: the broker does not answer.
        """
        known = await self._store.read(_read_offsets)
        try:
            ends = await self._read(known)
        except KafkaError as error:
            raise UnavailableError(f"broker: {error}") from error
        count = 0
        while done := await self._store.write(lambda conn: settle_kept(conn, self._now(), AT_ONCE)):
            count += done
        # Only now: stopped before, everything is read again, and what was completed is known.
        await self._store.write(lambda conn: _keep_offsets(conn, ends))
        if count:
            log.warning("ledger completed from the topic", deliveries=count)
        return count

    async def _read(self, known: Mapping[int, int]) -> dict[int, int]:
        options = client_options(self._settings)
        consumer = AIOKafkaConsumer(**options, enable_auto_commit=False, auto_offset_reset="earliest")
        await consumer.start()
        try:
            parts = [TopicPartition(DELIVERIES, number) for number in range(TOPICS[DELIVERIES].partitions)]
            consumer.assign(parts)
            ends = await consumer.end_offsets(parts)
            for part, begin in (await consumer.beginning_offsets(parts)).items():
                # A topic that is shorter than it was is another one: an in-memory broker begins anew.
                read_to = known.get(part.partition, 0)
                consumer.seek(part, max(begin, read_to) if read_to <= ends[part] else begin)
            async for events in _batches(consumer, ends):
                await self._store.write(partial(keep_unknown, events=events))
            return {part.partition: end for part, end in ends.items()}
        finally:
            # aiokafka's stop fails if one of its tasks has not had its first turn yet.
            await asyncio.sleep(0)
            await consumer.stop()


async def _batches(
    consumer: AIOKafkaConsumer, ends: Mapping[TopicPartition, int]
) -> AsyncIterator[list[DeliveryRecorded]]:
    while any([await consumer.position(part) < end for part, end in ends.items()]):
        found = await consumer.getmany(timeout_ms=_POLL_MS, max_records=AT_ONCE)
        events = []
        for record in (record for records in found.values() for record in records):
            try:
                events.append(DELIVERY_RECORDED.validate_json(record.value or b""))
            except ValueError:
                log.warning("record passed over", topic=record.topic, offset=record.offset)
        yield events


def _read_offsets(conn: sa.Connection) -> dict[int, int]:
    found = conn.execute(sa.select(META).where(META.c.name.startswith(_OFFSET, autoescape=True)))
    return {int(row.name.removeprefix(_OFFSET)): int(row.value) for row in found}


def _keep_offsets(conn: sa.Connection, ends: Mapping[int, int]) -> None:
    for partition, offset in ends.items():
        conn.execute(sa.delete(META).where(META.c.name == f"{_OFFSET}{partition}"))
        conn.execute(sa.insert(META).values(name=f"{_OFFSET}{partition}", value=str(offset)))
