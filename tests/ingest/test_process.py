"""Ingest as a process: killed at any moment it loses no story and tells none in two versions."""

from __future__ import annotations

import asyncio
import json
import os
import random
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.cli.demo.feeds import SeedFeeds
from services.contracts.story import STORY_EVENT
from services.contracts.topics import STORIES, TOPICS
from services.runtime.embedded import EmbeddedProcess, start_embedded

ROOT = Path(__file__).resolve().parents[2]
SEED = 20260322
KILLS = 3


@dataclass
class Stage:
    """A broker, the demo's outlets, and where ingest keeps its things."""

    broker: EmbeddedProcess
    feeds: SeedFeeds
    folder: Path
    started: list[asyncio.subprocess.Process] = field(default_factory=list)

    async def start(self) -> asyncio.subprocess.Process:
        """Ingest as its container would run it."""
        own = {
            "SIAGA_KAFKA": self.broker.bootstrap,
            "SIAGA_BROKER_INCARNATION": self.broker.incarnation,
            "SIAGA_SOURCES": str(ROOT / "seeds" / "feeds.demo.yaml"),
            "SIAGA_DEMO_PORT": str(self.feeds.port),
            "SIAGA_DATA_DIR": str(self.folder),
            # A killed member keeps its group waiting so long.
            "SIAGA_KAFKA_SESSION_TIMEOUT_MS": "6000",
        }
        with (self.folder / "log").open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "services.ingest"), cwd=ROOT, env=os.environ | own, stderr=errors
            )
        self.started.append(process)
        return process

    async def told(self) -> list[dict[str, Any]]:
        """Every record of the topic of stories, from its beginning."""
        consumer = AIOKafkaConsumer(bootstrap_servers=self.broker.bootstrap, enable_auto_commit=False)
        await consumer.start()
        try:
            places = [TopicPartition(STORIES, number) for number in range(TOPICS[STORIES].partitions)]
            consumer.assign(places)
            await consumer.seek_to_beginning(*places)
            ends = await consumer.end_offsets(places)
            records: list[dict[str, Any]] = []
            while any([await consumer.position(place) < ends[place] for place in places]):
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    records += [json.loads(one.value) for one in batch]
            return records
        finally:
            await consumer.stop()

    async def until(self, enough: int) -> list[dict[str, Any]]:
        """Wait until so many different versions of stories were told."""
        async with asyncio.timeout(60):
            while len(versions(told := await self.told())) < enough:
                await asyncio.sleep(0.3)
        return told


@asynccontextmanager
async def a_stage(folder: Path) -> AsyncIterator[Stage]:
    feeds = SeedFeeds(ROOT / "seeds" / "stories", scene_every_s=0)
    await feeds.start()
    broker = await start_embedded({name: spec.partitions for name, spec in TOPICS.items()})
    stage = Stage(broker, feeds, folder)
    try:
        yield stage
    finally:
        for process in stage.started:
            if process.returncode is None:
                process.kill()
                await process.wait()
        await broker.stop()
        await feeds.stop()


def versions(told: list[dict[str, Any]]) -> set[tuple[str, int]]:
    return {(one["story_id"], one["version"]) for one in told}


#: 14 stories, then two more and two that gain a copy, then one that is revised.
BASE, COPIES, UPDATE = 14, 18, 19


SCENES_AFTER = {0: ("copies", BASE), 1: ("update", COPIES)}


@pytest.mark.embedded
async def test_killed_at_any_moment_it_tells_every_story_once(tmp_path: Path) -> None:
    dice = random.Random(SEED)
    print(f"seed {SEED}")  # noqa: T201 - to repeat a failure
    async with a_stage(tmp_path) as stage:
        for kill in range(KILLS):
            process = await stage.start()
            await asyncio.sleep(dice.uniform(1.0, 4.0))
            process.kill()
            await process.wait()
            if kill in SCENES_AFTER:
                # A scene that no process lived to see is no story lost: it was never in a feed while we polled.
                scene, seen = SCENES_AFTER[kill]
                process = await stage.start()
                await stage.until(seen)
                process.kill()
                await process.wait()
                stage.feeds.show(scene)
        process = await stage.start()
        told = await stage.until(UPDATE)
        process.terminate()
        assert await process.wait() == 0
    states: dict[tuple[str, int], set[str]] = {}
    for one in told:
        STORY_EVENT.validate_python(one)
        states.setdefault((one["story_id"], one["version"]), set()).add(json.dumps(one, sort_keys=True))
    assert len(states) == UPDATE
    assert all(len(texts) == 1 for texts in states.values()), "one version never says two things"
    for story_id in {name for name, _ in states}:
        own = sorted(version for name, version in states if name == story_id)
        assert own == list(range(1, len(own) + 1)), story_id


@pytest.mark.embedded
async def test_asked_to_stop_it_stops_and_goes_on_where_it_was(tmp_path: Path) -> None:
    async with a_stage(tmp_path) as stage:
        process = await stage.start()
        await stage.until(BASE)
        process.terminate()
        assert await process.wait() == 0
        stage.feeds.show("copies")
        process = await stage.start()
        told = await stage.until(COPIES)
        process.terminate()
        assert await process.wait() == 0
    assert len(told) == COPIES


@pytest.mark.embedded
@pytest.mark.parametrize(
    ("variable", "value"),
    [("SIAGA_SOURCES", "no-such-file.yaml"), ("SIAGA_DEMO_PORT", "many"), ("SIAGA_INGEST_STORE", "oracle://x")],
)
async def test_an_operator_s_mistake_is_one_line(tmp_path: Path, variable: str, value: str) -> None:
    own = {"SIAGA_SOURCES": str(ROOT / "seeds" / "feeds.demo.yaml"), "SIAGA_DATA_DIR": str(tmp_path)}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "services.ingest"),
        cwd=ROOT,
        env=os.environ | own | {variable: value},
        stderr=asyncio.subprocess.PIPE,
    )
    _, errors = await process.communicate()
    assert process.returncode == 2
    assert len(errors.decode().strip().splitlines()) == 1
    assert "Traceback" not in errors.decode()
