"""The phrases that mean something else than their words: "bunga kamboja", "menteri perdagangan"."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from itertools import accumulate


class Blocks:
    """Where such phrases stand in a story."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        ordered = sorted(spans)
        self._starts = [start for start, _ in ordered]
        self._reach = list(accumulate((end for _, end in ordered), max))  # of all the phrases begun so far

    def hold(self, start: int, end: int) -> bool:
        """Whether one of them holds the whole span."""
        begun = bisect_right(self._starts, start) - 1
        return begun >= 0 and self._reach[begun] >= end

    def touch(self, start: int, end: int) -> bool:
        """Whether any of them holds anything of the span."""
        begun = bisect_left(self._starts, end) - 1
        return begun >= 0 and self._reach[begun] > start
