"""How long a feed keeps its stories is the shortest of late, and only what spans a time tells of it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.core.outcome import Outcome, PollReason
from services.ingest.core.schedule import DueReason, Pace, next_due
from services.ingest.core.state import remember_window, window_of

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
DAY = 86_400.0


@pytest.mark.parametrize("times", [[], [NOON], [NOON, NOON], [NOON] * 5], ids=len)
def test_a_body_that_spans_no_time_tells_nothing(times: list[datetime]) -> None:
    assert window_of(times) is None


def test_a_body_that_spans_some_tells_how_much() -> None:
    assert window_of([NOON, NOON - timedelta(hours=2), NOON - timedelta(hours=1)]) == 7200


@pytest.mark.parametrize(
    ("known", "seen", "window"),
    [(None, None, None), (None, DAY, DAY), (DAY, None, DAY), (0.0, DAY, DAY), (DAY, 0.0, DAY), (0.0, None, None)],
)
def test_what_is_missing_is_taken_from_the_other(
    known: float | None, seen: float | None, window: float | None
) -> None:
    assert remember_window(known, seen, timedelta(days=10)) == window


def test_the_shorter_one_is_gone_by_and_forgotten_over_days() -> None:
    assert remember_window(3600, DAY, timedelta(0)) == 3600
    assert remember_window(3600, DAY, timedelta(hours=48)) == 7200
    assert remember_window(3600, DAY, timedelta(days=30)) == DAY


def test_a_feed_whose_stories_once_bore_one_time_is_asked_by_its_window_again() -> None:
    window = remember_window(
        remember_window(None, window_of([NOON, NOON]), timedelta(0)), 3600, timedelta(minutes=5)
    )
    due = next_due(Pace(60, 3600, window_s=window), Outcome(PollReason.NEW_BODY, window_s=window), NOON, 0.0)
    assert (due.reason, due.interval_s) == (DueReason.WINDOW, 72)
