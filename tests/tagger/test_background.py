"""What is only told of a place as such is no news of it."""

from __future__ import annotations

from services.tagger.core.book import Rulebook
from services.tagger.core.story import Article, Tagging, tag_story

LEAD = "Thousands of hill people in Chiang Rai have no papers, a teacher said on Monday."
HAVEN = "The province has long been a haven for drug trafficking and people smuggling from Myanmar."


def told(book: Rulebook, title: str, text: str) -> Tagging:
    return tag_story(Article("s1", title, text), book)


def test_what_a_province_has_long_been_is_no_news(book: Rulebook) -> None:
    assert not told(book, "Hill villages by the river wait for cards", f"{LEAD} {HAVEN}").relevant


def test_what_was_caught_there_is_news(book: Rulebook) -> None:
    catch = "Soldiers seized two million meth pills from Myanmar on Monday."
    assert told(book, "Hill villages by the river wait for cards", f"{LEAD} {catch} {HAVEN}").relevant


def test_a_catch_told_with_it_is_news(book: Rulebook) -> None:
    catch = "The province has long been a haven for smugglers, and soldiers seized two million meth pills from Myanmar."
    assert told(book, "Hill villages by the river wait for cards", f"{LEAD} {catch}").relevant


def test_the_first_sentence_is_never_background(book: Rulebook) -> None:
    first = "Chiang Rai has long been a haven for people smuggling from Myanmar, and the smugglers grow bolder."
    assert told(book, "People smugglers grow bolder in Chiang Rai", first).relevant
