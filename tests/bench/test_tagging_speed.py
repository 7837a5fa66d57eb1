"""The tagger's cost grows with the text and not with its square, and stays within a few passes over the words.

Ratios of interleaved rounds in CPU time, the smallest of each: a busy machine slows both sides.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # the benches are not installed

from bench.tagging import corpus, crafted
from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook
from services.tagger.core.story import Article, tag_story

SEEDS = Path(__file__).resolve().parents[2] / "seeds"
SHORT, LONG = 6_000, 24_000
#: Four times the text costs four times as much; its square would cost sixteen times.
LINEAR = 8.0
#: Measured 8-10: what finding the words of a made story with ``re`` costs, a story of the feed's mixture costs so often.
PASSES_OVER_THE_WORDS = 15.0


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_book(SEEDS / "topics", SEEDS / "places")


def cpu(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def least(works: list[Callable[[], object]], rounds: int) -> list[float]:
    """The smallest cost of each over rounds in turn."""
    taken = [[cpu(work) for work in works] for _ in range(rounds)]
    return [min(column) for column in zip(*taken, strict=True)]


@pytest.mark.parametrize("name", crafted.TEXTS)
def test_a_crafted_text_costs_no_square_of_its_length(book: Rulebook, name: str) -> None:
    make = crafted.TEXTS[name]
    short, long = (Article("x", "Judul", make(size)) for size in (SHORT, LONG))
    small, large = least([lambda: tag_story(short, book), lambda: tag_story(long, book)], rounds=2)
    assert large < LINEAR * max(small, 0.001), f"{SHORT} characters {small:.4f} s, {LONG} characters {large:.4f} s"


def test_a_square_would_be_noticed() -> None:
    def quadratic(text: str) -> int:
        # Steps of the interpreter, not copies: what a copy costs depends on whose caches the text still fits.
        return sum(1 for at in range(0, len(text), 10) for _ in range(at, len(text), 10))

    short, long = least([lambda: quadratic("." * SHORT), lambda: quadratic("." * LONG)], rounds=3)
    assert long > LINEAR * short


def test_a_story_costs_a_few_passes_over_its_words(book: Rulebook) -> None:
    rows = corpus.of_size(40, 11, 3_800)
    articles = [Article(row["id"], row["title"], row["text"], row["language"]) for row in rows]
    words = re.compile(r"\w+")
    tagging, reading = least(
        [
            lambda: [tag_story(one, book) for one in articles],
            lambda: [words.findall(one.text) for one in articles],
        ],
        rounds=9,
    )
    assert tagging < PASSES_OVER_THE_WORDS * reading, f"{tagging / reading:.1f} times"


def test_the_same_seed_makes_the_same_stories() -> None:
    assert corpus.digest(corpus.stories(20, 3)) == corpus.digest(corpus.stories(20, 3))


def test_another_seed_makes_others() -> None:
    assert corpus.digest(corpus.stories(20, 3)) != corpus.digest(corpus.stories(20, 4))


def test_a_slice_is_the_same_as_in_the_whole() -> None:
    assert list(corpus.stories(5, 3, first=10)) == list(corpus.stories(15, 3))[10:]
