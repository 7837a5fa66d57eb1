"""Build feeds, sources and drafts for tests of ingest, plain unless told otherwise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from html import escape
from typing import Any

from services.ingest.core.revision import Draft, Known
from services.ingest.core.source import Outlet, Source

NOW = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
ACCEPT = "application/rss+xml, application/atom+xml;q=0.9, */*;q=0.1"


def an_outlet(**given: Any) -> Outlet:
    plain = Outlet(key="desk", name="The Desk", utc_offset_min=420, shape="plain", hosts=("desk.localhost",))
    return replace(plain, **given)


def antara() -> Outlet:
    return Outlet("antara", "ANTARA", 420, "antara", ("antaranews.com",))


def tribun() -> Outlet:
    return Outlet("tribun", "Tribun Network", 420, "tribun", ("tribunnews.com",))


def ppp() -> Outlet:
    return Outlet("ppp", "The Phnom Penh Post", 420, "wordpress", ("phnompenhpost.com",))


def a_source(**given: Any) -> Source:
    plain = Source(
        id="desk-all",
        outlet=an_outlet(),
        section="all",
        url="http://desk.localhost/feed",
        format="rss",
        language="id",
        default_region="ID-NT",
        enabled=True,
        min_interval_s=600,
        max_interval_s=7200,
        min_gap_s=0,
        fulltext="feed_only",
        loopback=True,
        politeness_key="desk.localhost",
        accept=ACCEPT,
    )
    return replace(plain, **given)


def an_item(
    number: int = 1,
    *,
    title: str = "",
    link: str | None = None,
    guid: str | None = None,
    date: str | None = None,
    age: timedelta = timedelta(hours=1),
    summary: str = "A summary of the story.",
    body: str = "",
) -> str:
    """One RSS item; ``age`` counts from NOW."""
    link = f"/story/{number}" if link is None else link
    guid = f"guid-{number}" if guid is None else guid
    date = format_datetime(NOW - age) if date is None else date
    parts = [f"<title>{escape(title or f'Story number {number}')}</title>"]
    parts += [f"<link>{escape(link)}</link>"] if link else []
    parts += [f'<guid isPermaLink="false">{escape(guid)}</guid>'] if guid else []
    parts += [f"<pubDate>{date}</pubDate>"] if date else []
    parts += [f"<description><![CDATA[{summary}]]></description>"]
    parts += [f"<content:encoded><![CDATA[{body}]]></content:encoded>"] if body else []
    return f"<item>{''.join(parts)}</item>"


def a_feed(items: Sequence[str] | int = 3, *, channel: str = "<title>The Desk</title>") -> bytes:
    """An RSS body; a number makes that many plain items, an hour apart."""
    if isinstance(items, int):
        items = [an_item(n, age=timedelta(hours=n)) for n in range(1, items + 1)]
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"'
        f"><channel>{channel}{''.join(items)}</channel></rss>"
    ).encode()


def a_draft(**given: Any) -> Draft:
    plain = Draft(
        story_id="desk:1",
        aliases=(),
        url="https://desk.example/1",
        title="Twelve workers stopped at the port",
        text="Police stopped twelve workers at the port.",
        language="en",
        section="all",
        published_at=NOW - timedelta(hours=1),
        published_at_source="feed",
        dateline="",
        byline="",
        method="rules",
        extractor="rules-desk/1",
        truncated=False,
    )
    return replace(plain, **given)


def known_of(draft: Draft, **given: Any) -> Known:
    plain = Known(
        version=1,
        title=draft.title,
        text=draft.text,
        method=draft.method,
        truncated=draft.truncated,
        published_at=draft.published_at,
        channels=frozenset({"desk-all"}),
    )
    return replace(plain, **given)
