"""Mask whoever a story must not point at: names, initials with an age, homes, schools, numbers.

Every masked character becomes one ``MASK``, so offsets hold in the raw and in the cleared text.  It errs
on the side of masking: a suspect's name with an age goes the same way as a victim's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ahocorasick_rs import BytesAhoCorasick, Implementation

from services.contracts.tagging import MASK
from services.tagger.core.clearing_words import (
    CUES,
    HOME_WORDS,
    HONORIFICS,
    NOT_NAMES,
    ROLES,
    SCHOOL_WORDS,
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
_NO_AGE_AFTER = re.compile(r"[/:%]|[.,]\d")
#: What stands right before and after a number that is an age: "(17)", "(17 tahun)", ", 17,", ", aged 17".
_AGED = r"(?:usia|umur|aged?|berusia|berumur|who is|who was)\s"
_AGE_BEFORE = re.compile(rf"(?:[(,]\s?|\s(?:yang\s)?)(?:{_AGED})?$")
_BEFORE_AN_AGE = frozenset({" ", "(", ","})
_AGE_WORD = re.compile(rf"{_AGED}$")
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
_HOME_NAME = re.compile(
    rf"\.?\s+(?P<name>{_WORD}(?:[ ](?:{_WORD}|[IVX]+|\d+))*(?:,?\s*(?:[Nn]o\.?|[Nn]omor)\s*\d+\w?)?)"
)
_HOME_BEFORE = re.compile(rf"(?P<name>{_WORD}(?:\s{_WORD}){{0,2}})\s$")
_SCHOOL_NAME = re.compile(r"(?P<name>(?:\s+(?:[A-Z][\w'’]*|\d{1,3})){1,6})")
_SCHOOL_BEFORE = re.compile(rf"(?P<name>{_WORD}(?:\s{_WORD}){{0,3}})\s$")
_RT = re.compile(
    r"\bRT\.?\s*0*\d+\s*(?:[/,]?\s*RW\.?\s*0*\d+)?|\bRW\.?\s*0*\d+|\b(?:house|rumah)\s+(?:[Nn]o\.?|nomor|number)\s*\d+\w?"
)
#: Asked first, each by its own first letter: one pattern of all of them costs ten times as much.
_HOUSE_MARKS = tuple(map(re.compile, (r"RT\.?\s*\d", r"RW\.?\s*\d", r"umah [nN]", r"ouse [nN]")))
_CONTACT_MARKS = tuple(map(re.compile, (r"0\d[\d -]{8}", r"\+\d[\d -]{8}")))
_CONTACT_DIGITS = 7  # as many in a row, or a mark
_CONTACT = re.compile(
    r"(?<!\d)(?:\+?62|0)8[\d -]{8,13}\d(?!\d)|\+\d[\d -]{8,15}\d|(?<!\d)\d{10,18}(?!\d)|\b[A-Z]\s?\d{7}\b"
)
_ADDRESS = re.compile(r"[\w.+-]{1,60}@[\w-]+\.[\w.]+|(?<!\w)@[A-Za-z]\w{3,}")
_LOCAL_PART = re.compile(r"[\w.+-]{1,60}\Z")
_DIGITS_BEFORE = re.compile(r"\d{1,2}[\s-]$")
_DATE = re.compile(r"[^.\n]{0,30}?\b(?P<name>\d{1,2}[ /-](?:\w{3,9}|\d{1,2})[ /-]\d{2,4})")
_KHMER_NAME = re.compile(r"ឈ្មោះ\s*(?P<name>[\u1780-\u17ff]{2,25}(?:\s[\u1780-\u17ff]{2,15})?)")
_LOWER_NAME = re.compile(r"(?P<name>[a-z]{3,15}(?: [a-z]{3,15})?)")
_MIN_PART = 4
_MAX_NAMES = 200
_WINDOW = 120
_LINE = 200

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
            Cue.HOME: _home,
            Cue.HOME_AFTER: _home_before,
            Cue.SCHOOL: _school,
            Cue.SCHOOL_AFTER: _school_before,
            Cue.NOT_REAL_NAME: self._before_note,
            Cue.YEARS_OLD: self._around_years,
            Cue.BORN: _born,
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
        yield from _numbers(whole, any(end - start >= _CONTACT_DIGITS for start, end in numbers))
        if "ឈ" in whole:
            for found in _KHMER_NAME.finditer(whole):
                yield found.start("name"), found.end("name"), "called"

    def _before_age(self, whole: str, start: int, end: int) -> Iterator[_Span]:
        if _AGE_WORD.search(whole, max(0, start - 12), start):
            yield start, end, "age"
        after = _AGE_AFTER.match(whole, end)
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
        if found and not _headline(whole, start, end):  # asked last: most cues stand beside no name
            yield from found

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
            return
        beside = _APPOSITION.match(whole, end) if whole.count(",", end, end + 130) > 1 else None
        if beside and (span := self._name(whole, beside.start("name"), beside.end("name"))):
            yield *span, "victim"

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
        if not digits:
            return
        if whole[start : start + 4].lower() == "year":
            yield digits.start(), digits.end() - 1, "age"
        before = _BEFORE_YEARS.search(whole, max(0, start - 60), start)
        if before and (span := self._name(whole, before.start("name"), before.end("name"))):
            yield *span, "name with an age"
        after = _AFTER_YEARS.match(whole, end)
        if after and (span := self._name(whole, after.start("name"), after.end("name"))):
            yield *span, "name with an age"

    def _name(self, whole: str, start: int, end: int, *, sure: bool = False) -> tuple[int, int] | None:
        """The part of a stretch that is a name; None for an office, a place, a day, a known acronym."""
        words = list(re.finditer(r"[\w'’-]+", whole[start:end]))
        while words and words[0].group().lower() in HONORIFICS:
            words = words[1:]
        if not words:
            return None
        low = [fold(word.group()).decode().strip() for word in words]
        ranked = low[0] in ROLES and not (sure and words[0].group().isupper())
        if ranked or _after_office(whole, start + words[0].start()):
            return None
        if sure:
            while words and low[0] in NOT_NAMES:
                words, low = words[1:], low[1:]
            if not words or (len(words) == 1 and low[0] in self._known and len(low[0]) > 3 and not sure):
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
                free = low not in self._known or not (low in _NEVER_ALONE or _also_a_place(whole, word))
                long_enough = len(word) >= _MIN_PART and free
                alone = (
                    len(words) == 1 and len(word) >= 2 and word[0].isupper() and word.lower() not in self._known
                )
                if long_enough or alone:
                    parts.add(word)
        if not parts:
            return
        for part in parts:
            yield from _mentions(whole, part)
            if len(part) >= _MIN_PART:
                yield from _mentions(whole, part.upper())


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


_SCHOOL_KINDS = frozenset({b"negeri", b"swasta", b"inpres", b"katolik", b"kristen", b"islam", b"yayasan"})
_NEVER_ALONE = NOT_NAMES | ROLES
_NAME_RULES = frozenset({"name with an age", "victim", "called", "initials"})


def _numbers(whole: str, long: bool) -> Iterator[_Span]:
    """House, telephone, identity and passport numbers, and addresses of e-mail and accounts."""
    if any(mark.search(whole) for mark in _HOUSE_MARKS):
        for found in _RT.finditer(whole):
            yield found.start(), found.end(), "house number"
    if long or any(mark.search(whole) for mark in _CONTACT_MARKS):
        for found in _CONTACT.finditer(whole):
            yield found.start(), found.end(), "contact or document number"
    for start, end in _addresses(whole):
        yield start, end, "contact or document number"


def _addresses(whole: str) -> Iterator[tuple[int, int]]:
    """Looks only around each "@": a pattern that begins with a word is tried at every letter."""
    at, last = whole.find("@"), 0
    while at >= 0:
        local = _LOCAL_PART.search(whole, max(last, at - 60), at)
        found = _ADDRESS.match(whole, local.start()) if local else None
        found = found or _ADDRESS.match(whole, at)
        if found:
            yield found.span()
            last = found.end()
        at = whole.find("@", max(at + 1, last))


_TOWARDS = frozenset(
    ["di", "ke", "dari", "in", "at", "from", "to", "near", "Kota", "Kabupaten", "Polda", "Polres", "Pulau"]
)
_TOWARDS_WIDTH = 1 + max(map(len, _TOWARDS))


def _also_a_place(whole: str, word: str) -> bool:
    """Whether the story also uses a part of a name as a place: "di Flores"."""
    at = whole.find(f" {word}")
    while at >= 0:
        _, space, before = whole[max(0, at - _TOWARDS_WIDTH) : at].rpartition(" ")
        if space and before in _TOWARDS:
            return True
        at = whole.find(f" {word}", at + 1)
    return False


def _after_office(whole: str, start: int) -> bool:
    """Whether an office or a rank stands right before the name."""
    before = fold(whole[max(0, start - 24) : start]).split()
    return bool(before) and before[-1].decode() in ROLES


def _headline(whole: str, start: int, end: int) -> bool:
    """In a line of capitalised words a capital says nothing."""
    newline = whole.rfind("\n", max(0, start - _LINE), start)
    left = newline + 1 if newline >= 0 else (0 if start <= _LINE else -1)
    right = whole.find("\n", end, end + _LINE)
    if left < 0 or (right < 0 and len(whole) > end + _LINE):
        return False  # too long a line for a headline; never looked at beyond these bounds
    line = whole[left : right if right >= 0 else len(whole)]
    if len(line) > _LINE or line.rstrip()[-1:] in (".", "”", '"', ","):
        return False
    words = [word for word in line.split() if word[0].isalpha()]
    return sum(word[0].isupper() for word in words) * 2 > len(words) and len(words) > 3


def _near(whole: str, start: int, end: int, words: frozenset[str]) -> bool:
    around = fold(whole[max(0, start - _WINDOW) : end + 50]).decode().split()
    return any(word in words for word in around)


def _home(whole: str, start: int, end: int) -> Iterator[_Span]:
    found = _HOME_NAME.match(whole, end)
    if found and _near(whole, start, found.end(), HOME_WORDS):
        yield found.start("name"), found.end("name"), "home"


def _home_before(whole: str, start: int, _: int) -> Iterator[_Span]:
    found = _HOME_BEFORE.search(whole, max(0, start - 50), start)
    if found and _near(whole, start, start + 8, HOME_WORDS - {"village"}):
        yield found.start("name"), found.end("name"), "home"


def _school(whole: str, start: int, end: int) -> Iterator[_Span]:
    if not whole[start].isupper() and end - start <= 4:
        return
    found = _SCHOOL_NAME.match(whole, end)
    first = fold(found["name"]).split()[:1] if found else []
    if not first or (first[0].decode() in NOT_NAMES and first[0] not in _SCHOOL_KINDS):
        return
    if found and _near(whole, start, found.end(), SCHOOL_WORDS):
        lead = len(found["name"]) - len(found["name"].lstrip())
        yield found.start("name") + lead, found.end("name"), "school"


def _school_before(whole: str, start: int, _: int) -> Iterator[_Span]:
    found = _SCHOOL_BEFORE.search(whole, max(0, start - 60), start)
    if found and _near(whole, start, start + 20, SCHOOL_WORDS):
        yield found.start("name"), found.end("name"), "school"


def _born(whole: str, _: int, end: int) -> Iterator[_Span]:
    found = _DATE.match(whole, end)
    if found:
        yield found.start("name"), found.end("name"), "date of birth"
