"""Stories are labelled some dozens at a time, each as if it were alone."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from services.tagger.core.book import Rulebook
from services.tagger.core.story import Article, tag_stories, tag_story

GOLD = Path(__file__).with_name("gold.jsonl")
SEED = 64


@pytest.fixture(scope="module")
def articles() -> list[Article]:
    rows = [json.loads(line) for line in GOLD.read_text().splitlines()]
    drawn = random.Random(SEED).sample(rows, 200)
    return [Article(row["id"], row["title"], row["text"], row["language"]) for row in drawn]


def test_stories_labelled_together_are_labelled_as_each_alone(book: Rulebook, articles: list[Article]) -> None:
    together = list(tag_stories(articles, book))
    assert together == [tag_story(article, book) for article in articles], f"seed {SEED}"
    assert {tagging.relevant for tagging in together} == {True, False}


def test_what_stands_beside_a_story_changes_nothing(book: Rulebook, articles: list[Article]) -> None:
    ordered = {tagging.story_id: tagging for tagging in tag_stories(articles, book)}
    shuffled = random.Random(SEED).sample(articles, len(articles))
    assert [tagging.story_id for tagging in tag_stories(shuffled, book)] == [one.story_id for one in shuffled]
    assert all(ordered[tagging.story_id] == tagging for tagging in tag_stories(shuffled, book)), f"seed {SEED}"


def test_no_story_is_no_label(book: Rulebook) -> None:
    assert list(tag_stories([], book)) == []
