"""`siaga feeds probe` says what a source is worth, and a bad one is told in the exit status."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from services.cli.demo.feeds import SeedFeeds
from services.cli.feeds import probe_all
from services.ingest.core.source import Fallback
from services.ingest.probe import Prober, Report
from services.ingest.sources import load_sources
from tests.ingest.builders import a_feed, an_item
from tests.ingest.test_sitemaps import index, news
from tests.ingest.world import AGENT, FeedServer, RawServer, Reply, World

ROOT = Path(__file__).resolve().parents[2]


async def probe(world: World, server: FeedServer, reply: Reply, **given: object) -> Report:
    server.answer(reply)
    prober = Prober(AGENT)
    try:
        return await prober.probe(world.watch_at(server.port, **given))
    finally:
        await prober.close()


async def test_a_good_source_is_usable(world: World, server: FeedServer) -> None:
    report = await probe(
        world, server, Reply(a_feed(fresh(5)), headers={"ETag": '"x"', "Cache-Control": "max-age=60"})
    )
    assert (report.verdict, report.good, report.items, report.dated) == ("usable", True, 5, 5)
    assert (report.etag, report.max_age_s, report.window_h) == ('"x"', 60, 4.0)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Reply(status=403), "blocked"),
        (Reply(status=404), "not_found"),
        (Reply(b"<html>x</html>"), "not_a_feed"),
        (Reply(a_feed([an_item(n, link="/") for n in range(5)])), "links_not_distinct"),
        (Reply(status=302, headers={"Location": "https://evil.example/"}), "redirect_refused"),
    ],
)
async def test_a_bad_source_is_not(world: World, server: FeedServer, reply: Reply, verdict: str) -> None:
    report = await probe(world, server, reply)
    assert (report.verdict, report.good) == (verdict, False)


def fresh(number: int = 6, **given: Any) -> list[str]:
    """Items as old as the wall clock wants them."""
    now = datetime.now(UTC)
    dates = [format_datetime(now - timedelta(hours=n)) for n in range(1, number + 1)]
    return [an_item(n, date=date, **given) for n, date in enumerate(dates, 1)]


ANTARA_SUMMARY = (
    '<img src="https://img.antaranews.com/cache/800x533/2026/03/04/a.jpg" align="left" border="0">'
    "Polisi menahan dua orang di pelabuhan&nbsp;itu pada Rabu pagi dan memeriksa ... "
)


async def test_a_desk_s_feed_of_summaries_is_usable_and_has_no_bodies(world: World, server: FeedServer) -> None:
    report = await probe(world, server, Reply(a_feed(fresh(20, summary=ANTARA_SUMMARY)), headers={"ETag": '"x"'}))
    assert (report.verdict, report.items, report.with_body, report.usable_links) == ("usable", 20, 0, 20)
    assert report.remarks == []


async def test_a_wordpress_feed_has_its_bodies(world: World, server: FeedServer) -> None:
    headers = {"ETag": '"x"', "Content-Type": "application/rss+xml; charset=UTF-8", "Server": "nginx"}
    report = await probe(
        world, server, Reply(a_feed(fresh(10, body="<p>Words of a story. </p>" * 60)), headers=headers)
    )
    assert (report.verdict, report.with_body, report.server) == ("usable", 10, "nginx")


@pytest.mark.parametrize(
    ("items", "headers", "verdict", "remark"),
    [
        (fresh(), {}, "usable", "no validators: asked hourly at most"),
        (fresh(2), {"ETag": '"x"'}, "usable", "few items: 2"),
        (fresh(guid="same"), {"ETag": '"x"'}, "usable", "guids do not tell stories apart"),
        (fresh(), {"ETag": '"x"', "Content-Type": "text/html"}, "usable", "calls itself text/html"),
        (fresh(summary=""), {"ETag": '"x"'}, "usable", "headlines only"),
        ([an_item(n, date="kemarin") for n in range(6)], {"ETag": '"x"'}, "usable", "6 without a date we trust"),
        (fresh(1) * 2 + fresh(6)[1:], {"ETag": '"x"'}, "usable", "guids do not tell stories apart"),
        ([an_item(n, age=timedelta(days=400)) for n in range(6)], {"ETag": '"x"'}, "dormant", ""),
        (
            [an_item(n, link=f"https://news.example/rss/articles/{n}", date="") for n in range(6)],
            {"ETag": '"x"'},
            "no_usable_links",
            "6 links refused: other_host",
        ),
    ],
)
async def test_what_to_look_at_before_enabling_is_said(
    world: World, server: FeedServer, items: list[str], headers: dict[str, str], verdict: str, remark: str
) -> None:
    report = await probe(world, server, Reply(a_feed(items), headers=headers))
    assert report.verdict == verdict
    assert not remark or remark in report.remarks


async def test_a_feed_that_turns_over_faster_than_it_is_polled_is_said(world: World, server: FeedServer) -> None:
    now = datetime.now(UTC)
    items = [an_item(n, date=format_datetime(now - timedelta(minutes=n))) for n in range(1, 21)]
    report = await probe(world, server, Reply(a_feed(items), headers={"ETag": '"x"'}))
    assert report.remarks == ["turns over in 19 minutes: min_interval_s 600 may miss stories"]


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Reply(b"<html>Just a moment", status=403, headers={"cf-mitigated": "challenge"}), "challenged"),
        (Reply(b"<!DOCTYPE html><title>Just a moment...</title>"), "not_a_feed"),
        (Reply(status=410), "gone"),
        (Reply(status=429, headers={"Retry-After": "60"}), "rate_limited"),
        (Reply(status=503), "unavailable"),
        (Reply(a_feed([])), "empty_feed"),
        (Reply(gzip.compress(bytes(20_000_000)), headers={"Content-Encoding": "gzip"}), "too_large"),
        (Reply(b'<!DOCTYPE rss [<!ENTITY x "y">]><rss/>'), "entities_refused"),
    ],
)
async def test_walls_and_wrecks_are_told_apart(
    world: World, server: FeedServer, reply: Reply, verdict: str
) -> None:
    assert (await probe(world, server, reply)).verdict == verdict


async def test_of_a_sitemap_index_the_first_news_sitemap_is_read(world: World, server: FeedServer) -> None:
    server.pages = {"/sitemap_news.xml": news(*range(1, 7)), "/sitemap_web.xml": news(9)}
    listed = index(["/sitemap_images.xml", "/sitemap_web.xml", "/sitemap_news.xml"])
    report = await probe(world, server, listed, format="news_sitemap")
    assert (report.items, report.usable_links) == (6, 6)
    assert report.remarks[1].startswith("an index of 3 sitemaps, read http://desk.localhost")
    assert [one.path for one in server.asked] == ["/feed", "/sitemap_news.xml"]


async def test_an_index_of_pictures_is_no_source(world: World, server: FeedServer) -> None:
    report = await probe(world, server, index(["/sitemap_images.xml"]), format="news_sitemap")
    assert (report.verdict, len(server.asked)) == ("empty_feed", 1)


async def test_the_fallback_is_asked_only_where_it_must_serve(world: World, server: FeedServer) -> None:
    fallback = Fallback(f"http://desk.localhost:{server.port}/second", "rss")
    server.pages = {"/second": Reply(a_feed(fresh()))}
    report = await probe(world, server, Reply(status=404), fallback=fallback)
    assert (report.verdict, report.good, report.fallback) == ("not_found", False, "usable")
    server.asked.clear()
    assert (await probe(world, server, Reply(a_feed(fresh())), fallback=fallback)).good
    assert [one.path for one in server.asked] == ["/feed"]


async def test_a_key_in_an_address_is_not_shown(world: World, server: FeedServer) -> None:
    url = f"http://desk.localhost:{server.port}/feed?key=hunter2"
    server.pages = {"/feed?key=hunter2": Reply(status=301, headers={"Location": "/new?key=hunter2"})}
    server.pages["/new?key=hunter2"] = Reply(a_feed(fresh()))
    report = await probe(world, server, Reply(b""), url=url)
    assert report.verdict == "usable"
    assert "hunter2" not in str(report)


async def test_sources_of_one_domain_are_asked_one_after_the_other(world: World, server: FeedServer) -> None:
    base = f"http://desk.localhost:{server.port}"
    server.pages = {f"/{n}": Reply(a_feed(fresh())) for n in range(4)}
    sources = [world.watch_at(server.port, id=f"s{n}", url=f"{base}/{n}", min_gap_s=0.1) for n in range(4)]
    reports = await probe_all(sources, AGENT, Console(stderr=True))
    assert [report.verdict for report in reports] == ["usable"] * 4
    times = sorted(one.at for one in server.asked)
    assert all(later - earlier >= 0.1 for earlier, later in pairwise(times))


async def test_a_source_nobody_answers_for_is_a_network_failure(world: World) -> None:
    gone = RawServer(_never)
    await gone.start()
    await gone.stop()
    prober = Prober(AGENT)
    report = await prober.probe(world.watch_at(gone.port))
    await prober.close()
    assert report.verdict == "network"


async def test_every_source_of_the_demo_is_usable() -> None:
    demo = SeedFeeds(ROOT / "seeds" / "stories", scene_every_s=0)
    port = await demo.start()
    prober = Prober(AGENT)
    sources = load_sources(ROOT / "seeds" / "feeds.demo.yaml", loopback_port=port)
    verdicts = {source.id: (await prober.probe(source)).verdict for source in sources}
    await prober.close()
    await demo.stop()
    assert verdicts == {source.id: "usable" for source in sources}
    json.dumps(verdicts)


async def _never(*_: object) -> None:
    raise AssertionError("nobody connects here")
