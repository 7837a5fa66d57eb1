"""The clock of the tests of pacing jumps, and never stands still."""

from __future__ import annotations

import asyncio

import pytest

from tests.notifier.virtual_time import run_virtually


@pytest.mark.parametrize("seconds", [3600.0, 1e7, 3e8, 1e10])
def test_it_goes_on_however_much_time_has_passed(seconds: float) -> None:
    async def long_ago() -> tuple[float, float]:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(seconds)
        began = loop.time()
        for _ in range(100):
            await asyncio.sleep(0.1)
        return began, loop.time() - began

    began, took = run_virtually(long_ago())
    assert began == pytest.approx(seconds)
    assert took == pytest.approx(10.0, abs=0.002)


def test_sleepers_wake_in_their_order() -> None:
    async def many() -> list[int]:
        woken: list[int] = []

        async def one(number: int) -> None:
            await asyncio.sleep(0.001 * number)
            woken.append(number)

        await asyncio.sleep(1e9)
        await asyncio.gather(*(one(number) for number in reversed(range(50))))
        return woken

    assert run_virtually(many()) == [*range(50)]


def test_a_wait_for_what_will_not_come_is_told() -> None:
    async def for_ever() -> None:
        await asyncio.Event().wait()

    with pytest.raises(AssertionError, match="everybody waits"):
        run_virtually(for_ever())


def test_what_is_left_running_ends_with_the_clock() -> None:
    ended: list[str] = []

    async def left_behind() -> None:
        try:
            await asyncio.sleep(1e9)
        finally:
            ended.append("ended")

    async def begin() -> asyncio.Task[None]:
        task = asyncio.create_task(left_behind())
        await asyncio.sleep(1.0)
        return task

    assert run_virtually(begin()).cancelled()
    assert ended == ["ended"]
