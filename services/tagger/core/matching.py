"""Find the terms of the lexicon in one pass over a story, and the gazetteer's names when they are asked for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from operator import eq, itemgetter, or_
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

from services.tagger.core.blocks import Blocks
from services.tagger.core.folding import begins_any, fold, fold_term

#: A crafted text must not buy unbounded work: characters read, and hits kept of one term.
MAX_TEXT = 40_000
MAX_HITS_OF_A_TERM = 30
CROWDED = 1200
#: Thai is the first script without spaces between words; Lao and Khmer follow it.
_OTHER_SCRIPTS = "\u0e00"
_ASKS = -1


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
_index, _end = itemgetter(0), itemgetter(2)
#: Index of the term, where it starts, and two beyond where it ends: of padded text.
_Match = tuple[int, int, int]


class Terms:
    """An Aho-Corasick automaton over folded bytes; overlapping matches, whole words by padding."""

    def __init__(self, patterns: Iterable[Pattern]) -> None:
        by_bytes: dict[bytes, list[Pattern]] = {}
        for pattern in patterns:
            folded = fold_term(pattern.term)
            if folded:
                by_bytes.setdefault(folded, []).append(pattern)
        self.folded = tuple(by_bytes)
        self.groups: Sequence[tuple[Pattern, ...]] = [tuple(group) for group in by_bytes.values()]
        #: Where a term has one reading and asks nothing of its case, which is nearly always.
        self.plain = [
            group[0] if len(group) == 1 and not (group[0].exact or group[0].capital) else None
            for group in self.groups
        ]
        #: Where a term has one reading in any case but for its first letter: nearly all names too.
        self.single = [group[0] if len(group) == 1 and not group[0].exact else None for group in self.groups]
        self._automaton = BytesAhoCorasick(
            [b" " + folded + b" " for folded in by_bytes], implementation=Implementation.ContiguousNFA
        )

    def find(self, padded: bytes) -> list[_Match]:
        """Every match in folded text with a space before and after it, in order of its end."""
        return self._automaton.find_matches_as_indexes(padded, overlapping=True)


class Matcher:
    """The terms of the lexicon and the names of the gazetteer, which few stories are asked for, apart."""

    def __init__(self, patterns: Iterable[Pattern], blockers: int = 0) -> None:
        """No term counts inside a phrase of the concepts ``blockers``."""
        own: list[Pattern] = []
        by_script: dict[str, list[Pattern]] = {}
        for pattern in patterns:
            if max(pattern.term) >= _OTHER_SCRIPTS:
                by_script.setdefault(pattern.term, []).append(pattern)
            else:
                own.append(pattern)
        self._other_scripts = by_script
        firsts = "".join({re.escape(term[0]) for term in by_script})
        self._begins_other = re.compile(f"[{firsts}]") if firsts else None
        self._first_bytes = bytes({term.encode()[0] for term in by_script})
        self.lexicon = Terms(pattern for pattern in own if not pattern.places)
        self.names = Terms(pattern for pattern in own if pattern.places)
        self.blockers = blockers
        #: The concepts of a term; ``_ASKS`` where they depend on the case it is written in, or block others.
        self.concepts = [
            plain.concepts if plain and not plain.concepts & blockers else _ASKS for plain in self.lexicon.plain
        ]
        lexicon = frozenset(self.lexicon.folded)
        self._both = frozenset(index for index, term in enumerate(self.names.folded) if term in lexicon)

    def find(self, text: str, folded: bytes | None = None) -> Found:
        """Every hit in the first ``MAX_TEXT`` characters; ``folded`` where all of the text is known so."""
        text = text[:MAX_TEXT]
        padded = b" " + (fold(text) if folded is None else folded[:MAX_TEXT]) + b" "
        others = list(self._substrings(text)) if self._may_hold_others(text) else []
        matches = self.lexicon.find(padded)
        if len(matches) > MAX_HITS_OF_A_TERM and _stands_too_often(matches):
            names = self.names.find(padded)
            if self.is_crowded(matches, names):
                matches = _thinned(matches)
        return Found(self, text, padded, matches, others)

    def is_crowded(self, matches: list[_Match], names: list[_Match]) -> bool:
        """Whether so much stands in a text that of each term only the first hits are kept."""
        total = len(matches) + len(names)
        return total > CROWDED and total - sum(match[0] in self._both for match in names) > CROWDED

    def _may_hold_others(self, text: str) -> bool:
        if text.isascii() or not self._begins_other or not begins_any(text, self._first_bytes):
            return False
        return self._begins_other.search(text) is not None

    def _substrings(self, text: str) -> Iterator[Hit]:
        """Khmer and Lao put no space between words: a term counts wherever it stands."""
        for term, patterns in self._other_scripts.items():
            at, count = text.find(term), 0
            while at >= 0 and count < MAX_HITS_OF_A_TERM:
                for pattern in patterns:
                    yield Hit(at, at + len(term), pattern)
                at, count = text.find(term, at + len(term)), count + 1


class Found:
    """What stands in a story.  Most stories are told by their concepts alone: a hit is made when asked for."""

    def __init__(
        self,
        matcher: Matcher,
        text: str,
        padded: bytes,
        matches: list[_Match],
        others: list[Hit],
    ) -> None:
        self._matcher = matcher
        self._text = text
        self._padded = padded
        self._matches = matches
        self._others = others
        self._spans: list[tuple[int, int]] = []  # of phrases that mean something else
        self._masks = self._asked()
        if others:
            self._spans += [(hit.start, hit.end) for hit in others if hit.pattern.concepts & matcher.blockers]
        if self._spans:
            self._clear()

    def everything(self) -> int:
        """Every concept that stands anywhere."""
        others = [hit.pattern.concepts for hit in self._others]
        return reduce(or_, others, reduce(or_, self._masks, 0))

    def concepts(self, starts: Sequence[int]) -> list[int]:
        """The concepts of each sentence, by the offsets the sentences start at."""
        bits = [0] * len(starts)
        at, lower, upper, held = 0, 0, -1, 0  # the sentence the last hit was in
        for mask, (_, start, _) in zip(self._masks, self._matches, strict=True):
            if lower <= start < upper:
                held |= mask
                continue
            bits[at] |= held
            held = mask
            at = bisect_right(starts, start) - 1
            lower, upper = starts[at], starts[at + 1] if at + 1 < len(starts) else MAX_TEXT
        bits[at] |= held
        for hit in self._others:
            if self._is_free(hit):
                bits[bisect_right(starts, hit.start) - 1] |= hit.pattern.concepts
        return bits

    def by_sentence(self, starts: Sequence[int]) -> list[list[_Match]]:
        """The matches that each sentence holds, in order of their end."""
        grouped: list[list[_Match]] = [[] for _ in starts]
        lower, upper, group = 0, -1, grouped[0]
        for match in self._matches:
            start = match[1]
            if not lower <= start < upper:
                at = bisect_right(starts, start) - 1
                lower, upper = starts[at], starts[at + 1] if at + 1 < len(starts) else MAX_TEXT
                group = grouped[at]
            group.append(match)
        return grouped

    def told(self, matches: list[_Match], start: int, end: int) -> list[Hit]:
        """The hits of concepts among these matches of what stands between two offsets, in order of their end."""
        others = [hit for hit in self._others if start <= hit.start < end and hit.pattern.concepts]
        hits = self._hits(self._matcher.lexicon, matches, others)
        return self._free(hits) if self._spans and self._blocks.touch(start, end) else hits

    def named(self) -> list[Hit]:
        """Every hit of a name of the gazetteer, in order of its end."""
        names = self._matcher.names.find(self._padded)
        if self._matcher.is_crowded(self._matches, names):
            names = _thinned(names)
        others = [hit for hit in self._others if hit.pattern.places]
        return self._free(self._hits(self._matcher.names, names, others))

    def _free(self, hits: list[Hit]) -> list[Hit]:
        return [hit for hit in hits if self._is_free(hit)] if self._spans else hits

    def _hits(self, terms: Terms, matches: list[_Match], others: list[Hit]) -> list[Hit]:
        found: list[Hit] = []
        single, groups, text = terms.single, terms.groups, self._text
        for index, start, end in matches:
            stop, only = end - 2, single[index]
            if only is not None:
                if not only.capital or text[start].isupper():
                    found.append(_hit(Hit, (start, stop, only)))
                continue
            found += [
                _hit(Hit, (start, stop, pattern)) for pattern in groups[index] if self._holds(pattern, start, stop)
            ]
        if others:
            found += others
            found.sort(key=lambda hit: hit.end)
        return found

    def _asked(self) -> list[int]:
        """The concepts of each match, also of those that ask for their case; notes the blocking phrases."""
        concepts, matches = self._matcher.concepts, self._matches
        masks = [concepts[index] for index, _, _ in matches]
        groups, blockers, at = self._matcher.lexicon.groups, self._matcher.blockers, -1
        for _again in range(masks.count(_ASKS)):
            at = masks.index(_ASKS, at + 1)
            index, start, end = matches[at]
            mask = masks[at] = self._written(groups[index], start, end - 2)
            if mask & blockers:
                self._spans.append((start, end - 2))
        return masks

    def _written(self, group: Iterable[Pattern], start: int, stop: int) -> int:
        mask = 0
        for pattern in group:
            if self._holds(pattern, start, stop):
                mask |= pattern.concepts
        return mask

    def _clear(self) -> None:
        """Take their concepts from the words inside such phrases."""
        masks, matches, blockers = self._masks, self._matches, self._matcher.blockers
        for first, last in self._spans:
            inside = range(*(bisect_right(matches, at + 2, key=_end) for at in (first, last)))
            for at in inside:
                if first <= matches[at][1] and not masks[at] & blockers:
                    masks[at] = 0

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks(self._spans)

    def _is_free(self, hit: Hit) -> bool:
        """Whether a hit is such a phrase, or in none."""
        return bool(hit.pattern.concepts & self._matcher.blockers) or not self._blocks.hold(hit.start, hit.end)

    def _holds(self, pattern: Pattern, start: int, stop: int) -> bool:
        """Whether a term is written as it has to be; in a text of capitals their case says nothing."""
        if pattern.exact and self._text[start:stop] != pattern.term and not self._shouting:
            return False
        return not pattern.capital or self._text[start].isupper()

    @cached_property
    def _shouting(self) -> bool:
        return not _has_small_letters(self._text)


def _stands_too_often(matches: list[_Match]) -> bool:
    """Whether a term stands more often than is kept of it in a crowded text."""
    indexes = list(map(_index, matches))
    if len(indexes) - len(set(indexes)) < MAX_HITS_OF_A_TERM:
        return False  # nearly all stories: all the repetitions together are too few
    indexes.sort()
    return True in map(eq, indexes, indexes[MAX_HITS_OF_A_TERM:])


def _thinned(matches: list[_Match]) -> list[_Match]:
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
