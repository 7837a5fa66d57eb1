"""Figures out of fold: what is fitted for a story is fitted without it; and intervals of scores by resampling.

The rules are written by hand and are the same in every fold.  The one thing that is fitted is how much a topic
has to carry: the scale of the thresholds.  Each fold is measured with the scale that does best on the others.
"""

from __future__ import annotations

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from services.tagger.core.book import Rulebook
from services.tagger.core.figures import Answer, Figures, Gold, compare, topics_only

#: Where several scales do as well, the one nearest to the rules as written is taken.
SCALES = (1.0, 0.9, 1.1, 0.8, 1.25, 1.5)
_ROUNDS = 400
_SEED = 7

Pairs = Sequence[tuple[Gold, Answer]]


@dataclass(frozen=True)
class OutOfFold:
    """Every story with the answer of the fold that did not see it, and the scale each fold chose."""

    pairs: list[tuple[Gold, Answer]]
    chosen: Counter[float]


def scaled(book: Rulebook, scale: float) -> Rulebook:
    """The same rules with every threshold times ``scale``."""
    return replace(book, topics=tuple(replace(rules, threshold=rules.threshold * scale) for rules in book.topics))


def fold_of(story_id: str, folds: int) -> int:
    """The fold of a story: by its id, so that it stays when others come and go."""
    return int.from_bytes(hashlib.sha256(story_id.encode()).digest()[:4], "big") % folds


def out_of_fold(by_scale: dict[float, Pairs], folds: int) -> OutOfFold:
    """Answers of all stories, each from the scale that was best on the other folds."""
    pairs: list[tuple[Gold, Answer]] = []
    chosen: Counter[float] = Counter()
    for fold in range(folds):
        best = max(by_scale, key=lambda scale: relevance_f1(others(by_scale[scale], fold, folds)))
        chosen[best] += 1
        pairs += [pair for pair in by_scale[best] if fold_of(pair[0].story_id, folds) == fold]
    return OutOfFold(pairs, chosen)


def others(pairs: Pairs, fold: int, folds: int) -> Pairs:
    """The stories of all folds but one."""
    return [pair for pair in pairs if fold_of(pair[0].story_id, folds) != fold]


def relevance_f1(pairs: Pairs) -> float:
    """How well relevant and other stories are told apart."""
    shares = compare(pairs).shares
    precision, recall = shares["precision"].value, shares["recall"].value
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def resampled(pairs: Pairs, score: Callable[[Figures], float]) -> tuple[float, float]:
    """The middle 95 % of a score of topics over stories drawn with replacement; the draw is the same each time."""
    dice = random.Random(_SEED)  # noqa: S311  # resampling, no secret
    values = sorted(score(topics_only(dice.choices(pairs, k=len(pairs)))) for _ in range(_ROUNDS))
    return values[round(0.025 * _ROUNDS)], values[round(0.975 * _ROUNDS) - 1]
