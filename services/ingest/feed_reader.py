"""Read feed bytes with feedparser; only ever called inside the parse worker."""

from __future__ import annotations

import calendar
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin

import feedparser
from feedparser import encodings
from feedparser.mixin import _FeedParserMixin

from services.ingest.body import ITEMS_MAX, EntitiesRefusedError, ends_early, prepared, whole
from services.ingest.core.feed import Entry, ParsedFeed

FIELD_MAX = 20_000
BODY_FIELD_MAX = 300_000
AUTHOR_MAX = 512
_PERIODS_S = {
    "hourly": 3600.0,
    "daily": 86400.0,
    "weekly": 7 * 86400.0,
    "monthly": 30 * 86400.0,
    "yearly": 365 * 86400.0,
}
_WEEKDAYS = {name.lower(): number for number, name in enumerate(calendar.day_name, start=1)}


def guard_feedparser() -> None:
    """Keep long author fields from feedparser's e-mail pattern, and its decoding from what is installed beside it.

    In 6.0.14 the pattern takes 10 s for 31 KB of ``a@a.a.a...`` (pull request 580 upstream, open).  Where a
    ``chardet`` can be imported it guesses before it tries UTF-8: the same bytes would then read otherwise.
    """
    encodings.lazy_chardet_encoding = None
    original: Callable[..., None] = _FeedParserMixin._sync_author_detail

    def sync(self: Any, key: str = "author") -> None:
        if len(str(self._get_context().get(key) or "")) <= AUTHOR_MAX:
            original(self, key)

    _FeedParserMixin._sync_author_detail = sync


@dataclass(frozen=True)
class Interpreted:
    """A body as feedparser understood it.  ``body``: what it got; ``cut``: the first ITEMS_MAX items only."""

    found: Mapping[str, Any]
    body: bytes
    cut: bool


def interpret(body: bytes, content_type: str, url: str) -> Interpreted:
    """Have feedparser read a body, without the ways of it that are dangerous.  Raises EntitiesRefusedError."""
    body, cut = prepared(body)
    # Without a Content-Type feedparser takes a body that names no encoding for ISO-8859-1.
    headers = {"content-location": url, "content-type": content_type or "application/xml"}
    # Never a str or bytes: feedparser would open a file of that name.
    found = feedparser.parse(
        io.BytesIO(body), sanitize_html=False, resolve_relative_uris=False, response_headers=headers
    )
    return Interpreted(found, body, cut)


def read_feed(body: bytes, content_type: str, url: str) -> ParsedFeed:
    """The entries of an RSS or Atom body, at most ITEMS_MAX, markup untouched.

    Raises EntitiesRefusedError.
    """
    read = interpret(body, content_type, url)
    found, body, cut = read.found, read.body, read.cut
    about: Mapping[str, Any] = found.get("feed", {})
    raw = whole(found.get("entries", []), body)
    entries = [entry_of(one, url) for one in raw[:ITEMS_MAX]]
    usable = tuple(entry for entry in entries if entry.link and entry.title)
    return ParsedFeed(
        entries=usable,
        version=str(found.get("version") or ""),
        title=_text(about, "title"),
        ttl_s=_minutes(_text(about, "ttl")),
        update_period_s=_period(about),
        skip_hours=_skip_hours(body),
        skip_days=_skip_days(body),
        malformed=type(found["bozo_exception"]).__name__
        if found.get("bozo") and "bozo_exception" in found
        else "",
        cut=cut,
        unfinished=not cut and ends_early(body),
        dropped=len(raw) - len(usable),
    )


def entry_of(raw: Mapping[str, Any], url: str) -> Entry:
    """One of feedparser's entries as ours."""
    content = next((str(one.get("value") or "") for one in raw.get("content", []) if isinstance(one, Mapping)), "")
    return Entry(
        link=_link(raw, url),
        guid=_text(raw, "id").replace("\0", ""),  # PostgreSQL keeps no such character
        title=_text(raw, "title"),
        published=_text(raw, "published")[:100],
        updated=_text(raw, "updated")[:100],
        summary_html=_text(raw, "summary", BODY_FIELD_MAX),
        content_html=content[:BODY_FIELD_MAX],
        author=_text(raw, "author")[:AUTHOR_MAX],
    )


def _link(raw: Mapping[str, Any], url: str) -> str:
    """The entry's address, resolved; a guid that only looks like a link ("12345") is none."""
    link = "".join(_text(raw, "link").split())
    if not link:
        return ""
    has_own = any(one.get("rel") == "alternate" for one in raw.get("links", []) if isinstance(one, Mapping))
    if not has_own and not re.match(r"(?i)https?:", link):
        return ""
    try:
        return urljoin(url, link)
    except ValueError:
        return ""


def _text(raw: Mapping[str, Any], key: str, limit: int = FIELD_MAX) -> str:
    value = raw.get(key)
    return value[:limit] if isinstance(value, str) else ""


def _minutes(text: str) -> float | None:
    return float(text) * 60 if re.fullmatch(r"\d{1,6}", text.strip()) and int(text) > 0 else None


def _period(about: Mapping[str, Any]) -> float | None:
    """``sy:updatePeriod`` divided by ``sy:updateFrequency``; WordPress writes hourly and 1."""
    period = _PERIODS_S.get(_text(about, "sy_updateperiod").strip().lower())
    often = _text(about, "sy_updatefrequency").strip() or "1"
    if period is None or not re.fullmatch(r"\d{1,4}", often) or int(often) < 1:
        return None
    return period / int(often)


def _skip_hours(body: bytes) -> frozenset[int]:
    """feedparser does not read skipHours; 24 means 0 in old feeds, what is no hour is passed over."""
    block = re.search(rb"<skipHours>(.{0,4000}?)</skipHours>", body, re.IGNORECASE | re.DOTALL)
    hours = re.findall(rb"<hour>\s*(\d{1,2})\s*</hour>", block[1]) if block else []
    return frozenset(int(hour) for hour in hours if int(hour) < 24)


def _skip_days(body: bytes) -> frozenset[int]:
    block = re.search(rb"<skipDays>(.{0,4000}?)</skipDays>", body, re.IGNORECASE | re.DOTALL)
    days = re.findall(rb"<day>\s*([A-Za-z]{1,20})\s*</day>", block[1]) if block else []
    return frozenset(_WEEKDAYS[name] for day in days if (name := day.decode().lower()) in _WEEKDAYS)


__all__ = ["EntitiesRefusedError", "Interpreted", "entry_of", "guard_feedparser", "interpret", "read_feed"]
