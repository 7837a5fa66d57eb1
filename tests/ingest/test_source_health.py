"""Silence is news: each change of a source's health is told once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from services.contracts.source import SOURCE_HEALTH_CHANGED
from services.ingest.core.source import Source
from services.ingest.source_health import retire
from tests.ingest.builders import a_feed, an_item
from tests.ingest.world import FeedServer, Reply, World


async def changes(world: World) -> list[tuple[Any, ...]]:
    told = [one for one in await world.events() if one["event"] == "SourceHealthChanged"]
    return [(one["previous"], one["health"], one["reason"]) for one in told]


async def test_a_source_that_breaks_and_comes_back_is_told_once_each(world: World, server: FeedServer) -> None:
    await world.poll()
    server.answer(Reply(status=500))
    for _ in range(5):
        await world.poll()
    server.answer(Reply(a_feed()))
    await world.poll()
    await world.poll()
    assert await changes(world) == [
        (None, "fresh", "new_stories"),
        ("fresh", "broken", "server_error"),
        ("broken", "fresh", "new_stories"),
    ]


async def test_a_feed_that_went_dark_is_told_although_it_answers(world: World, server: FeedServer) -> None:
    items = [an_item(n, age=timedelta(minutes=20 * n)) for n in range(1, 9)]
    server.answer(Reply(a_feed(items), headers={"ETag": '"x"'}), Reply(status=304))
    for hours in (0, 3, 3, 24):
        world.pass_time(hours=hours)
        await world.poll()
    assert [health for _, health, _ in await changes(world)] == ["fresh", "quiet", "stale"]


async def test_the_event_is_one_of_the_contract(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=410))
    await world.poll()
    (event,) = [one for one in await world.events() if one["event"] == "SourceHealthChanged"]
    told = SOURCE_HEALTH_CHANGED.validate_python(event)
    assert (told.source_id, str(told.health), told.default_region) == ("desk-all", "gone", "ID-NT")


async def start_with(world: World, *sources: Source) -> int:
    """As a service that starts with this list."""
    return await world.store.write(lambda conn: retire(conn, sources, world.now))


async def test_a_source_taken_out_of_the_list_is_told_once(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=410))
    await world.poll()
    assert await start_with(world) == 1
    assert await start_with(world) == 0
    *_, last = await world.events()
    told = SOURCE_HEALTH_CHANGED.validate_python(last)
    assert (told.source_id, told.retired, told.reason) == ("desk-all", True, "retired")


async def test_a_source_on_the_list_or_never_heard_is_not(world: World, server: FeedServer) -> None:
    assert await start_with(world) == 0, "it was never told of"
    await world.poll()
    assert await start_with(world, *world.sources.values()) == 0


async def test_a_source_that_is_listed_again_tells_how_it_is(world: World, server: FeedServer) -> None:
    await world.poll()
    await start_with(world)
    await world.poll()
    assert [health for _, health, _ in await changes(world)] == ["fresh", "fresh", "fresh"]
