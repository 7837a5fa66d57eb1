"""A tagger whose store was lost knows again what it told, goes on from its versions, and decides what it never told."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.contracts.alert import ALERT_EVENT, AlertEvent, AlertRaised, AlertUpdated
from services.contracts.story import StoryEvent
from services.contracts.topics import ALERTS, STORIES, TOPICS
from services.runtime.embedded import EmbeddedProcess
from services.tagger import queries
from services.tagger.core.incident import Reason
from services.tagger.rebuild import REASON
from tests.tagger.builders import a_story

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.embedded, pytest.mark.timeout(240)]
RETOLD = (
    "Polda NTT mengamankan 9 calon pekerja migran ilegal di Pelabuhan Bolok, Kupang. Seorang perekrut ditangkap."
)
NUNUKAN = (
    "Polres Nunukan menggagalkan keberangkatan 21 calon pekerja migran ilegal ke Tawau dari dermaga di Sebatik."
)


@contextmanager
def tagging(broker: EmbeddedProcess, data: Path) -> Iterator[None]:
    env = {
        **os.environ,
        "SIAGA_KAFKA": broker.bootstrap,
        "SIAGA_KAFKA_SESSION_TIMEOUT_MS": "6000",
        "SIAGA_DATA_DIR": str(data),
        "SIAGA_HTTP_PORT": "0",
    }
    with (data / "tagger.log").open("ab") as log:
        command = [sys.executable, "-m", "services.tagger"]
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


async def tell(broker: EmbeddedProcess, *events: StoryEvent) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
    await producer.start()
    for event in events:
        await producer.send_and_wait(STORIES, event.model_dump_json().encode(), key=event.story_id.encode())
    await producer.stop()


async def read_alerts(broker: EmbeddedProcess, wanted: int) -> list[AlertEvent]:
    consumer = AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: list[AlertEvent] = []
    try:
        consumer.assign([TopicPartition(ALERTS, number) for number in range(TOPICS[ALERTS].partitions)])
        await consumer.seek_to_beginning()
        async with asyncio.timeout(60):
            while len(found) < wanted:
                for records in (await consumer.getmany(timeout_ms=300)).values():
                    found += [ALERT_EVENT.validate_json(record.value) for record in records]
    finally:
        await consumer.stop()
    return found


def fate(data: Path, story_id: str) -> queries.StoryFate | None:
    engine = sa.create_engine(f"sqlite:///{data / 'tagger.sqlite3'}")
    try:
        with engine.connect() as conn:
            return queries.story_fate(conn, story_id)
    finally:
        engine.dispose()


async def test_a_lost_store_is_read_back_and_the_next_story_joins_what_was_told_before(
    embedded: EmbeddedProcess, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    with tagging(embedded, tmp_path):
        await tell(embedded, a_story(published_at=now))
        [raised] = await read_alerts(embedded, 1)
    for file in tmp_path.glob("tagger.sqlite3*"):
        file.unlink()
    # Told to nobody yet: the lost store had perhaps decided on it, and its offset is perhaps committed.
    await tell(embedded, a_story("prokal:2", "21 calon PMI dicegah di Sebatik", NUNUKAN, published_at=now))
    with tagging(embedded, tmp_path):
        retold = a_story("kompas:7", "9 calon PMI di Bolok", RETOLD, published_at=now + timedelta(hours=1))
        await tell(embedded, retold)
        events = await read_alerts(embedded, 3)
    [other] = [
        event for event in events if isinstance(event, AlertRaised) and event.incident_id != raised.incident_id
    ]
    [updated] = [event for event in events if isinstance(event, AlertUpdated)]
    assert (updated.incident_id, updated.version) == (raised.incident_id, raised.version + 1)
    assert [source.story_id for source in updated.sources] == ["antara:1", "kompas:7"]
    assert [source.story_id for source in other.sources] == ["prokal:2"]
    known, fresh = fate(tmp_path, "antara:1"), fate(tmp_path, "kompas:7")
    assert known and known.reason == REASON
    assert fresh and fresh.reason == Reason.SAME_EVENT
