"""An event loop whose clock jumps to the next thing that is due: minutes of pacing in seconds, to the microsecond."""

from __future__ import annotations

import asyncio
import math
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

import sqlalchemy as sa

from services.runtime.store import Store, Work

T = TypeVar("T")


class _Jumping(selectors.SelectSelector):
    """Waits for nothing: what it would have waited for has passed."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        found = super().select(0)
        if not found and timeout is None:
            raise AssertionError("everybody waits, and for nothing that will come")
        if not found and timeout is not None and timeout > 0:
            # asyncio calls due what lies before now + 1 ns, and from some months on that is now: the clock must
            # go beyond the moment it waits for, never stop at it.  Two roundings are behind by one step at most.
            passed = self.now + timeout
            self.now = passed + 2 * math.ulp(passed)
        return found


class VirtualLoop(asyncio.SelectorEventLoop):
    """``asyncio.sleep`` costs nothing; nothing here may use a thread."""

    def __init__(self) -> None:
        self._jumping = _Jumping()
        super().__init__(self._jumping)

    def time(self) -> float:
        return self._jumping.now


class InlineStore(Store):
    """The store without its threads, each piece of work in a transaction of its own as ever."""

    async def read(self, work: Work[T]) -> T:
        return self._read(work)

    async def write(self, work: Work[T], *, serial: bool = False) -> T:
        return self._write_one(work, serial=False)

    async def lead(self, name: str) -> bool:
        return True


def without_fsync(engine: sa.Engine) -> None:
    """For a store whose durability is not what is tested."""

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA synchronous=OFF")


def run_virtually(main: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine on a virtual clock that begins at 0; what is left running ends with it."""
    loop = VirtualLoop()
    try:
        return loop.run_until_complete(main)
    finally:
        loop.run_until_complete(_end(asyncio.all_tasks(loop)))
        loop.close()


async def _end(tasks: set[asyncio.Task[Any]]) -> None:
    """A task that outlives its loop speaks up when it is thrown away, in the midst of another test."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
