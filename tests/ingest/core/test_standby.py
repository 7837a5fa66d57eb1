"""When a source goes over to its second address, and when its first one is tried again."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from services.ingest.core.outcome import PollReason
from services.ingest.core.standby import TRY_FIRST_AFTER, TRY_FIRST_AGAIN, Standby, after_second, asks_first

NOW = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
SERVES = Standby("https://example.org/sitemap.xml", NOW, PollReason.NOT_A_FEED, NOW + TRY_FIRST_AFTER)


@pytest.mark.parametrize("reason", [PollReason.NOT_A_FEED, PollReason.TIMEOUT, PollReason.BLOCKED])
def test_where_both_addresses_fail_the_first_is_tried_within_the_hour(reason: PollReason) -> None:
    after = after_second(SERVES, reason, NOW)
    assert after is not None
    assert not asks_first(after, NOW)
    assert asks_first(after, NOW + TRY_FIRST_AGAIN)


def test_while_the_second_serves_the_first_is_tried_daily() -> None:
    assert after_second(SERVES, PollReason.NOT_MODIFIED, NOW) == SERVES


def test_a_first_address_that_is_gone_for_good_is_not_tried() -> None:
    gone = Standby(SERVES.url, NOW, PollReason.GONE, None)
    assert after_second(gone, PollReason.TIMEOUT, NOW) == gone
    assert not asks_first(gone, NOW + timedelta(days=30))


def test_a_trial_that_is_near_is_not_put_off() -> None:
    near = Standby(SERVES.url, NOW, PollReason.NOT_A_FEED, NOW + timedelta(minutes=5))
    assert after_second(near, PollReason.TIMEOUT, NOW) == near
