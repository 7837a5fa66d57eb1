"""How soon the desk's first page answers, and what its pages weigh, with 10,000 incidents stored.

    python -m bench.desk [--stored 10000] [--repeat 15]

Leaves ``bench/report/data/desk.json`` and ``bench/report/desk.md``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.async_api import Page

from bench.desk.page import write_page
from services.notifier.desk import sessions
from tests.notifier import builders
from tests.notifier.desk.desk_builders import a_health, received
from tests.notifier.desk.stage import Stage, a_stage

DATA = Path("bench/report/data/desk.json")
REF = "ppa-ppo-ntt"
#: The latest of these is when somebody can use the page: shown, its scripts run, no task holds the browser up.
READY = """() => {
  const [nav] = performance.getEntriesByType('navigation');
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  const tasks = window.longTasks.map(t => t.startTime + t.duration);
  return {ready: Math.max(nav.domContentLoadedEventEnd, paint ? paint.startTime : 0, ...tasks),
          paint: paint ? paint.startTime : 0, answer: nav.responseEnd};
}"""
WATCH = """
window.longTasks = [];
new PerformanceObserver(list => window.longTasks.push(...list.getEntries()))
  .observe({type: 'longtask', buffered: true});
"""


@dataclass(frozen=True)
class Conditions:
    """What stands between the page and its reader; rates in bytes a second, latency in milliseconds."""

    name: str
    cpu: float = 1.0
    latency: float = 0.0
    down: float = -1.0
    up: float = -1.0


#: The presets of Chromium's developer tools and of Lighthouse.
CONDITIONS = (
    Conditions("unthrottled"),
    Conditions("CPU 4x slower, slow 4G (150 ms, 1.6 Mbit/s)", 4.0, 150.0, 1.6e6 / 8, 750e3 / 8),
    Conditions("CPU 4x slower, slow 3G (400 ms, 400 kbit/s)", 4.0, 400.0, 400e3 / 8, 400e3 / 8),
)
PAGES = {
    "now, my regions": "/desk/",
    "now, everywhere": "/desk/?place=",
    "now, page 50": "/desk/?place=&page=50",
    "now, filtered": "/desk/?place=&topic=human_trafficking&severity=3",
    "nothing new since": "/desk/live?place=mine&days=7&pulse={pulse}",
    "an incident": "/desk/incident/incident-7",
    "search, a word": "/desk/search?words=atambua",
    "search, nothing found": "/desk/search?words=zzzz",
    "save as CSV (a region)": "/desk/search.csv?place=ID-NT&days=7",
    "sources": "/desk/sources",
    "subscription": "/desk/subscription",
    "office": "/desk/office",
    "sign-in": "/desk/sign-in",
    "the land of the map": "/desk/land.svg",
}


async def load(stage: Stage, conditions: Conditions, repeat: int) -> dict[str, Any]:
    """Open the first page again and again, with nothing of it kept and with what a browser keeps."""
    cold = [await _open(stage, conditions) for _ in range(repeat)]
    async with stage.look("phone", ref=REF) as page:
        await _measure(page, stage, conditions)
        warm = [await _measure(page, stage, conditions) for _ in range(repeat)]
    return {
        "conditions": conditions.name,
        "first_visit": _summed(cold),
        "next_visit": _summed(warm),
    }


async def _open(stage: Stage, conditions: Conditions) -> dict[str, float]:
    async with stage.look("phone", ref=REF) as page:
        return await _measure(page, stage, conditions)


async def _measure(page: Page, stage: Stage, conditions: Conditions) -> dict[str, float]:
    session = await page.context.new_cdp_session(page)
    weights: list[int] = []
    await session.send("Network.enable")
    await session.send("Network.emulateNetworkConditions", {
        "offline": False, "latency": conditions.latency, "downloadThroughput": conditions.down,
        "uploadThroughput": conditions.up,
    })  # fmt: skip
    await session.send("Emulation.setCPUThrottlingRate", {"rate": conditions.cpu})
    session.on("Network.loadingFinished", lambda done: weights.append(int(done["encodedDataLength"])))
    await page.add_init_script(WATCH)
    await page.goto("about:blank")
    await page.goto(f"{stage.base}/desk/", wait_until="networkidle")
    found: dict[str, float] = await page.evaluate(READY)
    await session.detach()
    return found | {"bytes": sum(weights), "requests": len(weights)}


def _summed(runs: Sequence[dict[str, float]]) -> dict[str, float]:
    ready = [run["ready"] for run in runs]
    return {
        "interactive_ms_median": round(statistics.median(ready)),
        "interactive_ms_p95": round(_p95(ready)),
        "paint_ms_median": round(statistics.median([run["paint"] for run in runs])),
        "bytes_median": round(statistics.median([run["bytes"] for run in runs])),
        "requests_median": round(statistics.median([run["requests"] for run in runs])),
        "runs": len(runs),
    }


def _p95(values: Sequence[float]) -> float:
    return sorted(values)[max(0, -(-len(values) * 95 // 100) - 1)]


async def serve(stage: Stage, repeat: int) -> list[dict[str, Any]]:
    """How long the server takes for each page, one request after the other, over one connection."""
    token = await stage.session(REF)
    found = []
    headers = {"cookie": f"siaga={token}", "accept-encoding": "gzip"}
    async with httpx.AsyncClient(base_url=stage.base, headers=headers, timeout=60.0) as client:
        pulse = (await client.get("/desk/")).text.partition("pulse=")[2].partition('"')[0]
        for name, path in PAGES.items():
            times, size, status, cpu = [], 0, 0, 0.0
            for number in range(repeat + 1):
                began, busy = time.perf_counter(), time.process_time()
                async with client.stream("GET", path.replace("{pulse}", pulse)) as answer:
                    raw = b"".join([chunk async for chunk in answer.aiter_raw()])
                size, status = len(raw), answer.status_code
                if number:  # the first one warms caches up
                    times.append((time.perf_counter() - began) * 1000)
                    cpu += (time.process_time() - busy) * 1000
            found.append({
                "page": name, "status": status, "bytes": size, "ms_median": round(statistics.median(times), 1),
                "ms_p95": round(_p95(times), 1), "cpu_ms": round(cpu / len(times), 1), "runs": len(times),
            })  # fmt: skip
    return found


async def measure(stored: int, repeat: int) -> dict[str, Any]:
    """Everything, on one desk."""
    with tempfile.TemporaryDirectory(prefix="siaga-bench-desk-") as folder:
        async with a_stage(Path(folder), stored) as stage:
            await stage.house.give_role(REF, sessions.Role.ADMIN)
            await stage.house.intake.take_sources([received(a_health())])
            loads = [await load(stage, conditions, repeat) for conditions in CONDITIONS]
            pages = await serve(stage, repeat * 2)
            return {
                "stored": stored,
                "first_page": loads,
                "pages": pages,
                "machine": f"{os.cpu_count()} cores, Python {platform.python_version()}",
                "browser": f"Chromium {stage.browser.version}",
                "load_average": round(os.getloadavg()[0], 1),
                "made_for": builders.NOON.date().isoformat(),
            }


def main() -> None:
    """Measure, and write the figures and their page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--stored", type=int, default=10_000)
    parser.add_argument("--repeat", type=int, default=15)
    given = parser.parse_args()
    found = asyncio.run(measure(given.stored, given.repeat))
    DATA.parent.mkdir(parents=True, exist_ok=True)
    DATA.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    write_page(found)


if __name__ == "__main__":
    main()
