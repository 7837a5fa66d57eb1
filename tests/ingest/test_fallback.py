"""A source that is gone, forbids us or makes no sense is read at its fallback, and its own address not forgotten."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.ingest.core.outcome import PollReason
from services.ingest.core.source import Fallback
from services.ingest.core.standby import FAILURES_MIN, Standby, after_first, asks_first
from tests.ingest.builders import NOW, a_feed, an_item
from tests.ingest.test_sitemaps import index, news
from tests.ingest.world import FeedServer, Reply, World

DAY = 24 * 3600
SECOND = "https://desk.example/second"


@pytest.mark.parametrize(
    ("reason", "failures"),
    [
        (PollReason.NEW_BODY, 0),
        (PollReason.NOT_MODIFIED, 0),
        (PollReason.NETWORK, 50),
        (PollReason.TIMEOUT, 50),
        (PollReason.SERVER_ERROR, 50),
        (PollReason.UNAVAILABLE, 50),
        (PollReason.RATE_LIMITED, 50),
        (PollReason.INTERNAL, 50),
        (PollReason.PARSER_KILLED, 50),
        (PollReason.NOT_FOUND, FAILURES_MIN - 1),
        (PollReason.LINKS_NOT_DISTINCT, FAILURES_MIN - 1),
    ],
)
def test_what_passes_by_itself_is_no_reason_to_leave(reason: PollReason, failures: int) -> None:
    assert after_first(None, SECOND, reason, failures, NOW) is None


@pytest.mark.parametrize(
    ("reason", "failures", "again"),
    [
        (PollReason.GONE, 1, None),
        (PollReason.UNAUTHORISED, 1, None),
        (PollReason.LEGAL, 1, None),
        (PollReason.BLOCKED, 1, timedelta(days=1)),
        (PollReason.CHALLENGED, 1, timedelta(days=1)),
        (PollReason.NOT_FOUND, FAILURES_MIN, timedelta(days=1)),
        (PollReason.NOT_A_FEED, FAILURES_MIN, timedelta(days=1)),
        (PollReason.LINKS_NOT_DISTINCT, FAILURES_MIN, timedelta(days=1)),
        (PollReason.REDIRECT_REFUSED, FAILURES_MIN, timedelta(days=1)),
    ],
)
def test_what_does_not_pass_is(reason: PollReason, failures: int, again: timedelta | None) -> None:
    standby = after_first(None, SECOND, reason, failures, NOW)
    assert standby == Standby(SECOND, NOW, reason, NOW + again if again else None)


def test_without_a_fallback_there_is_nowhere_to_go() -> None:
    assert after_first(None, None, PollReason.GONE, 9, NOW) is None


def test_the_own_address_is_tried_once_a_day_unless_it_said_that_nobody_should() -> None:
    blocked = Standby(SECOND, NOW, PollReason.BLOCKED, NOW + timedelta(days=1))
    assert not asks_first(blocked, NOW + timedelta(hours=23))
    assert asks_first(blocked, NOW + timedelta(hours=24))
    assert not asks_first(Standby(SECOND, NOW, PollReason.GONE, None), NOW + timedelta(days=900))


async def watch(world: World, server: FeedServer, kind: str = "rss", **given: Any) -> None:
    fallback = Fallback(f"http://desk.localhost:{server.port}/second", kind)  # type: ignore[arg-type]
    await world.watch(world.watch_at(server.port, fallback=fallback, **given))


async def health(world: World) -> list[tuple[str, str]]:
    return [
        (one["health"], one["reason"]) for one in await world.events() if one["event"] == "SourceHealthChanged"
    ]


async def test_a_source_that_is_gone_is_read_at_its_fallback_at_once(world: World, server: FeedServer) -> None:
    await watch(world, server, min_gap_s=3)
    server.pages = {"/second": Reply(a_feed([an_item(9), an_item(8)]), headers={"ETag": '"second"'})}
    server.answer(Reply(a_feed(), headers={"ETag": '"first"'}), Reply(status=410))
    await world.poll()
    row = await world.poll()
    assert (row.last_reason, row.due_reason, row.standby_reason) == ("gone", "fallback", "gone")
    assert await world.due_in() == 3, "the pause between two requests, and no longer"
    row = await world.poll()
    assert (row.last_reason, row.etag, row.failures) == ("new_body", '"second"', 0)
    assert "if-none-match" not in server.asked[-1].headers, "a validator belongs to the address it came from"
    assert {"Story number 9", "Story number 8"} <= set(await world.titles())
    assert world.counted("siaga_ingest_on_fallback", source="desk-all") == 1


async def test_its_health_says_where_it_is_read_and_nobody_is_told_that_it_is_dark(
    world: World, server: FeedServer
) -> None:
    await watch(world, server)
    server.pages = {"/second": Reply(a_feed([an_item(9), an_item(8)]))}
    server.answer(Reply(a_feed()), Reply(status=410))
    for _ in range(4):
        await world.poll()
    assert await health(world) == [("fresh", "new_stories"), ("fresh", "fallback_after_gone; new_stories")]


async def test_where_the_fallback_is_gone_too_its_region_is_dark(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.pages = {"/second": Reply(status=410)}
    server.answer(Reply(a_feed()), Reply(status=410))
    for _ in range(3):
        row = await world.poll()
    assert (await health(world))[-1] == ("gone", "fallback_after_gone; gone")
    assert row.next_check_at is None
    assert (await world.events())[-1]["previous"] == "fresh"


async def test_without_a_fallback_the_source_just_stops(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed()), Reply(status=410))
    await world.poll()
    row = await world.poll()
    assert (row.next_check_at, row.standby_url) == (None, None)
    assert (await health(world))[-1] == ("gone", "gone")


async def test_a_refusal_keeps_its_pause_before_the_fallback_is_asked(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(Reply(status=403))
    row = await world.poll()
    assert (row.standby_reason, await world.due_in()) == ("blocked", 3600)


async def test_the_fallback_is_polled_conditionally_and_by_its_own_kind(world: World, server: FeedServer) -> None:
    await watch(world, server, "news_sitemap")
    server.answer(Reply(status=410))
    server.pages = {"/second": index(["/news.xml"], ETag='"i"'), "/news.xml": news(5, ETag='"n"')}
    await world.poll()
    row = await world.poll()
    assert row.last_reason == "new_body"
    server.pages = {"/second": Reply(status=304), "/news.xml": Reply(status=304)}
    row = await world.poll()
    assert (row.last_reason, row.failures) == ("not_modified", 0)
    assert [one.headers.get("if-none-match") for one in server.asked[-2:]] == ['"i"', '"n"']


async def test_the_own_address_is_tried_daily_and_taken_back_when_it_serves(
    world: World, server: FeedServer
) -> None:
    await watch(world, server)
    second = Reply(a_feed([an_item(9), an_item(8)]), headers={"ETag": '"second"'})
    server.pages = {"/second": second}
    server.answer(Reply(status=403))
    await world.poll()
    await world.poll()
    world.pass_time(hours=25)
    row = await world.poll()
    assert server.asked[-1].path == "/feed"
    assert (row.last_reason, row.etag, row.failures) == ("blocked", '"second"', 0), "the fallback's state stays"
    await world.poll()
    assert server.asked[-1].path == "/second"
    world.pass_time(hours=25)
    server.answer(Reply(a_feed(), headers={"ETag": '"first"'}))
    row = await world.poll()
    assert (row.standby_url, row.etag, row.last_reason) == (None, '"first"', "new_body")
    assert (await health(world))[-1] == ("fresh", "new_stories")
    assert world.counted("siaga_ingest_on_fallback", source="desk-all") == 0
    await world.poll()
    assert server.asked[-1].headers["if-none-match"] == '"first"'


async def test_a_failed_trial_obeys_what_it_was_told(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.pages = {"/second": Reply(a_feed(), headers={"ETag": '"second"'})}
    server.answer(Reply(status=403))
    await world.poll()
    await world.poll()
    world.pass_time(hours=25)
    server.answer(Reply(status=429, headers={"Retry-After": "7200"}))
    await world.poll()
    assert await world.due_in() == 7200


async def test_a_story_told_at_both_addresses_is_one_story(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.pages = {"/second": Reply(a_feed())}
    server.answer(Reply(a_feed()), Reply(status=410))
    for _ in range(3):
        await world.poll()
    assert len(await world.stories()) == 3


async def test_a_fallback_taken_out_of_the_list_is_left(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.pages = {"/second": Reply(a_feed())}
    server.answer(Reply(status=410), Reply(a_feed()))
    await world.poll()
    await world.watch(world.watch_at(server.port))
    row = await world.poll()
    assert (server.asked[-1].path, row.standby_url, row.last_reason) == ("/feed", None, "new_body")
