"""Sixty megabytes of stories at once through a broker that silently drops what does not fit, killed in the middle.

Five thousand long stories by default; `make proof-flood` sends as many bytes as twenty thousand short ones.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).parent))
from whole import Whole, running

from services.contracts.story import Extraction, StoryPublished
from services.contracts.topics import STORIES
from services.ingest.app import MIGRATIONS
from services.ingest.tables import outbox as ingest_outbox
from services.notifier.tables import INCIDENT
from services.runtime.outbox import Message, enqueue
from services.runtime.store import Store
from services.tagger.tables import incidents, stories

pytestmark = [pytest.mark.embedded, pytest.mark.slow, pytest.mark.timeout(900)]

STORIES_AT_ONCE = int(os.environ.get("SIAGA_FLOOD_STORIES", "5000"))
ONE_RELEVANT_IN = STORIES_AT_ONCE // 40
SENTENCES_IN_ALL = 800_000
TOWNS = ("Atambua", "Nunukan", "Entikong", "Batam", "Kupang", "Sambas", "Dumai", "Tarakan")
PLAIN = (
    "Warga memenuhi lapangan kota sejak pagi untuk mengikuti lomba layang-layang. ",
    "Panitia menyiapkan tiga panggung dan puluhan lapak makanan di tepi taman. ",
    "Pemenang tahun lalu datang bersama rombongan sekolah dari desa tetangga. ",
    "Hujan turun sebentar menjelang siang, tetapi penonton tidak beranjak. ",
)


def story(number: int, dice: random.Random, now: datetime) -> StoryPublished:
    """A long report on a fair, or, forty in all, of an arrest; all invented."""
    town = TOWNS[number % len(TOWNS)]
    title, lead = f"Lomba layang-layang ke-{number} meriahkan {town}", ""
    if number % ONE_RELEVANT_IN == 0:
        count = 2 + number // ONE_RELEVANT_IN
        title = f"Polisi gagalkan pengiriman {count} PMI nonprosedural di {town}"
        lead = f"Polisi menggagalkan keberangkatan {count} calon PMI nonprosedural di {town} pada hari {number}. "
    text = lead + "".join(dice.choice(PLAIN) for _ in range(SENTENCES_IN_ALL // STORIES_AT_ONCE))
    return StoryPublished(
        occurred_at=now,
        story_id=f"flood:{number}",
        version=1,
        outlet="antara",
        url=f"https://example.org/{number}",
        title=title,
        text=text,
        language="id",
        published_at=now - timedelta(minutes=number % 600),
        published_at_source="feed",
        fetched_at=now,
        extraction=Extraction(method="feed", extractor="test/1"),
    )


async def fill_outbox(data: Path, dice: random.Random) -> int:
    """Put the stories where ingest's transaction would have put them; returns their bytes."""
    store = Store.open(f"sqlite:///{data / 'ingest.sqlite3'}", MIGRATIONS)
    now = datetime.now(UTC)
    messages = [
        Message(STORIES, one.story_id, one.model_dump_json().encode(), "StoryPublished/1")
        for one in (story(number, dice, now) for number in range(STORIES_AT_ONCE))
    ]
    await store.write(lambda conn: enqueue(conn, ingest_outbox, messages))
    await store.close()
    return sum(len(message.value) for message in messages)


def tagged(whole: Whole) -> int:
    flood = sa.select(sa.func.count()).select_from(stories).where(stories.c.story_id.like("flood:%"))
    return int(whole.ask("tagger", lambda conn: conn.execute(flood).scalar_one()) or 0)


async def until_tagged(whole: Whole, count: int, seconds: float = 400) -> None:
    """Wait as long as it moves, at most so many seconds."""
    async with asyncio.timeout(seconds):
        while tagged(whole) < count:
            if whole.stack.supervisor.failed.done():
                raise whole.stack.supervisor.failed.result()
            await asyncio.sleep(0.5)


async def test_a_flood_of_stories_and_a_killed_broker_lose_nothing(tmp_path: Path, seed: int) -> None:
    (tmp_path / "data").mkdir()
    size = await fill_outbox(tmp_path / "data", random.Random(seed))
    assert size > 12 * 4 * 1024 * 1024, "too little to overflow the broker's partitions"
    async with running(tmp_path, "embedded") as whole:
        await until_tagged(whole, STORIES_AT_ONCE // 4)
        whole.kill("broker")
        await until_tagged(whole, STORIES_AT_ONCE)
        await whole.until_settled()
        known = {
            row.incident_id for row in whole.ask("tagger", lambda conn: conn.execute(sa.select(incidents)).all())
        }
        heard = {
            row.incident_id
            for row in whole.ask("notifier", lambda conn: conn.execute(sa.select(INCIDENT)).all())
            if not row.incident_id.startswith("canary-")
        }
        assert known == heard
        assert tagged(whole) == STORIES_AT_ONCE
        whole.check_none_twice()
        async with asyncio.timeout(60):
            while whole.ask("ingest", lambda conn: conn.execute(sa.select(ingest_outbox.c.id).limit(1)).all()):
                await asyncio.sleep(0.5)
