"""Say how a source is doing: a feed that went dark is news, a newsroom asleep is not."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

from services.contracts.source import Health
from services.ingest.core.outcome import BLOCKS, SUCCESSES, PollReason

#: Silence in units of the feed's own median gap: normal up to QUIET_GAPS, worth an alarm beyond STALE_GAPS.
QUIET_GAPS = 3
STALE_GAPS = 12
FRESH_MIN = timedelta(hours=1)
STALE_MIN = timedelta(hours=8)
#: What a feed with too few stories to measure is expected to do.
GAP_UNKNOWN = timedelta(hours=2)
GAP_MAX = timedelta(hours=24)
#: Local hours in which no newsroom of ours publishes much; they do not count as silence.
NIGHT_FROM, NIGHT_TO = 22, 5
FAILURES_MIN = 3
NOT_FOUND_LASTS = timedelta(hours=24)
#: One look is enough: these do not pass by themselves.
_AT_ONCE = frozenset((PollReason.REDIRECT_REFUSED, PollReason.LINKS_NOT_DISTINCT, PollReason.BAD_CERTIFICATE))
_REFUSALS = frozenset((PollReason.UNAUTHORISED, PollReason.LEGAL))


@dataclass(frozen=True)
class Signs:
    """What health is judged by.  ``failures`` counts those in a row, this poll included."""

    reason: PollReason
    failures: int
    failing_since: datetime | None
    last_new_story_at: datetime | None
    median_gap_s: float | None
    utc_offset_min: int


@dataclass(frozen=True)
class Verdict:
    """A health and why; ``expected`` is the gap between two stories we go by."""

    health: Health
    reason: str
    expected: timedelta


def judge_health(signs: Signs, previous: Health | None, now: datetime) -> Verdict:
    """The health after a poll; one failure alone changes nothing."""
    expected = expected_gap(signs.median_gap_s)
    if signs.reason in SUCCESSES:
        health, reason = _by_silence(signs, expected, now)
        return Verdict(health, reason, expected)
    health = previous or Health.QUIET
    if signs.reason is PollReason.GONE:
        health = Health.GONE
    elif signs.reason in BLOCKS or signs.reason in _REFUSALS:
        health = Health.BLOCKED
    elif _is_broken(signs, now):
        health = Health.BROKEN
    return Verdict(health, str(signs.reason), expected)


def _by_silence(signs: Signs, expected: timedelta, now: datetime) -> tuple[Health, str]:
    silence = waking_time(signs.last_new_story_at, now, signs.utc_offset_min)
    if silence is None:
        return Health.QUIET, "no_story_yet"
    if silence <= max(FRESH_MIN, QUIET_GAPS * expected):
        return Health.FRESH, "new_stories"
    if silence <= max(STALE_MIN, STALE_GAPS * expected):
        return Health.QUIET, "silent_as_usual"
    return Health.STALE, "silent_too_long"


def expected_gap(median_gap_s: float | None) -> timedelta:
    """The gap between two stories a source is held to."""
    return min(timedelta(seconds=median_gap_s), GAP_MAX) if median_gap_s else GAP_UNKNOWN


def waking_time(since: datetime | None, now: datetime, utc_offset_min: int) -> timedelta | None:
    """Time from ``since`` to ``now`` without the outlet's nights; None without ``since``."""
    if since is None:
        return None
    zone = timezone(timedelta(minutes=utc_offset_min))
    start, end = since.astimezone(zone), now.astimezone(zone)
    if end <= start:
        return timedelta(0)
    whole = end - start
    if whole > timedelta(days=60):
        return whole
    day = start.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=1)
    nights = timedelta(0)
    while day < end:
        night_start, night_end = day + timedelta(hours=NIGHT_FROM), day + timedelta(hours=24 + NIGHT_TO)
        nights += max(timedelta(0), min(end, night_end) - max(start, night_start))
        day += timedelta(days=1)
    return whole - nights


def _is_broken(signs: Signs, now: datetime) -> bool:
    if signs.reason in _AT_ONCE:
        return True
    lasted = now - signs.failing_since if signs.failing_since else timedelta(0)
    if signs.reason is PollReason.NOT_FOUND:
        return lasted >= NOT_FOUND_LASTS
    return signs.failures >= FAILURES_MIN
