"""How a source is doing, told from its polls."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.contracts.source import Health
from services.ingest.core.health import Signs, judge_health, waking_time
from services.ingest.core.outcome import PollReason

NOON = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)  # noon in Jakarta


def signs(**given: Any) -> Signs:
    plain: dict[str, Any] = {
        "reason": PollReason.NOT_MODIFIED,
        "failures": 0,
        "failing_since": None,
        "last_new_story_at": NOON - timedelta(minutes=30),
        "median_gap_s": 1800.0,
        "utc_offset_min": 420,
    }
    return Signs(**(plain | given))


def health(**given: Any) -> Health:
    return judge_health(signs(**given), Health.FRESH, NOON).health


@pytest.mark.parametrize(
    ("hours", "expected"), [(0.5, Health.FRESH), (1.4, Health.FRESH), (3, Health.QUIET), (7, Health.QUIET)]
)
def test_usual_silence_is_no_alarm(hours: float, expected: Health) -> None:
    assert health(last_new_story_at=NOON - timedelta(hours=hours)) is expected


def test_a_feed_silent_for_a_working_day_is_stale() -> None:
    assert health(last_new_story_at=NOON - timedelta(hours=24)) is Health.STALE


def test_a_weekly_feed_silent_for_a_day_is_not_stale() -> None:
    assert health(last_new_story_at=NOON - timedelta(hours=24), median_gap_s=7 * 86400.0) is Health.FRESH


def test_a_night_is_not_silence() -> None:
    early = datetime(2026, 3, 4, 23, 30, tzinfo=UTC)  # half past six in Jakarta
    late = datetime(2026, 3, 4, 14, 0, tzinfo=UTC)  # nine the evening before
    assert waking_time(late, early, 420) == timedelta(hours=2.5)
    assert judge_health(signs(last_new_story_at=late), None, early).health is Health.QUIET


def test_a_day_is_silence() -> None:
    assert waking_time(NOON - timedelta(hours=6), NOON, 420) == timedelta(hours=6)


@pytest.mark.parametrize("reason", [PollReason.TIMEOUT, PollReason.SERVER_ERROR, PollReason.NOT_A_FEED])
def test_two_failures_change_nothing_and_the_third_breaks(reason: PollReason) -> None:
    assert health(reason=reason, failures=2, failing_since=NOON) is Health.FRESH
    assert health(reason=reason, failures=3, failing_since=NOON) is Health.BROKEN


def test_not_found_breaks_after_a_day_and_not_before() -> None:
    lasting = {"reason": PollReason.NOT_FOUND, "failures": 9}
    assert health(**lasting, failing_since=NOON - timedelta(hours=23)) is Health.FRESH
    assert health(**lasting, failing_since=NOON - timedelta(hours=24)) is Health.BROKEN


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        (PollReason.GONE, Health.GONE),
        (PollReason.BLOCKED, Health.BLOCKED),
        (PollReason.CHALLENGED, Health.BLOCKED),
        (PollReason.UNAUTHORISED, Health.BLOCKED),
        (PollReason.LEGAL, Health.BLOCKED),
        (PollReason.REDIRECT_REFUSED, Health.BROKEN),
        (PollReason.LINKS_NOT_DISTINCT, Health.BROKEN),
    ],
)
def test_what_does_not_pass_by_itself_shows_at_once(reason: PollReason, expected: Health) -> None:
    assert health(reason=reason, failures=1, failing_since=NOON) is expected


def test_a_rate_limit_is_not_a_block() -> None:
    assert health(reason=PollReason.RATE_LIMITED, failures=1, failing_since=NOON) is Health.FRESH
