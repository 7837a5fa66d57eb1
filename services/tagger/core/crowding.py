"""Keep of each term only the first hits where very much stands in a text: a crafted one buys no unbounded work."""

from __future__ import annotations

from collections import Counter
from collections.abc import Set
from operator import eq, itemgetter

from services.tagger.core.lexicon import Match

MAX_HITS_OF_A_TERM = 30
#: Hits of all terms together.
CROWDED = 1200
_index = itemgetter(0)


def is_crowded(matches: int, names: list[Match], both: Set[int]) -> bool:
    """Whether so much stands in a text; ``both``: the names that are terms of the lexicon too, counted once."""
    total = matches + len(names)
    return total > CROWDED and total - sum(match[0] in both for match in names) > CROWDED


def stands_too_often(matches: list[Match]) -> bool:
    """Whether a term stands more often than is kept of it in a crowded text."""
    if len(matches) <= MAX_HITS_OF_A_TERM:
        return False
    indexes = list(map(_index, matches))
    if len(indexes) - len(set(indexes)) < MAX_HITS_OF_A_TERM:
        return False  # nearly all stories: all the repetitions together are too few
    indexes.sort()
    return True in map(eq, indexes, indexes[MAX_HITS_OF_A_TERM:])


def thinned(matches: list[Match]) -> list[Match]:
    """At most ``MAX_HITS_OF_A_TERM`` of each term, the first ones."""
    seen: Counter[int] = Counter()
    kept = []
    for match in matches:
        seen[match[0]] += 1
        if seen[match[0]] <= MAX_HITS_OF_A_TERM:
            kept.append(match)
    return kept
