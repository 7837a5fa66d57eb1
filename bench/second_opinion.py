"""Does a learned second opinion on relevance earn its place beside the rules?  Measured out of fold.

A linear model over hashed word n-grams (logistic loss, numpy) is trained on four folds of labelled stories and
asked about the fifth.  It may re-rank what the rules find, and earns its place only if precision rises at equal
recall.

    python -m bench.second_opinion [--seeds FOLDER] LABELLED.jsonl [LABELLED.jsonl ...]

``--seeds`` takes another rule set, such as one written before the stories were seen.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from services.cli.evaluate import read_gold
from services.cli.evaluate_folds import fold_of
from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook
from services.tagger.core.folding import fold
from services.tagger.core.story import Article, tag_story

_SEEDS = Path(__file__).parents[1] / "seeds"
_BITS = 16
_FOLDS, _ROUNDS, _RATE, _RIDGE = 5, 60, 0.5, 1e-4
#: What the rules are loosened to where the model is to choose among more candidates.
_LOOSE = 0.5
_REPORT = Path(__file__).parent / "report"

Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Row:
    """One labelled story: what it is, what the rules give it, and its features."""

    fold: int
    relevant: bool
    points: float  # of the best topic as a share of its threshold; 0 where no rule fires
    loose: float  # the same under loosened thresholds
    features: NDArray[np.int64]


def features_of(article: Article) -> NDArray[np.int64]:
    """Hashed words and pairs of words; the title once more under a name of its own."""
    title, words = fold(article.title).split(), fold(f"{article.title} {article.text}").split()[:600]
    grams = [
        *words,
        *map(b" ".join, pairwise(words)),
        *(b"t:" + w for w in title),
    ]
    return np.unique([zlib.crc32(gram) & ((1 << _BITS) - 1) for gram in grams]).astype(np.int64)


def train(rows: Sequence[Row]) -> tuple[Weights, float]:
    """Logistic regression by gradient descent on sparse binary features, classes weighted to balance."""
    weights, bias = np.zeros(1 << _BITS), 0.0
    share = max(1, sum(row.relevant for row in rows)) / len(rows)
    for turn in range(_ROUNDS):
        rate = _RATE / (1 + turn / 10)
        for row in rows:
            size = np.sqrt(max(1, len(row.features)))
            guess = _sigmoid(bias + weights[row.features].sum() / size)
            error = (row.relevant - guess) * (0.5 / share if row.relevant else 0.5 / (1 - share))
            weights[row.features] += rate * (error / size - _RIDGE * weights[row.features])
            bias += 0.1 * rate * error
    return weights, bias


def opinion(model: tuple[Weights, float], row: Row) -> float:
    """How likely the model takes a story to be relevant."""
    weights, bias = model
    return _sigmoid(bias + weights[row.features].sum() / np.sqrt(max(1, len(row.features))))


def _sigmoid(value: float) -> float:
    return float(1 / (1 + np.exp(-np.clip(value, -30, 30))))


def at_recall(scores: Sequence[float], rows: Sequence[Row], recall: float) -> float:
    """The best precision of a ranking that keeps at least ``recall``."""
    order = sorted(range(len(rows)), key=lambda i: -scores[i])
    wanted, found, best = sum(row.relevant for row in rows), 0, 0.0
    for taken, index in enumerate(order, 1):
        found += rows[index].relevant
        last = taken == len(order) or scores[order[taken]] < scores[index]
        if last and found >= recall * wanted:
            best = max(best, found / taken)
    return best


def _loosened(book: Rulebook) -> Rulebook:
    return replace(book, topics=tuple(replace(t, threshold=t.threshold * _LOOSE) for t in book.topics))


def _points(article: Article, book: Rulebook) -> float:
    topics = tag_story(article, book).topics
    thresholds = {rules.topic: rules.threshold for rules in book.topics}
    return max((found.points / thresholds[found.topic] for found in topics), default=0.0)


def rows_of(path: Path, book: Rulebook) -> list[Row]:
    """The sure stories of a labelled file."""
    loose = _loosened(book)
    return [
        Row(
            fold=fold_of(gold.story_id, _FOLDS),
            relevant=gold.relevant,
            points=_points(article, book),
            loose=_points(article, loose),
            features=features_of(article),
        )
        for article, gold in read_gold(path)
        if gold.sure
    ]


def measure(path: Path, others: Sequence[Path], book: Rulebook) -> dict[str, float | int | str]:
    """Figures on ``path``, each story asked of a model that has not seen it; ``others`` add to training."""
    rows = rows_of(path, book)
    more = [row for other in others for row in rows_of(other, book)]
    learned: list[float] = [0.0] * len(rows)
    for number in range(_FOLDS):
        model = train([row for row in rows if row.fold != number] + more)
        for index, row in enumerate(rows):
            if row.fold == number:
                learned[index] = opinion(model, row)
    started = time.perf_counter()
    said = [row.points > 0 for row in rows]
    right = sum(row.relevant for row, yes in zip(rows, said, strict=True) if yes)
    wanted = sum(row.relevant for row in rows)
    recall = right / wanted
    both = [row.points and 1 + opinion_ for row, opinion_ in zip(rows, learned, strict=True)]
    rescued = [
        (2 + row.points) if row.points else (1 + view if row.loose and view > 0.5 else 0)
        for row, view in zip(rows, learned, strict=True)
    ]
    return {
        "set": path.name,
        "stories": len(rows),
        "relevant": wanted,
        "rules: precision": round(right / max(1, sum(said)), 3),
        "rules: recall": round(recall, 3),
        "model alone, at that recall: precision": round(at_recall(learned, rows, recall), 3),
        "model alone, at recall 0.95: precision": round(at_recall(learned, rows, 0.95), 3),
        "rules re-ranked by the model, at that recall: precision": round(at_recall(both, rows, recall), 3),
        "rules loosened, the rest by the model: recall": round(
            sum(row.relevant for row, s in zip(rows, rescued, strict=True) if s) / wanted, 3
        ),
        "rules loosened, the rest by the model: precision": round(
            sum(row.relevant for row, s in zip(rows, rescued, strict=True) if s) / max(1, sum(map(bool, rescued))),
            3,
        ),
        "seconds to score": round(time.perf_counter() - started, 3),
    }


def main(paths: Sequence[str]) -> int:
    """Print the figures and write them to the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=Path, default=_SEEDS)
    parser.add_argument("labelled", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, default=_REPORT / "second-opinion.json")
    options = parser.parse_args(paths)
    book = load_book(options.seeds / "topics", options.seeds / "places")
    files: list[Path] = options.labelled
    figures = [measure(path, [other for other in files if other != path], book) for path in files]
    print(json.dumps(figures, indent=2))
    options.out.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
