"""Tag 500,000 made-up stories twice, by one process and by two, and compare the labels by hash.

    .venv/bin/python -m bench.tagging.replay500k [--stories 500000] [--block 5000]

Resumable: each finished block is a line in ``var/bench/replay500k-<rules>.jsonl``; started again, only what is
missing is tagged.  Ends with the figures in ``bench/report/data/tagging-replay.json``.
"""

from __future__ import annotations

import argparse
import hashlib
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import orjson

from bench.tagging import corpus, measure
from services.cli.tag import line_tagger
from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "bench" / "report" / "data" / "tagging-replay.json"
SEED = 500
WANTED = 500_000
_PASSES = {"one process": 1, "two processes": 2}
_book: list[Rulebook] = []


def main() -> None:
    """Run what is missing, compare, write the figures."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("--stories", type=int, default=WANTED)
    asked.add_argument("--block", type=int, default=5_000)
    asked.add_argument("--upto", type=int, default=0, help="only the first stories, for now")
    options = asked.parse_args()
    _load()
    journal = ROOT / "var" / "bench" / f"replay500k-{_book[0].version}-{options.stories}-{options.block}.jsonl"
    journal.parent.mkdir(parents=True, exist_ok=True)
    firsts = range(0, options.upto or options.stories, options.block)
    for name, workers in _PASSES.items():
        done = {row["first"] for row in _rows(journal) if row["pass"] == name}
        missing = [first for first in firsts if first not in done]
        for row in _blocks(missing, options.block, workers):
            with journal.open("ab") as lines:
                lines.write(orjson.dumps({"pass": name, **row}) + b"\n")
            print(f"{name}: stories {row['first']:,} on, {row['stories'] / row['cpu_s']:.0f}/s", flush=True)
    result = summary(list(_rows(journal)), _book[0].version)
    print(orjson.dumps(result, option=orjson.OPT_INDENT_2).decode())
    if options.stories >= WANTED:
        REPORT.parent.mkdir(parents=True, exist_ok=True)
        REPORT.write_bytes(orjson.dumps(result, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def summary(rows: list[dict[str, Any]], version: str) -> dict[str, Any]:
    """The hash of each pass over the blocks both have tagged, in order, and what they cost."""
    by_pass = {name: {row["first"]: row for row in rows if row["pass"] == name} for name in _PASSES}
    both = sorted(set.intersection(*map(set, by_pass.values())))
    passes = {name: _figures([done[first] for first in both], _PASSES[name]) for name, done in by_pass.items()}
    hashes = {figures["labels_sha256"] for figures in passes.values()}
    return {"rules": version, "seed": SEED, "bit_identical": len(hashes) == 1, "passes": passes}


def _figures(rows: list[dict[str, Any]], workers: int) -> dict[str, Any]:
    stories, cpu = sum(row["stories"] for row in rows), sum(row["cpu_s"] for row in rows)
    return {
        "stories": stories,
        "relevant": sum(row["relevant"] for row in rows),
        "characters": sum(row["characters"] for row in rows),
        "labels_sha256": hashlib.sha256("".join(row["labels"] for row in rows).encode()).hexdigest(),
        "cpu_minutes": round(cpu / 60, 1),
        "wall_minutes_of_tagging": round(sum(row["wall_s"] for row in rows) / 60 / workers, 1),
        "stories_per_cpu_second": measure.spread([row["stories"] / row["cpu_s"] for row in rows], 0)
        if rows
        else {},
    }


def tag_block(first: int, count: int) -> dict[str, Any]:
    """Make, tag and hash one block; only the tagging is timed, from input line to output line."""
    lines = [orjson.dumps(row) for row in corpus.stories(count, SEED, first=first)]
    tag = line_tagger(_book[0], explain=False)
    labels, relevant = hashlib.sha256(), 0
    cpu, wall = time.process_time(), time.monotonic()
    tagged = [line for line, _ in tag(lines)]
    cpu, wall = time.process_time() - cpu, time.monotonic() - wall
    for line in tagged:
        labels.update(line + b"\n")
        relevant += b'"relevant":true' in line
    return {
        "first": first,
        "stories": count,
        "characters": sum(map(len, lines)),
        "relevant": relevant,
        "labels": labels.hexdigest(),
        "cpu_s": round(cpu, 4),
        "wall_s": round(wall, 4),
    }


def _blocks(firsts: list[int], count: int, workers: int) -> Iterator[dict[str, Any]]:
    if workers == 1:
        yield from (tag_block(first, count) for first in firsts)
        return
    with ProcessPoolExecutor(workers, initializer=_load) as pool:
        yield from pool.map(tag_block, firsts, [count] * len(firsts))


def _load() -> None:
    _book[:] = [load_book(ROOT / "seeds" / "topics", ROOT / "seeds" / "places")]


def _rows(journal: Path) -> Iterator[dict[str, Any]]:
    if journal.exists():
        yield from map(orjson.loads, journal.read_bytes().splitlines())


if __name__ == "__main__":
    main()
