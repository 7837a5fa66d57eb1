"""What proves a record bad, and what does not."""

from __future__ import annotations

import pytest

from services.runtime import silence
from services.runtime.retries import (
    HANDLER_LIMIT_S,
    HASTY_LIMIT_S,
    LONG_LIMIT_S,
    UNFINISHED_WAITS_S,
    Again,
    Bad,
    Tries,
    first_limit_s,
    next_try,
)

NOT_BAD = {
    "not finished once": Tries(unfinished=1),
    "not finished once, in haste": Tries(unfinished=1),
    "not finished as often as there are waits": Tries(unfinished=len(UNFINISHED_WAITS_S)),
    "raised once": Tries(raised=1),
    "raised three times": Tries(raised=3),
    "raised three times and not finished": Tries(raised=3, unfinished=2),
}
BAD = {
    "raised each time": (Tries(raised=4), False, Bad.UNHANDLED),
    "raised twice, in haste": (Tries(raised=2), True, Bad.UNHANDLED),
    "raised each time, not finished before": (Tries(raised=4, unfinished=1), False, Bad.UNHANDLED),
    "not finished each time": (Tries(unfinished=len(UNFINISHED_WAITS_S) + 1), False, Bad.UNFINISHED),
}


@pytest.mark.parametrize("tries", NOT_BAD.values(), ids=NOT_BAD)
def test_a_record_is_not_bad_yet(tries: Tries) -> None:
    assert isinstance(next_try(tries, in_haste=False), Again)


@pytest.mark.parametrize(("tries", "in_haste", "what"), BAD.values(), ids=BAD)
def test_a_record_is_proven_bad(tries: Tries, in_haste: bool, what: Bad) -> None:
    assert next_try(tries, in_haste=in_haste) is what


@pytest.mark.parametrize("unfinished", range(1, len(UNFINISHED_WAITS_S) + 1))
def test_haste_changes_nothing_for_who_was_not_finished(unfinished: int) -> None:
    tries = Tries(unfinished=unfinished)
    assert next_try(tries, in_haste=True) == next_try(tries, in_haste=False)
    assert next_try(tries, in_haste=True) == Again(UNFINISHED_WAITS_S[unfinished - 1], LONG_LIMIT_S)


def test_haste_lets_nobody_wait_who_raised() -> None:
    assert next_try(Tries(raised=1), in_haste=True) == Again(0.0, HANDLER_LIMIT_S)


def test_a_timeout_is_not_finished_and_any_other_error_is_raised() -> None:
    assert Tries().with_one_more(TimeoutError()) == Tries(unfinished=1)
    assert Tries().with_one_more(ValueError()) == Tries(raised=1)


def test_several_records_are_hurried_once_their_batch_has_cost_too_much() -> None:
    assert first_limit_s(2, in_haste=True) == HASTY_LIMIT_S


def test_a_record_alone_is_never_hurried() -> None:
    assert first_limit_s(1, in_haste=True) == first_limit_s(500, in_haste=False) == HANDLER_LIMIT_S


def test_the_long_limit_is_longer_and_ends_before_the_store_is_taken_for_silent() -> None:
    assert HANDLER_LIMIT_S < LONG_LIMIT_S < silence.SILENT_AFTER_S
