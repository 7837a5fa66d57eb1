"""What somebody wants to see: read from a link, written back into one, so that a link repeats a search."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from urllib.parse import urlencode

from services.contracts.codes import Kind, Role, Topic

_REGION = re.compile(r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")
#: So many incidents or stories are on a page.
PAGE = 30
DAYS = (1, 3, 7, 30, 90, 365)
DEFAULT_DAYS = 7
WORDS_LONGEST = 200
PAGE_HIGHEST = 500


@dataclass(frozen=True)
class Wanted:
    """A filter; empty text and zero mean "any".

    Attributes:
        words: full text, every word of it.
        place: ISO 3166-1 country or 3166-2 region; ``mine`` stands for the official's own regions.
        severity: at least this, 0-4.
        days: changed within so many days.
        page: from 1.
    """

    words: str = ""
    place: str = ""
    role: str = ""
    topic: str = ""
    kind: str = ""
    severity: int = 0
    days: int = DEFAULT_DAYS
    page: int = 1

    def link(self, **changes: object) -> str:
        """The query of a link to this, with some of it changed; what is as by default is left out.

        Place and days always stand there: the pages differ in what they take for granted.
        """
        values = {field.name: getattr(self, field.name) for field in fields(self)} | {"page": 1} | changes
        kept = {name: value for name, value in values.items() if name in _ALWAYS or value != _DEFAULTS[name]}
        return urlencode(kept)


_ALWAYS = frozenset({"place", "days"})
_DEFAULTS = {field.name: field.default for field in fields(Wanted)}


def read_wanted(query: Mapping[str, str], *, place: str = "") -> Wanted:
    """A filter from a link's query.  What cannot be meant is left out, as if it were not there."""
    asked = query.get("place", place)
    return Wanted(
        words=" ".join(query.get("words", "").replace("\x00", " ").split())[:WORDS_LONGEST],
        place=asked if asked == "mine" or _REGION.match(asked) else "",
        role=_one_of(query.get("role", ""), [str(role) for role in Role]),
        topic=_one_of(query.get("topic", ""), [str(topic) for topic in Topic]),
        kind=_one_of(query.get("kind", ""), [str(kind) for kind in Kind]),
        severity=_within(query.get("severity", ""), 0, 4, 0),
        days=_within(query.get("days", ""), 1, DAYS[-1], DEFAULT_DAYS),
        page=_within(query.get("page", ""), 1, PAGE_HIGHEST, 1),
    )


def _one_of(text: str, allowed: list[str]) -> str:
    return text if text in allowed else ""


def _within(text: str, low: int, high: int, default: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 6:
        return default
    return min(max(int(text), low), high)
