"""Two taggers on one PostgreSQL, given the copies of one event at the same instant, make one incident of it.

On real Kafka: librdkafka's in-memory broker refuses a group's sync when two members join at the same moment.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from services.contracts.alert import ALERT_EVENT
from services.contracts.story import Extraction, StoryPublished
from services.contracts.topics import ALERTS, STORIES
from services.tagger.tables import stories
from tests.conftest import RealKafka

ROOT = Path(__file__).resolve().parents[2]
TOWNS = ("Atambua", "Nunukan", "Entikong", "Batam", "Kupang", "Sambas", "Dumai", "Tarakan", "Jayapura", "Merauke")
OUTLETS = ("antara", "tribun", "ppp", "ann")


def copies(event: int) -> list[StoryPublished]:
    """One event as four outlets print it: other heading, other dateline, the same body."""
    town, count, now = TOWNS[event], 3 + 4 * event, datetime.now(UTC)
    body = (
        f"Polisi menggagalkan keberangkatan {count} calon pekerja migran nonprosedural di pelabuhan {town} pada Sabtu malam. "
        f"Perekrut menjanjikan gaji besar kepada {count} orang itu, lalu menahan paspor mereka di sebuah rumah. "
        f"Kapolres setempat mengatakan dua tersangka perekrut kini ditahan, dan kapal ke-{event + 1} disita. "
        f"Korban yang ke-{event + 40} dalam catatan tahun ini dipulangkan ke keluarga masing-masing oleh petugas."
    )
    return [
        StoryPublished(
            occurred_at=now,
            story_id=f"{outlet}:{event}",
            version=1,
            outlet=outlet,
            url=f"https://example.org/{outlet}/{event}",
            title=f"{outlet.upper()}: Polisi gagalkan keberangkatan {count} calon PMI nonprosedural di {town}",
            text=f"{town.upper()} ({outlet.upper()}) - {body}",
            language="id",
            published_at=now,
            published_at_source="feed",
            fetched_at=now,
            extraction=Extraction(method="feed", extractor="test/1"),
        )
        for outlet in OUTLETS
    ]


@pytest.fixture
def taggers(kafka: RealKafka, postgres: str, tmp_path: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    env = {
        **os.environ,
        "SIAGA_KAFKA": kafka.bootstrap,
        "SIAGA_KAFKA_SESSION_TIMEOUT_MS": "6000",
        "SIAGA_TAGGER_STORE": postgres,
        "SIAGA_DATA_DIR": str(tmp_path),
    }
    siaga_topics = [sys.executable, "-m", "services.cli.main", "topics"]
    subprocess.run(siaga_topics, env=env, cwd=ROOT, check=True, capture_output=True)
    started = []
    for name in ("one", "two"):
        with (tmp_path / f"{name}.log").open("wb") as log:
            command = [sys.executable, "-m", "services.tagger"]
            started.append(subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=log))
    yield started
    for process in started:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


async def read_alerts(bootstrap: str, sources: int) -> dict[str, list[Any]]:
    """Every alert event by incident, once so many stories are among the sources."""
    consumer = AIOKafkaConsumer(ALERTS, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    found: dict[str, list[Any]] = defaultdict(list)
    try:
        async with asyncio.timeout(90):
            while sum(len(events[-1].sources) for events in found.values()) < sources:
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    for record in records:
                        event = ALERT_EVENT.validate_json(record.value)
                        found[event.incident_id].append(event)
    finally:
        await consumer.stop()
    return found


async def test_copies_at_the_same_instant_are_one_incident_and_its_versions_come_in_order(
    taggers: list[subprocess.Popen[bytes]], kafka: RealKafka, postgres: str, tmp_path: Path, seed: int
) -> None:
    async with asyncio.timeout(60):
        while not all('"running"' in (tmp_path / f"{name}.log").read_text() for name in ("one", "two")):
            await asyncio.sleep(0.1)
    await asyncio.sleep(8.0)  # both have joined the group: each reads half of the partitions
    everything = [story for event in range(len(TOWNS)) for story in copies(event)]
    random.Random(seed).shuffle(everything)
    producer = AIOKafkaProducer(bootstrap_servers=kafka.bootstrap)
    await producer.start()
    for story in everything:
        await producer.send(STORIES, story.model_dump_json().encode(), key=story.story_id.encode())
    await producer.stop()
    alerts = await read_alerts(kafka.bootstrap, len(everything))
    assert all(process.poll() is None for process in taggers)
    assert len(alerts) == len(TOWNS)
    for events in alerts.values():
        assert [event.version for event in events] == list(range(1, len(events) + 1))
        assert len({source.story_id.partition(":")[2] for source in events[-1].sources}) == 1
    engine = sa.create_engine(postgres)
    with engine.connect() as conn:
        assert len(conn.execute(sa.select(stories.c.story_id)).all()) == len(everything)
    engine.dispose()
    both = [(tmp_path / f"{name}.log").read_text().count('"decided"') for name in ("one", "two")]
    assert min(both) > 0, "only one of the two did the work"
