"""C16-C26: slow down when told, stop when told, and follow only where the outlet itself leads."""

from __future__ import annotations

from datetime import timedelta
from email.utils import format_datetime

import pytest

from services.ingest.core.identity import AddressError, canonical
from services.ingest.core.redirect import RedirectError, RedirectReason, follow
from tests.ingest.builders import NOW, a_feed, antara
from tests.ingest.world import AGENT, FeedServer, Reply, World

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


async def test_c18_a_success_ends_the_back_off(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=500), Reply(status=500), Reply(a_feed(), headers={"ETag": '"x"'}))
    await world.poll()
    await world.poll()
    row = await world.poll()
    assert (row.failures, await world.due_in()) == (0, 1800)


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
