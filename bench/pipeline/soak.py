"""Run the whole stack for an hour under feeds that never end, and see whether anything grows.

    python -m bench.pipeline.soak --minutes 60

Ingest, tagger and notifier on a real Kafka, SQLite stores; every fifteen seconds memory, file handles, threads and
tasks of the event loop.  What was measured is kept as it comes, also of a soak that is cut off; another one is a
further run.  What counts is the slope after the warm-up, with its 95 % interval.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import math
import re
import statistics
import time
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from typing import Any

import orjson
import psutil

from bench.pipeline import measure
from bench.pipeline.host import ROOT, Host, Measured, a_host
from bench.pipeline.page import write_soak
from tests.chaos.outlet import sources_file
from tests.chaos.stories import make_stories
from tests.chaos.world import World

DATA = ROOT / "bench" / "report" / "data" / "pipeline-soak.json"
EVERY_S = 15.0
#: What is read in at the start, caches and pools that fill up, is over after this.
WARM_UP_S = 900.0
#: After so many stories what holds the last labels is full too (256 of those of the field, 3 % here), and every
#: thread that a pool may have is there.
FULL_AFTER = 11_000
#: ``uss_mb`` is what the processes alone would give back; ``rss_mb`` also counts mapped files and libraries, those
#: that ingest and its parser have in common twice.
SIGNS = ("rss_mb", "uss_mb", "handles", "threads", "tasks")
_TASKS = re.compile(r"^siaga_event_loop_tasks (\S+)$", re.MULTILINE)

Sample = dict[str, float]


def main() -> None:
    """Soak, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--rate", type=float, default=5.0, help="stories a second")
    given = parser.parse_args()
    asyncio.run(_soak(given.minutes * 60.0, given.rate))


async def _soak(seconds: float, rate: float) -> None:
    kept: dict[str, Any] = orjson.loads(DATA.read_bytes()) if DATA.exists() else {"runs": []}
    run: dict[str, Any] = {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "rate": rate,
        "load_before": measure.load(),
        "samples": {},
    }
    kept["runs"].append(run)
    async with a_host() as host:
        await host.fresh()
        async with measure.around(host) as world:
            await measure.start_notifier(host, world)
            await host.service("tagger")
            await host.service("ingest", SIAGA_SOURCES=str(sources_file(host.data, world.outlets.port)))
            feeding = asyncio.create_task(_feed(world, rate))
            try:
                await _watch(host, run, seconds, lambda: DATA.write_bytes(orjson.dumps(kept, option=_OPTIONS)))
            finally:
                feeding.cancel()
                await asyncio.gather(feeding, return_exceptions=True)
            run["stories"] = len(world.outlets.released)
            run["tagged"] = host.tagged(host.url("tagger"))
            run["messages"] = len(world.bot.chats.messages)
    run["load_after"] = measure.load()
    run["slopes"] = _slopes(run, WARM_UP_S)
    run["slopes_full"] = _slopes(run, FULL_AFTER / rate)
    DATA.write_bytes(orjson.dumps(kept, option=_OPTIONS))
    write_soak(kept, DATA.parent.parent)


_OPTIONS = orjson.OPT_APPEND_NEWLINE


def _slopes(run: dict[str, Any], after_s: float) -> dict[str, dict[str, Any]]:
    return {
        name: {sign: slope([(one["at"], one[sign]) for one in samples if one["at"] >= after_s]) for sign in SIGNS}
        for name, samples in run["samples"].items()
    }


async def _feed(world: World, rate: float) -> None:
    began = time.monotonic()
    for number, made in enumerate(make_stories(10_000_000, Random(5), 0.03)):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        world.release(made)


async def _watch(host: Host, run: dict[str, Any], seconds: float, keep: Any) -> None:
    began = time.monotonic()
    while (passed := time.monotonic() - began) < seconds:
        for one in host.running:
            if one.process.poll() is not None:
                run["ended"] = f"{one.name} with {one.process.returncode}: {_last_words(host, one)}"
                return
            run["samples"].setdefault(one.name.partition("-")[0], []).append(
                {"at": round(passed, 1), **await asyncio.to_thread(_look, one)}
            )
        keep()
        await asyncio.sleep(EVERY_S)


def _last_words(host: Host, one: Measured) -> str:
    """Why it ended, if it said so: a machine that gives it no time for minutes is a reason."""
    lines = host.log_of(one).read_text(errors="replace").splitlines()
    return next((line[:500] for line in reversed(lines) if '"critical"' in line), "no word")


def _look(one: Measured) -> Sample:
    """Memory is of the process and its children: ingest parses in one."""
    first = psutil.Process(one.process.pid)
    held = [_held(process) for process in (first, *first.children(recursive=True))]
    tasks = 0.0
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{one.port}/metrics") as page:
        found = _TASKS.search(page.read().decode())
        tasks = float(found[1]) if found else 0.0
    return {
        "rss_mb": round(sum(one.rss for one in held) / 1e6, 2),
        "uss_mb": round(sum(one.uss for one in held) / 1e6, 2),
        "handles": float(sum(one.handles for one in held)),
        "threads": float(sum(one.threads for one in held)),
        "tasks": tasks,
    }


@dataclass(frozen=True)
class _Held:
    rss: int = 0
    uss: int = 0
    handles: int = 0
    threads: int = 0


def _held(process: psutil.Process) -> _Held:
    """What a process holds; a parser that was replaced just now has nothing any more."""
    try:
        memory = process.memory_full_info()
        return _Held(memory.rss, memory.uss, process.num_fds(), process.num_threads())
    except psutil.NoSuchProcess:
        return _Held()


def slope(points: Sequence[tuple[float, float]]) -> dict[str, float] | None:
    """The least-squares slope an hour, with its 95 % interval.

    Neighbours in time resemble each other: the interval is widened by the residuals' correlation at lag one.
    """
    if len(points) < 10:
        return None
    xs, ys = [x / 3600.0 for x, _ in points], [y for _, y in points]
    middle_x, middle_y = statistics.mean(xs), statistics.mean(ys)
    spread = sum((x - middle_x) ** 2 for x in xs)
    rise = sum((x - middle_x) * (y - middle_y) for x, y in zip(xs, ys, strict=True)) / spread
    left = [y - middle_y - rise * (x - middle_x) for x, y in zip(xs, ys, strict=True)]
    squares = sum(one * one for one in left)
    lag = sum(a * b for a, b in pairwise(left)) / squares if squares else 0.0
    alike = min(0.99, max(0.0, lag))
    error = math.sqrt(squares / (len(points) - 2) / spread * (1 + alike) / (1 - alike))
    return {
        "per_hour": round(rise, 3),
        "low": round(rise - 2 * error, 3),
        "high": round(rise + 2 * error, 3),
        "mean": round(middle_y, 1),
    }


if __name__ == "__main__":
    main()
