"""How a source does against its own rhythm, as operators see it."""

from __future__ import annotations

from datetime import timedelta

from services.ingest.core.source import Source
from services.ingest.queries import freshness
from tests.ingest.builders import a_feed, an_item
from tests.ingest.world import FeedServer, Reply, World

SOURCE = "desk-all"


def shown(world: World, name: str, **labels: str) -> float | None:
    return world.registry.get_sample_value(f"siaga_ingest_{name}", {"source": SOURCE, **labels})


def the_source(world: World) -> Source:
    return world.sources[SOURCE]


async def measure(world: World) -> None:
    world.metrics.set_freshness([the_source(world)], await world.store.read(freshness), world.now)


async def test_a_source_that_was_never_asked_shows_its_series_and_no_silence(world: World) -> None:
    world.metrics.expect([the_source(world)])
    await measure(world)
    assert shown(world, "silence_seconds") == 0
    assert shown(world, "polls_total", reason="timeout") == 0
    assert shown(world, "window_overruns_total") == 0
    assert shown(world, "expected_interval_seconds") == 7200


async def test_silence_grows_by_waking_hours_whether_the_source_answers_or_not(
    world: World, server: FeedServer
) -> None:
    await world.poll()
    await measure(world)
    seen = world.now.timestamp()
    assert shown(world, "silence_seconds") == 0
    server.answer(Reply(status=500))
    world.pass_time(days=1)
    await world.poll()
    await measure(world)
    assert shown(world, "silence_seconds") == 17 * 3600  # a night has seven hours
    assert shown(world, "last_success_timestamp_seconds") == seen
    assert shown(world, "last_new_story_timestamp_seconds") == seen


async def test_the_usual_gap_is_the_sources_own(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed([an_item(n, age=timedelta(minutes=20 * n)) for n in range(1, 9)])))
    await world.poll()
    await measure(world)
    assert shown(world, "expected_interval_seconds") == 1200


async def test_the_outlets_part_is_taken_of_new_stories_and_not_of_an_archive(
    world: World, server: FeedServer
) -> None:
    items = [an_item(1, age=timedelta(minutes=10)), an_item(2, age=timedelta(days=9))]
    server.answer(Reply(a_feed(items)))
    await world.poll()
    count = world.registry.get_sample_value("siaga_ingest_published_to_fetched_seconds_count")
    total = world.registry.get_sample_value("siaga_ingest_published_to_fetched_seconds_sum")
    assert (count, total) == (1, 600)
