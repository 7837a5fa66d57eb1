"""The legal steps of a delivery, and what follows an attempt."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from services.contracts.delivery import Action
from services.notifier.core.ledger import (
    FINAL,
    FOR_NOW,
    LEGAL,
    Attempted,
    IllegalStepError,
    Next,
    Priority,
    Result,
    State,
    Verdict,
    announced_reason,
    is_repeatable,
    next_step,
    step,
)
from services.notifier.core.reason import Reason

MUST_NOT = [
    (State.DUE, State.SENDING, "without an intent"),
    (State.DUE, State.ACCEPTED, "without having been sent"),
    (State.INTENDED, State.ACCEPTED, "without having been sent"),
    (State.UNKNOWN, State.DUE, "a blind repeat"),
    (State.UNKNOWN, State.RETRY_WAIT, "a blind repeat"),
    (State.UNKNOWN, State.INTENDED, "a blind repeat"),
    (State.PARKED, State.DUE, "a blind repeat"),
    (State.ACCEPTED, State.DUE, "a second copy"),
    (State.REFUSED, State.DUE, "back from the end"),
    (State.SUPPRESSED, State.DUE, "back from the end"),
    (State.PLANNED, State.DUE, "around its digest"),
]


@pytest.mark.parametrize(("before", "after", "why"), MUST_NOT)
def test_these_steps_are_not_legal(before: State, after: State, why: str) -> None:
    with pytest.raises(IllegalStepError):
        step(before, after)


def test_every_state_is_in_the_table_and_leads_only_to_states() -> None:
    assert set(LEGAL) == set(State)
    assert {after for steps in LEGAL.values() for after in steps} <= set(State)


def test_every_state_can_be_left_for_a_final_or_visible_one() -> None:
    ends = FINAL | {State.UNKNOWN, State.PARKED}
    for state in State:
        reached, frontier = {state}, {state}
        while frontier:
            frontier = {after for before in frontier for after in LEGAL[before]} - reached
            reached |= frontier
        assert reached & ends, state


def tried(**changes: Any) -> Attempted:
    given: dict[str, Any] = {
        "action": Action.PUSH, "priority": Priority.PUSH, "attempts": 1, "age": timedelta(seconds=1),
        "repeatable": False, "has_next_channel": True,
    }  # fmt: skip
    return Attempted(**(given | changes))


UNSEEN = Result(Verdict.UNKNOWN, Reason.NO_ANSWER)
BUSY = Result(Verdict.TRANSIENT, Reason.NOT_CONNECTED)


@pytest.mark.parametrize("attempts", range(1, 12))
@pytest.mark.parametrize("age", [timedelta(0), timedelta(hours=1), timedelta(days=9)])
@pytest.mark.parametrize("priority", list(Priority))
def test_an_unknown_push_is_never_tried_again(attempts: int, age: timedelta, priority: Priority) -> None:
    following = next_step(tried(attempts=attempts, age=age, priority=priority), UNSEEN, 0.5)
    assert following.state is State.UNKNOWN
    assert following.wait is None


def test_an_urgent_unknown_push_uses_the_next_channel_and_an_ordinary_one_does_not() -> None:
    assert next_step(tried(priority=Priority.CRITICAL), UNSEEN, 0.5).fall_back
    assert not next_step(tried(), UNSEEN, 0.5).fall_back
    assert next_step(tried(), UNSEEN, 0.5).relist


def test_an_urgent_unknown_push_with_no_other_channel_is_listed_again() -> None:
    following = next_step(tried(priority=Priority.CRITICAL, has_next_channel=False), UNSEEN, 0.5)
    assert following.relist
    assert not following.fall_back


def test_an_unknown_edit_is_tried_again() -> None:
    following = next_step(tried(action=Action.EDIT, repeatable=True), UNSEEN, 0.5)
    assert following.state is State.RETRY_WAIT


def test_a_refusal_for_now_waits_longer_each_time_but_never_for_ever() -> None:
    waits = [next_step(tried(attempts=n), BUSY, 1.0).wait for n in range(1, 12)]
    seconds = [wait.total_seconds() for wait in waits if wait]
    assert seconds == sorted(seconds)
    assert seconds[0] == 2
    assert seconds[-1] == 3600


def test_the_servers_own_number_counts_more_than_ours() -> None:
    flooded = Result(Verdict.TRANSIENT, Reason.RATE_LIMITED, 37.0)
    assert next_step(tried(attempts=9), flooded, 0.0).wait == timedelta(seconds=37)


def test_a_channel_that_stays_away_is_left_for_the_next_one_sooner_if_urgent() -> None:
    late = timedelta(minutes=1)
    assert next_step(tried(age=late, priority=Priority.CRITICAL), BUSY, 0.5).fall_back
    assert not next_step(tried(age=late), BUSY, 0.5).fall_back
    assert next_step(tried(age=timedelta(hours=4)), BUSY, 0.5).fall_back


def test_the_only_channel_is_kept_trying_until_a_day_has_passed() -> None:
    alone = {"has_next_channel": False}
    assert next_step(tried(age=timedelta(hours=23), **alone), BUSY, 0.5).state is State.RETRY_WAIT
    assert next_step(tried(age=timedelta(hours=25), **alone), BUSY, 0.5).state is State.REFUSED


def test_only_edits_of_a_message_in_place_may_be_done_twice() -> None:
    assert {(c, a) for c in ("telegram", "email") for a in Action if is_repeatable(c, a)} == {
        ("telegram", Action.EDIT),
        ("telegram", Action.WITHDRAW),
    }


@pytest.mark.parametrize("reason", list(Reason))
def test_a_refusal_for_now_and_one_for_ever_are_told_apart_by_the_reason_announced(reason: Reason) -> None:
    assert announced_reason(Next(State.RETRY_WAIT, reason)) in FOR_NOW
    assert announced_reason(Next(State.REFUSED, reason)) not in FOR_NOW


@pytest.mark.parametrize("reason", sorted(FOR_NOW))
def test_what_is_announced_of_an_attempt_that_is_tried_again_is_why_it_failed(reason: Reason) -> None:
    assert announced_reason(next_step(tried(), Result(Verdict.TRANSIENT, reason), 0.5)) is reason


def test_a_refusal_for_ever_keeps_its_reason_when_it_is_announced() -> None:
    for reason in (Reason.GONE, Reason.REJECTED, Reason.NO_MESSAGE, Reason.GAVE_UP):
        assert announced_reason(Next(State.REFUSED, reason)) is reason
