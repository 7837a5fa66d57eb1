"""Run the whole stack for an hour under feeds that never end, and see whether anything grows.

    python -m bench.pipeline.soak --minutes 60 --rate 15

Ingest, tagger and notifier on a real Kafka, SQLite stores; every fifteen seconds memory, file handles, threads and
tasks of the event loop.  What was measured is kept as it comes, also of a soak that is cut off; another one is a
further run.  The hour that counts begins once all that keeps things to read them again is full, as the services
say themselves: its slope with a 95 % interval.
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
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
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
from services.notifier import incidents
from services.runtime.engine import READ_CACHE_KIB, WRITE_CACHE_KIB
from services.tagger import memory
from tests.chaos.outlet import sources_file
from tests.chaos.stories import make_stories
from tests.chaos.world import World

DATA = ROOT / "bench" / "report" / "data" / "pipeline-soak.json"
EVERY_S = 15.0
#: What is read in at the start, pools and threads, is over after this.
WARM_UP_S = 900.0
#: What is kept to be read again is full from this share of its bound on: the next thing pushes another out, and no
#: story's label or incident's state here weighs as much as the rest.
FULL = 0.95
#: What each service keeps, and how much of it at most, as it is set there.
BOUNDS = {
    "tagger": {"labels": memory.LABELS.most, "states": memory.STATES.most},
    "notifier": {"states": incidents.STATES.most},
}
#: Where nothing fills up within this, there is nothing to measure.
FULL_WITHIN_S = 2700.0
#: ``uss_mb`` is what the processes alone would give back; ``rss_mb`` also counts mapped files and libraries, those
#: that ingest and its parser have in common twice.  ``rest_mb`` is ``uss_mb`` without the index of texts,
#: ``heap_mb`` what of it is the C library's heap: SQLite's, above all.  ``cpu`` is per cent of one core.
SIGNS = ("rss_mb", "uss_mb", "rest_mb", "heap_mb", "handles", "threads", "tasks", "cpu")
_TASKS = re.compile(r"^siaga_event_loop_tasks (\S+)$", re.MULTILINE)
_HELD = re.compile(r'^siaga_held_bytes\{what="(\w+)"\} (\S+)$', re.MULTILINE)

Sample = dict[str, float]


def main() -> None:
    """Soak, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60.0, help="measured once all is full")
    parser.add_argument("--rate", type=float, default=15.0, help="stories a second")
    given = parser.parse_args()
    asyncio.run(_soak(given.minutes * 60.0, given.rate))


async def _soak(seconds: float, rate: float) -> None:
    kept: dict[str, Any] = orjson.loads(DATA.read_bytes()) if DATA.exists() else {"runs": []}
    run: dict[str, Any] = {
        "began": datetime.now(UTC).isoformat(timespec="seconds"),
        "rate": rate,
        "bounds": BOUNDS,
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
            run["members"] = host.members(host.url("tagger"))
    run["load_after"] = measure.load()
    judge_run(run)
    DATA.write_bytes(orjson.dumps(kept, option=_OPTIONS))
    write_soak(kept, DATA.parent.parent)


_OPTIONS = orjson.OPT_APPEND_NEWLINE


def judge_run(run: dict[str, Any]) -> None:
    """Put the slopes of the hour that counts, and of each half of it, into what was measured."""
    begin, end = run.get("full_at", WARM_UP_S), _end(run)
    middle = (begin + end) / 2
    run["slopes"] = _slopes(run, begin, end)
    run["halves"] = [_slopes(run, begin, middle), _slopes(run, middle, end)]


def _slopes(run: dict[str, Any], begin: float, end: float) -> dict[str, dict[str, Any]]:
    return {
        name: {
            sign: slope([(one["at"], one[sign]) for one in samples if begin <= one["at"] <= end])
            for sign in SIGNS
            if sign in samples[0]
        }
        for name, looks in run["samples"].items()
        for samples in [with_cpu(looks)]
    }


def with_cpu(looks: Sequence[Sample]) -> Sequence[Sample]:
    """The looks with the share of a core used since the one before, where the time used was noted."""
    if len(looks) < 2 or "cpu_s" not in looks[0]:
        return looks
    shares = [
        100 * (after["cpu_s"] - before["cpu_s"]) / (after["at"] - before["at"])
        for before, after in pairwise(looks)
    ]
    return [one | {"cpu": round(share, 1)} for one, share in zip(looks, [shares[0], *shares], strict=True)]


def _end(run: dict[str, Any]) -> float:
    return max(one["at"] for samples in run["samples"].values() for one in samples)


def is_full(samples: Mapping[str, Sequence[Sample]]) -> bool:
    """Whether each service's last look shows all it keeps at its bound."""
    return all(
        samples.get(name) and samples[name][-1].get(what, 0.0) >= FULL * most
        for name, bounds in BOUNDS.items()
        for what, most in bounds.items()
    )


async def _feed(world: World, rate: float) -> None:
    began = time.monotonic()
    for number, made in enumerate(make_stories(10_000_000, Random(5), 0.03)):
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
        world.release(made)


async def _watch(host: Host, run: dict[str, Any], seconds: float, keep: Callable[[], object]) -> None:
    began = time.monotonic()
    while (passed := time.monotonic() - began) < run.get("full_at", FULL_WITHIN_S) + seconds:
        for one in host.running:
            if one.process.poll() is not None:
                run["ended"] = f"{one.name} with {one.process.returncode}: {_last_words(host, one)}"
                return
            run["samples"].setdefault(one.name.partition("-")[0], []).append(
                {"at": round(passed, 1), **await asyncio.to_thread(_look, one)}
            )
        if "full_at" not in run and passed >= WARM_UP_S and is_full(run["samples"]):
            run["full_at"] = round(passed, 1)
            run["full_after"] = await asyncio.to_thread(host.tagged, host.url("tagger"))
        elif "full_at" not in run and passed > FULL_WITHIN_S:
            run["ended"] = f"not full after {passed:.0f} s"
            return
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
    shown: Sample = {"tasks": 0.0}
    with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{one.port}/metrics") as page:
        shown = read_page(page.read().decode())
    sample = {
        "rss_mb": round(sum(one.rss for one in held) / 1e6, 2),
        "uss_mb": round(sum(one.uss for one in held) / 1e6, 2),
        "handles": float(sum(one.handles for one in held)),
        "threads": float(sum(one.threads for one in held)),
        "heap_mb": round(sum(one.heap for one in held) / 1e6, 2),
        "cpu_s": round(_cpu_of(first), 2),
        "pages_most_mb": round(pages_at_most(_open_files(first)) / 1e6, 2),
        **shown,
    }
    if "texts" in shown:
        sample["rest_mb"] = round(sample["uss_mb"] - shown["texts"] / 1e6, 2)
    return sample


def read_page(metrics: str) -> Sample:
    """Tasks, and what is held, of a page of metrics."""
    found = _TASKS.search(metrics)
    return {"tasks": float(found[1]) if found else 0.0} | {
        what: float(held) for what, held in _HELD.findall(metrics)
    }


@dataclass(frozen=True)
class _Held:
    rss: int = 0
    uss: int = 0
    handles: int = 0
    threads: int = 0
    heap: int = 0


def _held(process: psutil.Process) -> _Held:
    """What a process holds; a parser that was replaced just now has nothing any more."""
    try:
        memory = process.memory_full_info()
        heap = sum(one.rss for one in process.memory_maps() if one.path == "[heap]")
        return _Held(memory.rss, memory.uss, process.num_fds(), process.num_threads(), heap)
    except psutil.NoSuchProcess:
        return _Held()


def _cpu_of(process: psutil.Process) -> float:
    """CPU seconds of a process and of those of its children that have ended."""
    try:
        return float(sum(process.cpu_times()[:4]))
    except psutil.NoSuchProcess:
        return 0.0


def _open_files(process: psutil.Process) -> list[str]:
    try:
        return [one.path for one in process.open_files()]
    except psutil.NoSuchProcess:
        return []


def pages_at_most(open_files: Sequence[str]) -> float:
    """Bytes that SQLite may keep of what it read, of a process with these files open: one connection of each store
    writes, the others read."""
    stores = Counter(one for one in open_files if one.endswith(".sqlite3"))
    return 1024.0 * sum(WRITE_CACHE_KIB + (count - 1) * READ_CACHE_KIB for count in stores.values())


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
