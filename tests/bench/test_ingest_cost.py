"""What a poll may cost, counted in statements, transactions and parses: the machine's speed does not matter."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest_asyncio
import sqlalchemy as sa

from services.ingest.core.feed import ParsedFeed
from tests.ingest.builders import a_feed, an_item
from tests.ingest.world import FeedServer, Reply, World

TWENTY = [an_item(number) for number in range(1, 21)]
ETAG = {"ETag": '"x"'}


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FeedServer]:
    made = FeedServer()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def world(tmp_path: Path, server: FeedServer) -> AsyncIterator[World]:
    made = World(tmp_path)
    await made.watch(made.watch_at(server.port))
    yield made
    await made.close()


class Counted:
    """What the store and the parse worker were asked for while it was open."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.counts: Counter[str] = Counter()

    def __enter__(self) -> Counted:
        sa.event.listen(self._world.store.engine, "before_cursor_execute", self._statement)
        sa.event.listen(self._world.store.engine, "commit", self._commit)
        self._parse = self._world.parser.feed
        self._world.parser.feed = self._parsed  # type: ignore[method-assign]
        return self

    def __exit__(self, *_: object) -> None:
        sa.event.remove(self._world.store.engine, "before_cursor_execute", self._statement)
        sa.event.remove(self._world.store.engine, "commit", self._commit)
        self._world.parser.feed = self._parse  # type: ignore[method-assign]

    def _statement(self, conn: object, cursor: object, statement: str, *_: object) -> None:
        self.counts["statements"] += "savepoint" not in statement.lower()

    def _commit(self, conn: object) -> None:
        self.counts["transactions"] += 1

    async def _parsed(self, *given: Any, **named: Any) -> ParsedFeed:
        self.counts["parses"] += 1
        return await self._parse(*given, **named)


async def a_poll(world: World) -> Counter[str]:
    """The cost of a poll that is due."""
    world.pass_time(hours=3)
    with Counted(world) as counted:
        assert await world.step() == 0.0
    return counted.counts


async def test_a_poll_answered_304_reads_nothing_and_writes_two_transactions(
    world: World, server: FeedServer
) -> None:
    server.answer(Reply(a_feed(TWENTY), headers=ETAG), Reply(status=304))
    await world.step()
    cost = await a_poll(world)
    assert cost["parses"] == 0
    assert cost["transactions"] <= 2
    assert cost["statements"] <= 12


async def test_a_body_with_the_same_bytes_costs_no_parse(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed(TWENTY)))
    await world.step()
    assert (await a_poll(world))["parses"] == 0


async def test_a_body_with_one_story_more_costs_far_less_than_twenty_stories(
    world: World, server: FeedServer
) -> None:
    server.answer(Reply(a_feed(TWENTY[1:])), Reply(a_feed(TWENTY)))
    with Counted(world) as first:
        await world.step()
    one_more = await a_poll(world)
    assert first.counts["parses"] == one_more["parses"] == 1
    assert one_more["statements"] * 4 < first.counts["statements"]


async def test_when_nothing_is_due_a_look_is_a_handful_of_statements(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed(TWENTY), headers=ETAG))
    await world.step()
    with Counted(world) as idle:
        assert await world.step() > 0.0
    assert idle.counts["statements"] <= 6
    assert idle.counts["transactions"] <= 2
