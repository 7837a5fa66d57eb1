"""Label 500,000 stories again, join them again and match every alert again: what a change of rules costs.

    .venv/bin/python -m bench.replay [--stories 500000] [--workers 2] [--check 20000]

Made-up stories in the order of their publication, 1,500 a day, through the functions that the services run:
workers label, one process joins on a SQLite store and asks the index of subscriptions who hears each alert.
Afterwards the first stories go through once more with one worker, and the events must be the same bit for bit.
Kafka and the sending are not in it.  Goes on where it was stopped: store and figures of each block are kept
under ``var/bench``.
"""
# ruff: noqa: E501  # the page's own sentences

from __future__ import annotations

import argparse
import hashlib
import json
import random
import resource
import shutil
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench.notifier.fanout import an_official
from bench.pipeline.measure import load
from bench.tagging import corpus, measure
from services.contracts.alert import Alert
from services.contracts.story import Extraction, StoryPublished
from services.notifier.core.match import SubscriptionIndex
from services.runtime.records import Received
from services.runtime.store import Store
from services.tagger.app import MIGRATIONS
from services.tagger.clause_cache import ClauseCache
from services.tagger.core.book import Rulebook
from services.tagger.join import Settled, settle
from services.tagger.labelling import Labelled, label
from services.tagger.tables import outbox

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "bench" / "report" / "data" / "replay.json"
WANTED, SEED, BLOCK, A_DAY, SUBSCRIPTIONS = 500_000, 501, 500, 1500, 10_000
FIRST_DAY = datetime(2026, 1, 1, tzinfo=UTC)
_book: list[Rulebook] = []


@dataclass
class _Desk:
    """What the joining process works with."""

    store: Store
    index: SubscriptionIndex
    cache: ClauseCache = field(default_factory=ClauseCache)


def main() -> int:
    """Run what is missing, compare, keep the figures; exit status 1 if the events differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=WANTED)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--check", type=int, default=20_000)
    parser.add_argument("--out", type=Path, default=REPORT)
    asked = parser.parse_args()
    _load()
    folder = ROOT / "var" / "bench" / f"replay-{_book[0].version}"
    before = load()
    rows = _replay(folder, asked.stories, asked.workers)
    check = folder.with_name(folder.name + "-check")
    shutil.rmtree(check, ignore_errors=True)
    again = _replay(check, min(asked.check, asked.stories), 1)
    found = _summary(rows, asked.workers) | {
        "rules": _book[0].version,
        "bit_identical_stories": sum(row["stories"] for row in again),
        "bit_identical": [row["events"] for row in again] == [row["events"] for row in rows[: len(again)]],
        "load_before": before,
        "load_after": load(),
    }
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if asked.stories >= WANTED or asked.out != REPORT:
        asked.out.write_text(json.dumps(found, indent=1) + "\n")
        (asked.out.parent.parent / "replay.md").write_text(page(found), encoding="utf-8")
    return 0 if found["bit_identical"] else 1


def page(found: dict[str, Any]) -> str:
    """The figures in words."""
    per_s = found["stories"] / 60 / found["wall_minutes"]
    same = "the same, bit for bit" if found["bit_identical"] else "**not the same**"
    return f"""# A year of stories, once more

Made by `python -m bench.replay` on 2 shared, noisy cores (load {found["load_before"]} before and
{found["load_after"]} after), rules {found["rules"]}: made-up stories in the order of their publication, {A_DAY:,} a day.
{found["workers"]} processes label, one joins on SQLite and asks an index of {found["subscriptions"]:,} subscriptions who
hears each alert, by the functions that the services run. Kafka and the sending are not in it.

| | |
| --- | --- |
| stories | {found["stories"]:,}, {found["relevant"]:,} of them relevant |
| from the first to the last | {found["wall_minutes"]} min, {per_s:,.0f} stories a second (goal: 60 min) |
| joining | {found["join_processor_minutes"]} min of processor |
| matching | {found["alerts"]:,} alerts, {found["heard"]:,} hits, {found["match_processor_minutes"]} min of processor |
| memory of the joining process at its peak | {found["peak_mb"]} MB |

The first {found["bit_identical_stories"]:,} stories again, by one worker: every event {same}.
"""


def _load() -> None:
    _book[:] = [measure.book()]


def _replay(folder: Path, stories: int, workers: int) -> list[dict[str, Any]]:
    """Every block's figures, those of an earlier run with them."""
    folder.mkdir(parents=True, exist_ok=True)
    journal = folder / "blocks.jsonl"
    rows = [json.loads(line) for line in journal.read_text().splitlines()] if journal.exists() else []
    rows = rows[: stories // BLOCK]
    dice = random.Random(11)
    index = SubscriptionIndex([an_official(number, dice) for number in range(SUBSCRIPTIONS)])
    desk = _Desk(Store.open(f"sqlite:///{folder / 'tagger.sqlite3'}", MIGRATIONS), index)
    missing = range(len(rows) * BLOCK, stories, BLOCK)
    began = time.monotonic()
    with journal.open("a") as lines:
        for labelled in _labelled(missing, workers):
            row = _join(desk, labelled)
            row["wall_s"], began = round(time.monotonic() - began, 4), time.monotonic()
            lines.write(json.dumps(row) + "\n")
            lines.flush()
            rows.append(row)
            if len(rows) % 20 == 0:
                sys.stderr.write(f"{len(rows) * BLOCK:,} stories\n")
    desk.store.engine.dispose()
    return rows


def _labelled(firsts: range, workers: int) -> Iterator[list[Labelled]]:
    """Blocks in order, a few ahead of the join: 500,000 labels would not fit into memory."""
    with ProcessPoolExecutor(workers, initializer=_load) as pool:
        waiting: list[Future[list[Labelled]]] = []
        for first in firsts:
            waiting.append(pool.submit(_label, first))
            if len(waiting) > 3 * workers:
                yield waiting.pop(0).result()
        for one in waiting:
            yield one.result()


def _label(first: int) -> list[Labelled]:
    rows = corpus.stories(BLOCK, SEED, first=first)
    return [label(_received(row, first + number), _book[0]) for number, row in enumerate(rows)]


def _received(row: corpus.Row, number: int) -> Received[Any]:
    at = FIRST_DAY + timedelta(days=number / A_DAY)
    event = StoryPublished(
        occurred_at=at,
        story_id=row["id"],
        version=1,
        outlet=f"outlet-{number % 33}.example",
        url=f"https://outlet-{number % 33}.example/{number}",
        title=row["title"],
        text=row["text"],
        language=row["language"],
        published_at=at,
        published_at_source="feed",
        fetched_at=at,
        extraction=Extraction(method="feed", extractor="made"),
    )
    return Received(event, key=b"", topic="stories", partition=0, offset=number, timestamp_ms=0)


def _join(desk: _Desk, labelled: list[Labelled]) -> dict[str, Any]:
    """One transaction, as the service's, at the time of the block's last story; then who hears of it."""
    began, events = time.process_time(), hashlib.sha256()
    now = labelled[-1].event.occurred_at
    with desk.store.engine.begin() as conn:
        settled = settle(conn, labelled, _book[0], now, desk.cache)
        conn.execute(sa.delete(outbox))
    joined, heard, alerts = time.process_time(), 0, 0
    for event in _events(settled):
        events.update(event.model_dump_json().encode())
        if isinstance(event, Alert):
            alerts += 1
            heard += len(desk.index.who_hears(event))
    return {
        "stories": len(labelled),
        "relevant": sum(1 for one in labelled if one.tagging is not None and one.tagging.relevant),
        "alerts": alerts,
        "heard": heard,
        "events": events.hexdigest(),
        "join_s": round(joined - began, 4),
        "match_s": round(time.process_time() - joined, 4),
    }


def _events(settled: list[Settled]) -> Iterator[Any]:
    for one in settled:
        yield from {id(event): event for event in one.events}.values()  # one event goes to several topics


def _summary(rows: list[dict[str, Any]], workers: int) -> dict[str, Any]:
    total = {name: sum(row[name] for row in rows) for name in ("stories", "relevant", "alerts", "heard")}
    return total | {
        "workers": workers,
        "subscriptions": SUBSCRIPTIONS,
        "events_sha256": hashlib.sha256("".join(row["events"] for row in rows).encode()).hexdigest(),
        "wall_minutes": round(sum(row["wall_s"] for row in rows) / 60, 1),
        "join_processor_minutes": round(sum(row["join_s"] for row in rows) / 60, 1),
        "match_processor_minutes": round(sum(row["match_s"] for row in rows) / 60, 1),
        "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


if __name__ == "__main__":
    sys.exit(main())
