"""The tagger by hand on aiokafka: the same rules, transaction and outbox, without FastStream and our checks.

    python -m bench.pipeline.bare BOOTSTRAP STORE_URL MAX_RECORDS

No dead letters, no retries, no health page, no metrics, no drain at a rebalance: the least it takes.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, ConsumerRecord
from aiokafka.admin import AIOKafkaAdminClient

from services.contracts.story import STORY_EVENT
from services.contracts.topics import ALERTS, GROUP_TAGGER, STORIES
from services.runtime.metrics import RuntimeMetrics
from services.runtime.outbox import Pending
from services.runtime.records import Received, text_headers
from services.runtime.relay import Relay
from services.runtime.store import Store
from services.runtime.topics_admin import ensure_topic
from services.tagger.app import MIGRATIONS
from services.tagger.book_files import load_book
from services.tagger.clause_cache import ClauseCache
from services.tagger.join import settle
from services.tagger.labelling import label
from services.tagger.tables import outbox

ROOT = Path(__file__).resolve().parents[2]


class _Producer:
    """What the relay asks of a broker, straight on aiokafka."""

    def __init__(self, producer: AIOKafkaProducer, admin: AIOKafkaAdminClient) -> None:
        self._producer, self._admin = producer, admin

    async def publish(self, row: Pending) -> asyncio.Future[object]:
        headers = [(name, value.encode()) for name, value in row.headers.items()]
        future: asyncio.Future[object] = await self._producer.send(
            row.topic, row.value, key=row.key, headers=headers
        )
        return future

    async def committed(self, group: str, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        raise NotImplementedError  # asked only on a broker that forgets

    async def ensure_topic(self, topic: str) -> None:
        if topic.startswith(f"{ALERTS}."):
            await ensure_topic(self._admin, topic, retention_ms=86_400_000, replication_factor=1)


async def run(bootstrap: str, url: str, max_records: int) -> None:
    """Tag until a signal comes."""
    book = load_book(ROOT / "seeds" / "topics", ROOT / "seeds" / "places")
    store, cache = Store.open(url, MIGRATIONS), ClauseCache()
    consumer = AIOKafkaConsumer(
        STORIES,
        bootstrap_servers=bootstrap,
        group_id=GROUP_TAGGER,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        isolation_level="read_committed",
    )
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_batch_size=256 * 1024
    )
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    for client in (consumer, producer, admin):
        await client.start()
    relay = Relay(store, outbox, _Producer(producer, admin), RuntimeMetrics("bare", "0"))
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    relaying = asyncio.create_task(relay.run())
    print("ready", flush=True)
    while not stop.is_set():
        found = await consumer.getmany(timeout_ms=50, max_records=max_records)
        batch = [_received(record) for records in found.values() for record in records]
        if batch:
            labelled = await asyncio.to_thread(lambda: [label(one, book) for one in batch])  # noqa: B023
            now = datetime.now(UTC)
            await store.write(lambda conn: settle(conn, labelled, book, now, cache), serial=True)  # noqa: B023
            relay.kick()
            await consumer.commit()
    relaying.cancel()
    await asyncio.gather(relaying, return_exceptions=True)
    for client in (consumer, producer):
        await client.stop()
    await admin.close()
    await store.close()


def _received(record: ConsumerRecord) -> Received:  # type: ignore[type-arg]
    return Received(
        value=STORY_EVENT.validate_json(record.value),
        key=record.key,
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        timestamp_ms=record.timestamp,
        headers=text_headers(record),
    )


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], sys.argv[2], int(sys.argv[3])))
