"""Tell when an official's next digest is due and what it is called."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifier.core.quiet import QuietHours, quiet_until, wall_to_instant

_PREFIX = "digest:"


@dataclass(frozen=True)
class DigestSchedule:
    """Either local times of day, or an interval (demonstrations, operation rooms)."""

    at: tuple[time, ...] = (time(6, 30), time(16, 0))
    every: timedelta | None = None


def next_digest(
    schedule: DigestSchedule, after: datetime, zone: ZoneInfo, quiet: QuietHours | None = None
) -> datetime:
    """The first window strictly after ``after``, in UTC.

    Times of day are the official's own choice and hold at night too; a window of an interval that falls
    into quiet hours waits for their end.
    """
    if schedule.every is not None:
        step = schedule.every.total_seconds()
        count = int(after.timestamp() // step) + 1
        return quiet_until(quiet, datetime.fromtimestamp(count * step, UTC), zone)
    local = after.astimezone(zone)
    windows = (
        wall_to_instant(local + timedelta(days=day), clock, zone) for day in (0, 1, 2) for clock in schedule.at
    )
    return min(window for window in windows if window > after)


def window_name(due: datetime, part: int = 1) -> str:
    """The subject of a digest delivery: its window in UTC, and which message of that window it is."""
    stamp = due.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    return f"{_PREFIX}{stamp}" if part == 1 else f"{_PREFIX}{stamp}/{part}"
