"""C16-C26: slow down when told, stop when told, and follow only where the outlet itself leads."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from services.ingest.core.identity import AddressError, canonical
from services.ingest.core.outcome import Outcome, PollReason
from services.ingest.core.redirect import RedirectError, RedirectReason, follow
from services.ingest.core.schedule import Pace, next_due
from services.ingest.fetch import Limits
from tests.ingest.builders import NOW, a_feed, antara
from tests.ingest.world import AGENT, FeedServer, RawServer, Reply, World

DAY = 24 * 3600


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("retry_after", "seconds"),
    [
        ("3600", 3600),
        ("120", 600),  # never sooner than the source's own minimum
        (format_datetime(NOW + timedelta(hours=2), usegmt=False), 7200),
        ("315360000", DAY),
        ("abc", 1200),
        (format_datetime(NOW - timedelta(hours=1)), 1200),
        (None, 1200),
    ],
)
async def test_c16_c17_retry_after_is_obeyed_and_capped(
    world: World, server: FeedServer, status: int, retry_after: str | None, seconds: float
) -> None:
    server.answer(Reply(status=status, headers={"Retry-After": retry_after} if retry_after else {}))
    row = await world.poll()
    assert await world.due_in() == pytest.approx(seconds, abs=1)
    assert row.last_reason == ("rate_limited" if status == 429 else "unavailable")


async def test_c16_without_retry_after_each_refusal_waits_twice_as_long(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=429))
    waits = []
    for _ in range(4):
        await world.poll()
        waits.append(await world.due_in())
    assert waits == [1200, 2400, 4800, 9600]


async def test_c17_two_feeds_told_to_wait_cool_their_whole_domain(world: World, server: FeedServer) -> None:
    server.pages = {"/other": Reply(status=503, headers={"Retry-After": "5000"})}
    server.answer(Reply(status=429, headers={"Retry-After": "5000"}))
    base = f"http://desk.localhost:{server.port}"
    await world.watch(
        world.watch_at(server.port, id="other", url=f"{base}/other"),
        world.watch_at(server.port, id="third", url=f"{base}/third"),
    )
    await world.poll("desk-all")
    await world.poll("other")
    assert await world.step("third") == pytest.approx(5000)


async def test_c17_one_feed_told_to_wait_leaves_its_domain_alone(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=503, headers={"Retry-After": "5000"}))
    server.pages = {"/third": Reply(a_feed())}
    base = f"http://desk.localhost:{server.port}"
    await world.watch(world.watch_at(server.port, id="third", url=f"{base}/third"))
    await world.poll("desk-all")
    assert await world.step("third") == 0
    assert (await world.row("third")).last_reason == "new_body"


@pytest.mark.parametrize("status", [500, 502, 504])
async def test_c18_server_errors_back_off_exponentially_up_to_six_hours(
    world: World, server: FeedServer, status: int
) -> None:
    server.answer(Reply(status=status))
    waits = []
    for _ in range(7):
        await world.poll()
        waits.append(await world.due_in())
    assert waits == [1200, 2400, 4800, 9600, 19200, 21600, 21600]
    assert len(server.asked) == 7, "each poll is one request, never a tight retry"


async def test_c18_a_connection_reset_backs_off_too(world: World) -> None:
    async def reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.transport.abort()

    raw = RawServer(reset)
    await raw.start()
    await world.watch(world.watch_at(raw.port))
    waits = []
    for _ in range(3):
        assert (await world.poll()).last_reason == "network"
        waits.append(await world.due_in())
    await raw.stop()
    assert waits == [1200, 2400, 4800]


async def test_c18_a_server_that_takes_too_long_backs_off_too(server: FeedServer, tmp_path: Path) -> None:
    async def hang(_: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError("nobody answers here")

    world = World(tmp_path, limits=Limits(total_s=0.3))
    await world.watch(world.watch_at(server.port))
    server.pages = {"/feed": hang}
    assert (await world.poll()).last_reason == "timeout"
    assert await world.due_in() == 1200
    await world.close()


@pytest.mark.parametrize("reason", [PollReason.SERVER_ERROR, PollReason.TIMEOUT, PollReason.NETWORK])
def test_c18_jitter_lengthens_a_back_off_and_never_beyond_its_cap(reason: PollReason) -> None:
    pace = Pace(600, 7200)
    waits = [next_due(pace, Outcome(reason), NOW, jitter).interval_s for jitter in (-1, 0, 0.5, 1)]
    assert waits == pytest.approx([1320, 1200, 1260, 1320])
    at_the_cap = next_due(replace(pace, failures=20), Outcome(reason), NOW, 1)
    assert at_the_cap.interval_s == 6 * 3600


async def test_c18_a_success_ends_the_back_off(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=500), Reply(status=500), Reply(a_feed(), headers={"ETag": '"x"'}))
    await world.poll()
    await world.poll()
    row = await world.poll()
    assert (row.failures, await world.due_in()) == (0, 600)


async def test_c19_forbidden_is_blocked_for_an_hour_and_more_each_time(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=403))
    waits = []
    for _ in range(6):
        row = await world.poll()
        assert row.last_reason == "blocked"
        waits.append(await world.due_in())
    assert waits == [3600, 7200, 14400, 28800, 57600, DAY]
    assert {one.headers["user-agent"] for one in server.asked} == {AGENT}, "the user agent is never changed"


@pytest.mark.parametrize("status", [403, 503])
async def test_c19_a_challenge_is_told_apart(world: World, server: FeedServer, status: int) -> None:
    server.answer(Reply(b"<html>Just a moment", status=status, headers={"cf-mitigated": "challenge"}))
    row = await world.poll()
    assert (row.last_reason, await world.due_in()) == ("challenged", 3600)


@pytest.mark.parametrize(
    ("status", "hours", "health"),
    [
        (403, (0,), "blocked"),
        (404, (0, 25), "broken"),
        (410, (0,), "gone"),
        (401, (0,), "blocked"),
        (451, (0,), "blocked"),
    ],
)
async def test_c19_c20_c21_c22_what_an_operator_must_see_is_an_event(
    world: World, server: FeedServer, status: int, hours: tuple[int, ...], health: str
) -> None:
    server.answer(Reply(status=status))
    for passed in hours:
        world.pass_time(hours=passed)
        await world.poll()
    told = [one["health"] for one in await world.events() if one["event"] == "SourceHealthChanged"]
    assert told == [health]
    assert world.counted("siaga_ingest_source_health", source="desk-all", health=health) == 1


@pytest.mark.parametrize("status", [404, 429, 500, 503])
async def test_c20_one_failure_is_no_alarm(world: World, server: FeedServer, status: int) -> None:
    await world.poll()
    server.answer(Reply(status=status))
    await world.poll()
    told = [one["health"] for one in await world.events() if one["event"] == "SourceHealthChanged"]
    assert told == ["fresh"]


async def test_c20_not_found_backs_off_and_after_a_day_is_asked_daily(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=404))
    await world.poll()
    assert await world.due_in() == 1200
    world.pass_time(hours=25)
    row = await world.poll()
    assert (row.due_reason, await world.due_in()) == ("daily", DAY)


@pytest.mark.parametrize(
    ("status", "reason"), [(410, "gone"), (401, "unauthorised"), (451, "unavailable_for_legal_reasons")]
)
async def test_c21_c22_an_end_stops_the_polling(
    world: World, server: FeedServer, status: int, reason: str
) -> None:
    server.answer(Reply(status=status))
    row = await world.poll()
    assert (row.last_reason, row.due_reason, row.next_check_at) == (reason, "stopped", None)
    world.pass_time(days=30)
    assert await world.step() > 0
    assert len(server.asked) == 1


async def test_c21_a_new_address_in_the_file_starts_a_stopped_source_again(
    world: World, server: FeedServer
) -> None:
    server.answer(Reply(status=410))
    await world.poll()
    server.pages = {"/new": Reply(a_feed())}
    await world.watch(world.watch_at(server.port, url=f"http://desk.localhost:{server.port}/new"))
    assert await world.step() == 0
    assert (await world.row()).last_reason == "new_body"


@pytest.mark.parametrize("status", [301, 308])
async def test_c23_a_lasting_move_rewrites_the_address_and_forgets_validators(
    world: World, server: FeedServer, status: int
) -> None:
    server.answer(Reply(status=status, headers={"Location": "/moved"}))
    server.pages = {"/moved": Reply(a_feed(), headers={"ETag": '"x"'})}
    for hours in (0, 12, 13):
        world.pass_time(hours=hours)
        row = await world.poll()
    assert row.url.endswith("/moved")
    assert row.etag is None
    await world.poll()
    assert server.asked[-1].path == "/moved"


@pytest.mark.parametrize("hours", [(0, 1, 1), (0, 25)])
async def test_c23_a_move_seen_too_briefly_or_too_seldom_is_not_believed(
    world: World, server: FeedServer, hours: tuple[int, ...]
) -> None:
    server.answer(Reply(status=301, headers={"Location": "/moved"}))
    server.pages = {"/moved": Reply(a_feed())}
    for passed in hours:
        world.pass_time(hours=passed)
        row = await world.poll()
    assert row.url.endswith("/feed")


async def test_c24_a_move_to_another_domain_is_refused(world: World, server: FeedServer) -> None:
    target = f"http://other.localhost:{server.port}/feed"
    server.answer(Reply(status=301, headers={"Location": target}))
    row = await world.poll()
    assert row.last_reason == "redirect_refused"
    assert row.url.endswith("/feed")
    told = [one["health"] for one in await world.events() if one["event"] == "SourceHealthChanged"]
    assert told == ["broken"], "somebody must look"
    assert [one.host for one in server.asked] == [f"desk.localhost:{server.port}"]


async def test_c24_a_move_to_a_page_is_a_failure_and_never_kept(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=301, headers={"Location": "/"}))
    server.pages = {"/": Reply(b"<!doctype html><html><body><h1>Home</h1></body></html>")}
    for hours in (0, 13, 13, 13):
        world.pass_time(hours=hours)
        row = await world.poll()
    assert (row.last_reason, row.move_to) == ("not_a_feed", None)
    assert row.url.endswith("/feed")


@pytest.mark.parametrize("status", [302, 303, 307])
async def test_c25_a_passing_redirect_is_followed_and_the_address_kept(
    world: World, server: FeedServer, status: int
) -> None:
    server.answer(Reply(status=status, headers={"Location": "/elsewhere/feed"}))
    server.pages = {"/elsewhere/feed": Reply(a_feed().replace(b"<link>/story/1<", b"<link>one<"))}
    for hours in (0, 13, 13, 13):
        world.pass_time(hours=hours)
        row = await world.poll()
    assert row.url.endswith("/feed")
    assert row.move_to is None
    urls = [one["url"] for one in await world.stories()]
    assert f"http://desk.localhost:{server.port}/elsewhere/one" in urls, (
        "links count from where the body came from"
    )


async def test_c26_a_loop_ends_after_five_hops(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=302, headers={"Location": "/feed"}))
    row = await world.poll()
    assert (row.last_reason, len(server.asked)) == ("too_many_redirects", 6)


async def test_c26_five_hops_are_followed(world: World, server: FeedServer) -> None:
    hop = [Reply(status=302, headers={"Location": "/feed"})]
    server.answer(*hop * 5, Reply(a_feed()))
    assert (await world.poll()).last_reason == "new_body"


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        ("http://www.antaranews.com/rss", RedirectReason.DOWNGRADE),
        ("https://evil.example/rss", RedirectReason.OTHER_HOST),
        ("https://antaranews.com.evil.example/rss", RedirectReason.OTHER_HOST),
        ("https://user:pass@www.antaranews.com/rss", RedirectReason.BAD_ADDRESS),
        ("file:///etc/passwd", RedirectReason.BAD_ADDRESS),
        ("https://www.antaranews.com:22/rss", RedirectReason.ODD_PORT),
        ("https://[::1", RedirectReason.BAD_ADDRESS),
        ("", RedirectReason.NO_LOCATION),
    ],
)
def test_c26_a_redirect_that_loses_safety_is_refused(location: str, reason: RedirectReason) -> None:
    with pytest.raises(RedirectError) as refused:
        follow("https://www.antaranews.com/rss/terkini.xml", location, antara().hosts)
    assert refused.value.reason is reason


@pytest.mark.parametrize("location", ["/rss/", "//kupang.antaranews.com/rss", "https://www.antaranews.com/rss"])
def test_c26_a_redirect_within_the_outlet_is_followed(location: str) -> None:
    assert follow("https://www.antaranews.com/rss/terkini.xml", location, antara().hosts).startswith("https://")


def test_a_link_to_another_outlet_is_no_story_of_this_one() -> None:
    with pytest.raises(AddressError, match="other_host"):
        canonical("https://www.tribunnews.com/nasional/1234567/x", antara())
