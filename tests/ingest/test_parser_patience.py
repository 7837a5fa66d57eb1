"""A worker is killed for computing too long, and not for a machine that lets it wait."""

from __future__ import annotations

import math
import os
import signal
import time

import pytest

from services.ingest.core.outcome import PollReason
from services.ingest.cpu_time import cpu_s
from services.ingest.parser import ROUNDS, ParseError, Parser

FEED = (
    b'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>'
    b"<item><title>a</title><link>http://a.example/1</link></item></channel></rss>"
)


class Clock:
    """What a worker has computed each time it is asked; the last answer stays.  Wakes it at the end."""

    def __init__(self, *seconds: float, wakes: bool = False) -> None:
        self.asked = 0
        self._seconds = seconds
        self._wakes = wakes

    def __call__(self, pid: int) -> float:
        self.asked += 1
        if self._wakes and self.asked == len(self._seconds):
            os.kill(pid, signal.SIGCONT)
        return self._seconds[min(self.asked, len(self._seconds)) - 1]


async def read_by_one_that_stands_still(clock: Clock, limit_s: float) -> int:
    """How many stories were read by a worker that was stopped before it was asked."""
    parser = Parser(parse_limit_s=limit_s, computed_s=clock)
    try:
        worker = await parser._worker()
        os.kill(worker.pid, signal.SIGSTOP)
        return len((await parser.feed(FEED, "application/rss+xml", "http://a.example/")).entries)
    finally:
        await parser.close()


@pytest.mark.parametrize("computed", [0.05, 1.0, math.inf, math.nan])
async def test_a_worker_that_had_its_time_gets_no_more(computed: float) -> None:
    clock = Clock(0.0, computed)
    with pytest.raises(ParseError) as killed:
        await read_by_one_that_stands_still(clock, 0.05)
    assert killed.value.reason is PollReason.PARSER_KILLED
    assert clock.asked == 2


async def test_a_worker_that_never_computes_is_killed_in_the_end() -> None:
    clock = Clock(0.0)
    with pytest.raises(ParseError):
        await read_by_one_that_stands_still(clock, 0.01)
    assert clock.asked == 1 + ROUNDS


async def test_a_worker_that_was_kept_from_computing_reads_to_the_end() -> None:
    # Its limit came without its having computed; it may, and has the other rounds for it.
    assert await read_by_one_that_stands_still(Clock(0.0, 0.0, wakes=True), 2.0) == 1


def test_who_computes_has_the_seconds_to_show() -> None:
    before, own = cpu_s(os.getpid()), time.process_time()
    while time.process_time() - own < 0.1:
        pass
    assert cpu_s(os.getpid()) - before >= 0.05


def test_a_process_that_is_no_more_is_spared_nothing() -> None:
    assert cpu_s(2**22 + 1) == math.inf
