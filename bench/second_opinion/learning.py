"""Learn the second opinion's weights from judged stories: a linear model, the same weights for the same stories.

L2-regularised squared hinge loss by dual coordinate descent (Hsieh et al., ICML 2008, algorithm 1).
"""

from __future__ import annotations

import math
import zlib
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter

from bench.second_opinion.marks import SIZE, Weights, give_opinion

_ROUNDS = 40
_COST = 2.0
#: A mark of fewer stories is chance, or somebody's name.
_RARE = 3
_LARGEST = 127
#: A story no rule tells says less of what is wrong with what they tell.
_UNTOLD = 0.3
#: A language of which nearly all is right, or wrong, counts no single story more than this.
_MOST = 4.0


@dataclass(frozen=True)
class Judged:
    """One judged story: the group it comes from, and whether the rules tell it."""

    story_id: str
    group: str
    relevant: bool
    told: bool
    marks: frozenset[int]
    language: str = ""


def learn(stories: Sequence[Judged], share_lost: float, folds: int) -> tuple[Weights, dict[Judged, float]]:
    """The weights of all stories, and what stories the rules tell got from weights learned without their group.

    A story is held back below what all but ``share_lost`` of the relevant ones reach that way.
    """
    fold_of = _folds(stories, folds)
    apart: dict[Judged, float] = {}
    for number in range(folds):
        weights = fit([one for one in stories if fold_of[one.group] != number])
        for one in stories:
            if fold_of[one.group] == number and one.told:
                apart[one] = give_opinion(one.marks, weights).points
    reached = sorted(points for one, points in apart.items() if one.relevant)
    below = reached[int(share_lost * len(reached))] if reached else -math.inf
    return fit(stories, round(below, 4)), apart


def _folds(stories: Sequence[Judged], folds: int) -> dict[str, int]:
    """Whole groups, the largest first, each into the fold that holds least."""
    sizes, held = Counter(one.group for one in stories), [0] * folds
    fold_of = {}
    for group, size in sorted(sizes.items(), key=lambda one: (-one[1], one[0])):
        fold_of[group] = held.index(min(held))
        held[fold_of[group]] += size
    return fold_of


def fit(stories: Sequence[Judged], held_below: float = -math.inf) -> Weights:
    """Weights of these stories; both sides weigh the same whatever their number, and so in every language."""
    stories = sorted(stories, key=attrgetter("group", "story_id"))
    seen = Counter(mark for one in stories for mark in one.marks)
    rows = [[mark for mark in sorted(one.marks) if seen[mark] >= _RARE] for one in stories]
    sizes = [math.sqrt(max(1, len(one.marks))) for one in stories]
    sides = [1 if one.relevant else -1 for one in stories]
    slacks = [1 / (2 * _COST * counts) for counts in _counts(stories)]  # 1 / (2 C) of each
    weights, bias, alphas = [0.0] * SIZE, 0.0, [0.0] * len(stories)
    for turn in range(_ROUNDS):
        for index in sorted(range(len(rows)), key=lambda i: zlib.crc32(b"%d %d" % (turn, i))):
            row, size, side, alpha, slack = rows[index], sizes[index], sides[index], alphas[index], slacks[index]
            value = bias + sum([weights[mark] for mark in row]) / size
            slope = side * value - 1 + slack * alpha
            if alpha == 0 and slope >= 0:
                continue
            curve = 1 + len(row) / (size * size) + slack
            alphas[index] = max(0.0, alpha - slope / curve)
            step = (alphas[index] - alpha) * side
            bias += step
            for mark in row:
                weights[mark] += step / size
    largest = max(map(abs, weights)) or 1.0
    return Weights(
        tuple(round(weight * _LARGEST / largest) for weight in weights),
        round(largest / _LARGEST, 9),
        round(bias, 6),
        held_below,
    )


def _counts(stories: Sequence[Judged]) -> list[float]:
    """How much each story counts: right and wrong alike in every language, so that no language means wrong."""
    counts = [1.0 if one.told else _UNTOLD for one in stories]
    for block, most in (([(one.told, one.language) for one in stories], _MOST), ([()] * len(stories), math.inf)):
        sums: defaultdict[tuple[object, bool], float] = defaultdict(float)
        for where, one, count in zip(block, stories, counts, strict=True):
            sums[where, one.relevant] += count
        counts = [
            count * min(most, (sums[where, True] + sums[where, False]) / 2 / sums[where, one.relevant])
            if sums[where, not one.relevant]
            else count
            for where, one, count in zip(block, stories, counts, strict=True)
        ]
    return counts
