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
from services.tagger.core.clearing_ages import ages, around_years
from services.tagger.core.clearing_case import with_capitals
from services.tagger.core.clearing_context import Text, also_a_place
from services.tagger.core.clearing_names import after_called, after_initials, after_victim, before_note
from services.tagger.core.clearing_numbers import house, numbers_of_people, telling_numbers
from services.tagger.core.clearing_people import people
from services.tagger.core.clearing_places import born, home, home_before, school, school_before
from services.tagger.core.clearing_runs import without_hope
from services.tagger.core.clearing_stretch import Span, Stretches
from services.tagger.core.clearing_who import account, befallen, before_who, each, family_of, starred
from services.tagger.core.clearing_words import CUES, NOT_NAMES, ROLES, Cue
from services.tagger.core.folding import fold, fold_term

_KHMER_NAME = re.compile(r"ឈ្មោះ\s*(?P<name>[\u1780-\u17ff]{2,25}(?:\s[\u1780-\u17ff]{2,15})?)")
_WORDS = re.compile(r"[\w'’-]+")
#: Who was harmed is named within so many characters.
_NEAR_HARM = 400
_MIN_PART = 4
_MAX_NAMES = 200
_MANY_PARTS = 16
_NEVER_ALONE = NOT_NAMES | ROLES
_NAME_RULES = frozenset({"name with an age", "victim", "called", "initials"})
#: What finds the names about each cue, and what finds the places.
_NAMES: dict[Cue, Callable[[Stretches, int, int], Iterable[Span]]] = {
    Cue.VICTIM: after_victim,
    Cue.KIN: after_victim,
    Cue.CALLED: after_called,
    Cue.INITIALS: after_initials,
    Cue.NOT_REAL_NAME: before_note,
    Cue.YEARS_OLD: around_years,
    Cue.WHO: before_who,
    Cue.WHO_MAY: before_who,
    Cue.BEFELL: befallen,
    Cue.FAMILY_OF: family_of,
    Cue.ACCOUNT: account,
    Cue.EACH: each,
    Cue.NOTE: starred,
}
#: Where one of these stands somebody was harmed, whatever the story is about.
_OF_HARM = frozenset([Cue.BEFELL, Cue.WHO, Cue.NOT_REAL_NAME])
_OF_VICTIMS = frozenset([b"korban", b"korbannya", b"victim", b"victims", b"survivor", b"survivors", b"penyintas"])
_PLACES: dict[Cue, Callable[[Text, int, int], Iterable[Span]]] = {
    Cue.HOME: home,
    Cue.HOME_AFTER: home_before,
    Cue.SCHOOL: school,
    Cue.SCHOOL_AFTER: school_before,
    Cue.BORN: born,
    Cue.HOUSE: house,
}


@dataclass(frozen=True)
class Cleared:
    """Text of the same length with nobody in it that must not be there."""

    whole: str
    masked: tuple[Span, ...]  # what is masked and why; stretches may overlap
    closely: bool  # whether the capitals that nothing announces were looked at too


class Clearer:
    """Finds the cue words in one pass, then looks only around them: linear in the text."""

    def __init__(self, known: Iterable[str]) -> None:
        """``known``: words of the lexicon and the gazetteer, which alone make no name."""
        terms = {fold_term(term).decode() for term in known}
        words = {word for term in terms for word in term.split()}
        self._phrases = frozenset(term for term in terms if " " in term)
        self._known = frozenset(words) | NOT_NAMES | ROLES
        self._hopeless = without_hope(self._known)
        cues = [(fold_term(term), cue) for cue, terms in CUES.items() for term in terms.split(";") if term.strip()]
        #: What looks around each cue: for a name, or else for a place.
        self._cues = [
            (_NAMES.get(cue), _PLACES.get(cue), cue in _OF_HARM or term in _OF_VICTIMS) for term, cue in cues
        ]
        self._automaton = BytesAhoCorasick(
            [b" " + term + b" " for term, _ in cues], implementation=Implementation.DFA
        )

    def clear(self, raw: str, folded: bytes | None = None, *, closely: bool = True) -> Cleared:
        """Mask ``title + "\\n" + text``; ``folded`` where that is known.

        ``closely``: look also at all capitals that no cue announces, which costs twice the rest; else only at
        those near a cue that tells of harm.
        """
        folded = fold(raw) if folded is None else folded
        whole = with_capitals(raw, folded, self._known)
        found = self._found(whole, folded, closely=closely, restored=whole is not raw)
        if not found:
            return Cleared(raw, (), closely)
        named = {whole[start:end] for start, end, rule in found if rule in _NAME_RULES}
        small = {whole[start:end] for start, end, rule in found if rule == "called in small letters"}
        found += self._again(whole, sorted(named)[:_MAX_NAMES])
        for name in sorted(small)[:_MANY_PARTS]:  # one word of small letters may be a word like any other
            found += _mentions(whole, name) if " " in name else ()
        found.sort()
        pieces, at = [], 0
        for start, end, _ in found:
            if end <= at:
                continue
            if start > at:
                pieces.append(raw[at:start])
                at = start
            pieces.append(_mask(raw[at:end]))
            at = end
        return Cleared("".join([*pieces, raw[at:]]), tuple(found), closely)

    def _found(self, whole: str, folded: bytes, *, closely: bool, restored: bool) -> list[Span]:
        """What to mask and why."""
        found: list[Span] = []
        harmed: list[int] = []
        text = Text(whole, folded)
        names, cues = Stretches(text, self._known, self._phrases), self._cues
        padded = b" " + folded + b" "
        for index, start, end in self._automaton.find_matches_as_indexes(padded, overlapping=True):
            for_name, for_place, harm = cues[index]
            if harm:
                harmed.append(start)
            if for_name:
                found += for_name(names, start, end - 2)
            elif for_place:
                found += for_place(text, start, end - 2)
        numbers, long = telling_numbers(whole)
        found += ages(names, numbers)
        found += numbers_of_people(whole, numbers, long=long)
        if closely:
            found += people(names, ((0, len(whole)),), self._hopeless, restored=restored)
        elif harmed:
            found += people(names, tuple(_around(whole, harmed)), self._hopeless, restored=restored)
        if "ឈ" in whole:
            for name in _KHMER_NAME.finditer(whole):
                found.append((name.start("name"), name.end("name"), "called"))
        return found

    def _again(self, whole: str, names: list[str]) -> Iterator[Span]:
        """Every further mention of a masked name, also by one part of it."""
        parts: set[str] = set()
        for name in names:
            words = [word for word in _WORDS.findall(name) if not word.isdigit()]
            if len(words) > 1:
                parts.add(name)
            for word in words:
                low = fold(word).decode().strip()
                free = low not in self._known or not (low in _NEVER_ALONE or also_a_place(whole, word))
                # "Hoa", "Noy": shorter ones only where no lexicon knows them.
                short = len(word) == _MIN_PART - 1 and word[0].isupper() and low not in self._known
                long_enough = (len(word) >= _MIN_PART and free) or short
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


def _around(whole: str, places: Iterable[int]) -> Iterator[tuple[int, int]]:
    """The stretches of whole words near these offsets, which ascend; none overlaps another."""
    first = last = -1
    for at in places:
        if at - _NEAR_HARM <= last:
            last = at + _NEAR_HARM
            continue
        if last >= 0:
            yield first, last
        first, last = whole.rfind(" ", 0, max(0, at - _NEAR_HARM)) + 1, at + _NEAR_HARM
    if last >= 0:
        yield first, last


def _mask(shown: str) -> str:
    """As many masks; line breaks stay."""
    if "\n" not in shown:
        return MASK * len(shown)
    return "\n".join(MASK * len(line) for line in shown.split("\n"))


def _mentions(whole: str, name: str) -> Iterator[Span]:
    """Where ``name`` stands as a word of its own."""
    at = whole.find(name)
    while at >= 0:
        end = at + len(name)
        if not whole[at - 1 : at].isalnum() and not whole[end : end + 1].isalnum():
            yield at, end, "named again"
        at = whole.find(name, end)


def _mentions_of(whole: str, names: list[str]) -> Iterator[Span]:
    """The same of many names in one pass, so that a list of hundreds costs no hundreds of passes."""
    ends = [0] * len(names)
    for index, at, end in AhoCorasick(names).find_matches_as_indexes(whole, overlapping=True):
        if at >= ends[index]:
            ends[index] = end
            if not whole[at - 1 : at].isalnum() and not whole[end : end + 1].isalnum():
                yield at, end, "named again"
