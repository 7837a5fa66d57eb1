"""The terms of the lexicon and the names of the gazetteer, and the automata that find them in one pass."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import NamedTuple

from ahocorasick_rs import BytesAhoCorasick, Implementation

from services.tagger.core.folding import fold_term

#: Index of the term, where it starts, and two beyond where it ends: of padded text.
Match = tuple[int, int, int]
#: Instead of the concepts of a term that depend on the case it is written in, or block others.
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
        #: Where a term has one reading in any case but for its first letter, which is nearly always.
        self.single = [group[0] if len(group) == 1 and not group[0].exact else None for group in self.groups]
        self._automaton = BytesAhoCorasick(
            [b" " + folded + b" " for folded in by_bytes], implementation=Implementation.ContiguousNFA
        )

    def find(self, padded: bytes) -> list[Match]:
        """Every match in folded text with a space before and after it, in order of its end."""
        return self._automaton.find_matches_as_indexes(padded, overlapping=True)


class Lexicon(Terms):
    """Terms of concepts; none counts inside a phrase of the concepts ``blockers``."""

    def __init__(self, patterns: Iterable[Pattern], blockers: int) -> None:
        super().__init__(patterns)
        self.blockers = blockers
        #: The way each term is nearly always written, and its concepts then.
        self.usual = [_usual(group) for group in self.groups]
        #: The concepts of a term; ``ASKS`` where they are not known before its case.
        self.concepts = [
            ASKS if known is None or known[0] or known[1] & blockers else known[1] for known in self.usual
        ]


def _usual(group: Sequence[Pattern]) -> tuple[str, int] | None:
    """The one way of writing that all these patterns count in, empty for any; None where there is none."""
    written = {pattern.term for pattern in group if pattern.exact}
    if len(written) > 1 or any(pattern.capital for pattern in group):
        return None
    return "".join(written), reduce(or_, [pattern.concepts for pattern in group], 0)
