"""C51-C52: read a page whole or say that it is not, and only where robots.txt lets us."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from pathlib import Path

import pytest
from aiohttp import web

from services.ingest.core.looking import LookReason
from services.ingest.core.source import Outlet
from services.ingest.reading import SourceReader
from tests.ingest.builders import a_feed, an_item
from tests.ingest.world import FeedServer, Reply, World

PARAGRAPH = "Polisi menghentikan dua belas calon pekerja di pelabuhan pada pagi hari sebelum kapal berangkat. "
TITLE = "Polisi menghentikan calon pekerja di pelabuhan"


def tribun_page(*paragraphs: str, paging: str = "") -> Reply:
    body = "".join(f"<p>{escape(p)}</p>" for p in paragraphs) + f"<div class='paging'>{paging}</div>"
    page = f"<div class='side-article mb5'>Lain</div><div class='side-article txt-article'>{body}</div>"
    return Reply(
        f"<html><head><title>x</title></head><body>{page}</body></html>".encode(),
        headers={"Content-Type": "text/html; charset=utf-8"},
    )


async def read(world: World, server: FeedServer, shape: str = "tribun", number: int = 1) -> dict[str, object]:
    outlet = Outlet("desk", "The Desk", 420, shape, ("desk.localhost",))  # type: ignore[arg-type]
    await world.watch(world.watch_at(server.port, outlet=outlet, fulltext="allowed"))
    server.answer(Reply(a_feed([an_item(number, link=f"/kota/123456{number}/x", title=TITLE)])))
    await world.poll()
    return (await world.stories())[-1]


async def test_c51_a_page_is_read_by_its_outlet_s_rules(world: World, server: FeedServer) -> None:
    server.pages = {"/kota/1234561/x": tribun_page(PARAGRAPH * 2, PARAGRAPH, "Baca juga: Sindikat dibongkar")}
    story = await read(world, server)
    assert story["extraction"] == {"method": "rules", "extractor": "rules-tribun/1", "truncated": False}
    assert "Sindikat" not in str(story["text"])


async def test_c51_the_rest_of_a_split_story_is_asked_for_at_once(world: World, server: FeedServer) -> None:
    server.pages = {
        "/kota/1234561/x": tribun_page(PARAGRAPH * 2, PARAGRAPH, paging="Halaman 1/2"),
        "/kota/1234561/x?page=all": tribun_page(PARAGRAPH * 2, PARAGRAPH, "Lanjutan dari halaman kedua."),
    }
    story = await read(world, server)
    assert str(story["text"]).endswith("Lanjutan dari halaman kedua.")
    assert story["extraction"]["truncated"] is False  # type: ignore[index]


async def test_c51_a_split_story_whose_rest_is_missing_says_so(world: World, server: FeedServer) -> None:
    first = tribun_page(PARAGRAPH * 2, PARAGRAPH, paging="Halaman 1/2")

    async def only_the_first(request: web.Request) -> web.StreamResponse:
        status = 404 if request.query_string else 200
        return web.Response(status=status, body=first.body, content_type="text/html")

    server.pages = {"/kota/1234561/x": only_the_first}
    story = await read(world, server)
    assert story["extraction"]["truncated"] is True  # type: ignore[index]


def parts(number: int) -> list[str]:
    return [f"{PARAGRAPH}Ini halaman ke-{n}." for n in range(1, number + 1)]


@pytest.mark.parametrize("number", [2, 3, 12])
async def test_c51_where_there_is_no_one_page_the_parts_are_asked_for_in_turn(
    world: World, server: FeedServer, number: int
) -> None:
    """Some zones answer ``?page=all`` with the first page."""
    texts = parts(number)
    server.pages = {
        f"/kota/1234561/x?page={n}": tribun_page(texts[n - 1], paging=f"Halaman {n}/{number}")
        for n in range(2, number + 1)
    }
    server.pages["/kota/1234561/x"] = tribun_page(PARAGRAPH, texts[0], paging=f"Halaman 1/{number}")
    story = await read(world, server)
    assert [one for one in texts if one in str(story["text"])] == texts
    assert story["extraction"] == {"method": "rules", "extractor": "rules-tribun/1", "truncated": False}
    asked = [one.path for one in server.asked if one.path.startswith("/kota")]
    assert asked == ["/kota/1234561/x", "/kota/1234561/x?page=all"] + [
        f"/kota/1234561/x?page={n}" for n in range(2, number + 1)
    ]


async def test_c51_parts_after_a_missing_one_are_not_asked_for_and_the_story_says_so(
    world: World, server: FeedServer
) -> None:
    texts = parts(4)
    server.pages = {
        f"/kota/1234561/x?page={n}": tribun_page(texts[n - 1], paging=f"Halaman {n}/4") for n in (2, 4)
    }
    server.pages |= {"/kota/1234561/x?page=3": Reply(status=404), "/kota/1234561/x?page=all": Reply(status=404)}
    server.pages["/kota/1234561/x"] = tribun_page(PARAGRAPH, texts[0], paging="Halaman 1/4")
    story = await read(world, server)
    assert [one for one in texts if one in str(story["text"])] == texts[:2]
    assert story["extraction"]["truncated"] is True  # type: ignore[index]
    assert server.asked[-1].path.endswith("?page=3")


async def test_c51_a_story_said_to_have_nine_hundred_parts_costs_twenty_requests(
    world: World, server: FeedServer
) -> None:
    def paging(request: web.Request) -> int:
        return int(request.query.get("page", "1").replace("all", "1"))

    async def endless(request: web.Request) -> web.StreamResponse:
        body = tribun_page(PARAGRAPH * 2, f"Halaman ini nomor {paging(request)}.", paging="Halaman 1/900").body
        return web.Response(body=body, content_type="text/html")

    server.pages = {"/kota/1234561/x": endless}
    story = await read(world, server)
    assert len([one for one in server.asked if one.path.startswith("/kota")]) == 21
    assert story["extraction"]["truncated"] is True  # type: ignore[index]


async def test_c51_a_site_that_shows_the_first_page_again_ends_it(world: World, server: FeedServer) -> None:
    server.pages = {"/kota/1234561/x": tribun_page(PARAGRAPH * 2, PARAGRAPH, paging="Halaman 1/5")}
    story = await read(world, server)
    assert len([one for one in server.asked if one.path.startswith("/kota")]) == 3
    assert story["extraction"]["truncated"] is True  # type: ignore[index]


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param(Reply(b"<html><body>" + b"<p>x</p>" * 700_000 + b"</body></html>"), id="5 MB"),
        pytest.param(Reply(status=404), id="404"),
        pytest.param(Reply(status=503), id="503"),
        pytest.param(
            Reply(b"<html><head><meta http-equiv=refresh content='0;url=/feed'></head></html>"), id="refresh"
        ),
        pytest.param(Reply(b""), id="empty"),
        pytest.param(Reply(b"<div>" * 50_000), id="deep"),
    ],
)
async def test_c51_a_page_that_cannot_be_read_leaves_the_feed_s_own_text(
    server: FeedServer, tmp_path: Path, reply: Reply
) -> None:
    world = World(tmp_path, worker=True)  # some of these would take the process with them
    server.pages = {"/kota/1234561/x": reply}
    story = await read(world, server)
    await world.close()
    assert story["text"] == "A summary of the story."
    assert story["extraction"]["method"] == "summary"  # type: ignore[index]


async def test_c51_a_page_without_rules_is_read_by_the_third_rung(world: World, server: FeedServer) -> None:
    body = "".join(f"<p>{PARAGRAPH}{n}.</p>" for n in range(8))
    page = f"<html><body><nav><a href=/>Home</a></nav><article><h1>{TITLE}</h1>{body}</article></body></html>"
    server.pages = {"/kota/1234561/x": Reply(page.encode(), headers={"Content-Type": "text/html"})}
    story = await read(world, server, shape="plain")
    assert story["extraction"]["method"] == "trafilatura"  # type: ignore[index]
    assert str(story["text"]).count("Polisi menghentikan") >= 8


async def test_c52_a_page_robots_txt_forbids_is_not_asked_for(world: World, server: FeedServer) -> None:
    server.pages = {
        "/robots.txt": Reply(b"User-agent: *\nDisallow: /kota/\n"),
        "/kota/1234561/x": tribun_page(PARAGRAPH * 3, PARAGRAPH),
    }
    story = await read(world, server)
    assert story["extraction"]["method"] == "summary"  # type: ignore[index]
    assert [one.path for one in server.asked] == ["/feed", "/robots.txt"]


async def test_c52_rules_for_others_do_not_bind_us(world: World, server: FeedServer) -> None:
    rules = b"User-agent: BadBot\nDisallow: /\n\nUser-agent: *\nDisallow: /search\n"
    server.pages = {"/robots.txt": Reply(rules), "/kota/1234561/x": tribun_page(PARAGRAPH * 3, PARAGRAPH)}
    assert (await read(world, server))["extraction"]["method"] == "rules"  # type: ignore[index]


@pytest.mark.parametrize(
    ("status", "method"), [(500, "summary"), (503, "summary"), (429, "summary"), (404, "rules")]
)
async def test_c52_robots_txt_that_fails_forbids_and_one_that_is_missing_allows(
    world: World, server: FeedServer, status: int, method: str
) -> None:
    server.pages = {"/robots.txt": Reply(status=status), "/kota/1234561/x": tribun_page(PARAGRAPH * 3, PARAGRAPH)}
    assert (await read(world, server))["extraction"]["method"] == method  # type: ignore[index]


async def test_c52_robots_txt_that_cannot_be_reached_forbids(world: World, server: FeedServer) -> None:
    """RFC 9309 section 2.3.1.4: unreachable means complete disallow."""

    async def hang_up(request: web.Request) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    server.pages = {"/robots.txt": hang_up, "/kota/1234561/x": tribun_page(PARAGRAPH * 3, PARAGRAPH)}
    assert (await read(world, server))["extraction"]["method"] == "summary"  # type: ignore[index]


async def test_c52_robots_txt_is_asked_for_once_a_day(world: World, server: FeedServer) -> None:
    def asked() -> int:
        return sum(one.path == "/robots.txt" for one in server.asked)

    server.pages = {f"/kota/123456{n}/x": tribun_page(PARAGRAPH * 3, PARAGRAPH) for n in (1, 2, 3)}
    await read(world, server, number=1)
    await read(world, server, number=2)
    assert asked() == 1
    world.pass_time(hours=25)
    await read(world, server, number=3)
    assert asked() == 2


async def test_c52_crawl_delay_spaces_the_pages(world: World, server: FeedServer) -> None:
    server.pages = {"/robots.txt": Reply(b"User-agent: *\nCrawl-delay: 0.3\n")}
    server.pages |= {f"/kota/123456{n}/x": tribun_page(PARAGRAPH * 3, PARAGRAPH) for n in (1, 2)}
    await read(world, server, number=1)
    await read(world, server, number=2)
    first, second = (one.at for one in server.asked if one.path.startswith("/kota"))
    assert second - first >= 0.3


async def test_pages_of_a_source_without_permission_are_never_asked_for(world: World, server: FeedServer) -> None:
    server.pages = {"/story/1": tribun_page(PARAGRAPH * 3, PARAGRAPH)}
    await world.poll()
    assert {one.path for one in server.asked} == {"/feed"}


@pytest.mark.parametrize(
    ("refusal", "minutes"),
    [
        (Reply(status=429, headers={"Retry-After": "3600"}), 60),
        (Reply(status=503), 15),
        (Reply(status=403), 15),
    ],
)
async def test_c16_a_refused_page_is_the_last_one_asked_for_and_is_read_later(
    world: World, server: FeedServer, refusal: Reply, minutes: int
) -> None:
    outlet = Outlet("desk", "The Desk", 420, "tribun", ("desk.localhost",))
    await world.watch(world.watch_at(server.port, outlet=outlet, fulltext="allowed"))
    links = [f"/kota/123456{number}/x" for number in range(5)]
    server.answer(Reply(a_feed([an_item(n, link=link, title=TITLE) for n, link in enumerate(links)])))
    server.pages = dict.fromkeys(links, refusal)
    await world.poll()
    assert len([one for one in server.asked if one.path.startswith("/kota")]) == 1
    assert {one["extraction"]["method"] for one in await world.stories()} == {"summary"}

    server.pages = {link: tribun_page(PARAGRAPH * 3, f"{PARAGRAPH} Nomor {n}.") for n, link in enumerate(links)}
    world.pass_time(minutes=minutes + 16)
    for _ in links:
        assert await world.poller.looks.step("desk.localhost", world.sources) is LookReason.READ
    revised = [one for one in await world.stories() if one["event"] == "StoryRevised"]
    assert {one["extraction"]["method"] for one in revised} == {"rules"}
    assert len(revised) == 5


async def test_c16_a_missing_page_does_not_stop_the_others(world: World, server: FeedServer) -> None:
    outlet = Outlet("desk", "The Desk", 420, "tribun", ("desk.localhost",))
    await world.watch(world.watch_at(server.port, outlet=outlet, fulltext="allowed"))
    server.pages = {"/kota/1234562/x": tribun_page(PARAGRAPH * 3, PARAGRAPH)}
    items = [an_item(n, link=f"/kota/123456{n}/x", title=TITLE) for n in (1, 2)]
    server.answer(Reply(a_feed(items)))
    await world.poll()
    assert sorted(one["extraction"]["method"] for one in await world.stories()) == ["rules", "summary"]


async def test_c16_on_a_running_clock_a_page_after_a_good_one_is_asked_for(
    world: World, server: FeedServer
) -> None:
    reader = SourceReader(
        fetcher=world.fetcher,
        parser=world.parser,
        pacer=world.pacer,
        metrics=world.metrics,
        now=lambda: datetime.now(UTC),
    )
    server.pages = {"/one": Reply(b"x"), "/two": Reply(b"x")}
    base = f"http://desk.localhost:{server.port}"
    source = world.watch_at(server.port, fulltext="allowed")
    assert [(await reader.pages.fetch(source, f"{base}{path}")).status for path in ("/one", "/two")] == [200, 200]
