"""The measured second opinion learns the same from the same stories, and never from the source it is asked about."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.second_opinion.__main__ import measure
from bench.second_opinion.learning import Judged, fit, learn
from bench.second_opinion.marks import SIZE, Weights, give_opinion


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
