"""Find the day of the event in the words of a story, near the day it was published."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

from services.tagger.core.numerals import digits_in
from services.tagger.core.reading import Reading
from services.tagger.core.spans import Span

_MONTH_WORDS = (
    "januari january jan",
    "februari february feb",
    "maret march mar",
    "april apr",
    "mei may",
    "juni june jun",
    "juli july jul",
    "agustus august aug agu",
    "september sept sep",
    "oktober october oct okt",
    "november nov",
    "desember december dec des",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_WORDS, 1) for name in names.split()}
_SLASHED = re.compile(r"\((?P<day>\d{1,2})/(?P<month>\d{1,2})(?:/(?P<year>\d{2,4}))?\)")
_SPELT = re.compile(
    r"\b(?P<day>\d{1,2})\s+(?P<month>[A-Z][a-z]{2,8})(?:\s+(?P<year>20\d\d))?\b"
    r"|\b(?P<month2>[A-Z][a-z]{2,8})\.?\s+(?P<day2>\d{1,2})(?:,?\s+(?P<year2>20\d\d))?\b"
)
_MONTH_BEFORE = re.compile(r"[A-Z][a-z]{2,8}\.?\Z")
_LONGEST_MONTH = 10  # with a stop
_SEARCHED = 6000
_DAY_DIGITS = 2


def is_year(text: str, start: int) -> bool:
    """Whether a month stands right before this number: "On 17 October 2010 officers"."""
    before = text[max(0, start - 12) : start].split()
    return bool(before) and before[-1].strip(".,").lower() in _MONTHS


def dates_in(reading: Reading, published: date | None) -> Iterator[tuple[date, Span]]:
    """Dates in the text, not later than publication and not older than ninety days before it."""
    text = reading.whole[:_SEARCHED]
    for found in (*_SLASHED.finditer(text), *_spelt(text)):
        parts = found.groupdict()
        day, month = parts.get("day") or parts.get("day2"), parts.get("month") or parts.get("month2")
        year = parts.get("year") or parts.get("year2")
        number = _MONTHS.get(str(month).lower()) or (int(month) if month and month.isdigit() else None)
        if not day or not number:
            continue
        resolved = _resolve(int(day), number, year, published)
        if resolved:
            yield resolved, reading.span(found.start(), found.end(), "facts/event_date")


def _spelt(text: str) -> Iterator[re.Match[str]]:
    """What ``_SPELT`` finds, each beginning after the end of the one before; looked for about the digits only.

    Tried at every letter the pattern costs as much as three passes over the story.
    """
    at = last = 0
    for start, end in digits_in(text):
        found = None
        if end - start <= _DAY_DIGITS:
            word = text[last:start].rstrip()
            before = _MONTH_BEFORE.search(word, max(0, len(word) - _LONGEST_MONTH))
            if before and last + before.start() >= at:
                found = _SPELT.match(text, last + before.start())
            if not found and start >= at:
                found = _SPELT.match(text, start)
        if found:
            yield found
            at = found.end()
        last = end


def _resolve(day: int, month: int, year: str | None, published: date | None) -> date | None:
    if year is None and published is None:
        return None
    try:
        full = int(year) + (2000 if len(year) == 2 else 0) if year else published.year if published else 0
        found = date(full, month, day)
        if year is None and published and (found - published).days > 30:
            found = date(full - 1, month, day)  # "30/12" read in January
    except ValueError:
        return None
    if published and not -1 <= (published - found).days <= 90:
        return None
    return found
