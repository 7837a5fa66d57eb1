"""Stopped dead at every boundary of a delivery, then started again: nothing lost, nothing blindly doubled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.contracts.codes import Severity
from services.notifier.channels.base import Outgoing, Receipt
from services.notifier.planner import Seen
from services.runtime.store import Store, Work
from tests.notifier.builders import an_alert, an_entry, an_update
from tests.notifier.world import FakeChannel, FakeRelay, World


class PowerCutError(BaseException):
    """The process is gone: no `except Exception` sees it."""


class CrashingChannel(FakeChannel):
    """Dies before or after the message is on the screen."""

    crash = ""

    async def send(self, message: Outgoing) -> Receipt:
        if self.crash == "before it is delivered":
            raise PowerCutError
        receipt = await super().send(message)
        if self.crash == "after it is delivered":
            raise PowerCutError
        return receipt


class CrashingRelay(FakeRelay):
    """Dies while the announcement of the intent is not acknowledged."""

    async def wait_acknowledged(self, ids: Any) -> None:
        raise PowerCutError


class CrashingStore:
    """Dies instead of the n-th write from now on."""

    def __init__(self, store: Store, after: int) -> None:
        self._store = store
        self._left = after

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, work: Work[Any], *, serial: bool = False) -> Any:
        if self._left == 0:
            raise PowerCutError
        self._left -= 1
        return await self._store.write(work, serial=serial)


# boundary -> what is on the screen in the end, and where the row stands
BOUNDARIES: dict[str, tuple[int, str]] = {
    "before the intent is written": (1, "accepted"),
    "before the intent is acknowledged": (1, "accepted"),
    "before it is marked as sending": (1, "accepted"),
    "before it is delivered": (0, "parked"),
    "after it is delivered": (1, "parked"),
    "before the outcome is written": (1, "parked"),
}


async def crash(world: World, boundary: str) -> None:
    """Dispatch until the power goes at ``boundary``."""
    channel = CrashingChannel()
    channel.crash = boundary
    channel.sent = world.telegram.sent
    writes = {"before the intent is written": 0, "before it is marked as sending": 1}
    writes["before the outcome is written"] = 2
    changes: dict[str, Any] = {"channels": {"telegram": channel, "email": world.email}}
    if boundary in writes:
        changes["store"] = CrashingStore(world.store, writes[boundary])
    if boundary == "before the intent is acknowledged":
        world.relay = CrashingRelay(world.store)
    dispatcher = world.a_dispatcher(**changes)
    with pytest.raises(PowerCutError):
        await dispatcher.round()
        await dispatcher.drain()


async def start_again(world: World, folder: Path) -> World:
    """A new process on the same store and the same outside world."""
    await world.close()
    again = World(folder, world.channels)
    again.telegram, again.email, again.now = world.telegram, world.email, world.now
    again.telegram.answers = []
    await again.dispatcher.recover()
    again.ticks += 10.0  # the pace of the one before is kept
    return again


@pytest.mark.parametrize("boundary", BOUNDARIES)
async def test_a_push_is_never_lost_and_never_doubled(world: World, tmp_path: Path, boundary: str) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    await crash(world, boundary)
    again = await start_again(world, tmp_path)
    await again.send()
    on_screen, state = BOUNDARIES[boundary]
    assert len(again.telegram.sent) == on_screen
    assert (await again.states())[0][2] == state
    again.pass_time(hours=12)
    await again.send_digests()
    listed = [m for m in again.telegram.sent if m.action == "digest"]
    assert len(listed) == (1 if state == "parked" else 0), "what nobody could see is shown to people"
    await again.close()


@pytest.mark.parametrize(
    "boundary", ["before it is delivered", "after it is delivered", "before the outcome is written"]
)
async def test_a_critical_push_nobody_saw_goes_out_on_the_next_channel(
    world: World, tmp_path: Path, boundary: str
) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(severity=Severity.CRITICAL))
    await crash(world, boundary)
    again = await start_again(world, tmp_path)
    await again.send()
    assert len(again.email.sent) == 1
    assert len(again.telegram.sent) <= 1
    await again.close()


@pytest.mark.parametrize("boundary", BOUNDARIES)
async def test_an_edit_is_repeated_since_twice_looks_like_once(
    world: World, tmp_path: Path, boundary: str
) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert())
    await world.send()
    await world.hear(an_update(severity=Severity.HIGH, confidence="high"))
    await crash(world, boundary)
    again = await start_again(world, tmp_path)
    await again.send()
    assert [m.action for m in again.telegram.sent if m.action == "push"] == ["push"]
    assert again.telegram.sent[-1].action == "edit"
    assert (await again.states())[-1][2] == "accepted"
    await again.close()


@pytest.mark.parametrize("boundary", BOUNDARIES)
async def test_a_digest_is_listed_again_only_if_nobody_saw_it(world: World, tmp_path: Path, boundary: str) -> None:
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert(severity=Severity.LOW))
    world.pass_time(hours=12)
    await world.dispatcher.close_digests()
    await crash(world, boundary)
    again = await start_again(world, tmp_path)
    await again.send()
    again.pass_time(hours=24)
    await again.send_digests()
    on_screen, state = BOUNDARIES[boundary]
    assert len(again.telegram.sent) == on_screen + (1 if state == "parked" else 0)
    assert (await again.states())[0][2] == "accepted"
    await again.close()


async def test_decisions_that_were_not_committed_are_made_again(world: World, tmp_path: Path) -> None:
    await world.add(an_entry(channels=["telegram"]))

    def dies(conn: Any) -> None:
        world.planner.plan(conn, [Seen(an_alert())], world.now)
        raise RuntimeError("the process ends before the commit")

    with pytest.raises(RuntimeError):
        await world.store.write(dies)
    assert await world.states() == []
    await world.hear(an_alert())
    await world.hear(an_alert())
    await world.send()
    assert len(world.telegram.sent) == 1
