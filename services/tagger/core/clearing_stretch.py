"""Decide what part of a stretch of capitalised words is somebody's name."""

from __future__ import annotations

import re
from typing import NamedTuple

from services.tagger.core.clearing_context import Text, after_office, of_a_people
from services.tagger.core.clearing_given_names import PURE
from services.tagger.core.clearing_people_words import AFFIXED, NO_NAMES
from services.tagger.core.clearing_words import HONORIFICS, NOT_NAMES, ROLES
from services.tagger.core.folding import fold

Span = tuple[int, int, str]
UPPER = r"A-ZÀ-ÖØ-Þ\u0100-\u024f\u1e00-\u1eff"
WORD = rf"[{UPPER}][\w'’-]*"
LINK = r"(?:bin|binti|al|de|da|dos|van|von)"
_PART = rf"(?:[A-Z]\.|{WORD})"
#: One name, as long as it may be.
FULL = rf"{_PART}(?:[ ](?:{LINK}[ ])?{_PART}){{0,5}}"
NAME = re.compile(FULL)
_WORDS = re.compile(r"[\w'’-]+")


class _Name(NamedTuple):
    """A name within a stretch; ``of_a_people``: none after "warga negara", where it is a nationality."""

    begins: int
    start: int
    end: int
    of_a_people: bool


class Stretches:
    """The stretches of one text; what one is, is decided once."""

    def __init__(self, text: Text, known: frozenset[str], phrases: frozenset[str] = frozenset()) -> None:
        """``known``: words that alone make no name; ``phrases``: the names of places, of several words."""
        self.whole, self.folded = text
        self._known = known
        self._phrases = phrases
        self._known_names: dict[tuple[str, bool], _Name | None] = {}
        self._known_words: dict[str, tuple[list[tuple[int, int]], list[str]]] = {}
        self._begun: set[str] = set()

    def first_time(self, look: str) -> bool:
        """Whether a look through the whole text is the first of its kind: one is enough."""
        begun = look in self._begun
        self._begun.add(look)
        return not begun

    def is_strange(self, word: str) -> bool:
        """Whether a word is of no lexicon and no title."""
        return word not in self._known and word not in HONORIFICS

    def is_place(self, words: str) -> bool:
        """Whether these folded words together are one of the gazetteer or the lexicon: "intan jaya"."""
        return words in self._phrases

    def knows(self, words: str) -> bool:
        """Whether any of these words is one of the lexicon: few names are."""
        return any(word.decode() in self._known for word in fold(words).split())

    def name(self, start: int, end: int, *, sure: bool = False) -> tuple[int, int] | None:
        """The part of a stretch that is a name; None for an office, a place, a day, a known acronym."""
        shown = self.whole[start:end]
        key = (shown, sure)
        if key in self._known_names:  # one name is announced by several words, and in a long text again and again
            name = self._known_names[key]
        else:
            name = self._known_names[key] = self._read(shown, sure=sure)
        if name is None or after_office(self.folded, start + name.begins):
            return None
        if name.of_a_people and of_a_people(self.folded, start):
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
        if not sure and stop == 1 and low[0] not in PURE and (low[0] in NO_NAMES or AFFIXED.match(low[0])):
            return None
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
