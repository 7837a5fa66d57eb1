"""A step that is repeated outlives what it asks of, and ends when the service does."""

from __future__ import annotations

import asyncio

import pytest

from services.runtime.errors import UnavailableError
from services.runtime.service import repeat


class Step:
    """Fails at first, then tells the service to stop."""

    def __init__(self, failure: BaseException) -> None:
        self.failure: BaseException | None = failure
        self.stopping = asyncio.Event()

    async def __call__(self) -> None:
        if self.failure is not None:
            failure, self.failure = self.failure, None
            raise failure
        self.stopping.set()


@pytest.mark.parametrize(
    "failure", [UnavailableError("away"), asyncio.CancelledError()], ids=["away", "called off"]
)
async def test_a_step_whose_client_is_away_or_called_it_off_is_done_again(failure: BaseException) -> None:
    step = Step(failure)
    await repeat("step", 0.0, step, step.stopping)
    assert step.stopping.is_set()


async def test_a_step_with_a_fault_ends_the_loop() -> None:
    step = Step(ValueError("a bug"))
    with pytest.raises(ValueError, match="a bug"):
        await repeat("step", 0.0, step, step.stopping)


async def test_a_loop_that_is_called_off_itself_ends() -> None:
    async def forever() -> None:
        await asyncio.Event().wait()

    loop = asyncio.create_task(repeat("step", 0.0, forever, asyncio.Event()))
    await asyncio.sleep(0)
    loop.cancel()
    with pytest.raises(asyncio.CancelledError):
        await loop
