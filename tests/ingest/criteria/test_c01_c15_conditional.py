"""C01-C15: ask conditionally, keep what the server says, and never publish a story twice for it."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import sqlalchemy as sa
from aiohttp import web

from tests.ingest.builders import NOW, a_feed, an_item
from tests.ingest.world import DirectParser, FeedServer, RawServer, Reply, World

ETAG = 'W/"abc, \\"d"'
MODIFIED = "Sunday, 06-Nov-94 08:49:37 GMT"


def parsed(world: World) -> int:
    """How many bodies the parser was given."""
    assert isinstance(world.parser, DirectParser)
    return world.parser.parsed


def feed(**headers: str) -> Reply:
    return Reply(a_feed(), headers={name.replace("_", "-"): value for name, value in headers.items()})


async def test_c01_validators_are_stored_byte_for_byte(world: World, server: FeedServer) -> None:
    server.answer(feed(ETag=ETAG, Last_Modified=MODIFIED))
    row = await world.poll()
    assert (row.etag, row.last_modified) == (ETAG, MODIFIED)


async def test_c02_both_validators_are_sent_back(world: World, server: FeedServer) -> None:
    server.answer(feed(ETag=ETAG, Last_Modified=MODIFIED))
    await world.poll()
    await world.poll()
    assert server.asked[1].headers["if-none-match"] == ETAG
    assert server.asked[1].headers["if-modified-since"] == MODIFIED


async def test_c02_the_first_request_sends_none(world: World, server: FeedServer) -> None:
    await world.poll()
    assert not {"if-none-match", "if-modified-since"} & server.asked[0].headers.keys()


@pytest.mark.parametrize("etag", ["unquoted", "with space", "a,b,c", '"', "W/weak"])
async def test_c03_an_odd_etag_is_echoed_verbatim(world: World, server: FeedServer, etag: str) -> None:
    server.answer(feed(ETag=etag))
    await world.poll()
    await world.poll()
    assert server.asked[1].headers["if-none-match"] == etag


async def test_c04_an_etag_that_cannot_be_sent_back_is_dropped_alone(world: World) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = a_feed()
        head = f"Content-Length: {len(body)}\r\nLast-Modified: {MODIFIED}\r\nConnection: close\r\n\r\n".encode()
        writer.write(b'HTTP/1.1 200 OK\r\nETag: "caf\xe9"\r\n' + head + body)
        await writer.drain()

    raw = RawServer(talk)
    await raw.start()
    await world.watch(world.watch_at(raw.port))
    row = await world.poll()
    await raw.stop()
    assert (row.etag, row.last_modified, row.last_reason) == (None, MODIFIED, "new_body")


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        ({"ETag": '"x"'}, {"if-none-match"}),
        ({"Last_Modified": MODIFIED}, {"if-modified-since"}),
        ({}, set()),
    ],
)
async def test_c05_what_there_is_is_used(
    world: World, server: FeedServer, given: dict[str, str], sent: set[str]
) -> None:
    server.answer(feed(**given))
    await world.poll()
    await world.poll()
    assert {"if-none-match", "if-modified-since"} & server.asked[1].headers.keys() == sent


async def test_c05_a_feed_without_validators_is_asked_hourly_at_most(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed([an_item(1), an_item(2, age=timedelta(hours=8))])))
    row = await world.poll()
    assert (row.due_reason, await world.due_in()) == ("unconditional", 3600)


async def test_c05_a_feed_without_validators_that_forgets_within_the_hour_is_asked_sooner(
    world: World, server: FeedServer
) -> None:
    server.answer(Reply(a_feed([an_item(1), an_item(2, age=timedelta(minutes=70))])))
    row = await world.poll()
    assert (row.due_reason, await world.due_in()) == ("unconditional", 1200)


async def test_c05_a_feed_with_validators_is_asked_more_often(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed([an_item(1), an_item(2, age=timedelta(minutes=70))]), headers={"ETag": '"x"'}))
    await world.poll()
    assert await world.due_in() == 600


async def test_c06_not_modified_counts_as_success_and_publishes_nothing(world: World, server: FeedServer) -> None:
    server.answer(feed(ETag='"x"'), Reply(status=500), Reply(status=304))
    await world.poll()
    assert (await world.poll()).failures == 1
    row = await world.poll()
    assert (row.last_reason, row.failures, row.failing_since) == ("not_modified", 0, None)
    assert len(await world.stories()) == 3
    assert parsed(world) == 1, "there was nothing more to parse"


async def test_c07_not_modified_with_new_validators_updates_them(world: World, server: FeedServer) -> None:
    server.answer(feed(ETag='"x"', Last_Modified=MODIFIED), Reply(status=304, headers={"ETag": '"y"'}))
    await world.poll()
    row = await world.poll()
    assert (row.etag, row.last_modified) == ('"y"', MODIFIED)


async def test_c07_not_modified_with_a_new_date_updates_it(world: World, server: FeedServer) -> None:
    later = "Wed, 04 Mar 2026 05:00:00 GMT"
    server.answer(feed(ETag='"x"', Last_Modified=MODIFIED), Reply(status=304, headers={"Last-Modified": later}))
    await world.poll()
    row = await world.poll()
    assert (row.etag, row.last_modified) == ('"x"', later)


async def test_c07_not_modified_without_validators_keeps_them(world: World, server: FeedServer) -> None:
    server.answer(feed(ETag='"x"', Last_Modified=MODIFIED), Reply(status=304))
    await world.poll()
    row = await world.poll()
    assert (row.etag, row.last_modified) == ('"x"', MODIFIED)


async def test_c08_an_identical_body_is_not_parsed_again(world: World, server: FeedServer) -> None:
    server.answer(feed())
    await world.poll()
    row = await world.poll()
    assert row.last_reason == "same_body"
    assert parsed(world) == 1
    assert len(await world.stories()) == 3


async def test_c09_a_new_build_date_is_not_news(world: World, server: FeedServer) -> None:
    for second in range(3):
        server.answer(
            Reply(a_feed(channel=f"<lastBuildDate>Wed, 04 Mar 2026 05:06:0{second} +0000</lastBuildDate>"))
        )
        row = await world.poll()
        assert row.last_reason == "new_body"
    assert len(await world.stories()) == 3


async def test_c10_a_process_killed_before_the_commit_keeps_no_validators(
    world: World, server: FeedServer
) -> None:
    never = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await never.wait()
        raise AssertionError("nobody answers here")

    server.answer(feed(ETag='"x"'))
    server.pages = {f"/story/{number}": hang for number in (1, 2, 3)}
    await world.watch(world.watch_at(server.port, fulltext="allowed"))
    killed = asyncio.create_task(world.poll())
    while len(server.asked) < 2:  # the feed was read, the first page is on its way
        await asyncio.sleep(0.01)
    killed.cancel()
    await asyncio.gather(killed, return_exceptions=True)
    assert (await world.row()).etag is None
    assert await world.stories() == []

    server.pages = {}
    world.pass_time(minutes=5)
    row = await world.poll()
    assert row.etag == '"x"'
    assert "if-none-match" not in [one for one in server.asked if one.path == "/feed"][-1].headers
    assert len(await world.stories()) == 3


async def test_c10_validators_and_stories_are_stored_together_or_not_at_all(
    world: World, server: FeedServer
) -> None:
    server.answer(feed(ETag='"x"'))
    await world.store.write(lambda conn: conn.execute(sa.text("ALTER TABLE outbox RENAME TO away")))
    row = await world.poll()
    assert (row.etag, row.last_reason) == (None, "internal_error")
    await world.store.write(lambda conn: conn.execute(sa.text("ALTER TABLE away RENAME TO outbox")))
    assert (await world.poll()).etag == '"x"'
    assert len(await world.stories()) == 3


async def test_c11_a_restart_after_the_commit_publishes_nothing_again(
    world: World, server: FeedServer, tmp_path: Path
) -> None:
    server.answer(feed(ETag='"x"'), Reply(a_feed(), headers={"ETag": '"x2"'}))
    await world.poll()
    await world.close()
    again = World(tmp_path, owner="after the restart")
    await again.watch(*world.sources.values())
    assert (await again.poll()).etag == '"x2"'
    assert [one.headers.get("if-none-match") for one in server.asked] == [None, '"x"']
    assert len(await again.stories()) == 3
    await again.close()


async def test_c12_a_server_that_says_304_for_ever_is_asked_for_everything_when_it_ought_to_have_news(
    world: World, server: FeedServer
) -> None:
    server.answer(feed(Last_Modified="Fri, 01 Jan 2041 00:00:00 GMT"), Reply(status=304))
    await world.poll()
    world.pass_time(hours=4)  # the feed has a story an hour: five hours are normal
    await world.poll()
    assert "if-modified-since" in server.asked[-1].headers
    world.pass_time(hours=2)
    await world.poll()
    assert "if-modified-since" not in server.asked[-1].headers


async def test_c12_a_slow_feed_is_still_asked_conditionally(world: World, server: FeedServer) -> None:
    weekly = a_feed([an_item(n, age=timedelta(days=7 * n)) for n in range(1, 5)])
    server.answer(Reply(weekly, headers={"Last-Modified": MODIFIED}), Reply(status=304))
    await world.poll()
    world.pass_time(days=20)
    await world.poll()
    assert "if-modified-since" in server.asked[-1].headers


@pytest.mark.parametrize("headers", [{"Expires": "0"}, {"Cache-Control": "no-cache, no-store"}])
async def test_c13_an_answer_that_must_not_be_cached_is_still_asked_conditionally(
    world: World, server: FeedServer, headers: dict[str, str]
) -> None:
    server.answer(Reply(a_feed(), headers={"ETag": '"x"'} | headers))
    await world.poll()
    await world.poll()
    assert server.asked[1].headers["if-none-match"] == '"x"'
    assert await world.due_in() < 7200


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Cache-Control": "public, max-age=10000"}, 10000),
        ({"Cache-Control": "max-age=60, s-maxage=9000"}, 9000),
        ({"Cache-Control": "max-age=999999"}, 6 * 3600),
        ({"Cache-Control": "max-age=5"}, 600),
        ({"Cache-Control": "max-age=banana"}, 600),
        ({"Expires": format_datetime(NOW + timedelta(hours=3))}, 3 * 3600),
        ({"Expires": format_datetime(NOW + timedelta(days=300))}, 6 * 3600),
        ({"Expires": format_datetime(NOW - timedelta(hours=3))}, 600),
        ({"Expires": format_datetime(NOW + timedelta(hours=3)), "Cache-Control": "max-age=9000"}, 9000),
    ],
)
async def test_c14_freshness_lengthens_the_interval_up_to_its_cap(
    world: World, server: FeedServer, headers: dict[str, str], seconds: float
) -> None:
    server.answer(Reply(a_feed(), headers={"ETag": '"x"'} | headers))
    await world.poll()
    assert await world.due_in() == seconds


@pytest.mark.parametrize(
    ("channel", "seconds"),
    [
        ("<ttl>60</ttl>", 3600),
        ("<ttl>100000</ttl>", 6 * 3600),
        ("<ttl>-1</ttl>", 600),
        ("<ttl>soon</ttl>", 600),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>8</sy:updateFrequency>", 3 * 3600),
        ("<sy:updatePeriod>whenever</sy:updatePeriod>", 600),
        # 05:06 plus 30 minutes is 05:36: the next hour that is not skipped begins at 07:00.
        ("<skipHours><hour>5</hour><hour>6</hour></skipHours>", 6833),
        ("<skipHours><hour>24</hour><hour>-1</hour></skipHours>", 600),
        ("<skipDays><day>Wednesday</day></skipDays>", 6 * 3600),
        ("<skipDays><day>Someday</day></skipDays>", 600),
    ],
)
async def test_c15_what_the_feed_asks_for_is_a_lower_bound(
    world: World, server: FeedServer, channel: str, seconds: float
) -> None:
    server.answer(Reply(a_feed(channel=channel), headers={"ETag": '"x"'}))
    await world.poll()
    assert await world.due_in() == pytest.approx(seconds)
