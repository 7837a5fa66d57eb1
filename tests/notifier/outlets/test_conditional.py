"""Whether a reader has a document already, and how often it may ask."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.notifier.core.outlets.conditional import etag_of, has_it, http_date, last_modified
from services.notifier.core.outlets.throttle import Bucket, Rate, take

TAG = etag_of(b"one")
WHEN = datetime(2026, 11, 22, 5, 0, 0, 700_000, tzinfo=UTC)
DATE = http_date(WHEN)
LATER = http_date(WHEN + timedelta(seconds=1))
EARLIER = http_date(WHEN - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("none_match", "since"),
    [
        (etag_of(b"two"), None),
        ("", None),
        ("garbage", None),
        (etag_of(b"two"), LATER),  # the tag decides alone
        (None, EARLIER),
        (None, "yesterday"),
        (None, "Sun, 32 Nov 2026 05:00:00 GMT"),
        (None, None),
    ],
)
def test_what_has_changed_is_sent(none_match: str | None, since: str | None) -> None:
    assert not has_it(TAG, DATE, none_match, since)


@pytest.mark.parametrize(
    ("none_match", "since"),
    [
        (TAG, None),
        (TAG.removeprefix("W/"), None),
        (f'"x", {TAG} , "y"', None),
        ("*", None),
        (TAG, EARLIER),
        (None, DATE),
        (None, LATER),
        (None, "Sun, 22 Nov 2026 05:00:00 -0000"),
    ],
)
def test_what_a_reader_has_is_not_sent_again(none_match: str | None, since: str | None) -> None:
    assert has_it(TAG, DATE, none_match, since)


def test_a_date_alone_is_not_trusted_right_after_a_change() -> None:
    assert last_modified(WHEN, WHEN + timedelta(seconds=1)) is None
    assert not has_it(TAG, None, None, LATER)


def test_a_settled_date_is() -> None:
    assert last_modified(WHEN, WHEN + timedelta(seconds=3)) == "Sun, 22 Nov 2026 05:00:00 GMT"


RATE = Rate(per_minute=60, burst=3)


def test_a_burst_goes_through_and_the_next_one_waits() -> None:
    bucket: Bucket | None = None
    for _ in range(3):
        bucket, wait = take(bucket, RATE, 0.0)
        assert wait == 0
    _, wait = take(bucket, RATE, 0.0)
    assert wait == pytest.approx(1.0)


def test_who_waited_as_told_is_answered() -> None:
    bucket, wait = take(Bucket(0.0, 0.0), RATE, 1.0)
    assert wait == 0
    assert bucket.left == pytest.approx(0.0)


def test_a_long_rest_fills_no_more_than_a_burst() -> None:
    bucket, _ = take(Bucket(0.0, 0.0), RATE, 1e9)
    assert bucket.left == pytest.approx(2.0)
