"""Check quiet hours and digests on random schedules against a clock that knows no time zones.

    python -m tests.notifier.proof_schedules --schedules 100000 --out bench/report/data

An official with random quiet hours and digest times in a random zone hears of an alert at a random instant,
often within two minutes of midnight, of the quiet hours' ends or of a digest.  WIB, WITA, WIT, ICT and TLT are
fixed offsets, so that what must happen is arithmetic of minutes, written here without ``zoneinfo``; Berlin is
there for its clock changes and is scanned minute by minute.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import time as wall
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from services.contracts.codes import Severity, Topic
from services.contracts.delivery import Action
from services.notifier.core.decide import Moment, decide
from services.notifier.core.digest import DigestSchedule, next_digest
from services.notifier.core.match import Match
from services.notifier.core.quiet import QuietHours
from services.notifier.core.subscription import Official, Subscription
from tests.notifier.builders import an_alert

#: Offsets in hours of the zones that never change their clocks.
FIXED = {"Asia/Jakarta": 7, "Asia/Makassar": 8, "Asia/Jayapura": 9, "Asia/Phnom_Penh": 7, "Asia/Dili": 9}
CHANGES_ITS_CLOCK = "Europe/Berlin"
#: How often windows are closed in the service, and what is promised.
EVERY_S, PROMISED_S = 1.0, 60.0
_DAY = 1440
_BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass
class Figures:
    """What came of the schedules."""

    schedules: int = 0
    by_zone: dict[str, int] = field(default_factory=dict)
    pushed: int = 0
    pushed_through_quiet_hours: int = 0
    held_back_by_quiet_hours: int = 0
    in_digests: int = 0
    near_midnight: int = 0
    dropped: int = 0
    longest_release_s: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True)
class Drawn:
    """One schedule, as minutes of the local day."""

    zone: str
    quiet: tuple[int, int] | None
    at: tuple[int, ...]
    every_min: int | None
    instant: datetime
    severity: Severity
    phase_s: float


def draw(dice: random.Random) -> Drawn:
    """A schedule and an alert, the alert often where it is difficult."""
    zone = dice.choice([*FIXED] * 3 + [CHANGES_ITS_CLOCK])
    minutes = lambda: dice.randrange(0, _DAY, 5)  # noqa: E731
    quiet = (minutes(), minutes()) if dice.random() < 0.8 else None
    at = tuple(sorted({minutes() for _ in range(dice.randint(1, 4))}))
    instant = _BEGIN + timedelta(seconds=dice.randrange(2 * 365 * 86_400))
    difficult = [0, *at, *(quiet or ())]
    if zone in FIXED and dice.random() < 0.4:
        local = dice.choice(difficult) * 60 + dice.randint(-120, 120)
        instant = instant.replace(hour=0, minute=0, second=0) + timedelta(seconds=local - FIXED[zone] * 3600)
    every = dice.choice([15, 60, 120]) if dice.random() < 0.1 else None
    severity = dice.choice([Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.HIGH, Severity.CRITICAL])
    return Drawn(zone, quiet, at, every, instant, severity, dice.uniform(0, EVERY_S))


_ALERTS = {severity: an_alert(severity=severity) for severity in Severity}
_MATCH = Match(("ID-NT",), (Topic.ILLEGAL_LABOUR_PLACEMENT,), _ALERTS[Severity.HIGH].kind)
_ZONES = {name: ZoneInfo(name) for name in (*FIXED, CHANGES_ITS_CLOCK)}


def _clock(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def an_official(drawn: Drawn) -> Official:
    """The official of this schedule."""
    return Official(
        "official-1",
        (Subscription(regions=frozenset({"ID-NT"})),),
        ("telegram",),
        zone=_ZONES[drawn.zone],
        quiet=QuietHours(*map(_clock, drawn.quiet)) if drawn.quiet else None,
        digest=DigestSchedule(
            tuple(map(_clock, drawn.at)), timedelta(minutes=drawn.every_min) if drawn.every_min else None
        ),
    )


def check(drawn: Drawn, figures: Figures) -> None:
    """Decide, release, and compare with arithmetic.

    Raises:
        AssertionError: a promise was broken.
    """
    official = an_official(drawn)
    decision = decide(official, _ALERTS[drawn.severity], _MATCH, None, Moment(drawn.instant))
    figures.schedules += 1
    figures.by_zone[drawn.zone] = figures.by_zone.get(drawn.zone, 0) + 1
    if decision is None or decision.suppressed:
        figures.dropped += 1
        raise AssertionError(f"dropped: {drawn}")
    night = _is_night(drawn, drawn.instant)
    critical = drawn.severity >= Severity.CRITICAL
    if _is_near_midnight(drawn):
        figures.near_midnight += 1
    may_push = critical or (drawn.severity >= Severity.HIGH and not night)
    assert (decision.action is Action.PUSH) == may_push, f"{decision} at night={night}: {drawn}"
    if decision.action is Action.PUSH:
        figures.pushed += 1
        figures.pushed_through_quiet_hours += critical and night
        return
    figures.held_back_by_quiet_hours += drawn.severity >= Severity.HIGH
    figures.in_digests += 1
    due = next_digest(official.digest, drawn.instant, official.zone, official.quiet)
    assert due == _next_window(drawn), f"{due} is not {_next_window(drawn)}: {drawn}"
    late = _released(due, drawn.phase_s) - due.timestamp()
    assert 0 <= late <= PROMISED_S, f"{late} s after the window: {drawn}"
    figures.longest_release_s = max(figures.longest_release_s, late)


def _released(due: datetime, phase_s: float) -> float:
    """When the loop that looks every second sees that the window has come."""
    looked = (due.timestamp() - phase_s) // EVERY_S * EVERY_S + phase_s
    return looked if looked >= due.timestamp() else looked + EVERY_S


# What must happen, without zoneinfo ------------------------------------------------------------


def _local_seconds(drawn: Drawn, instant: datetime) -> int:
    """Seconds since local midnight of 1 January 1970."""
    return int(instant.timestamp()) + FIXED[drawn.zone] * 3600


def _is_near_midnight(drawn: Drawn) -> bool:
    if drawn.zone not in FIXED:
        return False
    second = _local_seconds(drawn, drawn.instant) % 86_400
    return second <= 120 or second >= 86_400 - 120


def _minute_of_day(drawn: Drawn, instant: datetime) -> int:
    if drawn.zone in FIXED:
        return _local_seconds(drawn, instant) % 86_400 // 60
    local = instant.astimezone(_ZONES[drawn.zone])
    return local.hour * 60 + local.minute


def _is_night(drawn: Drawn, instant: datetime) -> bool:
    if drawn.quiet is None or drawn.quiet[0] == drawn.quiet[1]:
        return False
    start, end = drawn.quiet
    minute = _minute_of_day(drawn, instant)
    return (minute - start) % _DAY < (end - start) % _DAY


def _next_window(drawn: Drawn) -> datetime:
    if drawn.every_min is not None:
        step = drawn.every_min * 60
        at = datetime.fromtimestamp((int(drawn.instant.timestamp()) // step + 1) * step, UTC)
        while _is_night(drawn, at):
            at += timedelta(minutes=1)
        return at
    if drawn.zone in FIXED:
        midnight = _local_seconds(drawn, drawn.instant) // 86_400 * 86_400
        windows = (midnight + day * 86_400 + minute * 60 for day in (0, 1) for minute in drawn.at)
        local = min(at for at in windows if at > _local_seconds(drawn, drawn.instant))
        return datetime.fromtimestamp(local - FIXED[drawn.zone] * 3600, UTC)
    return _scanned(drawn)


def _scanned(drawn: Drawn) -> datetime:
    """The first minute at which a wall clock shows one of the times for the first time that day.

    A time that is jumped over is due as much later as the clock jumps; one that comes twice is due once.
    """
    at = drawn.instant.replace(second=0) + timedelta(minutes=1)
    zone = _ZONES[drawn.zone]
    while True:
        local = at.astimezone(zone)
        minute = local.hour * 60 + local.minute
        jumped = local.utcoffset() != (at - timedelta(hours=1)).astimezone(zone).utcoffset()
        before = minute - 60 in drawn.at and jumped and not local.fold and _is_after_a_jump(at, zone)
        if (minute in drawn.at and not local.fold and not before) or before:
            return at
        at += timedelta(minutes=1)


def _is_after_a_jump(at: datetime, zone: ZoneInfo) -> bool:
    """Whether the wall clock skipped the hour before this one."""
    hour_ago = (at - timedelta(hours=1)).astimezone(zone)
    return bool(at.astimezone(zone).utcoffset() > hour_ago.utcoffset())  # type: ignore[operator]


def prove(schedules: int, seed: int) -> Figures:
    """Check so many random schedules."""
    dice, figures, began = random.Random(seed), Figures(), wall.monotonic()
    for _ in range(schedules):
        check(draw(dice), figures)
    figures.seconds = round(wall.monotonic() - began, 1)
    return figures


def main() -> int:
    """Print the figures and keep them; an `AssertionError` is a promise broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schedules", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, default=Path("bench/report/data"))
    given = parser.parse_args()
    found = {"seed": given.seed, **asdict(prove(given.schedules, given.seed))}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "notifier-schedules.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found))  # noqa: T201
    return 0


if __name__ == "__main__":
    sys.exit(main())
