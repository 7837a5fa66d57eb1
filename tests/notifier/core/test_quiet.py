"""Quiet hours and digest times on the wall clocks of the region, and where clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.notifier.core.digest import DigestSchedule, next_digest, window_name
from services.notifier.core.quiet import QuietHours, is_quiet, quiet_until

ZONES = ["Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "Asia/Phnom_Penh", "Asia/Dili"]
CHANGING = [*ZONES, "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"]
NIGHT = QuietHours(time(21, 0), time(5, 30))

# zone, local time, quiet?
TABLE = [
    ("Asia/Jakarta", "2026-11-22 20:59", False),
    ("Asia/Jakarta", "2026-11-22 21:00", True),
    ("Asia/Makassar", "2026-11-22 23:59", True),
    ("Asia/Jayapura", "2026-11-23 00:00", True),
    ("Asia/Phnom_Penh", "2026-11-23 05:29", True),
    ("Asia/Dili", "2026-11-23 05:30", False),
    ("Asia/Dili", "2026-11-23 12:00", False),
]


@pytest.mark.parametrize(("zone", "local", "quiet"), TABLE)
def test_the_wall_clock_decides(zone: str, local: str, quiet: bool) -> None:
    here = ZoneInfo(zone)
    instant = datetime.fromisoformat(local).replace(tzinfo=here).astimezone(UTC)
    assert is_quiet(NIGHT, instant, here) is quiet


def test_one_instant_is_night_in_jayapura_and_evening_in_jakarta() -> None:
    instant = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
    assert is_quiet(NIGHT, instant, ZoneInfo("Asia/Jayapura"))
    assert not is_quiet(NIGHT, instant, ZoneInfo("Asia/Jakarta"))


def test_equal_ends_mean_no_quiet_hours() -> None:
    assert not is_quiet(QuietHours(time(6), time(6)), datetime(2026, 11, 22, tzinfo=UTC), ZoneInfo("Asia/Jakarta"))


def test_an_hour_that_clocks_jump_over_does_not_stay_quiet() -> None:
    berlin = ZoneInfo("Europe/Berlin")  # 29 March 2026: 02:00 becomes 03:00
    ends_in_the_gap = QuietHours(time(23, 0), time(2, 30))
    instant = datetime(2026, 3, 29, 0, 59, tzinfo=UTC)  # 01:59
    assert is_quiet(ends_in_the_gap, instant, berlin)
    assert not is_quiet(ends_in_the_gap, instant + timedelta(minutes=1), berlin)  # 03:00


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")  # 25 October 2026: 03:00 becomes 02:00
    around = QuietHours(time(2, 15), time(2, 45))
    first = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert is_quiet(around, first, berlin)
    assert is_quiet(around, first + timedelta(hours=1), berlin)
    assert not is_quiet(around, first + timedelta(minutes=30), berlin)


instants = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)).map(
    lambda at: at.replace(tzinfo=UTC, microsecond=0)
)
clocks = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 45]))


@given(instants, clocks, clocks, st.sampled_from(CHANGING))
@settings(max_examples=400, deadline=None)
def test_the_end_of_quiet_hours_is_not_quiet_and_the_minute_before_was(
    instant: datetime, start: time, end: time, zone: str
) -> None:
    here, quiet = ZoneInfo(zone), QuietHours(start, end)
    until = quiet_until(quiet, instant, here)
    assert until >= instant
    assert not is_quiet(quiet, until, here)
    if until > instant:
        assert is_quiet(quiet, instant, here)
        if zone in ZONES:  # no clock change: quiet all the way
            assert is_quiet(quiet, until - timedelta(minutes=1), here)
            assert until.astimezone(here).time() == end


@given(instants, st.lists(clocks, min_size=1, max_size=4, unique=True), st.sampled_from(CHANGING))
@settings(max_examples=400, deadline=None)
def test_the_next_digest_is_the_first_of_its_times_after_now(instant: datetime, at: list[time], zone: str) -> None:
    here = ZoneInfo(zone)
    due = next_digest(DigestSchedule(tuple(at)), instant, here)
    assert instant < due <= instant + timedelta(hours=26)
    assert next_digest(DigestSchedule(tuple(at)), due - timedelta(seconds=1), here) == due
    if zone in ZONES:
        assert due.astimezone(here).time() in at
        assert due - instant <= timedelta(days=1)


@given(instants, st.sampled_from([120, 3600, 7200]), st.sampled_from(ZONES))
def test_an_interval_digest_waits_for_the_end_of_quiet_hours(instant: datetime, seconds: int, zone: str) -> None:
    here, every = ZoneInfo(zone), timedelta(seconds=seconds)
    due = next_digest(DigestSchedule(every=every), instant, here, NIGHT)
    assert due > instant
    assert not is_quiet(NIGHT, due, here)


def test_windows_are_named_by_their_instant_whatever_the_zone() -> None:
    due = datetime(2026, 11, 23, 6, 30, tzinfo=ZoneInfo("Asia/Makassar"))
    assert window_name(due) == "digest:20261122T223000Z"
    assert window_name(due, 2) == "digest:20261122T223000Z/2"
