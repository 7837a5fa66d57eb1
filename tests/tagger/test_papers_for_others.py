"""What a paper of Jakarta writes in English: Indonesia is its own state there, however often it is named."""

from __future__ import annotations

from services.tagger.core.book import Rulebook
from services.tagger.core.story import Article, Tagging, tag_story


def at_home_in_jakarta(book: Rulebook, text: str) -> Tagging:
    return tag_story(Article("s1", "Police act on drugs", text, language="en", outlet="thejakartapost.com"), book)


def test_indonesia_is_no_other_state_in_its_papers_for_others(book: Rulebook) -> None:
    text = "Police arrested an Indonesian politician over drugs in a hotel in Jakarta."
    assert not at_home_in_jakarta(book, text).relevant


def test_malaysia_is_another_state_in_them(book: Rulebook) -> None:
    text = "Police arrested an Indonesian courier who brought 12 kg of drugs from Malaysia to Jakarta."
    assert at_home_in_jakarta(book, text).relevant
