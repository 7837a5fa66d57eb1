"""When a source is asked again after trouble: never oftener than in good times, never so late that stories are gone."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.ingest.core.conditional import NONE, Validators
from services.ingest.core.outcome import Hints, Outcome, PollReason
from services.ingest.core.schedule import DueReason, Pace, next_due
from services.ingest.core.state import SourceState, validators_to_send
from tests.ingest.builders import NOW

MIN, MAX = 600.0, 7200.0
HOUR = 3600.0
KEPT = Validators(etag='"x"')


def wait_after(reason: PollReason, **given: object) -> float:
    pace = Pace(MIN, MAX, failures=8, **given)  # type: ignore[arg-type]
    return next_due(pace, Outcome(reason), NOW, 0.0).interval_s


FAILURES = [PollReason.SERVER_ERROR, PollReason.TIMEOUT, PollReason.NETWORK, PollReason.UNAVAILABLE]


@pytest.mark.parametrize("reason", FAILURES)
def test_a_failing_server_of_a_feed_with_a_known_window_is_asked_before_the_feed_turns_over(
    reason: PollReason,
) -> None:
    assert wait_after(reason, window_s=2 * HOUR) == pytest.approx(0.2 * 2 * HOUR)


@pytest.mark.parametrize("reason", FAILURES)
def test_a_failing_server_is_not_asked_as_often_as_a_good_one(reason: PollReason) -> None:
    assert wait_after(reason, window_s=60.0) == 2 * MIN


@pytest.mark.parametrize("reason", FAILURES)
def test_a_failing_server_of_a_feed_whose_window_is_unknown_is_left_alone_for_hours(reason: PollReason) -> None:
    assert wait_after(reason) >= 6 * HOUR


def test_too_many_requests_is_never_answered_sooner_for_the_sake_of_a_window() -> None:
    assert wait_after(PollReason.RATE_LIMITED, window_s=HOUR) == 24 * HOUR


def test_what_a_server_asks_for_is_waited_for_whatever_the_window() -> None:
    outcome = Outcome(PollReason.UNAVAILABLE, hints=Hints(retry_after_s=5000))
    due = next_due(Pace(MIN, MAX, window_s=1000), outcome, NOW, 0.0)
    assert (due.reason, due.interval_s) == (DueReason.RETRY_AFTER, 5000)


def test_a_feed_without_validators_that_forgets_slowly_is_asked_hourly_at_most() -> None:
    due = next_due(Pace(MIN, MAX, conditional=False), Outcome(PollReason.NEW_BODY, window_s=8 * HOUR), NOW, 0.0)
    assert (due.reason, due.interval_s) == (DueReason.UNCONDITIONAL, HOUR)


def test_a_feed_without_validators_that_forgets_fast_is_asked_before_it_has_forgotten() -> None:
    due = next_due(Pace(MIN, MAX, conditional=False), Outcome(PollReason.NEW_BODY, window_s=2 * HOUR), NOW, 0.0)
    assert (due.reason, due.interval_s) == (DueReason.UNCONDITIONAL, 0.2 * 2 * HOUR)


def a_state(*, news: timedelta, body: timedelta, gap: timedelta = timedelta(minutes=10)) -> SourceState:
    return SourceState(
        "http://desk.example/feed",
        validators=KEPT,
        median_gap_s=gap.total_seconds(),
        last_new_story_at=NOW - news,
        last_body_at=NOW - body,
    )


SILENCES = [
    pytest.param(timedelta(minutes=49), timedelta(minutes=49), KEPT, id="no longer silent than is usual"),
    pytest.param(timedelta(minutes=51), timedelta(minutes=51), NONE, id="silent for more than five gaps"),
    pytest.param(timedelta(hours=4), timedelta(minutes=119), KEPT, id="asked for everything not long ago"),
    pytest.param(timedelta(hours=4), timedelta(hours=2), NONE, id="the silence has doubled since"),
]


@pytest.mark.parametrize(("news", "body", "sent"), SILENCES)
def test_a_304_is_doubted_when_the_silence_is_new_and_each_time_it_has_doubled(
    news: timedelta, body: timedelta, sent: Validators
) -> None:
    assert validators_to_send(a_state(news=news, body=body), NOW) == sent


def test_a_feed_with_a_story_a_week_is_believed_for_weeks() -> None:
    state = a_state(news=timedelta(days=20), body=timedelta(days=20), gap=timedelta(days=7))
    assert validators_to_send(state, NOW) == KEPT
