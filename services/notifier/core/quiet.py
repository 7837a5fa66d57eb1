"""Tell whether it is an official's night, on the official's own wall clock."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class QuietHours:
    """From ``start`` up to but not including ``end``, local wall time; may cross midnight."""

    start: time
    end: time


def is_quiet(quiet: QuietHours | None, instant: datetime, zone: ZoneInfo) -> bool:
    """Read the wall clock of ``zone`` at ``instant``.

    The wall clock decides, so a night with a clock change is as long as the clock says it is.
    Equal start and end mean no quiet hours.
    """
    if quiet is None or quiet.start == quiet.end:
        return False
    clock = instant.astimezone(zone).time().replace(fold=0)
    if quiet.start < quiet.end:
        return quiet.start <= clock < quiet.end
    return clock >= quiet.start or clock < quiet.end


def wall_to_instant(day: datetime, clock: time, zone: ZoneInfo) -> datetime:
    """The UTC instant at which ``zone`` first shows ``clock`` on ``day``.

    A time that the clocks jump over is moved forward by the length of the jump, as a wall clock does.
    """
    wall = datetime.combine(day.date(), clock, zone).replace(fold=0)
    return wall.astimezone(UTC)


def quiet_until(quiet: QuietHours | None, instant: datetime, zone: ZoneInfo) -> datetime:
    """The first instant not before ``instant`` that is not quiet, in UTC."""
    if quiet is None or not is_quiet(quiet, instant, zone):
        return instant.astimezone(UTC)
    local = instant.astimezone(zone)
    for days in range(3):
        ends = wall_to_instant(local + timedelta(days=days), quiet.end, zone)
        for candidate in (ends, ends + timedelta(hours=1), ends + timedelta(hours=2)):
            if candidate >= instant and not is_quiet(quiet, candidate, zone):
                return candidate
    raise AssertionError(f"no end of {quiet} after {instant} in {zone}")
