"""Tell a process that was kept from working from one that was slow by itself."""

from __future__ import annotations

import asyncio
import time
from types import TracebackType

TICK_S = 0.1
#: Fewer beats than this are no measure.
_ENOUGH = 10


def is_starved(elapsed_s: float, beats: int, cpu_s: float) -> bool:
    """Whether the machine gave too little: the loop beat half as often as due, and not for its own work.

    Who waits for something leaves the loop free to beat; who computes too long has the CPU time to show.
    """
    due = elapsed_s / TICK_S
    return due >= _ENOUGH and beats < due / 2 and cpu_s < elapsed_s / 2


class Pulse:
    """Beats while something is under way; ``starved`` holds once it is over."""

    def __init__(self) -> None:
        self.starved = False
        self._beats = 0
        self._began = self._cpu = 0.0
        self._beating: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Pulse:
        self._began, self._cpu = time.monotonic(), time.process_time()
        self._beating = asyncio.create_task(self._beat(), name="pulse")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.starved = is_starved(time.monotonic() - self._began, self._beats, time.process_time() - self._cpu)
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait({self._beating})  # and not itself: whoever calls us off is heard

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            self._beats += 1
