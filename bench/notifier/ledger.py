"""Rows a second of the ledger: group commit beside row by row, on SQLite and on PostgreSQL, both durable.

    python -m bench.notifier.ledger --rows 3000

A row is what the notifier writes for a delivery: the row itself, and its announcement in the outbox.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import sqlalchemy as sa

from services.contracts.delivery import Outcome
from services.notifier import rows
from services.notifier.app import MIGRATIONS
from services.notifier.core.reason import Reason
from services.runtime.store import Store
from tests.notifier.rows_made import a_row
from tests.postgres_server import postgres_server

CALLERS = 50
BATCH = 200


@dataclass(frozen=True)
class Figures:
    """Median rows a second of the runs, and the spread."""

    store: str
    way: str
    rows_a_second: float
    lowest: float
    highest: float
    p50_ms: float
    p99_ms: float


def write_one(conn: sa.Connection, name: str) -> None:
    """One delivery and its announcement."""
    row = a_row(subject=name)
    rows.insert_row(conn, row, 1.0)
    rows.announce(conn, row, Outcome.INTENDED, Reason.HIGH, 1.0)


async def row_by_row(store: Store, name: str, count: int) -> list[float]:
    """One caller that waits for each row: a commit for each."""
    waits = []
    for number in range(count):
        began = time.perf_counter()
        await store.write(lambda conn, n=number: write_one(conn, f"{name}-{n}"))  # type: ignore[misc]
        waits.append(time.perf_counter() - began)
    return waits


async def many_callers(store: Store, name: str, count: int) -> list[float]:
    """Fifty callers, each waiting for its own rows: what stands in the queue commits together."""
    waits: list[float] = []

    async def caller(which: int) -> None:
        waits.extend(await row_by_row(store, f"{name}-{which}", count // CALLERS))

    await asyncio.gather(*(caller(which) for which in range(CALLERS)))
    return waits


async def in_batches(store: Store, name: str, count: int) -> list[float]:
    """As an alert's recipients are written: one transaction for many rows."""
    waits = []
    for start in range(0, count, BATCH):

        def work(conn: sa.Connection, start: int = start) -> None:
            for number in range(start, min(start + BATCH, count)):
                write_one(conn, f"{name}-{number}")

        began = time.perf_counter()
        await store.write(work)
        waits.append(time.perf_counter() - began)
    return waits


WAYS = {"row by row": row_by_row, f"{CALLERS} callers": many_callers, f"{BATCH} in a transaction": in_batches}


async def measure(name: str, url: str, count: int, runs: int) -> list[Figures]:
    """Every way, several times."""
    store = Store.open(url, MIGRATIONS)
    found = []
    for way, write in WAYS.items():
        speeds, waits = [], []
        for run in range(runs):
            began = time.perf_counter()
            waits += await write(store, f"{way}-{run}", count)
            speeds.append(count / (time.perf_counter() - began))
        waits.sort()
        found.append(
            Figures(
                store=name,
                way=way,
                rows_a_second=round(statistics.median(speeds)),
                lowest=round(min(speeds)),
                highest=round(max(speeds)),
                p50_ms=round(waits[len(waits) // 2] * 1000, 1),
                p99_ms=round(waits[int(len(waits) * 0.99) - 1] * 1000, 1),
            )
        )
    await store.close()
    return found


def main() -> int:
    """Print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--out", type=Path, default=Path("bench/report/data"))
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, postgres_server() as server:
        sqlite = asyncio.run(
            measure("SQLite", f"sqlite:///{Path(folder) / 'ledger.sqlite3'}", given.rows, given.runs)
        )
        postgresql = asyncio.run(measure("PostgreSQL", server.database(), given.rows, given.runs))
    found = [asdict(figures) for figures in (*sqlite, *postgresql)]
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "notifier-ledger.json").write_text(json.dumps(found, indent=1) + "\n")
    print(json.dumps(found, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
