"""A clock that is set back holds nothing that was meant to go at once."""

from __future__ import annotations

from datetime import timedelta

import pytest

from services.contracts.codes import Severity
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from tests.notifier.builders import NIGHT, an_alert, an_entry
from tests.notifier.world import World, refusal

BACK = timedelta(hours=1)


async def test_what_was_decided_by_a_clock_an_hour_ahead_is_sent_when_it_is_put_right(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(severity=Severity.CRITICAL))
    world.now -= BACK
    await world.send()
    assert world.telegram.sent == [], "so long as nobody looks at the clock"
    await world.dispatcher.heed_clock()
    await world.send()
    assert len(world.telegram.sent) == 1


async def test_a_wait_for_the_next_attempt_is_as_long_as_it_was(world: World) -> None:
    await world.add(an_entry())
    world.telegram.answers = [refusal(Verdict.TRANSIENT, Reason.SERVER_BUSY)]
    await world.hear(an_alert())
    await world.send()
    world.now -= BACK
    await world.dispatcher.heed_clock()
    await world.send()
    assert world.telegram.sent == [], "not yet"
    world.pass_time(minutes=10)
    await world.send()
    assert len(world.telegram.sent) == 1


async def test_what_waits_for_the_end_of_quiet_hours_still_does(world: World) -> None:
    await world.add(an_entry(quiet={"from": "21:00", "to": "05:30"}))
    world.now = NIGHT
    await world.hear(an_alert())
    world.now -= BACK
    await world.dispatcher.heed_clock()
    await world.send()
    assert world.telegram.sent == []


@pytest.mark.parametrize("seconds", [0.0, 4.0])
async def test_clocks_that_differ_by_seconds_are_let_be(world: World, seconds: float) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    world.now -= timedelta(seconds=seconds)
    before = await world.deliveries()
    await world.dispatcher.heed_clock()
    assert await world.deliveries() == before
