"""Find the ages of people, and who stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from services.tagger.core.clearing_context import headline
from services.tagger.core.clearing_names import BEFORE, listed_before
from services.tagger.core.clearing_stretch import WORD, Span, Stretches

#: "Nomor 21 Tahun 2007": nobody is that old.
_YEAR_OF_A_LAW = re.compile(r"\s(?:19|20)\d\d\b")
_AGE_DIGITS = 2
_NO_AGE_BEFORE = frozenset("/:%")
_DECIMAL_MARKS = frozenset(".,")
#: What stands right before and after a number that is an age: "(17)", "(17 tahun)", ", 17,", ", aged 17".
_AGED = r"(?:usia|umur|aged?|berusia|berumur|who is|who was)\s"
_AGE_BEFORE = re.compile(rf"(?:[(,]\s?|\s(?:yang\s)?)(?:{_AGED})?$")
_BEFORE_AN_AGE = frozenset({" ", "(", ","})
_AGE_WORD = re.compile(rf"{_AGED}$")
_ENDS_AGED = ("usia ", "umur ", "age ", "aged ", "who is ", "who was ")
_TOWARDS = ("from ", "in ", "at ", "near ", " of ", "dari ", " di ", "asal ")
_BEGINS_AFTER_AGE = frozenset({"", "t", "y", ")", ",", "."})
_AGE_AFTER = re.compile(
    r"\s?(?:tahun|thn|th|years?(?: old)?)?\s?(?P<end>[),.])|\s?(?:tahun|thn)\b|\s(?:and|dan)\s\d{1,2}\b"
)
#: "aged 18 and 20": two people.
_AND_AGE = re.compile(r"\s(?:and|dan)\s(?P<age>\d{1,2})\b")
_BEFORE_YEARS = re.compile(
    rf"(?P<name>{WORD}(?:[ ]{WORD}){{0,4}}),?\s(?:is\s|was\s)?(?:an?\s|the\s)?\d{{1,2}}[\s-]$"
)
_AFTER_YEARS = re.compile(
    rf"(?:\s+(?!who|had|was|and|to|of|in|at|from|yang)[a-z-]+){{0,3}},?\s+(?P<name>{WORD}(?:[ ]{WORD}){{0,4}})"
)
_DIGITS_BEFORE = re.compile(r"\d{1,2}[\s-]$")


def ages(names: Stretches, numbers: Iterable[tuple[int, int]]) -> list[Span]:
    """The ages among these runs of digits, and the names beside them."""
    whole = names.whole
    found: list[Span] = []
    for start, end in numbers:
        if end - start > _AGE_DIGITS or whole[start - 1 : start] not in _BEFORE_AN_AGE:
            continue
        first, second = whole[end : end + 1], whole[end + 1 : end + 2]
        if first in _NO_AGE_BEFORE or (first in _DECIMAL_MARKS and second.isdecimal()):
            continue
        if whole.endswith(_ENDS_AGED, max(0, start - 12), start):
            found.append((start, end, "age"))
            if both := _AND_AGE.match(whole, end):
                found.append((*both.span("age"), "age"))
                found += _with_age(names, start, end)
        if (first.strip() or second.strip()) in _BEGINS_AFTER_AGE:
            found += _with_age(names, start, end)
    return found


def _with_age(names: Stretches, start: int, end: int) -> Iterator[Span]:
    whole = names.whole
    after = _AGE_AFTER.match(whole, end)
    if not after:
        return
    at, opened, worded = start - 1, "(", False
    if whole[at] != "(":  # before a bracket right at the number nothing of it can stand
        before = _AGE_BEFORE.search(whole, max(0, start - 18), start)
        if not before:
            return
        at, opened = before.start(), before.group().strip()[:1]
        worded = _AGE_WORD.search(whole, at, start) is not None
    if not worded and not (opened == "(" and after["end"] == ")") and not (opened == "," and after["end"]):
        return
    first = max(0, at - 70)
    first = max(first, whole.rfind(")", first, at) + 1)  # neither a name nor what may follow it holds one
    found = BEFORE.search(whole, first, at)
    if not found or "\n" in found["name"]:
        return
    begins = found.start("name")
    towards = whole[max(0, begins - 6) : begins].endswith(_TOWARDS)  # "women from Vietnam, aged 18"
    span = names.name(begins, found.end("name"), sure=opened == "(" or (worded and not towards))
    if span:
        yield *span, "name with an age"
        yield start, end, "age"
        if worded:
            yield from listed_before(names, begins)
        if found["alias"]:
            yield found.start("alias"), found.end("alias"), "called"


def around_years(names: Stretches, start: int, end: int) -> Iterator[Span]:
    """The name before or after an age that is spelt out: "a 16-year-old"."""
    whole = names.whole
    digits = _DIGITS_BEFORE.search(whole, max(0, start - 4), start)
    if not digits or _YEAR_OF_A_LAW.match(whole, end):
        return
    if whole[start : start + 4].lower() == "year":
        yield digits.start(), digits.end() - 1, "age"
    years = whole[start : start + 1].lower() == "y"  # "3 Tahun Penjara" in a headline names nobody
    shouted = not years and headline(whole, start, end)
    before = _BEFORE_YEARS.search(whole, max(0, start - 60), start)
    if before and shouted and names.knows(before["name"]):
        before = None
    if before and (span := names.name(before.start("name"), before.end("name"))):
        yield *span, "name with an age"
    after = None if shouted else _AFTER_YEARS.match(whole, end)
    if after and (span := names.name(after.start("name"), after.end("name"))):
        yield *span, "name with an age"
