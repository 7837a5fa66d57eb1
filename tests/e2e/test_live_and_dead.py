"""`siaga run --feeds live` against servers that behave like the outlets, and `siaga dead` on both brokers."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from aiokafka import AIOKafkaProducer

sys.path.insert(0, str(Path(__file__).parent))
from whole import SEEDS, Whole, free_base, quick_officials, running

from services.cli.demo.feeds import SeedFeeds
from services.cli.run import Stack
from services.cli.stack import Plan, Ports
from services.contracts.topics import STORIES

CONTACT = "https://example.org/siaga"


class PickyOutlets(SeedFeeds):
    """Refuses library user agents as the outlets do, and remembers what each visitor said of itself."""

    agents: set[str]
    unasked: list[str]

    @web.middleware
    async def _remember(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        self.agents.add(request.headers.get("User-Agent", ""))
        self.unasked += [name for name in ("Cookie", "Referer") if name in request.headers]
        if "(compatible; " not in request.headers.get("User-Agent", ""):
            return web.Response(status=403)
        return await handler(request)


@pytest.fixture
async def outlets() -> AsyncIterator[PickyOutlets]:
    one = PickyOutlets(SEEDS / "stories", scene_every_s=0)
    one.agents, one.unasked = set(), []
    await one.start()
    yield one
    await one.stop()


@pytest.mark.embedded
async def test_live_feeds_are_polled_with_an_honest_name_and_nothing_else(
    outlets: PickyOutlets, tmp_path: Path
) -> None:
    feeds = tmp_path / "feeds.yaml"
    text = (SEEDS / "feeds.demo.yaml").read_text(encoding="utf-8")
    feeds.write_text(text.replace(":8087/", f":{outlets.port}/"), encoding="utf-8")
    data = tmp_path / "data"
    data.mkdir()
    plan = Plan(data, Ports(free_base()), "live", CONTACT, feeds, quick_officials(tmp_path))
    whole = Whole(Stack(plan, "embedded"), data)
    try:
        await whole.stack.start()
        async with asyncio.timeout(90):
            while not whole.states().get("accepted"):
                if whole.stack.supervisor.failed.done():
                    raise whole.stack.supervisor.failed.result()
                await asyncio.sleep(0.2)
    finally:
        await whole.stack.stop()
        whole.close()
        if not whole.stack.supervisor.failed.done():
            whole.stack.supervisor.failed.cancel()
    (agent,) = outlets.agents
    assert agent.startswith("Mozilla/5.0 (compatible; Siaga/")
    assert agent.endswith(f"; +{CONTACT})")
    assert outlets.unasked == []
    assert whole.messages()


def dead(whole: Whole, *arguments: str) -> list[Any]:
    done = subprocess.run(
        [sys.executable, "-m", "services.cli.main", "dead", *arguments, "--data", str(whole.data)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    if arguments[0] == "show":
        return [json.loads(done.stdout)]
    return [json.loads(line) for line in done.stdout.splitlines()]


async def letters(whole: Whole, count: int) -> list[Any]:
    async with asyncio.timeout(60):
        while len(found := await asyncio.to_thread(dead, whole, "list")) != count:
            await asyncio.sleep(0.5)
    return found


async def a_dead_letter(whole: Whole) -> list[Any]:
    assert whole.stack.broker is not None
    producer = AIOKafkaProducer(bootstrap_servers=whole.stack.broker.bootstrap)
    await producer.start()
    await producer.send_and_wait(STORIES, b'{"event": "StoryTold"}', key=b"k", headers=[("x", b"\xff")])
    await producer.stop()
    return await letters(whole, 1)


async def until_it_came_back(whole: Whole, old: Any) -> None:
    """It is as bad as it was, so it comes back as a letter of its own; the old one is gone."""
    async with asyncio.timeout(90):
        while [one["id"] for one in await letters(whole, 1)] == [old["id"]]:
            await asyncio.sleep(0.5)


@pytest.mark.parametrize(
    "broker",
    [pytest.param("kafka", marks=pytest.mark.kafka), pytest.param("embedded", marks=pytest.mark.embedded)],
)
async def test_dead_letters_are_listed_shown_and_replayed(broker: str, tmp_path: Path) -> None:
    async with running(tmp_path, broker, scene_every_s=0) as whole:
        await whole.until_at_work()
        assert whole.stack.broker is not None
        (letter,) = await a_dead_letter(whole)
        assert letter["topic"] == STORIES
        assert letter["reason"].startswith("undecodable: ")
        assert letter["service"] == "tagger"
        (shown,) = await asyncio.to_thread(dead, whole, "show", letter["id"])
        assert shown["value"] == '{"event": "StoryTold"}'
        (replayed,) = await asyncio.to_thread(dead, whole, "replay", letter["id"])
        assert replayed == {"replayed": letter["id"], "to": STORIES}
        await until_it_came_back(whole, letter)


@pytest.mark.embedded
async def test_a_replayed_letter_outlives_the_broker_and_the_service_that_had_it_in_hand(tmp_path: Path) -> None:
    async with running(tmp_path, "embedded", scene_every_s=0) as whole:
        await whole.until_at_work()
        (letter,) = await a_dead_letter(whole)
        # Stood still, the tagger can neither publish nor read it before both are killed.
        os.kill(whole.stack.supervisor.running["tagger"].pid, signal.SIGSTOP)
        await asyncio.to_thread(dead, whole, "replay", letter["id"])
        whole.kill("broker")
        whole.kill("tagger")
        await until_it_came_back(whole, letter)


@pytest.mark.embedded
async def test_a_letter_replayed_while_the_run_is_stopped_goes_out_at_its_next_start(tmp_path: Path) -> None:
    async with running(tmp_path, "embedded", scene_every_s=0) as whole:
        await whole.until_at_work()
        (letter,) = await a_dead_letter(whole)
    assert [one["id"] for one in dead(whole, "list")] == [letter["id"]]
    dead(whole, "replay", "--all")
    assert dead(whole, "list") == []
    async with running(tmp_path, "embedded", scene_every_s=0) as whole:
        await until_it_came_back(whole, letter)
