"""Find who is named: the names after, before and around the words that announce one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.tagger.core.clearing_context import LINE, Text, after_office, headline, of_a_people
from services.tagger.core.clearing_words import HONORIFICS, NOT_NAMES, ROLES
from services.tagger.core.folding import fold

Span = tuple[int, int, str]
_UPPER = r"A-ZÀ-ÖØ-Þ\u0100-\u024f\u1e00-\u1eff"
_WORD = rf"[{_UPPER}][\w'’-]*"
_LINK = r"(?:bin|binti|al|de|da|dos|van|von)"
_PART = rf"(?:[A-Z]\.|{_WORD})"
_FULL = rf"{_PART}(?:[ ](?:{_LINK}[ ])?{_PART}){{0,5}}"
_NAME = re.compile(_FULL)
#: What may stand between a cue and the name it announces.
_GAP = re.compile(
    r"\s*(?:(?:asal|dari|from)\s+[\w ]{2,25}?,?\s+)?"
    r"(?:kandung|tiri|angkat|korban|victim|dari|yang|itu|tersebut|perempuan|laki-laki)?"
    r"\s*(?:selamat|tewas|meninggal|lain|lainnya|pertama|kedua|terakhir)?"
    r"\s*(?:yakni|yaitu|adalah|ialah|is|was|are|were)?"
    r"\s*(?:atas nama|a\.n\.|an\.|bernama|named|berinisial|inisial)?\s*[,:]?\s*[\"“'‘(]?\s*(?:si\s+)?"
)
#: "Nama Orang, salah satu korban": the name before the cue.
_AS = (
    r",\s+(?:salah (?:satu|seorang)|seorang|sang|yang (?:menjadi|juga)|kedua|an?|one of the"
    r"|the|another|who (?:is|was) an?)?\s*$"
)
_BESIDE = re.compile(rf"(?P<name>{_FULL})\s*{_AS}")
_BESIDE_END = re.compile(_AS)  # there is no comma in it: it begins with the last one
_APPOSITION = re.compile(rf"[^.\n]{{0,70}}?,\s+(?P<name>{_WORD}(?:[ ](?:{_LINK}[ ])?{_WORD}){{1,4}})\s*,")
_INITIALS = re.compile(r"(?:[A-Z](?:\.?[A-Z]){0,3}\.?|[A-Z][a-z]{1,2})(?![a-z])(?:\s*\(\d{1,2}[^)]{0,8}\))?")
_MORE_INITIALS = re.compile(r"\s*(?:,\s*(?:dan|serta|and)\b|,|dan\b|serta\b|and\b|/|&)\s*")
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
_BEGINS_AFTER_AGE = frozenset({"", "t", "y", ")", ",", "."})
_AGE_AFTER = re.compile(r"\s?(?:tahun|thn|th|years?(?: old)?)?\s?(?P<end>[),.])|\s?(?:tahun|thn)\b")
_BEFORE = re.compile(
    rf"(?P<name>{_FULL})"
    rf"(?:\s+alias\s+(?P<alias>[\w ]{{2,30}}))?[\"”'’]?[,\s(]*$"
)
_BEFORE_YEARS = re.compile(
    rf"(?P<name>{_WORD}(?:[ ]{_WORD}){{0,4}}),?\s(?:is\s|was\s)?(?:an?\s|the\s)?\d{{1,2}}[\s-]$"
)
_AFTER_YEARS = re.compile(
    rf"(?:\s+(?!who|had|was|and|to|of|in|at|from|yang)[a-z-]+){{0,3}},?\s+(?P<name>{_WORD}(?:[ ]{_WORD}){{0,4}})"
)
_DIGITS_BEFORE = re.compile(r"\d{1,2}[\s-]$")
_LOWER_NAME = re.compile(r"(?P<name>[a-z]{3,15}(?: [a-z]{3,15})?)")
_MORE_NAMES = re.compile(r",\s+(?:(?:dan|serta|and)\s+)?|\s+(?:dan|serta|and|&)\s+")
#: A word of a small letter after a comma is no further name, unless it is one of those above.
_NO_NAME_BEGINS = frozenset("bcefghijklmnopqrtuvwxyz")
#: What may stand between "bernama" and the name.
_SKIPPED = ("si ", "asli ", "lengkap ", "panggilan ")
_SKIPPED_BEGIN = frozenset(word[0] for word in _SKIPPED)
_HEADLINE_WORDS = 2
_WORDS = re.compile(r"[\w'’-]+")
#: What ``_GAP`` may begin with: before any other small letter it is a space and no name follows.
_GAP_WORDS = """
    asal dari from kandung tiri angkat korban victim yang itu tersebut perempuan laki selamat tewas meninggal
    lain pertama kedua terakhir yakni yaitu adalah ialah is was are were atas a.n. an. bernama named
    berinisial inisial si
"""
_GAP_BEGINS = tuple(_GAP_WORDS.split())
_GAP_LETTERS = frozenset(word[:2] for word in _GAP_BEGINS)  # asked first: most words begin otherwise


class _Name(NamedTuple):
    """A name within a stretch; ``of_a_people``: none after "warga negara", where it is a nationality."""

    begins: int
    start: int
    end: int
    of_a_people: bool


class Names:
    """The names of one text; what a stretch is, is decided once."""

    def __init__(self, text: Text, known: frozenset[str]) -> None:
        """``known``: words that alone make no name."""
        self._whole, self._folded = text
        self._known = known
        self._known_names: dict[tuple[str, bool], _Name | None] = {}
        self._known_words: dict[str, tuple[list[tuple[int, int]], list[str]]] = {}

    def ages(self, numbers: Iterable[tuple[int, int]]) -> list[Span]:
        """The ages among all runs of digits, and the names beside them; most end at the characters around them."""
        whole = self._whole
        found: list[Span] = []
        for start, end in numbers:
            if end - start > _AGE_DIGITS or whole[start - 1 : start] not in _BEFORE_AN_AGE:
                continue
            first, second = whole[end : end + 1], whole[end + 1 : end + 2]
            if first in _NO_AGE_BEFORE or (first in _DECIMAL_MARKS and second.isdecimal()):
                continue
            if whole.endswith(_ENDS_AGED, max(0, start - 12), start):
                found.append((start, end, "age"))
            if (first.strip() or second.strip()) in _BEGINS_AFTER_AGE:
                found += self._with_age(start, end)
        return found

    def _with_age(self, start: int, end: int) -> Iterator[Span]:
        whole = self._whole
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
        found = _BEFORE.search(whole, first, at)
        if not found or "\n" in found["name"]:
            return
        span = self._name(found.start("name"), found.end("name"), sure=opened == "(" or worded)
        if span:
            yield *span, "name with an age"
            yield start, end, "age"
            if found["alias"]:
                yield found.start("alias"), found.end("alias"), "called"

    def after_victim(self, start: int, end: int) -> Iterable[Span]:
        whole, at = self._whole, end + 1
        if (
            whole[end:at] == " "
            and "a" <= whole[at : at + 1] <= "z"
            and whole[at : at + 2] not in _GAP_LETTERS
            and whole.rfind(",", max(0, start - 22), start) < 0
            and whole.count(",", end, end + 130) < 2
        ):
            return ()  # what most cues stand beside: nothing below would find a name
        found = self._beside_victim(start, end)
        if found and headline(whole, start, end):  # asked last: most cues stand beside no name
            return [span for span in found if self._certain(*span[:2])]
        return found

    def _certain(self, start: int, end: int) -> bool:
        """Whether what follows a victim in a headline is a name: of no lexicon, named again or untold."""
        whole = self._whole
        words = whole[start:end].split()[:2]
        if len(words) < _HEADLINE_WORDS or self._knows(" ".join(words)):
            return False
        return whole.count(" ".join(words)) > 1 or len(whole) <= LINE

    def _beside_victim(self, start: int, end: int) -> list[Span]:
        whole = self._whole
        spans: list[Span] = []
        comma = whole.rfind(",", max(0, start - 22), start)
        if comma >= 0 and _BESIDE_END.match(whole, comma, start):
            first = max(0, start - 80)
            first = max(first, whole.rfind(",", first, comma) + 1)  # there is no comma in a name
            ahead = _BESIDE.search(whole, first, start)
            if ahead and (span := self._name(*ahead.span("name"))):
                spans.append((*span, "victim"))
        at = end + 1
        if (
            whole[end:at] == " "
            and "a" <= whole[at : at + 1] <= "z"
            and not (whole[at : at + 2] in _GAP_LETTERS and whole.startswith(_GAP_BEGINS, at))
        ):
            found = None  # most words are followed by another that is no name
        else:
            gap = _GAP.match(whole, end)
            at = gap.end() if gap else end
            found = _NAME.match(whole, at)
        new_line = found is not None and "\n" in whole[end:at] and " " not in found.group()
        if found and not new_line and (span := self._name(*found.span())):
            spans.append((*span, "victim"))
            return spans + self._listed(span[1])
        beside = _APPOSITION.match(whole, end) if whole.count(",", end, end + 130) > 1 else None
        if beside and (span := self._name(*beside.span("name"))):
            spans.append((*span, "victim"))
        return spans

    def _listed(self, at: int) -> list[Span]:
        """Further names of a list: "Rizal, Dedi, dan Sahrul"."""
        whole = self._whole
        spans: list[Span] = []
        for _again in range(8):
            if whole[at : at + 2] == ", " and whole[at + 2 : at + 3] in _NO_NAME_BEGINS:
                break
            link = _MORE_NAMES.match(whole, at)
            found = _NAME.match(whole, link.end()) if link else None
            span = self._name(*found.span()) if found else None
            if not found or not span or span[0] != found.start():
                break
            spans.append((*span, "victim"))
            at = span[1]
        return spans

    def after_called(self, start: int, end: int) -> Iterator[Span]:
        whole = self._whole
        at = end
        while at < len(whole) and whole[at] in " \t\"“”'‘’(:,":
            at += 1
        if whole[at : at + 1] in _SKIPPED_BEGIN:
            for skip in _SKIPPED:
                if whole.startswith(skip, at):
                    at += len(skip)
        found = _NAME.match(whole, at)
        if found and (span := self._name(found.start(), found.end(), sure=True)):
            yield *span, "called"
            yield from self._listed(span[1])
            return
        low = _LOWER_NAME.match(whole, at) if whole[start:end].lower() == "bernama" else None
        if low and self._is_strange(low["name"].split()[0]):
            first, *rest = low["name"].split()
            keep = low["name"] if rest and self._is_strange(rest[0]) else first
            yield at, at + len(keep), "called in small letters"

    def after_initials(self, _: int, end: int) -> Iterator[Span]:
        whole = self._whole
        at = end
        while at < len(whole) and whole[at] in " :\"“'":
            at += 1
        for _again in range(8):
            found = _INITIALS.match(whole, at)
            if not found:
                name = _NAME.match(whole, at)
                if name and len(name.group()) < 25:
                    yield name.start(), name.end(), "initials"
                return
            yield found.start(), found.end(), "initials"
            link = _MORE_INITIALS.match(whole, found.end())
            if not link:
                return
            at = link.end()

    def before_note(self, start: int, _: int) -> Iterator[Span]:
        whole = self._whole
        found = _BEFORE.search(whole, max(0, start - 60), start)
        if found and (span := self._name(found.start("name"), found.end("name"), sure=True)):
            yield *span, "called"

    def around_years(self, start: int, end: int) -> Iterator[Span]:
        whole = self._whole
        digits = _DIGITS_BEFORE.search(whole, max(0, start - 4), start)
        if not digits or _YEAR_OF_A_LAW.match(whole, end):
            return
        if whole[start : start + 4].lower() == "year":
            yield digits.start(), digits.end() - 1, "age"
        years = whole[start : start + 1].lower() == "y"  # "3 Tahun Penjara" in a headline names nobody
        shouted = not years and headline(whole, start, end)
        before = _BEFORE_YEARS.search(whole, max(0, start - 60), start)
        if before and shouted and self._knows(before["name"]):
            before = None
        if before and (span := self._name(before.start("name"), before.end("name"))):
            yield *span, "name with an age"
        after = None if shouted else _AFTER_YEARS.match(whole, end)
        if after and (span := self._name(after.start("name"), after.end("name"))):
            yield *span, "name with an age"

    def _is_strange(self, word: str) -> bool:
        return word not in self._known and word not in HONORIFICS

    def _knows(self, words: str) -> bool:
        """Whether any of these words is one of the lexicon: few names are."""
        return any(word.decode() in self._known for word in fold(words).split())

    def _name(self, start: int, end: int, *, sure: bool = False) -> tuple[int, int] | None:
        """The part of a stretch that is a name; None for an office, a place, a day, a known acronym."""
        shown = self._whole[start:end]
        key = (shown, sure)
        if key in self._known_names:  # one name is announced by several words, and in a long text again and again
            name = self._known_names[key]
        else:
            name = self._known_names[key] = self._read(shown, sure=sure)
        if name is None or after_office(self._folded, start + name.begins):
            return None
        if name.of_a_people and of_a_people(self._folded, start):
            return None
        return start + name.start, start + name.end

    def _read(self, shown: str, *, sure: bool) -> _Name | None:
        """The name in a stretch, whatever stands before it."""
        words, low = self._words(shown)
        if not words:
            return None
        begins, end = words[0]
        if low[0] in ROLES and not (sure and shown[begins:end].isupper()):
            return None
        first, stop, alone = 0, len(low), False
        if sure:
            while first < stop and low[first] in NOT_NAMES:
                first += 1
            if first == stop:
                return None
            alone = first == stop - 1 and low[first] in self._known
        elif self._known.issuperset(low) or (stop == 1 and len(low[0]) > 4 and shown[begins:end].isupper()):
            return None
        for index in range(first + 1, stop):
            if low[index] in NOT_NAMES:
                stop = index
                break
        return _Name(begins, words[first][0], words[stop - 1][1], alone)

    def _words(self, shown: str) -> tuple[list[tuple[int, int]], list[str]]:
        """Where the words of a stretch stand, but for honorifics before it, and the same folded."""
        known = self._known_words.get(shown)
        if known is None:
            known = _plain_words(shown) or _any_words(shown)
            while known[0] and shown[slice(*known[0][0])].lower() in HONORIFICS:
                del known[0][0], known[1][0]
            self._known_words[shown] = known
        return known


def _plain_words(shown: str) -> tuple[list[tuple[int, int]], list[str]] | None:
    """Of words of plain letters with single spaces between them, as nearly all names are: without a pattern."""
    words = shown.lower().split(" ")
    if not shown.isascii() or not "".join(words).isalpha() or "" in words:
        return None
    spans, at = [], 0
    for word in words:
        spans.append((at, at + len(word)))
        at += len(word) + 1
    return spans, words


def _any_words(shown: str) -> tuple[list[tuple[int, int]], list[str]]:
    words = [found.span() for found in _WORDS.finditer(shown)]
    folded = fold(shown).decode()
    return words, [folded[start:end].strip() for start, end in words]
