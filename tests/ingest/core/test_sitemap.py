"""Which sitemaps of an index are worth a request."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from services.ingest.core.sitemap import DEPTH_MAX, Child, Sitemap, SitemapReason, in_order, judge_child
from tests.ingest.builders import NOW, a_source, tribun

ROOT = "https://kaltara.tribunnews.com/sitemap.xml"
NEWS = "https://kaltara.tribunnews.com/sitemap_news.xml"
SOURCE = a_source(outlet=tribun(), url=ROOT, format="news_sitemap", loopback=False)
AN_HOUR_AGO = (NOW - timedelta(hours=1)).isoformat()
READ = Sitemap(NEWS, ROOT, lastmod=AN_HOUR_AGO, listed_lastmod=AN_HOUR_AGO, read_at=NOW - timedelta(minutes=10))


def judge(
    url: str = NEWS,
    lastmod: str = "",
    known: Sitemap | None = None,
    *,
    depth: int = 1,
    seen: tuple[str, ...] = (ROOT,),
) -> SitemapReason:
    return judge_child(Child(url, lastmod), known, SOURCE, depth=depth, seen=seen, now=NOW)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (ROOT, SitemapReason.SEEN),
        ("https://evil.example/sitemap_news.xml", SitemapReason.OTHER_HOST),
        ("https://tribunnews.com.evil.example/sitemap_news.xml", SitemapReason.OTHER_HOST),
        ("http://kaltara.tribunnews.com/sitemap_news.xml", SitemapReason.BAD_ADDRESS),
        ("https://user@kaltara.tribunnews.com/sitemap_news.xml", SitemapReason.BAD_ADDRESS),
        ("https://kaltara.tribunnews.com:22/sitemap_news.xml", SitemapReason.BAD_ADDRESS),
        ("http://kaltara.localhost/sitemap_news.xml", SitemapReason.BAD_ADDRESS),
        ("file:///etc/passwd", SitemapReason.BAD_ADDRESS),
        ("https://[::1/x", SitemapReason.BAD_ADDRESS),
        ("https://kaltara.tribunnews.com/nasional/sitemap-images.xml", SitemapReason.NOT_NEWS),
        ("https://kaltara.tribunnews.com/iklan-online/sitemap-news.xml", SitemapReason.NOT_NEWS),
        ("https://kaltara.tribunnews.com/sitemap_video.xml", SitemapReason.NOT_NEWS),
    ],
)
def test_a_child_that_leads_elsewhere_is_not_asked_for(url: str, reason: SitemapReason) -> None:
    assert judge(url) is reason


@pytest.mark.parametrize(
    "url",
    [
        NEWS,
        "https://kaltara.tribunnews.com/nasional/sitemap-news.xml",
        "https://www.tribunnews.com/imagery/sitemap.xml",
    ],
)
def test_a_child_of_the_outlet_is_asked_for(url: str) -> None:
    assert judge(url) is SitemapReason.READ


def test_a_child_too_deep_is_not_asked_for_and_one_less_deep_is() -> None:
    assert judge(depth=DEPTH_MAX + 1) is SitemapReason.TOO_DEEP
    assert judge(depth=DEPTH_MAX) is SitemapReason.READ


def test_a_child_that_did_not_change_is_not_asked_for() -> None:
    assert judge(lastmod=AN_HOUR_AGO, known=READ) is SitemapReason.UNCHANGED


@pytest.mark.parametrize(
    ("lastmod", "known"),
    [
        pytest.param(NOW.isoformat(), READ, id="it changed"),
        pytest.param("", READ, id="its index says nothing"),
        pytest.param("", replace(READ, lastmod=""), id="its index never said anything"),
        pytest.param("soon", replace(READ, lastmod="soon"), id="its index says nothing that can be read"),
        pytest.param(AN_HOUR_AGO, replace(READ, read_at=None), id="it was never read"),
        pytest.param(AN_HOUR_AGO, None, id="it is new"),
        pytest.param(
            AN_HOUR_AGO, replace(READ, read_at=NOW - timedelta(hours=2)), id="it was read before it changed"
        ),
        pytest.param(
            f"{NOW:%Y-%m-%d}", replace(READ, lastmod=f"{NOW:%Y-%m-%d}"), id="the day of its change is not over"
        ),
        pytest.param(
            (NOW - timedelta(hours=30)).isoformat(),
            replace(READ, lastmod=(NOW - timedelta(hours=30)).isoformat(), read_at=NOW - timedelta(hours=25)),
            id="it stands still for more than a day",
        ),
    ],
)
def test_a_child_that_may_have_changed_is_asked_for(lastmod: str, known: Sitemap | None) -> None:
    assert judge(lastmod=lastmod, known=known) is SitemapReason.READ


def test_the_archive_is_left_alone_and_yesterday_is_not() -> None:
    assert judge(lastmod=(NOW - timedelta(days=4)).isoformat()) is SitemapReason.OLD
    assert judge(lastmod=(NOW - timedelta(days=1)).isoformat()) is SitemapReason.READ


def test_a_child_that_failed_is_left_alone_for_an_hour_and_no_longer() -> None:
    failed = replace(READ, read_at=None, failed_at=NOW - timedelta(minutes=59))
    assert judge(known=failed) is SitemapReason.FAILED_LATELY
    assert judge(known=replace(failed, failed_at=NOW - timedelta(minutes=61))) is SitemapReason.READ


def test_news_come_first_and_then_what_was_not_read_for_longest() -> None:
    base = "https://www.tribunnews.com/"
    known = {
        f"{base}b.xml": Sitemap(f"{base}b.xml", ROOT, read_at=NOW),
        f"{base}a.xml": Sitemap(f"{base}a.xml", ROOT),
    }
    children = [Child(f"{base}{name}") for name in ("b.xml", "a.xml", "x/sitemap-news.xml")]
    assert [one.url.rsplit("/", 1)[-1] for one in in_order(children, known)] == [
        "sitemap-news.xml",
        "a.xml",
        "b.xml",
    ]
