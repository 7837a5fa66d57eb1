"""The gold set: every label has its evidence in both texts, and the figures do not fall."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from services.cli.evaluate import answer_of, read_gold
from services.contracts.tagging import MASK
from services.tagger.core.book import Rulebook
from services.tagger.core.figures import Gold, compare
from services.tagger.core.story import Article, tag_story, to_event
from tests.tagger.builders import NOW, a_story

PAIRS = list(read_gold(Path(__file__).parent / "gold.jsonl"))


@pytest.fixture(scope="module")
def answers(book: Rulebook) -> list[tuple[Gold, object]]:
    return [(gold, answer_of(tag_story(article, book))) for article, gold in PAIRS]


def test_no_hard_negative_would_be_pushed(answers: list[tuple[Gold, object]]) -> None:
    pushed = [g.title for g, a in answers if not g.relevant and a.relevant and a.severity >= 3]  # type: ignore[attr-defined]
    assert pushed == []


def test_figures_hold(answers: list[tuple[Gold, object]]) -> None:
    figures = compare(answers)  # type: ignore[arg-type]
    low = {name: round(share.value, 3) for name, share in figures.shares.items()}
    assert low["precision"] >= 0.95, figures.errors
    assert low["recall"] >= 0.9, figures.errors
    assert low["kind"] >= 0.85
    assert low["severity within one"] >= 0.9
    assert low["regions found"] >= 0.9
    assert figures.macro_f1 >= 0.8


@pytest.mark.parametrize("article", [article for article, gold in PAIRS], ids=[gold.story_id for _, gold in PAIRS])
def test_the_event_is_whole_and_every_span_stands_in_both_texts(book: Rulebook, article: Article) -> None:
    story = a_story("gold:1", article.title, article.text)
    tagged = to_event(tag_story(article, book), story, book, NOW + timedelta(seconds=1), None)
    raw = f"{article.title}\n{article.text}"
    assert len(raw) == len(f"{tagged.title}\n{tagged.text}")
    for span in tagged.spans():
        assert MASK not in span.text
        assert raw[span.start : span.end] == span.text


def test_half_of_the_set_is_hard_negatives() -> None:
    negatives = sum(not gold.relevant for _, gold in PAIRS)
    assert 0.4 <= negatives / len(PAIRS) <= 0.6
