"""Decide which sitemaps of an index are worth a request: what changed, what is news, and never without end."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit

from services.ingest.core.conditional import NONE, Validators
from services.ingest.core.dates import parse_moment
from services.ingest.core.identity import belongs, is_local
from services.ingest.core.source import Source

#: An index in an index in an index: more is a loop by other means.
DEPTH_MAX = 3
#: Sitemaps asked for in one poll; each costs its domain a request and a pause.
READS_MAX = 12
#: Of one index, so many are remembered.
CHILDREN_MAX = 500
#: An archive by month has hundreds of parts that will never change again.
OLD_AFTER = timedelta(days=3)
#: A ``lastmod`` that stands still is believed this long; then the sitemap is asked for conditionally.
BELIEVED_FOR = timedelta(hours=24)
#: A child that is missing or makes no sense is left alone so long.
RETRY_FAILED_AFTER = timedelta(hours=1)
#: Pictures, videos and adverts are no stories.
_NOT_NEWS = re.compile(
    r"(?:^|[-_/.])(?:image|images|img|foto|photo|video|videos|author|authors|tag|tags|iklan-online|iklan)(?=[-_/.]|$)"
)
_NEWS = re.compile(r"(?:^|[-_/.])(?:news|berita)(?=[-_/.]|$)")
_DAY_ONLY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Child:
    """A sitemap as its index lists it; ``lastmod`` as written, empty where the index says nothing."""

    url: str
    lastmod: str = ""


@dataclass(frozen=True)
class Sitemap:
    """A listed sitemap as it was read last.

    ``parent`` is its index, ``listed_lastmod`` what that says of it now, ``lastmod`` what it said when it was
    read.  ``read_at`` None: never read; ``failed_at``: since then it could not be.
    """

    url: str
    parent: str
    listed_lastmod: str = ""
    lastmod: str = ""
    validators: Validators = NONE
    body_hash: str | None = None
    is_index: bool = False
    read_at: datetime | None = None
    failed_at: datetime | None = None


class SitemapReason(StrEnum):
    """Why a sitemap is read, or why it is not."""

    READ = "read"
    UNCHANGED = "unchanged"
    OLD = "old"
    OTHER_HOST = "other_host"
    BAD_ADDRESS = "bad_address"
    NOT_NEWS = "not_news"
    TOO_DEEP = "too_deep"
    SEEN = "seen"
    FAILED_LATELY = "failed_lately"
    LATER = "later"


def judge_child(
    child: Child, known: Sitemap | None, source: Source, *, depth: int, seen: Collection[str], now: datetime
) -> SitemapReason:
    """Whether a listed sitemap is asked for.

    Args:
        known: what was read of it before.
        depth: 1 for what the source's own address lists.
        seen: addresses this poll has met already: an index that lists itself, or its parent, ends here.
    """
    refused = SitemapReason.SEEN if child.url in seen else _refused(child.url, source)
    if refused:
        return refused
    if depth > DEPTH_MAX:
        return SitemapReason.TOO_DEEP
    changed_at = _changed_at(child, source)
    if changed_at and now - changed_at > OLD_AFTER:
        return SitemapReason.OLD
    if known is not None and known.failed_at and timedelta(0) <= now - known.failed_at < RETRY_FAILED_AFTER:
        return SitemapReason.FAILED_LATELY
    return SitemapReason.UNCHANGED if _is_unchanged(child, known, changed_at, now) else SitemapReason.READ


def in_order(children: Sequence[Child], known: dict[str, Sitemap]) -> list[Child]:
    """News first, then what was not read for longest, so that none of a long index starves."""

    def rank(child: Child) -> tuple[bool, float]:
        before = known.get(child.url)
        read_at = before.read_at if before else None
        return not _NEWS.search(urlsplit(child.url).path.lower()), read_at.timestamp() if read_at else 0.0

    return sorted(children, key=rank)


def _refused(url: str, source: Source) -> SitemapReason | None:
    """A sitemap is fetched, so the rules of a redirect hold: the outlet's hosts, encrypted, the usual port."""
    try:
        split = urlsplit(url)
        host, port = (split.hostname or "").lower(), split.port
    except ValueError:
        return SitemapReason.BAD_ADDRESS
    local = is_local(host)
    if split.scheme != ("http" if local else "https") or "@" in split.netloc or local is not source.loopback:
        return SitemapReason.BAD_ADDRESS
    if port not in (None, 443) and not local:
        return SitemapReason.BAD_ADDRESS
    if not belongs(host, source.outlet.hosts):
        return SitemapReason.OTHER_HOST
    return SitemapReason.NOT_NEWS if _NOT_NEWS.search(split.path.lower()) else None


def _changed_at(child: Child, source: Source) -> datetime | None:
    """The latest moment ``lastmod`` may mean, or None where it cannot be read."""
    moment = parse_moment(child.lastmod, source.outlet.utc_offset_min)
    if moment is None:
        return None
    return moment.at + timedelta(days=1) if _DAY_ONLY.fullmatch(child.lastmod.strip()) else moment.at


def _is_unchanged(child: Child, known: Sitemap | None, changed_at: datetime | None, now: datetime) -> bool:
    if known is None or known.read_at is None or changed_at is None or child.lastmod != known.lastmod:
        return False
    # A day or a second that had not ended when we read it may hold a change we did not see.
    return changed_at < known.read_at and now - known.read_at < BELIEVED_FOR
