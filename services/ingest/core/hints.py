"""Read what a server asks of its clients: Retry-After, Cache-Control, Expires, and the feed's own ttl."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from services.ingest.core.feed import ParsedFeed
from services.ingest.core.outcome import Hints


def hints_of(headers: Mapping[str, str], now: datetime, feed: ParsedFeed | None = None) -> Hints:
    """Everything the answer asks for, in seconds; garbage counts as not said.

    Args:
        headers: lower-case names.
    """
    ttls = [s for s in (feed.ttl_s, feed.update_period_s) if s] if feed else []
    return Hints(
        retry_after_s=retry_after(headers.get("retry-after", ""), now),
        max_age_s=freshness(headers, now),
        ttl_s=max(ttls) if ttls else None,
        skip_hours=feed.skip_hours if feed else frozenset(),
        skip_days=feed.skip_days if feed else frozenset(),
    )


def retry_after(value: str, now: datetime) -> float | None:
    """RFC 9110 section 10.2.3: seconds or an HTTP date; one in the past or unreadable counts as missing."""
    value = value.strip()
    if re.fullmatch(r"\d{1,12}", value):
        return float(value) or None
    at = _http_date(value)
    seconds = (at - now).total_seconds() if at else 0.0
    return seconds if seconds > 0 else None


def freshness(headers: Mapping[str, str], now: datetime) -> float | None:
    """How long the answer stays fresh: s-maxage, max-age, then Expires; None where it says nothing of use."""
    directives = headers.get("cache-control", "").lower()
    if re.search(r"\b(?:no-cache|no-store)\b", directives):
        return None
    for name in ("s-maxage", "max-age"):
        found = re.search(rf"(?:^|[,\s]){name}\s*=\s*\"?(\d{{1,10}})", directives)
        if found:
            return float(found[1]) or None
    at = _http_date(headers.get("expires", ""))
    seconds = (at - now).total_seconds() if at else 0.0
    return seconds if seconds > 0 else None


def _http_date(value: str) -> datetime | None:
    if not re.search(r"[A-Za-z]{3}", value):
        return None
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
