"""Read when a record was written, without being a member of any group: how old a lag is."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Mapping
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.runtime.broker import client_options
from services.runtime.settings import ServiceSettings

log = structlog.get_logger(__name__)

#: All partitions together; what has not come by then is told by the next look.
PATIENCE_S = 2.0
#: The lag in records is not to wait for this longer.
WITHIN_S = 10.0
#: Brokers send one whole batch at least, whatever is asked for.
FETCH_BYTES = 1024


class Peek:
    """A consumer that belongs to no group, commits nothing, and is made only once there is a lag."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._settings = settings
        self._consumer: AIOKafkaConsumer | None = None

    async def __call__(self, offsets: Mapping[TopicPartition, int]) -> dict[TopicPartition, float]:
        """Seconds since 1970 at which the record at each of these offsets was written; fewer in an outage."""
        try:
            async with asyncio.timeout(WITHIN_S):
                consumer = await self._started()
                consumer.assign(list(offsets))
                for spot, offset in offsets.items():
                    consumer.seek(spot, offset)
                found = await _first_of_each(consumer, set(offsets))
                consumer.pause(*offsets)  # or it would go on fetching what nobody asked for
                return found
        except (KafkaError, OSError, TimeoutError) as error:
            log.debug("age of the lag unknown", reason=str(error))
            return {}

    async def close(self) -> None:
        """Leave the broker."""
        if self._consumer is not None:
            with contextlib.suppress(KafkaError, OSError):
                await self._consumer.stop()
            self._consumer = None

    async def _started(self) -> AIOKafkaConsumer:
        if self._consumer is None:
            consumer = AIOKafkaConsumer(
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                max_partition_fetch_bytes=FETCH_BYTES,
                **client_options(self._settings),
            )
            try:
                await consumer.start()
            except BaseException:
                await consumer.stop()
                raise
            self._consumer = consumer
        return self._consumer


async def _first_of_each(consumer: Any, wanted: set[TopicPartition]) -> dict[TopicPartition, float]:
    found: dict[TopicPartition, float] = {}
    deadline = asyncio.get_running_loop().time() + PATIENCE_S
    while wanted and (left := deadline - asyncio.get_running_loop().time()) > 0:
        for spot, records in (await consumer.getmany(*wanted, timeout_ms=int(left * 1000) + 1)).items():
            if records:
                found[spot] = records[0].timestamp / 1000
        wanted -= found.keys()
    return found
