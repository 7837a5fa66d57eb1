"""Two workers on one store: whoever was taken over from while it stood still sends nothing more."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from services.notifier.core.ledger import State, Verdict
from services.notifier.core.reason import Reason
from services.notifier.rows import LostRowError, insert_row, move, read_row
from services.runtime.store import Store
from tests.notifier.builders import an_alert, an_entry
from tests.notifier.rows_made import a_row
from tests.notifier.world import FakeRelay, World, refusal


class HeldRelay(FakeRelay):
    """Acknowledges when it is let go."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.asked, self.go = asyncio.Event(), asyncio.Event()

    async def wait_acknowledged(self, ids: Sequence[int]) -> None:
        self.asked.set()
        await self.go.wait()
        await super().wait_acknowledged(ids)


@pytest.mark.parametrize("first_wakes", ["before the other sends", "after the other has sent"])
async def test_a_message_goes_out_once_though_two_workers_hold_it(world: World, first_wakes: str) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    slow, quick = HeldRelay(world.store), HeldRelay(world.store)
    one, two = world.a_dispatcher(), world.a_dispatcher()
    world.relay = slow
    first = asyncio.create_task(one.round())
    await slow.asked.wait()
    world.relay = quick
    assert await two.recover() == {State.DUE: 1}
    second = asyncio.create_task(two.round())
    await quick.asked.wait()
    for relay, round_, worker in sorted(
        [(slow, first, one), (quick, second, two)],
        key=lambda each: (each[0] is quick) == ("before" in first_wakes),
    ):
        relay.go.set()
        await round_
        await worker.drain()
    assert len(world.telegram.sent) == 1
    assert [delivery.state for delivery in await world.deliveries()] == ["accepted"]


async def test_an_outcome_of_an_attempt_that_is_over_is_not_written(world: World) -> None:
    old = a_row(state=State.SENDING, attempts=1)
    await world.store.write(lambda conn: insert_row(conn, a_row(state=State.SENDING, attempts=2), 1.0))
    with pytest.raises(LostRowError):
        await world.store.write(lambda conn: move(conn, old, State.ACCEPTED, Reason.SENT, 1.0))
    row = await world.store.read(lambda conn: read_row(conn, old.key))
    assert row is not None
    assert (row.state, row.attempts) == (State.SENDING, 2)


async def test_an_intent_that_a_crash_cut_off_does_not_lengthen_the_wait(world: World) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    world.relay = HeldRelay(world.store)
    for _ in range(5):
        dead = asyncio.create_task(world.a_dispatcher().round())
        await asyncio.sleep(0.2)
        dead.cancel()
        await asyncio.gather(dead, return_exceptions=True)
        await world.dispatcher.recover()
        world.ticks += 10.0
    world.relay = FakeRelay(world.store)
    world.telegram.answers = [refusal(Verdict.TRANSIENT, Reason.NOT_CONNECTED)]
    await world.send()
    (delivery,) = await world.deliveries()
    assert delivery.state == "retry_wait"
    world.pass_time(seconds=2.5)
    await world.send()
    assert len(world.telegram.sent) == 1
