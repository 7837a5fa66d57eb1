"""What a feed body said, and whether it can be believed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from services.ingest.core.sitemap import Child

#: Below this share of distinct links a feed points at its homepage instead of at stories.
DISTINCT_LINKS_MIN = 0.5


@dataclass(frozen=True)
class Entry:
    """One item as the feed gave it: raw strings, nothing resolved but the link."""

    link: str
    guid: str = ""
    title: str = ""
    published: str = ""
    updated: str = ""
    summary_html: str = ""
    content_html: str = ""
    author: str = ""


@dataclass(frozen=True)
class ParsedFeed:
    """A feed body after parsing.

    ``skip_hours`` are UTC hours, ``skip_days`` ISO weekdays (Monday 1).  ``cut``: it held more items than we
    read.  ``unfinished``: its end is missing.  ``dropped``: items without a link or a heading.  ``children``:
    the sitemaps an index lists, None where the body is no index.
    """

    entries: tuple[Entry, ...] = ()
    version: str = ""
    title: str = ""
    ttl_s: float | None = None
    update_period_s: float | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()
    malformed: str = ""
    cut: bool = False
    unfinished: bool = False
    dropped: int = 0
    children: tuple[Child, ...] | None = None


class FeedVerdict(StrEnum):
    """Whether the entries may be used."""

    USABLE = "usable"
    EMPTY = "empty_feed"
    NOT_A_FEED = "not_a_feed"
    LINKS_NOT_DISTINCT = "links_not_distinct"


def judge(feed: ParsedFeed) -> FeedVerdict:
    """Refuse an error page, and a feed whose links all lead to the same page.

    A feed of one item cannot be told from a homepage link, so it passes.
    """
    if not feed.version and not feed.entries:
        return FeedVerdict.NOT_A_FEED
    if not feed.entries:
        return FeedVerdict.EMPTY
    if len(feed.entries) > 1 and distinct_share([e.link for e in feed.entries]) < DISTINCT_LINKS_MIN:
        return FeedVerdict.LINKS_NOT_DISTINCT
    return FeedVerdict.USABLE


def distinct_share(values: Sequence[str]) -> float:
    """The share of different values, empty ones counting as one and the same; 1.0 of nothing."""
    return len(set(values)) / len(values) if values else 1.0


def guids_are_distinct(feed: ParsedFeed) -> bool:
    """Whether guids name stories: every item has one and no two share it."""
    guids = [entry.guid for entry in feed.entries]
    return bool(guids) and all(guids) and len(set(guids)) == len(guids)
