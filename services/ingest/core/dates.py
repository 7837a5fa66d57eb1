"""Read the dates outlets write: numeric zones, WIB, WITA, WIT, ICT, Indonesian months, ISO.

feedparser's own dates are not used: it reads ``07:00:00 WIB`` as UTC, seven hours in the future, and says nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

#: Minutes east of UTC.  US zones are in RFC 822; the rest is what outlets in the region write.
ZONES = {
    "UT": 0, "UTC": 0, "GMT": 0, "Z": 0,
    "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420,
    "WIB": 420, "WITA": 480, "WIT": 540, "ICT": 420, "SGT": 480, "MYT": 480, "PHT": 480, "HKT": 480,
    "TLT": 540, "JST": 540, "KST": 540, "MMT": 390, "IST": 330, "AEST": 600, "CET": 60, "CEST": 120, "BST": 60,
}  # fmt: skip

_MONTH_NAMES = (
    ("jan", "januari", "january"), ("feb", "februari", "february", "pebruari"), ("mar", "maret", "march"),
    ("apr", "april"), ("may", "mei"), ("jun", "juni", "june"), ("jul", "juli", "july"),
    ("aug", "agustus", "august", "agu", "agt", "ags"), ("sep", "sept", "september"),
    ("oct", "okt", "oktober", "october"), ("nov", "november", "nopember"), ("dec", "des", "desember", "december"),
)  # fmt: skip
MONTHS = {name: number for number, names in enumerate(_MONTH_NAMES, start=1) for name in names}

#: Nothing we poll was online before; 1970 and 1900 are what broken software writes.
EARLIEST_YEAR = 2000
FUTURE_TOLERANCE = timedelta(minutes=15)

_ZONE = r"(?P<zone>Z|(?:UTC|GMT)?\s*[+-]\d{1,2}(?::?\d{2})?|[A-Za-z]{1,5})?"
_ISO = re.compile(
    r"^(?P<y>\d{4})-(?P<mo>\d{1,2})-(?P<d>\d{1,2})"
    r"(?:[T\s]+(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2})(?:[.,]\d+)?)?)?\s*" + _ZONE + "$"
)
_WORDS = re.compile(
    r"^(?:[^\W\d_]{3,9}['\u2019]?\w*,?\s+)?(?P<d>\d{1,2})[\s-]+(?P<mon>[^\W\d_]{3,9})\.?[\s-]+(?P<y>\d{4}|\d{2}),?"
    r"(?:[\s|]+(?:pukul\s+)?(?P<h>\d{1,2})[:.](?P<mi>\d{2})(?:[:.](?P<s>\d{2}))?)?\s*" + _ZONE + "$",
    re.IGNORECASE,
)
_US_WORDS = re.compile(
    r"^(?:[^\W\d_]{3,9},?\s+)?(?P<mon>[^\W\d_]{3,9})\.?\s+(?P<d>\d{1,2}),?\s+(?P<y>\d{4}),?"
    r"(?:[\s|]+(?P<h>\d{1,2}):(?P<mi>\d{2})(?::(?P<s>\d{2}))?)?\s*" + _ZONE + "$"
)


@dataclass(frozen=True)
class Moment:
    """An instant in UTC and whether its zone was only assumed."""

    at: datetime
    zone_assumed: bool = False


@dataclass(frozen=True)
class Dating:
    """When a story counts as published; ``flags`` say what had to be mended."""

    at: datetime
    assumed: bool
    flags: tuple[str, ...] = ()


def parse_moment(raw: str, default_offset_min: int) -> Moment | None:
    """The instant ``raw`` names, or None where it names none we would bet on."""
    text = " ".join(raw.split())[:80]
    for form in (_ISO, _WORDS, _US_WORDS):
        found = form.match(text)
        if found:
            return _moment(found.groupdict(), default_offset_min)
    return None


def date_story(published: str, updated: str, fetched_at: datetime, default_offset_min: int) -> Dating:
    """Publication time from the feed's strings; the fetch time where they are missing, garbage or ahead of us."""
    moment = parse_moment(published, default_offset_min) or parse_moment(updated, default_offset_min)
    if moment is None:
        return Dating(fetched_at, assumed=True, flags=("date_missing" if not published else "date_unreadable",))
    flags = ("zone_assumed",) if moment.zone_assumed else ()
    if moment.at > fetched_at + FUTURE_TOLERANCE:
        return Dating(fetched_at, assumed=True, flags=(*flags, "date_in_future"))
    return Dating(moment.at, assumed=False, flags=flags)


def _moment(parts: dict[str, str | None], default_offset_min: int) -> Moment | None:
    named = MONTHS.get((parts.get("mon") or "").lower(), 0)
    month = int(parts.get("mo") or named)
    zone = parts["zone"]
    offset = _offset(zone) if zone else default_offset_min
    year = int(parts["y"] or 0)
    if year < 100:
        year += 2000 if year < 69 else 1900  # RFC 2822 4.3
    if offset is None or year < EARLIEST_YEAR:
        return None
    try:
        local = datetime(
            year, month, int(parts["d"] or 0), int(parts["h"] or 0), int(parts["mi"] or 0),
            min(int(parts["s"] or 0), 59), tzinfo=timezone(timedelta(minutes=offset)),
        )  # fmt: skip
        return Moment(local.astimezone(UTC), zone_assumed=not zone)
    except (ValueError, OverflowError):
        return None


def _offset(zone: str) -> int | None:
    """Minutes east of UTC; None for a zone we do not know, which is better than a silent UTC."""
    name = zone.upper().replace(" ", "")
    if name in ZONES:
        return ZONES[name]
    found = re.fullmatch(r"(?:UTC|GMT)?([+-])(\d{1,2}):?(\d{2})?", name)
    if not found:
        return None
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    if minutes > 14 * 60:
        return None
    return minutes if found[1] == "+" else -minutes
