"""One request at a time for each registrable domain, and a pause between two."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager


class Pacer:
    """Measures pauses with a monotonic clock: a wall clock that jumps causes neither a burst nor a standstill."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._locks: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._free_at: dict[str, float] = {}

    @asynccontextmanager
    async def turn(self, domain: str, gap_s: float) -> AsyncIterator[None]:
        """Wait for the domain's turn; the pause is counted from the end of the request."""
        async with self._locks[domain]:
            wait = self._free_at.get(domain, 0.0) - self._monotonic()
            if wait > 0:
                await asyncio.sleep(wait)
            try:
                yield
            finally:
                self._free_at[domain] = self._monotonic() + gap_s
