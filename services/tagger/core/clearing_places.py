"""Where somebody lives, learns or was born: the stretches that clearing masks around such words."""

from __future__ import annotations

import re
from collections.abc import Iterator

from services.tagger.core.clearing_words import HOME_WORDS, NOT_NAMES, SCHOOL_WORDS
from services.tagger.core.folding import fold

_UPPER = r"A-ZÀ-ÖØ-Þ\u0100-\u024f\u1e00-\u1eff"
_WORD = rf"[{_UPPER}][\w'’-]*"
_HOME_NAME = re.compile(
    rf"\.?\s+(?P<name>{_WORD}(?:[ ](?:{_WORD}|[IVX]+|\d+)){{0,15}}(?:,?\s*(?:[Nn]o\.?|[Nn]omor)\s*\d+\w?)?)"
)
_HOME_BEFORE = re.compile(rf"(?P<name>{_WORD}(?:\s{_WORD}){{0,2}})\s$")
_SCHOOL_NAME = re.compile(r"(?P<name>(?:\s+(?:[A-Z][\w'’]*|\d{1,3})){1,6})")
_SCHOOL_BEFORE = re.compile(rf"(?P<name>{_WORD}(?:\s{_WORD}){{0,3}})\s$")
_STREET_NUMBER = re.compile(r"\s\d+\w?")
_DATE = re.compile(r"[^.\n]{0,30}?\b(?P<name>\d{1,2}[ /-](?:\w{3,9}|\d{1,2})[ /-]\d{2,4})")
_SCHOOL_KINDS = frozenset({b"negeri", b"swasta", b"inpres", b"katolik", b"kristen", b"islam", b"yayasan"})
_WINDOW = 120

Span = tuple[int, int, str]


def _near(whole: str, start: int, end: int, words: frozenset[str]) -> bool:
    return not words.isdisjoint(fold(whole[max(0, start - _WINDOW) : end + 50]).decode().split())


def home(whole: str, start: int, end: int) -> Iterator[Span]:
    found = _HOME_NAME.match(whole, end)
    if found and _near(whole, start, found.end(), HOME_WORDS):
        yield found.start("name"), found.end("name"), "home"


def home_before(whole: str, start: int, _: int) -> Iterator[Span]:
    found = _HOME_BEFORE.search(whole, max(0, start - 50), start)
    numbered = (
        _STREET_NUMBER.match(whole, start + len("street")) if whole[start : start + 2].lower() == "st" else None
    )
    if (found or numbered) and _near(whole, start, start + 8, HOME_WORDS - {"village"}):
        for stretch, group in ((found, "name"), (numbered, 0)):
            if stretch:
                yield stretch.start(group), stretch.end(group), "home"


def school(whole: str, start: int, end: int) -> Iterator[Span]:
    if not whole[start].isupper() and end - start <= 4:
        return
    found = _SCHOOL_NAME.match(whole, end)
    first = fold(found["name"]).split()[:1] if found else []
    if not first or (first[0].decode() in NOT_NAMES and first[0] not in _SCHOOL_KINDS):
        return
    if found and _near(whole, start, found.end(), SCHOOL_WORDS):
        lead = len(found["name"]) - len(found["name"].lstrip())
        yield found.start("name") + lead, found.end("name"), "school"


def school_before(whole: str, start: int, _: int) -> Iterator[Span]:
    found = _SCHOOL_BEFORE.search(whole, max(0, start - 60), start)
    if found and _near(whole, start, start + 20, SCHOOL_WORDS):
        yield found.start("name"), found.end("name"), "school"


def born(whole: str, _: int, end: int) -> Iterator[Span]:
    found = _DATE.match(whole, end)
    if found:
        yield found.start("name"), found.end("name"), "date of birth"
