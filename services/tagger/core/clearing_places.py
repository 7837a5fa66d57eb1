"""Where somebody lives, learns or was born: the stretches that clearing masks around such words."""

from __future__ import annotations

import re
from collections.abc import Iterable

from services.tagger.core.clearing_context import Text
from services.tagger.core.clearing_words import HOME_WORDS, NOT_NAMES, SCHOOL_WORDS

_UPPER = r"A-ZÀ-ÖØ-Þ\u0100-\u024f\u1e00-\u1eff"
_WORD = rf"[{_UPPER}][\w'’-]*"
_HOME_NAME = re.compile(
    rf"\.?\s+(?P<name>{_WORD}(?:[ ](?:{_WORD}|[IVX]+|\d+)){{0,15}}(?:,?\s*(?:[Nn]o\.?|[Nn]omor)\s*\d+\w?)?)"
)
_HOME_BEFORE = re.compile(rf"(?P<name>{_WORD}(?:\s{_WORD}){{0,2}})\s$")
_SCHOOL_NAME = re.compile(r"(?P<name>(?:\s+(?:[A-Z][\w'’]*|\d{1,3})){1,6})")
_SCHOOL_BEFORE = re.compile(rf"(?P<name>{_WORD}(?:\s{_WORD}){{0,3}})\s$")
_AGED_FROM = re.compile(r"\d{1,2}\)?,?\s(?:of|from|in)\s$")  # "N.T., 15, of Nusa Kenari village"
_STREET_NUMBER = re.compile(r"\s\d+\w?")
_DATE = re.compile(r"[^.\n]{0,30}?\b(?P<name>\d{1,2}[ /-](?:\w{3,9}|\d{1,2})[ /-]\d{2,4})")
_SCHOOL_KINDS = frozenset({b"negeri", b"swasta", b"inpres", b"katolik", b"kristen", b"islam", b"yayasan"})
_NO_SCHOOL = frozenset(word.encode() for word in NOT_NAMES) - _SCHOOL_KINDS
_SCHOOL_WORDS = frozenset(word.encode() for word in SCHOOL_WORDS)
_HOME_WORDS = frozenset(word.encode() for word in HOME_WORDS)
_HOME_WORDS_BEFORE = _HOME_WORDS - {b"village"}
_WINDOW = 120

Span = tuple[int, int, str]


def _near(folded: bytes, start: int, end: int, words: frozenset[bytes]) -> bool:
    return not words.isdisjoint(folded[max(0, start - _WINDOW) : end + 50].split())


def home(text: Text, start: int, end: int) -> Iterable[Span]:
    whole = text.whole
    if whole[end : end + 1] == " " and "a" <= whole[end + 1 : end + 2] <= "z":
        return ()  # most of these words are followed by no name
    found = _HOME_NAME.match(whole, end)
    if found and _near(text.folded, start, found.end(), _HOME_WORDS):
        return ((*found.span("name"), "home"),)
    return ()


def home_before(text: Text, start: int, _: int) -> Iterable[Span]:
    whole = text.whole
    found = _HOME_BEFORE.search(whole, max(0, start - 50), start)
    numbered = (
        _STREET_NUMBER.match(whole, start + len("street")) if whole[start : start + 2].lower() == "st" else None
    )
    first = found.start() if found else start
    of_somebody = _AGED_FROM.search(whole, max(0, first - 12), first) is not None
    if (found or numbered) and (of_somebody or _near(text.folded, start, start + 8, _HOME_WORDS_BEFORE)):
        stretches = ((found, "name"), (numbered, 0))
        return [(*stretch.span(group), "home") for stretch, group in stretches if stretch]
    return ()


def school(text: Text, start: int, end: int) -> Iterable[Span]:
    if end - start <= 4 and not text.whole[start].isupper():
        return ()
    found = _SCHOOL_NAME.match(text.whole, end)
    first = text.folded[found.start("name") : found.end("name")].split(maxsplit=1)[:1] if found else []
    if not found or not first or first[0] in _NO_SCHOOL:
        return ()
    if _near(text.folded, start, found.end(), _SCHOOL_WORDS):
        lead = len(found["name"]) - len(found["name"].lstrip())
        return ((found.start("name") + lead, found.end("name"), "school"),)
    return ()


def school_before(text: Text, start: int, _: int) -> Iterable[Span]:
    found = _SCHOOL_BEFORE.search(text.whole, max(0, start - 60), start)
    if found and _near(text.folded, start, start + 20, _SCHOOL_WORDS):
        return ((*found.span("name"), "school"),)
    return ()


def born(text: Text, _: int, end: int) -> Iterable[Span]:
    found = _DATE.match(text.whole, end)
    return ((*found.span("name"), "date of birth"),) if found else ()
