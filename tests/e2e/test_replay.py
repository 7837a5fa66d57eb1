"""Better rules and a replay correct what was sent: the message is edited, nobody is pushed; fresh news is pushed."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from click.testing import CliRunner

from services.cli.replay import replay_command
from services.contracts.story import Extraction, Story, StoryPublished, StoryRevised
from services.contracts.topics import STORIES
from services.ingest.app import MIGRATIONS
from services.ingest.tables import outbox, stories
from services.runtime.embedded import EmbeddedProcess
from services.runtime.store import Store
from tests.notifier.process import ROOT, NotifierProcess, notifying

pytestmark = [pytest.mark.embedded, pytest.mark.timeout(240)]

TOPICS = ROOT / "seeds" / "topics"
OFFICIALS = """
officials:
  - ref: duty
    title: Duty officer
    language: id
    zone: Asia/Makassar
    contacts: {telegram: 900000077}
    channels: [telegram]
    digest: {every: 6h}
    subscriptions:
      - regions: [ID-NT, ID-KR]
        topics: [human_trafficking, illegal_labour_placement, migrant_smuggling, forced_criminality]
        min_severity: 1
"""
TEXT = (
    "Polisi menggagalkan keberangkatan {count} calon pekerja migran ilegal di {where}, Kamis. Mereka hendak dibawa"
    " ke Malaysia dan dijanjikan gaji besar. Seorang perekrut ditangkap. Empat rekan mereka masih disekap majikan"
    " di Sabah dan minta tolong kepada keluarga."
)


def a_story(outlet: str, count: int, where: str, version: int = 1) -> Story:
    now = datetime.now(UTC)
    fields = {
        "occurred_at": now, "story_id": f"{outlet}:1", "version": version, "outlet": outlet,
        "url": f"https://{outlet}.example.org/1", "title": f"Polisi cegah {count} calon pekerja migran di {where}",
        "text": TEXT.format(count=count, where=where), "language": "id", "published_at": now - timedelta(minutes=9),
        "published_at_source": "feed", "fetched_at": now,
        "extraction": Extraction(method="feed", extractor="test/1"),
    }  # fmt: skip
    return StoryRevised(changed=("text",), **fields) if version > 1 else StoryPublished(**fields)  # type: ignore[arg-type]


def older_rules(folder: Path) -> Path:
    """The rules without the one that sees people who are still held."""
    shutil.copytree(TOPICS, folder)
    severity = folder / "_severity.yaml"
    kept = [line for line in severity.read_text().splitlines() if "victims still held" not in line]
    severity.write_text("\n".join(kept) + "\n")
    return folder


def keep(data: Path, *told: Story) -> None:
    """As ingest keeps what it has published."""
    store = Store.open(f"sqlite:///{data / 'ingest.sqlite3'}", MIGRATIONS)
    at = datetime.now(UTC).timestamp() - 60
    rows = [
        {
            "story_id": one.story_id, "source_id": one.outlet, "outlet": one.outlet, "url": one.url,
            "version": one.version, "event": one.model_dump_json().encode(), "trace": "", "published_at": at,
            "first_seen_at": at, "changed_at": at,
        }
        for one in told
    ]  # fmt: skip
    with store.engine.begin() as conn:
        conn.execute(sa.insert(stories), rows)
    store.engine.dispose()


async def publish(bootstrap: str, records: list[tuple[bytes, bytes, list[tuple[str, bytes]]]]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    for key, value, headers in records:
        await producer.send_and_wait(STORIES, value, key=key, headers=headers)
    await producer.stop()


def as_record(story: Story) -> tuple[bytes, bytes, list[tuple[str, bytes]]]:
    return story.story_id.encode(), story.model_dump_json().encode(), []


def enqueued(data: Path) -> list[tuple[bytes, bytes, list[tuple[str, bytes]]]]:
    """What `siaga replay` has put into ingest's outbox, as ingest's relay would publish it."""
    engine = sa.create_engine(f"sqlite:///{data / 'ingest.sqlite3'}")
    with engine.connect() as conn:
        rows = conn.execute(sa.select(outbox).order_by(outbox.c.id)).all()
    engine.dispose()
    return [(row.key, row.value, [(k, v.encode()) for k, v in json.loads(row.headers).items()]) for row in rows]


@contextmanager
def tagging(broker: EmbeddedProcess, data: Path, topics: Path) -> Iterator[None]:
    env = {
        **os.environ,
        "SIAGA_KAFKA": broker.bootstrap,
        "SIAGA_BROKER_INCARNATION": broker.incarnation,
        "SIAGA_KAFKA_SESSION_TIMEOUT_MS": "6000",
        "SIAGA_DATA_DIR": str(data),
        "SIAGA_TOPICS": str(topics),
        "SIAGA_HTTP_PORT": "0",
    }
    with (data / "tagger.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.tagger"], env=env, cwd=ROOT, stdout=log, stderr=log
        )
    try:
        yield
        assert process.poll() is None, (data / "tagger.log").read_text()[-2000:]
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=30)


def deliveries(one: NotifierProcess, action: str) -> list[tuple[str, str]]:
    """Reason and state of every row of an action."""
    return [(row["why"], row["state"]) for row in one.ledger() if row["action"] == action]


async def test_a_replay_under_better_rules_edits_and_never_pushes_what_fresh_news_would_push(
    embedded: EmbeddedProcess, tmp_path: Path
) -> None:
    officials = tmp_path / "officials.yaml"
    officials.write_text(OFFICIALS)
    first, twin = a_story("first", 21, "Pelabuhan Bolok, Kabupaten Kupang"), a_story("twin", 34, "Nongsa, Batam")
    keep(tmp_path, first, twin)
    async with notifying(embedded.bootstrap, embedded.incarnation, tmp_path, officials) as one:
        one.start()
        with tagging(embedded, tmp_path, older_rules(tmp_path / "older")):
            await publish(embedded.bootstrap, [as_record(first), as_record(twin)])
            await one.until(lambda: deliveries(one, "push") == [("high_severity", "accepted")] * 2)
        with tagging(embedded, tmp_path, TOPICS):
            arguments = ["--since", "1d", "--outlet", "first", "--data", str(tmp_path)]
            result = await asyncio.to_thread(CliRunner().invoke, replay_command, arguments, standalone_mode=False)
            assert result.exception is None, result.exception
            await publish(embedded.bootstrap, enqueued(tmp_path))
            await one.until(lambda: deliveries(one, "edit") == [("severity_rose", "accepted")])
            assert len(deliveries(one, "push")) == 2
            await publish(embedded.bootstrap, [as_record(a_story("twin", 34, "Nongsa, Batam", version=2))])
            await one.until(lambda: ("severity_rose", "accepted") in deliveries(one, "push"))
            assert len(deliveries(one, "push")) == 3
        assert len(deliveries(one, "edit")) == 1
        assert len([message for message in one.bot.chats.of(900000077) if message.ours]) == 3
