"""Whatever an outlet sends, the tagger answers with a whole event, in time that grows with the text."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.tagging import MASK
from services.tagger.core.book import Rulebook
from services.tagger.core.duplicates import read_pieces
from services.tagger.core.incident_signature import sign
from services.tagger.core.story import article_of, tag_story, to_event
from tests.tagger.builders import NOW, a_story

PIECES = st.sampled_from(
    [
        "perdagangan orang", "korban bernama", "Wulan Sari", "(17)", "berinisial", "AB, CD dan EF", "\n", ". ", ", ", "Kupang",
        "di Malaysia", "ke Batam", "9 orang", "27,311 kg sabu", "Rp 1,2 miliar", "Baca juga: x", "tewas", "rapat", "KH",
        "Police arrested", "human trafficking", "aged 16", "16-year-old", "village", "RT 01/RW 02", "0812-3456-7890",
        MASK, "\u200b", "\u0000", "İstanbul", "ព្រំដែន", "😀", "-", "(", ")", "\"", "22/1", "(22/1/2026)", "ß", "ﬁ",
    ]
)  # fmt: skip


def check(book: Rulebook, title: str, text: str) -> None:
    story = a_story("fuzz:1", title or "x", text)
    tagging = tag_story(article_of(story), book)
    tagged = to_event(tagging, story, book, NOW, None)
    assert len(tagged.title) == len(story.title)
    assert len(tagged.text) == len(story.text)
    if tagged.relevant:
        sign(tagged)
    read_pieces(tagged.text)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(title=st.text(max_size=60), text=st.text(max_size=400))
def test_any_text_gets_an_answer(book: Rulebook, title: str, text: str) -> None:
    check(book, title, text)


@settings(max_examples=250, deadline=None, derandomize=True)
@given(title=st.lists(PIECES, max_size=6), text=st.lists(PIECES, max_size=40))
def test_any_mixture_of_telling_words_gets_an_answer(book: Rulebook, title: list[str], text: list[str]) -> None:
    check(book, " ".join(title).replace("\n", " "), " ".join(text))


@pytest.mark.parametrize(
    "piece",
    ["korban bernama Wulan Sari (17) ", "Kupang ", "a, 17, ", "( 17 ) ", "1 2 3 orang ", ".\n", "A", "\n", " "],
)
def test_a_very_long_text_is_answered(book: Rulebook, piece: str) -> None:
    check(book, "Judul", (piece * (150_000 // len(piece)))[:150_000])
