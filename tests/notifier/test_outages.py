"""An outage or a fault in one place is waited out or shown; it never stops a channel or hides a decision."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.contracts.codes import Severity
from services.notifier import planner
from services.notifier.core.reason import Reason
from services.runtime.errors import UnavailableError
from tests.notifier.builders import an_alert, an_entry
from tests.notifier.world import FakeRelay, World


class FalteringRelay(FakeRelay):
    """Cannot say at first whether the broker has the intent."""

    falters = 2

    async def wait_acknowledged(self, ids: Sequence[int]) -> None:
        if self.falters:
            self.falters -= 1
            raise UnavailableError("database is locked")
        await super().wait_acknowledged(ids)


async def test_an_outage_between_intent_and_send_costs_no_delivery_and_blocks_none(world: World) -> None:
    world.relay = FalteringRelay(world.store)
    await world.add(an_entry())
    await world.hear(an_alert())
    await world.send()
    assert [d.state for d in await world.deliveries()] == ["accepted"]
    await world.hear(an_alert(incident_id="incident-2", severity=Severity.CRITICAL))
    await world.send()
    assert [d.state for d in await world.deliveries("incident-2")] == ["accepted"]
    assert len(world.telegram.sent) == 2


async def test_a_dispatcher_told_to_stop_claims_nothing_more(world: World) -> None:
    await world.add(an_entry())
    stopping = asyncio.Event()
    stopping.set()
    await world.hear(an_alert())
    await world.dispatcher.run_until(stopping)
    assert world.telegram.sent == []
    assert [d.state for d in await world.deliveries()] == ["due"]


async def test_a_dispatcher_that_breaks_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken() -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(world.dispatcher, "run", broken)
    with pytest.raises(RuntimeError, match="broken"):
        await world.dispatcher.run_until(asyncio.Event())


async def test_a_decision_that_fails_is_a_row_people_can_see(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise ValueError("a bug")

    await world.add(an_entry())
    monkeypatch.setattr(planner, "_settle", fails)
    assert await world.hear(an_alert()) == {Reason.FAILED: 1}
    (delivery,) = await world.deliveries()
    assert (delivery.state, delivery.reason) == ("suppressed", Reason.FAILED)
    assert [event.reason for event in await world.published()] == [Reason.FAILED]


async def test_a_decision_that_succeeds_is_no_such_row(world: World) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())
    assert [d.reason for d in await world.deliveries()] != [Reason.FAILED]
