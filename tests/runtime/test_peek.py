"""How old a lag is, read from the broker itself."""

from __future__ import annotations

import pytest
from aiokafka import AIOKafkaProducer, TopicPartition

from services.runtime.embedded import EmbeddedProcess
from services.runtime.peek import Peek
from services.runtime.settings import ServiceSettings

FIRST, SECOND = TopicPartition("stories", 3), TopicPartition("stories", 5)
THEN = 1_700_000_000_000


@pytest.mark.embedded
async def test_the_time_a_record_was_written_is_read_wherever_a_group_stands(embedded: EmbeddedProcess) -> None:
    async with AIOKafkaProducer(bootstrap_servers=embedded.bootstrap) as producer:
        for number in range(3):
            at = THEN + number * 60_000
            await producer.send_and_wait("stories", b"x" * 5000, partition=3, timestamp_ms=at)
        await producer.send_and_wait("stories", b"y", partition=5, timestamp_ms=THEN - 1000)
    peek = Peek(ServiceSettings(kafka=embedded.bootstrap))
    try:
        assert await peek({FIRST: 1, SECOND: 0}) == {FIRST: THEN / 1000 + 60, SECOND: THEN / 1000 - 1}
        assert await peek({FIRST: 0}) == {FIRST: THEN / 1000}
        assert await peek({FIRST: 3}) == {}  # nothing is there yet
    finally:
        await peek.close()


async def test_a_broker_that_is_away_tells_no_time(free_port: int) -> None:
    peek = Peek(ServiceSettings(kafka=f"127.0.0.1:{free_port}"))
    assert await peek({FIRST: 0}) == {}
    await peek.close()
