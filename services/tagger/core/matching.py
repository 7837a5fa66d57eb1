"""Find every term of the lexicon and every name of the gazetteer in one pass over a story."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

from services.tagger.core.folding import fold, fold_term

#: A crafted text must not buy unbounded work: characters read, and hits kept of one term.
MAX_TEXT = 40_000
MAX_HITS_OF_A_TERM = 30
CROWDED = 1200
#: Thai is the first script without spaces between words; Lao and Khmer follow it.
_OTHER_SCRIPTS = "\u0e00"
ASKS = -1


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


#: A hundred hits a story: half of what the named form costs.
_hit = tuple.__new__


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
        firsts = "".join({re.escape(term[0]) for term in by_script})
        self._begins_other = re.compile(f"[{firsts}]") if firsts else None
        self.groups: Sequence[tuple[Pattern, ...]] = [tuple(group) for group in by_bytes.values()]
        #: Where a term has one reading and asks nothing of its case, which is nearly always.
        self.plain = [
            group[0] if len(group) == 1 and not (group[0].exact or group[0].capital) else None
            for group in self.groups
        ]
        #: The concepts of a term; ``ASKS`` where they depend on the case it is written in.
        self.concepts = [
            plain.concepts if plain else ASKS if any(pattern.concepts for pattern in group) else 0
            for plain, group in zip(self.plain, self.groups, strict=True)
        ]
        self._automaton = BytesAhoCorasick(
            [b" " + folded + b" " for folded in by_bytes], implementation=Implementation.ContiguousNFA
        )

    def find(self, text: str) -> Found:
        """Every hit in the first ``MAX_TEXT`` characters."""
        text = text[:MAX_TEXT]
        matches = self._automaton.find_matches_as_indexes(b" " + fold(text) + b" ", overlapping=True)
        if len(matches) > CROWDED:
            matches = _thinned(matches)
        others: list[Hit] = []
        if self._begins_other and not text.isascii() and self._begins_other.search(text):
            others = list(self._substrings(text))
        return Found(self, text, matches, others)

    def _substrings(self, text: str) -> Iterator[Hit]:
        """Khmer and Lao put no space between words: a term counts wherever it stands."""
        for term, patterns in self._other_scripts.items():
            at, count = text.find(term), 0
            while at >= 0 and count < MAX_HITS_OF_A_TERM:
                for pattern in patterns:
                    yield Hit(at, at + len(term), pattern)
                at, count = text.find(term, at + len(term)), count + 1


class Blocks:
    """The phrases that mean something else than their words: "bunga kamboja", "menteri perdagangan"."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._reach = list(accumulate((end for _, end in ordered), max))  # of all the phrases begun so far

    def hold(self, start: int, end: int) -> bool:
        """Whether one of them holds the whole span."""
        begun = bisect_right(self._starts, start) - 1
        return begun >= 0 and self._reach[begun] >= end


class Found:
    """What stands in a story.  Most stories are told by their concepts alone: a hit is made when asked for."""

    def __init__(
        self, matcher: Matcher, text: str, matches: list[tuple[int, int, int]], others: list[Hit]
    ) -> None:
        self._matcher = matcher
        self._text = text
        self._matches = matches
        self._others = others

    def concepts(self, starts: Sequence[int], blockers: int) -> list[int]:
        """The concepts of each sentence, by the offsets the sentences start at; none inside a blocking phrase."""
        bits = self._concepts(starts)
        if any(mask & blockers for mask in bits):
            return self._concepts(starts, blockers)
        return bits

    def _concepts(self, starts: Sequence[int], blockers: int = 0) -> list[int]:
        blocks = self._blocks(blockers) if blockers else None
        bits = [0] * len(starts)
        concepts, at = self._matcher.concepts, 0
        lower, upper = 0, -1  # the sentence the last hit was in
        for index, start, end in self._matches:
            mask = concepts[index]
            if mask:
                if not lower <= start < upper:
                    at = bisect_right(starts, start) - 1
                    lower, upper = starts[at], starts[at + 1] if at + 1 < len(starts) else MAX_TEXT
                if mask == ASKS:
                    mask = self._asked(index, start, end - 2)
                if blocks and not mask & blockers and blocks.hold(start, end - 2):
                    continue
                bits[at] |= mask
        for hit in self._others:
            if hit.pattern.concepts & blockers or not (blocks and blocks.hold(hit.start, hit.end)):
                bits[bisect_right(starts, hit.start) - 1] |= hit.pattern.concepts
        return bits

    def _blocks(self, blockers: int) -> Blocks:
        spans = [(hit.start, hit.end) for hit in self._others if hit.pattern.concepts & blockers]
        concepts = self._matcher.concepts
        for index, start, end in self._matches:
            mask = concepts[index]
            if mask == ASKS:
                mask = self._asked(index, start, end - 2)
            if mask & blockers:
                spans.append((start, end - 2))
        return Blocks(spans)

    def hits(self) -> list[Hit]:
        """Every hit, in order of its end."""
        found: list[Hit] = []
        plain, groups = self._matcher.plain, self._matcher.groups
        for index, start, end in self._matches:
            stop, only = end - 2, plain[index]
            if only is not None:
                found.append(_hit(Hit, (start, stop, only)))
                continue
            found += [
                _hit(Hit, (start, stop, pattern)) for pattern in groups[index] if self._holds(pattern, start, stop)
            ]
        if self._others:
            found += self._others
            found.sort(key=lambda hit: hit.end)
        return found

    def _asked(self, index: int, start: int, stop: int) -> int:
        mask = 0
        for pattern in self._matcher.groups[index]:
            if pattern.concepts and self._holds(pattern, start, stop):
                mask |= pattern.concepts
        return mask

    def _holds(self, pattern: Pattern, start: int, stop: int) -> bool:
        """Whether a term is written as it has to be; in a text of capitals their case says nothing."""
        if pattern.exact and self._text[start:stop] != pattern.term and not self._shouting:
            return False
        return not pattern.capital or self._text[start].isupper()

    @cached_property
    def _shouting(self) -> bool:
        return not _has_small_letters(self._text)


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
