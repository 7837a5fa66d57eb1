"""Read a server's log of arrivals: the most that any window of a length holds."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable


def most_within(times: Iterable[float], seconds: float) -> int:
    """The most arrivals in any window of so many seconds; its end does not belong to it."""
    window: deque[float] = deque()
    most = 0
    for at in sorted(times):
        window.append(at)
        while window[0] <= at - seconds:
            window.popleft()
        most = max(most, len(window))
    return most
