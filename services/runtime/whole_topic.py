"""Read a topic from its beginning to where it ends now, beside every group: for a store that is made anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any, TypeVar

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.runtime.broker import client_options
from services.runtime.records import Received, text_headers
from services.runtime.settings import ServiceSettings

log = structlog.get_logger(__name__)

_POLL_MS = 500
_AT_ONCE = 500
T = TypeVar("T")


async def read_whole_topic(
    settings: ServiceSettings, topic: str, partitions: int, decode: Callable[[bytes], T]
) -> AsyncIterator[list[Received[T]]]:
    """Every record that is on a topic now, partition by partition in order, some hundreds at a time.

    A record that does not decode is left out: the consumer puts it among the dead letters, or has done so.

    Raises:
        KafkaError: the broker went away meanwhile.
    """
    consumer = AIOKafkaConsumer(**client_options(settings), enable_auto_commit=False, auto_offset_reset="earliest")
    try:
        await consumer.start()
        parts = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends = await consumer.end_offsets(parts)
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)).values():
                if read := _decoded(records, decode):
                    yield read
    finally:
        # aiokafka's stop fails if one of its tasks has not had its first turn yet.
        await asyncio.sleep(0)
        await consumer.stop()


def _decoded(records: Sequence[Any], decode: Callable[[bytes], T]) -> list[Received[T]]:
    found: list[Received[T]] = []
    for one in records:
        try:
            value = decode(one.value or b"")
        except ValueError:
            log.warning("record passed over", topic=one.topic, offset=one.offset)
            continue
        key = one.key or b""
        found.append(Received(value, key, one.topic, one.partition, one.offset, one.timestamp, text_headers(one)))
    return found
