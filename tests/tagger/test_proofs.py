"""Every rule file proves itself: what must match does, what must not does not."""

from __future__ import annotations

import pytest

from services.contracts.codes import Topic
from services.tagger.book_files import proofs
from services.tagger.core.book import Rulebook
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article
from tests.tagger.conftest import SEEDS

PROOFS = list(proofs(SEEDS / "topics"))


@pytest.mark.parametrize(
    ("topic", "sentence"), [(topic, text) for _, topic, must, text in PROOFS if not must], ids=str
)
def test_what_must_not_match_does_not(book: Rulebook, topic: Topic, sentence: str) -> None:
    assert topic not in {found.topic for found in tag_story(an_article(text=sentence), book).topics}


@pytest.mark.parametrize(
    ("topic", "sentence"), [(topic, text) for _, topic, must, text in PROOFS if must], ids=str
)
def test_what_must_match_does(book: Rulebook, topic: Topic, sentence: str) -> None:
    assert topic in {found.topic for found in tag_story(an_article(text=sentence), book).topics}


def test_every_topic_has_both_kinds_of_proof() -> None:
    assert {(topic, must) for _, topic, must, _ in PROOFS} == {(t, m) for t in Topic for m in (True, False)}
