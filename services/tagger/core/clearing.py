"""Mask whoever a story must not point at: names, initials with an age, homes, schools, numbers.

Every masked character becomes one ``MASK``, so offsets hold in the raw and in the cleared text.  It errs
on the side of masking: a suspect's name with an age goes the same way as a victim's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ahocorasick_rs import AhoCorasick, BytesAhoCorasick, Implementation

from services.contracts.tagging import MASK
from services.tagger.core.clearing_context import LINE, after_office, also_a_place, headline, of_a_people
from services.tagger.core.clearing_numbers import numbers_of_people
from services.tagger.core.clearing_places import born, home, home_before, school, school_before
from services.tagger.core.clearing_words import (
    CUES,
    HONORIFICS,
    NOT_NAMES,
    ROLES,
    Cue,
)
from services.tagger.core.folding import fold, fold_term
from services.tagger.core.numerals import digits_in

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
_BESIDE = re.compile(
    rf"(?P<name>{_FULL})\s*,\s+(?:salah (?:satu|seorang)|seorang|sang|yang (?:menjadi|juga)|kedua|an?|one of the"
    r"|the|another|who (?:is|was) an?)?\s*$"
)
_APPOSITION = re.compile(rf"[^.\n]{{0,70}}?,\s+(?P<name>{_WORD}(?:[ ](?:{_LINK}[ ])?{_WORD}){{1,4}})\s*,")
_INITIALS = re.compile(r"(?:[A-Z](?:\.?[A-Z]){0,3}\.?|[A-Z][a-z]{1,2})(?![a-z])(?:\s*\(\d{1,2}[^)]{0,8}\))?")
_MORE_INITIALS = re.compile(r"\s*(?:,\s*(?:dan|serta|and)\b|,|dan\b|serta\b|and\b|/|&)\s*")
#: "Nomor 21 Tahun 2007": nobody is that old.
_YEAR_OF_A_LAW = re.compile(r"\s(?:19|20)\d\d\b")
_NO_AGE_AFTER = re.compile(r"[/:%]|[.,]\d")
#: What stands right before and after a number that is an age: "(17)", "(17 tahun)", ", 17,", ", aged 17".
_AGED = r"(?:usia|umur|aged?|berusia|berumur|who is|who was)\s"
_AGE_BEFORE = re.compile(rf"(?:[(,]\s?|\s(?:yang\s)?)(?:{_AGED})?$")
_BEFORE_AN_AGE = frozenset({" ", "(", ","})
_AGE_WORD = re.compile(rf"{_AGED}$")
_ENDS_AGED = frozenset("aerds")
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
_KHMER_NAME = re.compile(r"ឈ្មោះ\s*(?P<name>[\u1780-\u17ff]{2,25}(?:\s[\u1780-\u17ff]{2,15})?)")
_LOWER_NAME = re.compile(r"(?P<name>[a-z]{3,15}(?: [a-z]{3,15})?)")
_MORE_NAMES = re.compile(r",\s+(?:(?:dan|serta|and)\s+)?|\s+(?:dan|serta|and|&)\s+")
_HEADLINE_WORDS = 2
_MIN_PART = 4
_MAX_NAMES = 200
_MANY_PARTS = 16

_Span = tuple[int, int, str]


@dataclass(frozen=True)
class Masked:
    """One masked stretch and why."""

    start: int
    end: int
    rule: str


@dataclass(frozen=True)
class Cleared:
    """Text of the same length with nobody in it that must not be there."""

    whole: str
    masked: tuple[Masked, ...]


class Clearer:
    """Finds the cue words in one pass, then looks only around them: linear in the text."""

    def __init__(self, known: Iterable[str]) -> None:
        """``known``: words of the lexicon and the gazetteer, which alone make no name."""
        words = {word.decode() for term in known for word in fold_term(term).split()}
        self._known = frozenset(words) | NOT_NAMES | ROLES
        cues = [(fold_term(term), cue) for cue, terms in CUES.items() for term in terms.split(";") if term.strip()]
        self._cues = [cue for _, cue in cues]
        self._automaton = BytesAhoCorasick(
            [b" " + term + b" " for term, _ in cues], implementation=Implementation.ContiguousNFA
        )
        self._finders: dict[Cue, Callable[[str, int, int], Iterator[_Span]]] = {
            Cue.VICTIM: self._after_victim,
            Cue.KIN: self._after_victim,
            Cue.CALLED: self._after_called,
            Cue.INITIALS: self._after_initials,
            Cue.HOME: home,
            Cue.HOME_AFTER: home_before,
            Cue.SCHOOL: school,
            Cue.SCHOOL_AFTER: school_before,
            Cue.NOT_REAL_NAME: self._before_note,
            Cue.YEARS_OLD: self._around_years,
            Cue.BORN: born,
        }

    def clear(self, whole: str) -> Cleared:
        """Mask ``title + "\\n" + text``."""
        masked = [Masked(start, end, rule) for start, end, rule in self._found(whole)]
        if not masked:
            return Cleared(whole, ())
        named = {whole[m.start : m.end] for m in masked if m.rule in _NAME_RULES}
        masked += self._again(whole, sorted(named)[:_MAX_NAMES])
        pieces, at = [], 0
        for stretch in sorted(masked, key=lambda m: (m.start, -m.end)):
            if stretch.end <= at:
                continue
            start = max(at, stretch.start)
            pieces += [whole[at:start], _mask(whole[start : stretch.end])]
            at = stretch.end
        return Cleared("".join([*pieces, whole[at:]]), tuple(masked))

    def _found(self, whole: str) -> Iterator[_Span]:
        padded = b" " + fold(whole) + b" "
        hits = self._automaton.find_matches_as_indexes(padded, overlapping=True)
        for index, start, end in hits:
            yield from self._finders[self._cues[index]](whole, start, end - 2)
        numbers = digits_in(whole)
        for start, end in numbers:
            before = whole[start - 1 : start]
            if before in _BEFORE_AN_AGE and end - start <= 2 and not _NO_AGE_AFTER.match(whole, end):
                yield from self._before_age(whole, start, end)
        yield from numbers_of_people(whole, numbers)
        if "ឈ" in whole:
            for found in _KHMER_NAME.finditer(whole):
                yield found.start("name"), found.end("name"), "called"

    def _before_age(self, whole: str, start: int, end: int) -> Iterator[_Span]:
        if whole[start - 2 : start - 1] in _ENDS_AGED and _AGE_WORD.search(whole, max(0, start - 12), start):
            yield start, end, "age"
        follows = whole[end : end + 2].lstrip()[:1]
        after = _AGE_AFTER.match(whole, end) if follows in _BEGINS_AFTER_AGE else None
        if not after:
            return
        before = _AGE_BEFORE.search(whole, max(0, start - 18), start)
        if not before:
            return
        worded = _AGE_WORD.search(whole, before.start(), start)
        opened = before.group().strip()[:1]
        if not worded and not (opened == "(" and after["end"] == ")") and not (opened == "," and after["end"]):
            return
        found = _BEFORE.search(whole, max(0, before.start() - 70), before.start())
        if not found or "\n" in found["name"]:
            return
        span = self._name(whole, found.start("name"), found.end("name"), sure=opened == "(" or bool(worded))
        if span:
            yield *span, "name with an age"
            yield start, end, "age"
            if found["alias"]:
                yield found.start("alias"), found.end("alias"), "called"

    def _after_victim(self, whole: str, start: int, end: int) -> Iterator[_Span]:
        found = list(self._beside_victim(whole, start, end))
        if not found:
            return
        if headline(whole, start, end):  # asked last: most cues stand beside no name
            found = [span for span in found if self._certain(whole, *span[:2])]
        yield from found

    def _certain(self, whole: str, start: int, end: int) -> bool:
        """Whether what follows a victim in a headline is a name: of no lexicon, named again or untold."""
        words = whole[start:end].split()[:2]
        if len(words) < _HEADLINE_WORDS or self._knows(" ".join(words)):
            return False
        return whole.count(" ".join(words)) > 1 or len(whole) <= LINE

    def _beside_victim(self, whole: str, start: int, end: int) -> Iterator[_Span]:
        ahead = (
            _BESIDE.search(whole, max(0, start - 80), start) if "," in whole[max(0, start - 22) : start] else None
        )
        if ahead and (span := self._name(whole, ahead.start("name"), ahead.end("name"))):
            yield *span, "victim"
        gap = _GAP.match(whole, end)
        at = gap.end() if gap else end
        found = _NAME.match(whole, at)
        new_line = "\n" in whole[end:at] and found is not None and " " not in found.group()
        if found and not new_line and (span := self._name(whole, found.start(), found.end())):
            yield *span, "victim"
            yield from self._listed(whole, span[1])
            return
        beside = _APPOSITION.match(whole, end) if whole.count(",", end, end + 130) > 1 else None
        if beside and (span := self._name(whole, beside.start("name"), beside.end("name"))):
            yield *span, "victim"

    def _listed(self, whole: str, at: int) -> Iterator[_Span]:
        """Further names of a list: "Rizal, Dedi, dan Sahrul"."""
        for _again in range(8):
            link = _MORE_NAMES.match(whole, at)
            found = _NAME.match(whole, link.end()) if link else None
            span = self._name(whole, found.start(), found.end()) if found else None
            if not found or not span or span[0] != found.start():
                return
            yield *span, "victim"
            at = span[1]

    def _after_called(self, whole: str, start: int, end: int) -> Iterator[_Span]:
        at = end
        while at < len(whole) and whole[at] in " \t\"“”'‘’(:,":
            at += 1
        for skip in ("si ", "asli ", "lengkap ", "panggilan "):
            if whole.startswith(skip, at):
                at += len(skip)
        found = _NAME.match(whole, at)
        if found and (span := self._name(whole, found.start(), found.end(), sure=True)):
            yield *span, "called"
            yield from self._listed(whole, span[1])
            return
        low = _LOWER_NAME.match(whole, at) if whole[start:end].lower() == "bernama" else None
        if low and low["name"].split()[0] not in self._known | HONORIFICS:
            first, *rest = low["name"].split()
            keep = low["name"] if rest and rest[0] not in self._known | HONORIFICS else first
            yield at, at + len(keep), "called in small letters"

    def _after_initials(self, whole: str, _: int, end: int) -> Iterator[_Span]:
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

    def _before_note(self, whole: str, start: int, _: int) -> Iterator[_Span]:
        found = _BEFORE.search(whole, max(0, start - 60), start)
        if found and (span := self._name(whole, found.start("name"), found.end("name"), sure=True)):
            yield *span, "called"

    def _around_years(self, whole: str, start: int, end: int) -> Iterator[_Span]:
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
        if before and (span := self._name(whole, before.start("name"), before.end("name"))):
            yield *span, "name with an age"
        after = None if shouted else _AFTER_YEARS.match(whole, end)
        if after and (span := self._name(whole, after.start("name"), after.end("name"))):
            yield *span, "name with an age"

    def _knows(self, words: str) -> bool:
        """Whether any of these words is one of the lexicon: few names are."""
        return any(word.decode() in self._known for word in fold(words).split())

    def _name(self, whole: str, start: int, end: int, *, sure: bool = False) -> tuple[int, int] | None:
        """The part of a stretch that is a name; None for an office, a place, a day, a known acronym."""
        words = list(re.finditer(r"[\w'’-]+", whole[start:end]))
        while words and words[0].group().lower() in HONORIFICS:
            words = words[1:]
        if not words:
            return None
        low = [fold(word.group()).decode().strip() for word in words]
        ranked = low[0] in ROLES and not (sure and words[0].group().isupper())
        if ranked or after_office(whole, start + words[0].start()):
            return None
        if sure:
            while words and low[0] in NOT_NAMES:
                words, low = words[1:], low[1:]
            if not words or (len(words) == 1 and low[0] in self._known and of_a_people(whole, start)):
                return None
        elif all(word in self._known for word in low) or (
            len(low) == 1 and len(low[0]) > 4 and words[0].group().isupper()
        ):
            return None
        stop = next((index for index, word in enumerate(low) if index and word in NOT_NAMES), len(words))
        return start + words[0].start(), start + words[stop - 1].end()

    def _again(self, whole: str, names: list[str]) -> Iterator[Masked]:
        """Every further mention of a masked name, also by one part of it."""
        parts: set[str] = set()
        for name in names:
            words = [word for word in re.findall(r"[\w'’-]+", name) if not word.isdigit()]
            if len(words) > 1:
                parts.add(name)
            for word in words:
                low = fold(word).decode().strip()
                free = low not in self._known or not (low in _NEVER_ALONE or also_a_place(whole, word))
                long_enough = len(word) >= _MIN_PART and free
                alone = (
                    len(words) == 1 and len(word) >= 2 and word[0].isupper() and word.lower() not in self._known
                )
                if long_enough or alone:
                    parts.add(word)
        parts |= {part.upper() for part in parts if len(part) >= _MIN_PART}
        if len(parts) > _MANY_PARTS:
            yield from _mentions_of(whole, sorted(parts))
            return
        for part in parts:
            yield from _mentions(whole, part)


def _mask(shown: str) -> str:
    """As many masks; line breaks stay."""
    return "\n".join(MASK * len(line) for line in shown.split("\n"))


def _mentions(whole: str, name: str) -> Iterator[Masked]:
    """Where ``name`` stands as a word of its own."""
    at = whole.find(name)
    while at >= 0:
        end = at + len(name)
        if not whole[at - 1 : at].isalnum() and not whole[end : end + 1].isalnum():
            yield Masked(at, end, "named again")
        at = whole.find(name, end)


def _mentions_of(whole: str, names: list[str]) -> Iterator[Masked]:
    """The same of many names in one pass, so that a list of hundreds costs no hundreds of passes."""
    ends = [0] * len(names)
    for index, at, end in AhoCorasick(names).find_matches_as_indexes(whole, overlapping=True):
        if at >= ends[index]:
            ends[index] = end
            if not whole[at - 1 : at].isalnum() and not whole[end : end + 1].isalnum():
                yield Masked(at, end, "named again")


_NEVER_ALONE = NOT_NAMES | ROLES
_NAME_RULES = frozenset({"name with an age", "victim", "called", "initials"})
