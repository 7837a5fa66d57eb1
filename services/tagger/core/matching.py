"""Find every term of the lexicon and every name of the gazetteer in one pass over a story."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

from services.tagger.core.folding import fold, fold_term

#: A crafted text must not buy unbounded work: characters read, and hits kept of one term.
MAX_TEXT = 40_000
MAX_HITS_OF_A_TERM = 30
CROWDED = 1200
#: Thai is the first script without spaces between words; Lao and Khmer follow it.
_OTHER_SCRIPTS = "\u0e00"


@dataclass(frozen=True)
class Pattern:
    """One surface form: what it stands for, and when it counts."""

    term: str
    concepts: int = 0  # bit mask of concepts
    places: tuple[int, ...] = ()  # indexes into the gazetteer
    exact: bool = False  # the case must match ``term``
    capital: bool = False  # the first letter must be a capital


class Hit(NamedTuple):
    """A pattern that stands in the text as whole words."""

    start: int
    end: int
    pattern: Pattern


class Matcher:
    """An Aho-Corasick automaton over folded bytes; overlapping matches, whole words by padding."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        by_bytes: dict[bytes, list[Pattern]] = {}
        by_script: dict[str, list[Pattern]] = {}
        for pattern in patterns:
            if max(pattern.term) >= _OTHER_SCRIPTS:
                by_script.setdefault(pattern.term, []).append(pattern)
                continue
            folded = fold_term(pattern.term)
            if folded:
                by_bytes.setdefault(folded, []).append(pattern)
        self._other_scripts = by_script
        self._groups: Sequence[tuple[Pattern, ...]] = [tuple(group) for group in by_bytes.values()]
        #: Where a term has one reading and asks nothing of its case, which is nearly always.
        self._plain = [
            group[0] if len(group) == 1 and not (group[0].exact or group[0].capital) else None
            for group in self._groups
        ]
        self._automaton = BytesAhoCorasick(
            [b" " + folded + b" " for folded in by_bytes], implementation=Implementation.ContiguousNFA
        )

    def find(self, text: str) -> list[Hit]:
        """Every hit in the first ``MAX_TEXT`` characters, in order of its end."""
        text = text[:MAX_TEXT]
        found: list[Hit] = []
        shouting = not _has_small_letters(text)
        matches = self._automaton.find_matches_as_indexes(b" " + fold(text) + b" ", overlapping=True)
        if len(matches) > CROWDED:
            matches = _thinned(matches)
        for index, start, end in matches:
            stop = end - 2
            plain = self._plain[index]
            if plain is not None:
                found.append(Hit(start, stop, plain))
                continue
            for pattern in self._groups[index]:
                if pattern.exact and not shouting and text[start:stop] != pattern.term:
                    continue
                if pattern.capital and not text[start].isupper():
                    continue
                found.append(Hit(start, stop, pattern))
        if max(text, default="") >= _OTHER_SCRIPTS:
            found += self._substrings(text)
            found.sort(key=lambda hit: hit.end)
        return found

    def _substrings(self, text: str) -> Iterator[Hit]:
        """Khmer and Lao put no space between words: a term counts wherever it stands."""
        for term, patterns in self._other_scripts.items():
            at, count = text.find(term), 0
            while at >= 0 and count < MAX_HITS_OF_A_TERM:
                for pattern in patterns:
                    yield Hit(at, at + len(term), pattern)
                at, count = text.find(term, at + len(term)), count + 1


def _thinned(matches: list[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """At most ``MAX_HITS_OF_A_TERM`` of each term, the first ones."""
    seen: Counter[int] = Counter()
    kept = []
    for match in matches:
        seen[match[0]] += 1
        if seen[match[0]] <= MAX_HITS_OF_A_TERM:
            kept.append(match)
    return kept


def _has_small_letters(text: str) -> bool:
    return any(char.islower() for char in text[:400]) or text.upper() != text
