"""Decide when a source is asked again: often enough to lose nothing, never more often than it wants."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.ingest.core.outcome import BLOCKS, ENDS, SUCCESSES, WAITS, Outcome, PollReason
from services.ingest.core.standby import Standby, Step

#: A feed is a sliding window.  At a fiftieth of it all but the slowest feeds are asked at their minimum interval:
#: most polls are a 304 of a few hundred bytes, and no story comes and goes between two of them.  What larger
#: shares lose when bursts and outages come together stands in bench/report/ingest.md.
WINDOW_SHARE = 0.02
#: What would have us wait longer by itself, an outage or missing validators, may do so up to this share.
LOSS_SHARE = 0.2
JITTER = 0.1
HINT_CAP_S = 6 * 3600.0
BACK_OFF_CAP_S = 6 * 3600.0
RETRY_AFTER_CAP_S = 24 * 3600.0
BLOCK_MIN_S = 3600.0
BLOCK_CAP_S = 24 * 3600.0
DAILY_S = 24 * 3600.0
#: Without validators every answer is the whole feed (Rachel Kroll's rule: unconditional at most that often), so
#: only a feed that forgets its stories sooner is asked sooner.
UNCONDITIONAL_MIN_S = 3600.0


class DueReason(StrEnum):
    """Why the next poll is when it is."""

    WINDOW = "window"
    MINIMUM = "minimum"
    MAXIMUM = "maximum"
    OVERRUN = "overrun"
    UNCONDITIONAL = "unconditional"
    SERVER_HINT = "server_hint"
    SKIPPED_HOUR = "skipped_hour"
    RETRY_AFTER = "retry_after"
    BACK_OFF = "back_off"
    BLOCKED = "blocked"
    DAILY = "daily"
    FALLBACK = "fallback"
    STOPPED = "stopped"


@dataclass(frozen=True)
class Pace:
    """What the schedule knows of a source.  ``failures`` counts those in a row before this outcome."""

    min_interval_s: float
    max_interval_s: float
    failures: int = 0
    failing_since: datetime | None = None
    window_s: float | None = None
    conditional: bool = True


@dataclass(frozen=True)
class Due:
    """When to ask again and why; ``at`` None: not before an operator says so."""

    at: datetime | None
    reason: DueReason
    interval_s: float = 0.0


def next_due(pace: Pace, outcome: Outcome, now: datetime, jitter: float) -> Due:
    """The next poll after ``outcome``.

    Args:
        jitter: a number in -1..1 that the caller drew; it moves the interval by at most a tenth.
    """
    if outcome.reason in ENDS:
        return Due(None, DueReason.STOPPED)
    if outcome.reason in SUCCESSES:
        return _after_success(pace, outcome, now, jitter)
    seconds, reason = _after_failure(pace, outcome, now)
    # Jitter only lengthens a back-off: what a server asked for is a minimum.
    seconds = min(seconds * (1 + JITTER * abs(jitter)), max(seconds, _cap(outcome)))
    return Due(now + timedelta(seconds=seconds), reason, seconds)


def due_with_fallback(
    due: Due, outcome: Outcome, pace: Pace, now: datetime, *, step: Step, standby: Standby | None, gap_s: float
) -> Due:
    """The next poll of a source with a second address.

    A refusal is a refusal of us and not of one address: its pause is kept before the other one is asked.

    Args:
        gap_s: the pause between two requests to the domain.
    """
    if step is Step.LEFT and outcome.reason not in BLOCKS:
        return Due(now + timedelta(seconds=gap_s), DueReason.FALLBACK, gap_s)
    if due.at is not None:
        return due
    if step is Step.TRIED:
        return Due(now + timedelta(seconds=pace.min_interval_s), DueReason.FALLBACK, pace.min_interval_s)
    if step is Step.SERVED and standby is not None and standby.first_at is not None:
        return Due(standby.first_at, DueReason.FALLBACK, (standby.first_at - now).total_seconds())
    return due


def _after_success(pace: Pace, outcome: Outcome, now: datetime, jitter: float) -> Due:
    seconds, reason = _by_window(pace, outcome)
    seconds = max(pace.min_interval_s, seconds * (1 + JITTER * jitter))
    slowest = _slowest_without_loss(pace, outcome, UNCONDITIONAL_MIN_S)
    if not pace.conditional and seconds < slowest:
        seconds, reason = slowest, DueReason.UNCONDITIONAL
    for hint in (outcome.hints.max_age_s, outcome.hints.ttl_s):
        if hint is not None and min(hint, HINT_CAP_S) > seconds:
            seconds, reason = min(hint, HINT_CAP_S), DueReason.SERVER_HINT
    wait = outcome.hints.retry_after_s
    if wait is not None and min(wait, RETRY_AFTER_CAP_S) > seconds:
        seconds, reason = min(wait, RETRY_AFTER_CAP_S), DueReason.RETRY_AFTER
    return _past_skipped(Due(now + timedelta(seconds=seconds), reason, seconds), outcome, now)


def _cap(outcome: Outcome) -> float:
    """The longest pause after a failure."""
    if outcome.reason in WAITS:
        return RETRY_AFTER_CAP_S
    if outcome.reason in BLOCKS:
        return BLOCK_CAP_S
    return DAILY_S if outcome.reason is PollReason.NOT_FOUND else BACK_OFF_CAP_S


def _by_window(pace: Pace, outcome: Outcome) -> tuple[float, DueReason]:
    window = outcome.window_s if outcome.window_s is not None else pace.window_s
    wanted = WINDOW_SHARE * window if window else pace.max_interval_s
    if outcome.overrun:
        return wanted / 2, DueReason.OVERRUN
    if wanted <= pace.min_interval_s:
        return pace.min_interval_s, DueReason.MINIMUM
    if wanted >= pace.max_interval_s:
        return pace.max_interval_s, DueReason.MAXIMUM
    return wanted, DueReason.WINDOW


def _slowest_without_loss(pace: Pace, outcome: Outcome, wanted: float) -> float:
    """``wanted`` seconds, or less where the feed would lose stories meanwhile; never below twice the minimum."""
    window = outcome.window_s if outcome.window_s is not None else pace.window_s
    return max(2 * pace.min_interval_s, min(wanted, LOSS_SHARE * window)) if window else wanted


def _past_skipped(due: Due, outcome: Outcome, now: datetime) -> Due:
    """Move past the hours and days the feed asks to be left alone in, but never further than the hint cap."""
    hours, days = outcome.hints.skip_hours, outcome.hints.skip_days
    if due.at is None or (not hours and not days) or len(hours) >= 24 or len(days) >= 7:
        return due
    at, limit = due.at, now + timedelta(seconds=HINT_CAP_S)
    while (at.hour in hours or at.isoweekday() in days) and at < limit:
        at = at.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    if at == due.at:
        return due
    at = max(min(at, limit), due.at)
    return Due(at, DueReason.SKIPPED_HOUR, (at - now).total_seconds())


def _after_failure(pace: Pace, outcome: Outcome, now: datetime) -> tuple[float, DueReason]:
    doubled = pace.min_interval_s * 2.0 ** min(pace.failures + 1, 20)
    wait = outcome.hints.retry_after_s
    if outcome.reason in WAITS and wait is not None:
        return max(min(wait, RETRY_AFTER_CAP_S), pace.min_interval_s), DueReason.RETRY_AFTER
    if outcome.reason is PollReason.RATE_LIMITED:
        return min(doubled, RETRY_AFTER_CAP_S), DueReason.BACK_OFF
    if outcome.reason in BLOCKS:
        return min(max(BLOCK_MIN_S * 2.0 ** min(pace.failures, 10), wait or 0), BLOCK_CAP_S), DueReason.BLOCKED
    since = pace.failing_since
    lasted = (now - since).total_seconds() if since else 0.0
    if outcome.reason is PollReason.NOT_FOUND and lasted >= DAILY_S:
        return DAILY_S, DueReason.DAILY
    # When the server is back its feed may be about to turn over: it is asked no oftener than in good times.
    seconds = min(doubled, _slowest_without_loss(pace, outcome, BACK_OFF_CAP_S))
    return max(seconds, pace.min_interval_s), DueReason.BACK_OFF
