"""Killed at every point between a fetch and its acknowledgement: nothing lost, one name, downstream once."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.contracts.story import STORY_EVENT, StoryPublished
from services.contracts.topics import STORIES, TOPICS
from services.ingest.app import MIGRATIONS
from services.ingest.tables import outbox
from services.runtime.embedded import start_embedded
from services.runtime.records import Received
from services.runtime.store import Store
from services.tagger import app as tagger
from services.tagger.book_files import load_book
from services.tagger.join import settle
from services.tagger.labelling import label
from tests.ingest.builders import NOW, a_feed, an_item
from tests.ingest.mortal import Point
from tests.ingest.world import FeedServer, Reply

ROOT = Path(__file__).resolve().parents[2]
NOBODY = "never"
TEXT = (
    "Polisi menggagalkan keberangkatan {0} calon pekerja migran ilegal di pelabuhan itu dan menahan {0} orang "
    "perekrut yang menjanjikan upah {0} juta rupiah kepada para korban perdagangan orang."
)


class Stage:
    """A feed that grows by one story a point, and the process that dies of it."""

    def __init__(self, server: FeedServer, process: asyncio.subprocess.Process) -> None:
        self._server = server
        self._process = process
        self._numbers: list[int] = []
        self.held = asyncio.Event()

    def show(self, number: int) -> None:
        """One story more in the feed."""
        self._numbers.append(number)
        items = [an_item(n, title=f"Kabar mark{n:02}", summary=TEXT.format(n + 20)) for n in self._numbers]
        self._server.answer(Reply(a_feed(items), headers={"ETag": f'"{number}"'}))

    def hold_after_headers(self) -> None:
        """Send headers and a first piece of the body, and then nothing, until somebody is dead."""

        async def answer(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse(headers={"ETag": '"held"', "Content-Type": "application/rss+xml"})
            await response.prepare(request)
            self.held.set()
            await asyncio.Event().wait()
            raise AssertionError("nobody waits here so long")

        self._server.pages = {"/feed": answer}

    def let_go(self) -> None:
        self._server.pages = {}

    async def start(self, point: str, number: int) -> int:
        """An ingest with this charge; returns its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{point} mark{number:02}\n".encode())
        return int((await self._line("pid")).split()[1])

    async def ended(self) -> int:
        """Wait for its end; a signal is negative."""
        return int((await self._line("ended")).split()[1])

    async def _line(self, begins: str) -> str:
        assert self._process.stdout is not None
        async with asyncio.timeout(60):
            line = (await self._process.stdout.readline()).decode().strip()
        assert line.startswith(begins), line
        return line


@asynccontextmanager
async def a_stage(server: FeedServer, kafka: str, folder: Path) -> AsyncIterator[Stage]:
    with (folder / "log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.ingest.mortal", kafka, str(folder), str(server.port)),
            cwd=ROOT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
        )
    try:
        yield Stage(server, process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def read_topic(kafka: str) -> list[bytes]:
    """Every record of the topic of stories, from its beginning."""
    consumer = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(STORIES, number) for number in range(TOPICS[STORIES].partitions)]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        records: list[bytes] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                records += [one.value for one in batch]
        return records
    finally:
        await consumer.stop()


async def tag(records: list[bytes], folder: Path) -> list[tuple[str, int]]:
    """The stories the real tagger decides on, each as often as it does; what it knows it only says again."""
    book = load_book(ROOT / "seeds" / "topics", ROOT / "seeds" / "places")
    store = Store.open(f"sqlite:///{folder / 'tagger.sqlite3'}", tagger.MIGRATIONS)
    decided = []
    for value in records:
        event = STORY_EVENT.validate_json(value)
        received = Received(event, event.story_id.encode(), STORIES, 0, 0, 0)
        labelled = label(received, book)
        (settled,) = await store.write(lambda conn, one=labelled: settle(conn, [one], book, NOW), serial=True)
        if not settled.again:
            decided.append((event.story_id, event.version))
    await store.close()
    return decided


@pytest.mark.embedded
async def test_c10_c11_killed_at_every_point_it_tells_each_story_at_least_once_and_downstream_once(
    server: FeedServer, tmp_path: Path
) -> None:
    points = list(Point)
    broker = await start_embedded({name: spec.partitions for name, spec in TOPICS.items()})
    kafka = broker.bootstrap
    async with a_stage(server, kafka, tmp_path) as stage:
        for number, point in enumerate(points):
            stage.show(number)
            if point is Point.HEADERS:
                stage.hold_after_headers()
            pid = await stage.start(point, number)
            if point is Point.HEADERS:
                async with asyncio.timeout(60):
                    await stage.held.wait()
                _kill(pid)
                stage.let_go()
            assert await stage.ended() == -9, f"it never came to the point {point}"
        pid = await stage.start(NOBODY, len(points) - 1)
        async with asyncio.timeout(60):
            while len({STORY_EVENT.validate_json(one).story_id for one in await read_topic(kafka)}) < len(points):
                await asyncio.sleep(0.1)
            while await _waiting(tmp_path):
                await asyncio.sleep(0.05)
        _kill(pid)
        await stage.ended()
        records = await read_topic(kafka)
    await broker.stop()

    events = [STORY_EVENT.validate_json(value) for value in records]
    expected = {f"desk:desk.localhost:/story/{number}" for number in range(len(points))}
    assert {one.story_id for one in events} == expected, "each at least once, each by one name"
    assert all(isinstance(one, StoryPublished) and one.version == 1 for one in events)
    assert len(set(records)) == len(expected), "told twice, a story says the same"
    twice = {name for name, times in Counter(one.story_id for one in events).items() if times > 1}
    lost_acknowledgement = (Point.SENT, Point.ACKNOWLEDGED, Point.IN_DELETE)
    assert twice >= {f"desk:desk.localhost:/story/{points.index(point)}" for point in lost_acknowledgement}
    assert sorted(await tag(records, tmp_path)) == sorted((name, 1) for name in expected), "downstream once"


async def _waiting(folder: Path) -> int:
    """Rows of ingest's outbox that are left."""
    store = Store.open(f"sqlite:///{folder / 'ingest.sqlite3'}", MIGRATIONS)
    try:
        count = sa.select(sa.func.count()).select_from(outbox).where(outbox.c.topic == STORIES)
        return int(await store.read(lambda conn: conn.execute(count).scalar_one()))
    finally:
        await store.close()


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
