"""The measured second opinion learns the same from the same stories, and never from the source it is asked about."""

from __future__ import annotations

import zlib
from dataclasses import replace
from pathlib import Path

import pytest

from bench.second_opinion.__main__ import measure
from bench.second_opinion.learning import Judged, fit, learn
from bench.second_opinion.marks import SIZE, Weights, give_opinion, marks_to_learn
from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook
from services.tagger.core.story import Article

_SEEDS = Path(__file__).parents[2] / "seeds"


@pytest.fixture(scope="module")
def book() -> Rulebook:
    return load_book(_SEEDS / "topics", _SEEDS / "places")


def marks_of_title(title: str, book: Rulebook, home: str = "ID") -> frozenset[int]:
    return marks_to_learn(Article("a", title, "", "und", default_region=home), book, None)


def hashed(mark: str) -> int:
    return zlib.crc32(mark.encode()) & (SIZE - 1)


def some(word: int, count: int, *, relevant: bool, group: str) -> list[Judged]:
    return [
        Judged(f"{group}{word}{n}", group, relevant, True, frozenset({word, 100 + n % 3})) for n in range(count)
    ]


_STORIES = [
    one
    for group in "abcde"
    for one in (*some(1, 6, relevant=True, group=group), *some(2, 6, relevant=False, group=group))
]


def test_what_tells_right_from_wrong_is_learned() -> None:
    weights, apart = learn(_STORIES, 0.0, 5)
    assert weights.values[1] > 0 > weights.values[2]
    assert all((points >= weights.held_below) == one.relevant for one, points in apart.items())


def test_a_mark_of_two_stories_is_not_learned() -> None:
    rare = [Judged(f"rare{n}", "a", False, True, frozenset({7})) for n in range(2)]
    assert fit([*_STORIES, *rare]).values[7] == 0


def test_a_source_is_asked_of_weights_learned_without_it() -> None:
    odd = some(3, 6, relevant=True, group="f")
    weights, apart = learn([*_STORIES, *odd], 0.0, 6)
    assert weights.values[3] > 0
    assert apart[odd[0]] < min(points for one, points in apart.items() if one.relevant and one.group != "f")


def in_language(language: str, right: int, wrong: int) -> list[Judged]:
    """Stories all of which hold the language's mark 5, and half of each side mark 6."""
    return [
        Judged(f"{language}{n}", language, n < right, True, frozenset({5, 6 + n % 2}), language)
        for n in range(right + wrong)
    ]


def test_a_language_of_mostly_wrong_stories_is_no_reason() -> None:
    lopsided = in_language("other", 10, 40)
    weighed = fit([*_STORIES, *lopsided]).values[5]
    blind = fit([*_STORIES, *(replace(one, language="") for one in lopsided)]).values[5]
    assert abs(weighed) < abs(blind)


def test_what_tells_within_a_language_is_a_reason() -> None:
    told = [replace(one, marks=one.marks | {8}) if one.relevant else one for one in in_language("other", 10, 40)]
    assert fit([*_STORIES, *told]).values[8] > 0


def test_a_concept_is_one_mark_in_two_languages(book: Rulebook) -> None:
    concept = hashed("headline drug")
    assert concept in marks_of_title("Polisi sita sabu di pelabuhan", book)
    assert concept in marks_of_title("Police seize methamphetamine at the port", book)
    assert concept not in marks_of_title("Police seize books at the port", book)


def test_a_far_country_in_the_headline_is_a_mark(book: Rulebook) -> None:
    far, home = hashed("headline in far"), hashed("headline in home")
    assert marks_of_title("Police in France seize cocaine", book) & {far, home} == {far}
    assert marks_of_title("Police in Indonesia seize cocaine", book) & {far, home} == {home}


def test_names_of_places_and_figures_are_no_words(book: Rulebook) -> None:
    marks = marks_of_title("Sabu 12kg disita di Kupang", book)
    assert hashed("tdisita") in marks
    assert not marks & {hashed("tkupang"), hashed("t12kg")}


def test_the_order_of_stories_changes_nothing() -> None:
    assert fit(_STORIES) == fit(_STORIES[::-1])


def test_only_what_is_below_the_mark_is_held() -> None:
    at = Weights((0,) * SIZE, 1.0, -1.0, -1.0)
    assert not give_opinion(frozenset({1}), at).held
    assert give_opinion(frozenset({1}), replace(at, bias=-1.01)).held


@pytest.mark.parametrize(("severity", "held_back"), [(2, 6), (3, 0)])
def test_what_is_pushed_is_not_held_back(severity: int, held_back: int) -> None:
    stories = [(one, severity) for one in [*_STORIES, *some(2, 6, relevant=False, group="g")]]
    assert measure(stories, "g", 0.0).wrong_held_back == held_back
