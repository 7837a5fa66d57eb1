"""Quotation marks around a word or two do not part it from its neighbours; speech and commas do."""

import pytest

from services.tagger.core.folding import fold
from services.tagger.core.quoted import as_written, marks_within, without


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("Chinese “call centre” gang held", " chinese call centre gang held "),
        ("Police hold ‘illegal’ migrants", " police hold illegal migrants "),
        ("The 'Macau Scam' in Johor", " the macau scam in johor "),
    ],
)
def test_a_phrase_is_read_past_its_quotation_marks(text: str, read: str) -> None:
    padded = b" " + fold(text) + b" "
    assert without(padded, marks_within(text)).decode() == read


@pytest.mark.parametrize(
    "text",
    [
        "Malaysia's migrants' boat",  # an apostrophe is no quotation mark
        "“We have seen no boat at all on this coast,” he said",  # speech
        "no marks at all",
    ],
)
def test_speech_and_apostrophes_are_not_read_past(text: str) -> None:
    assert marks_within(text) == ()


def test_a_comma_after_a_mark_still_parts_two_words() -> None:
    text = "the ‘drug’, smuggling apart"
    assert b"drug  " in without(b" " + fold(text) + b" ", marks_within(text))


def test_a_match_is_given_where_it_stands_in_the_text() -> None:
    text = "a ‘call centre’ gang"
    marks = marks_within(text)
    tight = without(b" " + fold(text) + b" ", marks)
    term = b" call centre gang "
    start = tight.index(term)
    [(_, first, end)] = as_written([(7, start, start + len(term))], marks)
    assert text[first : end - 2] == "call centre’ gang"
