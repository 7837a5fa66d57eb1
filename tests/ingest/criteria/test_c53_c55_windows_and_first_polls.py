"""C53-C55: a window that ran over is noticed, a first poll floods nobody, a closed connection costs nothing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from aiohttp import web

from services.contracts.story import STORY_EVENT
from services.ingest.core.gap import GAP_TRIES
from services.ingest.core.source import Outlet, Source
from services.ingest.fetch import Fetcher, FetchError
from tests.ingest.builders import a_feed, an_item
from tests.ingest.world import AGENT, Answerer, FeedServer, RawServer, Reply, World


def window(first: int, last: int) -> Reply:
    items = [an_item(n, age=timedelta(hours=4 * (100 - n))) for n in range(first, last + 1)]
    return Reply(a_feed(items), headers={"ETag": f'"{first}"'})


async def test_c53_a_body_without_a_known_story_raises_the_alarm_and_shortens_the_interval(
    world: World, server: FeedServer
) -> None:
    server.answer(window(80, 90))
    await world.poll()
    usual = await world.due_in()
    server.answer(window(91, 99))
    row = await world.poll()
    assert world.counted("siaga_ingest_window_overruns_total", source="desk-all") == 1
    assert row.due_reason == "overrun"
    assert await world.due_in() < usual


async def test_c53_a_body_with_one_known_story_raises_none(world: World, server: FeedServer) -> None:
    server.answer(window(80, 90))
    await world.poll()
    server.answer(window(90, 99))
    await world.poll()
    assert world.counted("siaga_ingest_window_overruns_total", source="desk-all") == 0


def wordpress(world: World, server: FeedServer) -> Source:
    outlet = Outlet("desk", "The Desk", 420, "wordpress", ("desk.localhost",))
    return world.watch_at(server.port, outlet=outlet)


async def test_c53_the_further_pages_of_a_wordpress_feed_close_the_gap(world: World, server: FeedServer) -> None:
    await world.watch(wordpress(world, server))
    server.answer(window(10, 19))
    await world.poll()
    server.answer(window(45, 54))
    server.pages = {
        "/feed?paged=2": window(35, 44),
        "/feed?paged=3": window(25, 34),
        "/feed?paged=4": window(15, 24),
    }
    row = await world.poll()
    assert [one.path for one in server.asked[1:]] == ["/feed", "/feed?paged=2", "/feed?paged=3", "/feed?paged=4"]
    assert sorted(await world.titles()) == [f"Story number {n}" for n in range(10, 55)]
    assert world.counted("siaga_ingest_window_overruns_total", source="desk-all") == 0, "nothing was missed"
    assert row.etag == '"45"'


@pytest.mark.parametrize(
    ("pages", "asked"),
    [
        ({}, ["/feed?paged=2"]),
        ({"/feed?paged=2": Reply(b"<html>")}, ["/feed?paged=2"]),
        ({"/feed?paged=2": window(35, 44), "/feed?paged=3": window(35, 44)}, ["/feed?paged=2", "/feed?paged=3"]),
        (
            {f"/feed?paged={n}": window(55 - 5 * n, 59 - 5 * n) for n in range(2, 9)},
            [f"/feed?paged={n}" for n in range(2, 7)],
        ),
    ],
    ids=["missing", "no feed", "the same again", "without end"],
)
async def test_c53_a_gap_that_further_pages_do_not_close_is_an_alarm(
    world: World, server: FeedServer, pages: dict[str, Reply], asked: list[str]
) -> None:
    await world.watch(wordpress(world, server))
    server.answer(window(1, 9))
    await world.poll()
    server.answer(window(60, 64))
    server.pages = dict(pages)
    await world.poll()
    assert [one.path for one in server.asked[2:]] == asked
    assert world.counted("siaga_ingest_window_overruns_total", source="desk-all") == 1


async def hang_up(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


UNREADABLE: dict[str, Reply | Answerer] = {
    "busy": Reply(b"", status=503),
    "told to wait": Reply(b"", status=429),
    "cut": hang_up,
}


@pytest.mark.parametrize("reply", UNREADABLE.values(), ids=UNREADABLE)
async def test_c53_a_page_that_cannot_be_read_now_is_asked_for_again(
    world: World, server: FeedServer, reply: Reply | Answerer
) -> None:
    await world.watch(wordpress(world, server))
    server.answer(window(10, 19))
    await world.poll()
    world.now += timedelta(minutes=5)
    server.answer(window(40, 49))
    pages: dict[str, Reply | Answerer] = {
        "/feed?paged=2": window(30, 39),
        "/feed?paged=3": reply,
        "/feed?paged=4": window(15, 24),
    }
    server.pages = dict(pages)
    row = await world.poll()
    assert (row.gap_since is not None, row.gap_tries) == (True, 1)
    assert sorted(await world.titles()) == [f"Story number {n}" for n in (*range(10, 20), *range(30, 50))]
    world.now += timedelta(minutes=5)
    server.pages = pages | {"/feed?paged=3": window(20, 29)}
    row = await world.poll()  # nothing is new on the first page, and yet the gap is closed
    assert [one.path for one in server.asked[-4:]] == [
        "/feed", "/feed?paged=2", "/feed?paged=3", "/feed?paged=4"
    ]  # fmt: skip
    assert sorted(await world.titles()) == [f"Story number {n}" for n in range(10, 50)], "each of them once"
    assert (row.gap_since, row.gap_tries) == (None, 0)


@pytest.mark.parametrize("reply", [None, window(40, 49)], ids=["missing", "the same again"])
async def test_c53_a_gap_that_the_outlet_no_longer_shows_is_not_asked_for_again(
    world: World, server: FeedServer, reply: Reply | None
) -> None:
    await world.watch(wordpress(world, server))
    server.answer(window(10, 19))
    await world.poll()
    server.answer(window(40, 49))
    server.pages = {"/feed?paged=2": reply} if reply else {}
    row = await world.poll()
    assert row.gap_since is None
    await world.poll()
    assert server.asked[-1].path == "/feed"


async def test_c53_a_page_that_can_never_be_read_is_asked_for_ten_times(world: World, server: FeedServer) -> None:
    await world.watch(wordpress(world, server))
    server.answer(window(10, 19))
    await world.poll()
    server.answer(window(40, 49))
    server.pages = {"/feed?paged=2": Reply(b"", status=503)}
    for _ in range(GAP_TRIES + 3):
        row = await world.poll()
    assert [one.path for one in server.asked].count("/feed?paged=2") == GAP_TRIES
    assert row.gap_since is None
    assert row.etag == '"40"'


async def test_c53_a_feed_without_a_gap_is_asked_for_no_further_page(world: World, server: FeedServer) -> None:
    await world.watch(wordpress(world, server))
    for first in (1, 5):
        server.answer(window(first, first + 9))
        await world.poll()
    assert [one.path for one in server.asked] == ["/feed", "/feed"]


async def test_c53_only_wordpress_has_further_pages(world: World, server: FeedServer) -> None:
    server.answer(window(1, 9))
    await world.poll()
    server.answer(window(60, 64))
    await world.poll()
    assert [one.path for one in server.asked] == ["/feed", "/feed"]


async def test_c53_the_first_body_raises_none(world: World, server: FeedServer) -> None:
    server.answer(window(80, 90))
    await world.poll()
    assert world.counted("siaga_ingest_window_overruns_total", source="desk-all") == 0


async def test_c54_old_stories_of_a_new_source_are_flagged_and_fresh_ones_not(
    world: World, server: FeedServer
) -> None:
    items = [an_item(1, age=timedelta(hours=2)), an_item(2, age=timedelta(hours=30)), an_item(3, date="garbage")]
    server.answer(Reply(a_feed(items)))
    await world.poll()
    flags = {one["title"]: one["backfill"] for one in await world.stories()}
    assert flags == {"Story number 1": False, "Story number 2": True, "Story number 3": True}


async def test_c54_a_late_story_of_a_known_source_is_news(world: World, server: FeedServer) -> None:
    await world.poll()
    server.answer(Reply(a_feed([an_item(1), an_item(9, age=timedelta(hours=30))])))
    await world.poll()
    assert {one["title"]: one["backfill"] for one in await world.stories()}["Story number 9"] is False


async def test_c54_what_is_published_is_an_event_of_the_contract_in_the_order_it_happened(
    world: World, server: FeedServer
) -> None:
    await world.poll()
    events = [STORY_EVENT.validate_python(one) for one in await world.stories()]
    assert [one.published_at for one in events] == sorted(one.published_at for one in events)  # type: ignore[union-attr]


async def test_c55_a_connection_closed_while_idle_is_opened_again(world: World) -> None:
    requests = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal requests
        await reader.readuntil(b"\r\n\r\n")
        requests += 1
        body = a_feed()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        # The second request on this connection is read and answered by closing it.
        await reader.readuntil(b"\r\n\r\n")

    raw = RawServer(talk)
    await raw.start()
    await world.watch(world.watch_at(raw.port))
    assert (await world.poll()).last_reason == "new_body"
    assert (await world.poll()).last_reason == "same_body"
    assert (raw.connections, requests) == (2, 2)
    await raw.stop()


async def test_c55_a_connection_that_says_it_closes_is_not_used_again(world: World) -> None:
    """HTTP/1.1's own GOAWAY: ``Connection: close`` ends a connection after the answer that carries it."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = a_feed()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        assert await reader.read() == b"", "nothing is sent after it"

    raw = RawServer(talk)
    await raw.start()
    await world.watch(world.watch_at(raw.port))
    assert [(await world.poll()).last_reason for _ in range(2)] == ["new_body", "same_body"]
    assert raw.connections == 2
    await raw.stop()


async def test_c55_http_2_is_not_offered_so_no_server_can_send_goaway() -> None:
    """What the client says in its TLS hello decides (RFC 7301): aiohttp speaks HTTP/1.1 only and offers only that.

    The row is therefore tested on what HTTP/1.1 has in GOAWAY's place: ``Connection: close``, and a connection
    closed while idle or under a request, which is asked again once.
    """
    hello = asyncio.Queue[bytes]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hello.put_nowait(await reader.read(4096))

    raw = RawServer(talk)
    await raw.start()
    fetcher = Fetcher(AGENT)
    with pytest.raises(FetchError):
        await fetcher.get(
            f"https://desk.localhost:{raw.port}/", hosts=("desk.localhost",), accept="*/*", loopback=True
        )
    said = hello.get_nowait()
    assert b"\x08http/1.1" in said
    assert b"\x02h2" not in said
    await fetcher.close()
    await raw.stop()


async def test_c55_a_server_that_speaks_http_2_uninvited_is_a_network_failure(world: World) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
        goaway = b"\x00\x00\x08\x07\x00\x00\x00\x00\x00" + bytes(8)
        writer.write(settings + goaway)
        await writer.drain()

    raw = RawServer(talk)
    await raw.start()
    await world.watch(world.watch_at(raw.port))
    assert (await world.poll()).last_reason == "network"
    assert raw.connections == 1
    await raw.stop()


async def test_c55_a_connection_closed_in_the_middle_of_a_body_is_not_asked_again_at_once(world: World) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = a_feed()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body[: len(body) // 2])
        await writer.drain()

    raw = RawServer(talk)
    await raw.start()
    await world.watch(world.watch_at(raw.port))
    row = await world.poll()
    assert (row.last_reason, row.etag, raw.connections) == ("partial_body", None, 1)
    await raw.stop()


async def test_c55_a_server_that_always_hangs_up_is_asked_twice_at_most(world: World) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")

    raw = RawServer(talk)
    await raw.start()
    await world.watch(world.watch_at(raw.port))
    assert (await world.poll()).last_reason == "network"
    assert raw.connections <= 2
    await raw.stop()
