"""A sitemap index, and indexes below it, are walked politely, in bounds, and without losing a story."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from html import escape
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.ingest import tables
from services.ingest.core.sitemap import READS_MAX
from services.ingest.core.source import Source
from tests.ingest.builders import NOW
from tests.ingest.world import FeedServer, Reply, World

NEWS = "http://www.google.com/schemas/sitemap-news/0.9"
XMLNS = "http://www.sitemaps.org/schemas/sitemap/0.9"


def news(*numbers: int, tail: str = "</urlset>", **headers: str) -> Reply:
    """A news sitemap with these stories."""
    urls = "".join(
        f"<url><loc><![CDATA[/story/{n}]]></loc><news:news><news:title>Story number {n}</news:title>"
        f"<news:publication_date>{(NOW - timedelta(hours=n)).isoformat()}</news:publication_date></news:news></url>"
        for n in numbers
    )
    return Reply(f'<urlset xmlns="{XMLNS}" xmlns:news="{NEWS}">{urls}{tail}'.encode(), headers=headers)


def index(children: Mapping[str, str] | list[str], **headers: str) -> Reply:
    """An index of these addresses, with their ``lastmod`` where there is one."""
    listed = children if isinstance(children, Mapping) else dict.fromkeys(children, "")
    maps = "".join(
        f"<sitemap><loc>{escape(url)}</loc>{f'<lastmod>{mod}</lastmod>' if mod else ''}</sitemap>"
        for url, mod in listed.items()
    )
    return Reply(f'<sitemapindex xmlns="{XMLNS}">{maps}</sitemapindex>'.encode(), headers=headers)


async def watch(world: World, server: FeedServer, **given: object) -> Source:
    source = world.watch_at(server.port, format="news_sitemap", **given)
    await world.watch(source)
    return source


def asked(server: FeedServer) -> list[str]:
    paths = [one.path for one in server.asked]
    server.asked.clear()
    return paths


def hours_ago(hours: float) -> str:
    return (NOW - timedelta(hours=hours)).isoformat()


async def test_the_stories_below_an_index_are_published(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index(["/a.xml", "/b.xml"], ETag='"i"'))
    server.pages = {"/a.xml": news(1, 2), "/b.xml": news(2, 3)}
    row = await world.poll()
    assert (row.last_reason, row.etag) == ("new_body", '"i"')
    assert sorted(await world.titles()) == ["Story number 1", "Story number 2", "Story number 3"]


async def test_an_index_below_an_index_is_walked_down_to_its_bound(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index(["/1.xml"]))
    server.pages = {
        "/1.xml": index(["/2.xml"]),
        "/2.xml": index(["/3.xml", "/news.xml"]),
        "/3.xml": index(["/4.xml"]),
    }
    server.pages |= {"/news.xml": news(1), "/4.xml": news(2)}
    await world.poll()
    assert asked(server) == ["/feed", "/1.xml", "/2.xml", "/news.xml", "/3.xml"]
    assert await world.titles() == ["Story number 1"]
    assert world.counted("siaga_ingest_sitemaps_total", source="desk-all", reason="too_deep") == 1


async def test_a_loop_ends(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index(["/feed", "/1.xml"]))
    server.pages = {"/1.xml": index(["/1.xml", "/feed", "/2.xml"]), "/2.xml": index(["/1.xml", "/news.xml"])}
    server.pages |= {"/news.xml": news(1)}
    assert (await world.poll()).last_reason == "new_body"
    assert asked(server) == ["/feed", "/1.xml", "/2.xml", "/news.xml"]


async def test_of_a_long_index_some_are_read_now_and_the_others_at_the_next_polls(
    world: World, server: FeedServer
) -> None:
    await watch(world, server)
    names = [f"/part{number:02}.xml" for number in range(2 * READS_MAX + 1)]
    server.answer(index(names, ETag='"i"'), Reply(status=304))
    server.pages = {name: news(number + 1) for number, name in enumerate(names)}
    for expected in (READS_MAX, READS_MAX, READS_MAX):
        await world.poll()
        assert len(asked(server)) == 1 + expected
    assert len(await world.stories()) == len(names)
    assert world.counted("siaga_ingest_window_overruns_total", source="desk-all") == 0, "none of it was missed"


async def test_a_child_whose_lastmod_stands_still_is_not_asked_for(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index({"/a.xml": hours_ago(1), "/b.xml": hours_ago(1)}))
    server.pages = {"/a.xml": news(1), "/b.xml": news(2)}
    await world.poll()
    world.pass_time(minutes=10)
    server.answer(index({"/a.xml": hours_ago(1), "/b.xml": world.now.isoformat()}))
    server.pages["/b.xml"] = news(2, 3)
    asked(server)
    await world.poll()
    assert asked(server) == ["/feed", "/b.xml"]
    assert len(await world.stories()) == 3


async def test_an_index_that_did_not_change_hides_no_change_below_it(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index(["/a.xml"], ETag='"i"'), Reply(status=304))
    server.pages = {"/a.xml": news(1, ETag='"a"')}
    await world.poll()
    server.pages = {"/a.xml": news(1, 2, ETag='"b"')}
    row = await world.poll()
    assert server.asked[-1].headers["if-none-match"] == '"a"'
    assert row.last_reason == "new_body"
    assert len(await world.stories()) == 2


async def test_a_child_that_did_not_change_costs_a_304(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index(["/a.xml"], ETag='"i"'), Reply(status=304))
    server.pages = {"/a.xml": news(1, ETag='"a"')}
    await world.poll()
    server.pages = {"/a.xml": Reply(status=304)}
    row = await world.poll()
    assert (row.last_reason, row.failures) == ("not_modified", 0)
    assert len(await world.stories()) == 1


async def test_a_child_s_validators_are_stored_with_its_stories_or_not_at_all(
    world: World, server: FeedServer
) -> None:
    await watch(world, server)
    server.answer(index(["/a.xml"]))
    server.pages = {"/a.xml": news(1, ETag='"a"')}
    await world.store.write(lambda conn: conn.execute(sa.text("ALTER TABLE outbox RENAME TO away")))
    assert (await world.poll()).last_reason == "internal_error"
    await world.store.write(lambda conn: conn.execute(sa.text("ALTER TABLE away RENAME TO outbox")))
    await world.poll()
    assert "if-none-match" not in server.asked[-1].headers
    assert len(await world.stories()) == 1


async def test_a_child_cut_off_on_its_way_is_asked_for_again(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index({"/a.xml": hours_ago(1)}))
    server.pages = {"/a.xml": news(1, 2, tail="<url><loc>/story/3", ETag='"cut"')}
    assert (await world.poll()).last_reason == "partial_body"
    server.pages = {"/a.xml": news(1, 2, 3)}
    assert (await world.poll()).last_reason == "new_body"
    assert "if-none-match" not in server.asked[-1].headers
    assert len(await world.stories()) == 3


async def test_children_that_are_gone_are_not_asked_for_at_every_poll(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index(["/a.xml", "/gone.xml"]))
    server.pages = {"/a.xml": news(1), "/gone.xml": Reply(status=410)}
    assert (await world.poll()).last_reason == "new_body"
    asked(server)
    world.pass_time(minutes=30)
    await world.poll()
    assert asked(server) == ["/feed", "/a.xml"]
    world.pass_time(minutes=31)
    await world.poll()
    assert "/gone.xml" in asked(server)


@pytest.mark.parametrize(("status", "reason"), [(404, "not_found"), (500, "server_error")])
async def test_an_index_none_of_whose_children_can_be_read_is_a_failure(
    world: World, server: FeedServer, status: int, reason: str
) -> None:
    await watch(world, server)
    server.answer(index(["/a.xml", "/b.xml"], ETag='"i"'))
    server.pages = {"/a.xml": Reply(status=status), "/b.xml": Reply(status=status)}
    row = await world.poll()
    assert (row.last_reason, row.failures, row.etag) == (reason, 1, None)


async def test_an_index_without_children_is_an_empty_feed(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index([]))
    assert (await world.poll()).last_reason == "empty_feed"


async def test_a_child_that_asks_for_patience_ends_the_walk_and_is_obeyed(
    world: World, server: FeedServer
) -> None:
    await watch(world, server)
    server.answer(index(["/a.xml", "/b.xml", "/c.xml"]))
    server.pages = {
        "/a.xml": news(1),
        "/b.xml": Reply(status=429, headers={"Retry-After": "7200"}),
        "/c.xml": news(2),
    }
    row = await world.poll()
    assert asked(server) == ["/feed", "/a.xml", "/b.xml"]
    assert (row.last_reason, await world.due_in()) == ("rate_limited", 7200)
    assert await world.titles() == ["Story number 1"], "what came before it is published"
    await world.poll()
    assert len(await world.stories()) == 1


async def test_children_are_asked_for_one_at_a_time_with_a_pause(world: World, server: FeedServer) -> None:
    await watch(world, server, min_gap_s=0.1)
    server.answer(index(["/a.xml", "/b.xml", "/c.xml"]))
    server.pages = {f"/{name}.xml": news(number) for number, name in enumerate("abc", 1)}
    await world.poll()
    times = [one.at for one in server.asked]
    assert len(times) == 4
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(times))


async def test_a_child_that_redirects_off_the_outlet_is_not_followed(world: World, server: FeedServer) -> None:
    await watch(world, server)
    other = f"http://other.localhost:{server.port}/x.xml"
    server.answer(index(["/a.xml", other]))
    server.pages = {"/a.xml": Reply(status=302, headers={"Location": other})}
    assert (await world.poll()).last_reason == "redirect_refused"
    assert asked(server) == ["/feed", "/a.xml"]


async def test_an_index_that_bursts_with_entities_is_refused(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(Reply(b'<!DOCTYPE sitemapindex [<!ENTITY x "y">]><sitemapindex/>'))
    assert (await world.poll()).last_reason == "entities_refused"


async def test_of_fifty_thousand_children_the_five_hundred_that_changed_last_are_remembered(
    world: World, server: FeedServer
) -> None:
    await watch(world, server)
    many = {f"/{number}.xml": hours_ago(200 if number else 1) for number in range(49_999, -1, -1)}
    server.answer(index(many))
    server.pages = {"/0.xml": news(1)}
    assert (await world.poll()).last_reason == "new_body"
    count = sa.select(sa.func.count()).select_from(tables.sitemaps)
    assert await world.store.read(lambda conn: conn.execute(count).scalar()) == 500
    assert asked(server) == ["/feed", "/0.xml"]


async def test_what_an_index_no_longer_lists_is_forgotten(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index(["/a.xml", "/b.xml"]))
    server.pages = {"/a.xml": news(1), "/b.xml": news(2)}
    await world.poll()
    server.answer(index(["/b.xml"]))
    await world.poll()
    left = await world.store.read(lambda conn: conn.execute(sa.select(tables.sitemaps.c.url)).scalars().all())
    assert [url.rsplit("/", 1)[-1] for url in left] == ["b.xml"]


async def test_what_hung_below_a_forgotten_index_is_forgotten_too(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(index(["/1.xml"]), index(["/news.xml"]))
    server.pages = {
        "/1.xml": index(["/2.xml"]),
        "/2.xml": index(["/3.xml"]),
        "/3.xml": news(2),
        "/news.xml": news(1),
    }
    await world.poll()
    await world.poll()
    left = await world.store.read(lambda conn: conn.execute(sa.select(tables.sitemaps.c.url)).scalars().all())
    assert [url.rsplit("/", 1)[-1] for url in left] == ["news.xml"]


async def test_a_restart_remembers_what_was_read(world: World, server: FeedServer, tmp_path: Path) -> None:
    source = await watch(world, server)
    server.answer(index({"/a.xml": hours_ago(1)}, ETag='"i"'), Reply(status=304))
    server.pages = {"/a.xml": news(1)}
    await world.poll()
    asked(server)
    await world.close()
    again = World(tmp_path, owner="after the restart")
    await again.watch(source)
    assert (await again.poll()).last_reason == "not_modified"
    assert asked(server) == ["/feed"]
    await again.close()


async def test_a_plain_news_sitemap_is_read_as_before(world: World, server: FeedServer) -> None:
    await watch(world, server)
    server.answer(news(1, 2, ETag='"x"'))
    row = await world.poll()
    assert (row.last_reason, row.etag) == ("new_body", '"x"')
    assert len(await world.stories()) == 2
