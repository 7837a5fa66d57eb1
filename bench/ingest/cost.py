"""What polling costs: CPU a poll and memory, with 33, 1,000 and 10,000 sources, against a server on this machine.

    python -m bench.ingest.cost [--sources 33 1000 10000] [--rounds 5]

Everything is real but the outlets: poller, SQLite store, HTTP client, parse worker.  CPU is user and system time
of the polling process and of its parse worker; memory is PSS and RSS of each.  Feeds of 20 stories have 50 KB.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import psutil
import sqlalchemy as sa
import structlog
from prometheus_client import CollectorRegistry

from bench.ingest.report import DATA, read_json, write_json, write_report
from services.ingest import claims, tables
from services.ingest.core.source import Outlet, Source
from services.ingest.fetch import Fetcher
from services.ingest.metrics import IngestMetrics
from services.ingest.pacer import Pacer
from services.ingest.parser import Parser
from services.ingest.poll import Clockwork, Poller
from services.ingest.reading import SourceReader
from services.runtime.store import Store

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "services" / "ingest" / "migrations"
FILE = DATA / "ingest-cost.json"
#: As many feeds share a domain as with our outlets.
SOURCES_A_DOMAIN = 8
STORIES = 20
#: With many sources only so many have feeds of the typical size: filling 10,000 of them would measure the filling.
LARGE_FEEDS = 33
IDLE_S = 20.0


class Bench:
    """Ingest without a broker, and a server for it."""

    def __init__(self, folder: Path, server: subprocess.Popen[str], count: int) -> None:
        assert server.stdout is not None
        self.port = int(server.stdout.readline())
        self.store = Store.open(f"sqlite:///{folder / 'ingest.sqlite3'}", MIGRATIONS)
        self.parser = Parser()
        self.fetcher = Fetcher("Mozilla/5.0 (compatible; Siaga-bench)")
        metrics = IngestMetrics(CollectorRegistry())
        pacer = Pacer(time.monotonic)
        reader = SourceReader(fetcher=self.fetcher, parser=self.parser, pacer=pacer, metrics=metrics, now=_now)
        clock = Clockwork(_now, lambda: 0.0, "bench")
        self.poller = Poller(store=self.store, reader=reader, metrics=metrics, clock=clock, kick=lambda: None)
        self.sources = [self._source(number) for number in range(count)]
        self.domains: dict[str, dict[str, Source]] = {}
        for source in self.sources:
            self.domains.setdefault(source.politeness_key, {})[source.id] = source

    def _source(self, number: int) -> Source:
        domain = f"d{number // SOURCES_A_DOMAIN}.localhost"
        outlet = Outlet(f"o{number // SOURCES_A_DOMAIN}", "Outlet", 420, "plain", (domain,))
        stories = STORIES if number < LARGE_FEEDS else 1
        return Source(
            id=f"s{number}", outlet=outlet, section="all", url=f"http://{domain}:{self.port}/s{number}/{stories}",
            format="rss", language="id", default_region="ID-NT", enabled=True, min_interval_s=600,
            max_interval_s=7200, min_gap_s=0, fulltext="feed_only", loopback=True, politeness_key=domain,
            accept="application/rss+xml",
        )  # fmt: skip

    async def round(self, ids: list[str] | None = None, **forget: None) -> int:
        """Poll the sources once, all due now; returns how many polls that were."""
        chosen = [one.id for one in self.sources] if ids is None else ids
        here = tables.polls.c.source_id.in_(chosen)
        values: dict[str, Any] = {"next_check_at": _now().timestamp(), **forget}
        await self.store.write(lambda conn: conn.execute(sa.update(tables.polls).where(here).values(**values)))
        wanted = set(chosen)
        counts = await asyncio.gather(
            *(self._drain(domain, own) for domain, own in self.domains.items() if wanted & own.keys())
        )
        return sum(counts)

    async def _drain(self, domain: str, own: dict[str, Source]) -> int:
        polls = 0
        while await self.poller.step(domain, own) == 0.0:
            polls += 1
        return polls

    async def turn(self) -> None:
        """Let every feed have a story more."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(b"GET /turn HTTP/1.1\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        writer.close()

    async def close(self) -> None:
        await self.fetcher.close()
        await self.parser.close()
        await self.store.close()


async def measure(count: int, rounds: int) -> dict[str, Any]:
    """The figures for ``count`` sources."""
    command = [sys.executable, "-m", "bench.ingest.feed_server"]
    with tempfile.TemporaryDirectory(prefix="siaga-cost-") as folder:
        server = subprocess.Popen(  # noqa: ASYNC220 - nothing else runs yet
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        bench = Bench(Path(folder), server, count)
        try:
            return await _measure(bench, count, rounds)
        finally:
            await bench.close()
            assert server.stdin is not None
            server.stdin.close()
            server.wait()


async def _measure(bench: Bench, count: int, rounds: int) -> dict[str, Any]:
    await bench.store.write(lambda conn: claims.register(conn, bench.sources, _now().timestamp()))
    polls = await bench.round()
    assert polls >= count, f"{polls} of {count} polled"
    large = [one.id for one in bench.sources[:LARGE_FEEDS]]
    figures: dict[str, Any] = {"sources": count, "domains": len(bench.domains), "rounds": rounds}
    figures["poll_304"] = await _cost(bench, rounds, bench.round)
    figures["poll_200_same_bytes"] = await _cost(
        bench, rounds, lambda: bench.round(large, etag=None, last_modified=None)
    )
    figures["poll_200_one_story_more"] = await _cost(bench, rounds, lambda: _turned(bench, large))
    gc.collect()
    figures["memory_mb"] = {"process": _memory(os.getpid()), "parse worker": _memory(bench.parser.pid)}
    figures["idle"] = await _idle(bench)
    return figures


async def _turned(bench: Bench, ids: list[str]) -> int:
    await bench.turn()
    return await bench.round(ids)


async def _cost(bench: Bench, rounds: int, once: Callable[[], Any]) -> dict[str, float]:
    """Medians over the rounds, milliseconds of CPU a poll."""
    own, worker = [], []
    for _ in range(rounds):
        before = _cpu(os.getpid()), _cpu(bench.parser.pid)
        polls = await once()
        after = _cpu(os.getpid()), _cpu(bench.parser.pid)
        own.append(1000 * (after[0] - before[0]) / polls)
        worker.append(1000 * max(after[1] - before[1], 0.0) / polls)
    return {
        "process_ms": round(median(own), 2),
        "worker_ms": round(median(worker), 2),
        "process_ms_least": round(min(own), 2),
        "process_ms_most": round(max(own), 2),
    }


async def _idle(bench: Bench) -> dict[str, float]:
    """CPU while nothing is due, as a share of a core."""
    loops = [
        asyncio.create_task(bench.poller.run(name, list(own.values()))) for name, own in bench.domains.items()
    ]
    await asyncio.sleep(2.0)
    began, before = time.monotonic(), _cpu(os.getpid())
    await asyncio.sleep(IDLE_S)
    share = (_cpu(os.getpid()) - before) / (time.monotonic() - began)
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
    return {"core_share": round(share, 4)}


def _cpu(pid: int | None) -> float:
    if pid is None:
        return 0.0
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _memory(pid: int | None) -> dict[str, float]:
    if pid is None:
        return {}
    info = psutil.Process(pid).memory_full_info()
    return {"pss": round(info.pss / 1e6, 1), "rss": round(info.rss / 1e6, 1)}


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> int:
    """Measure each number of sources in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sources", type=int, nargs="+", default=[33, 1000, 10_000])
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    if len(given.sources) > 1:
        for count in given.sources:
            command = [
                sys.executable,
                "-m",
                "bench.ingest.cost",
                "--sources",
                str(count),
                "--rounds",
                str(given.rounds),
            ]
            subprocess.run(command, check=True)
        return 0
    figures = asyncio.run(measure(given.sources[0], given.rounds))
    others = [one for one in read_json(FILE) if one["sources"] != figures["sources"]]
    write_json(FILE, sorted([*others, figures], key=lambda one: int(one["sources"])))
    print(json.dumps(figures))
    write_report()
    return 0


__all__ = ["Bench", "measure"]

if __name__ == "__main__":
    raise SystemExit(main())
