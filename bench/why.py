"""How long `siaga why` takes over a year's stores, made up from a seed.

    .venv/bin/python -m bench.why [--days 365] [--runs 5] [--seed 1] [--folder DIR] [--write]

Builds the three stores (kept in --folder if given, and not built again), then runs the command as an operator
does, each time in a new process, and the same questions in this process.  With --write the figures go to
bench/report/.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from services.cli.stores import Stores
from services.cli.why import explain
from tests.cli.year_of_stores import INCIDENTS_A_DAY, OFFICIALS, build, story_id

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "bench" / "report"
GOAL_S = 2.0


def measure(folder: Path, days: int, runs: int) -> dict[str, Any]:
    """Seconds of the whole command and of its questions alone, for one official and for all of a hundred."""
    with closing(sqlite3.connect(folder / "notifier.sqlite3")) as store:
        official = store.execute("SELECT official_id FROM official ORDER BY official_id LIMIT 1").fetchone()[0]
    rng = random.Random(days)
    # The first incident of the year went to everybody; others to twelve.
    everybody = story_id(0, 0)
    others = [story_id(rng.randrange(days), rng.randrange(INCIDENTS_A_DAY)) for _ in range(runs)]
    asked = {
        "one story, one official": [(name, official) for name in others],
        "one story, every official": [(name, None) for name in others],
        "a story that went to all hundred officials": [(everybody, None)] * runs,
        "a part of a story's id, every official": [(name.partition(":")[2], None) for name in others],
    }
    figures: dict[str, Any] = {}
    for name, questions in asked.items():
        whole, alone, spent, lines = [], [], [], 0
        for story, who in questions:
            command = [sys.executable, "-m", "services.cli.main", "why", story, *([who] if who else [])]
            began, before = time.monotonic(), _children_s()
            done = subprocess.run(
                [*command, "--data", str(folder)], capture_output=True, text=True, cwd=ROOT, check=True
            )
            whole.append(time.monotonic() - began)
            spent.append(_children_s() - before)
            lines = max(lines, done.stdout.count("\n"))
            if ":" in story:
                began = time.monotonic()
                list(explain(Stores(folder), story, who))
                alone.append(time.monotonic() - began)
        figures[name] = {"command_s": _figure(whole), "command_cpu_s": _figure(spent), "lines": lines} | (
            {"questions_s": _figure(alone)} if alone else {}
        )
    return figures


def _children_s() -> float:
    """Processor seconds of the commands so far: what a machine with nothing else to do would wait for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _figure(seconds: list[float]) -> dict[str, float]:
    return {"median": round(statistics.median(seconds), 3), "max": round(max(seconds), 3)}


def write_report(result: dict[str, Any]) -> None:
    """The figures as JSON and as a page."""
    REPORT.mkdir(parents=True, exist_ok=True)
    (REPORT / "why.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    lines = [
        "# `siaga why` over a year",
        "",
        f"Made-up stores of {result['days']} days, seed {result['seed']}: "
        + ", ".join(f"{count:,} rows of {name}" for name, count in result["rows"].items())
        + f"; {OFFICIALS} officials. {result['runs']} runs each on {result['machine']}. The command is a new",
        "process each time, start of Python included; the questions are what it asks of the stores, alone.",
        "",
        "| asked | lines | command, median (max) s | its processor time, s | questions, median (max) s |",
        "|---|---|---|---|---|",
    ]
    for name, found in result["figures"].items():
        alone = found.get("questions_s")
        said = f"{alone['median']} ({alone['max']})" if alone else ""
        whole = found["command_s"]
        spent = found["command_cpu_s"]
        cells = (name, found["lines"], f"{whole['median']} ({whole['max']})", spent["median"], said)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", f"Goal: at most {GOAL_S:.0f} s.", "", "Again: `.venv/bin/python -m bench.why --write`", ""]
    (REPORT / "why.md").write_text("\n".join(lines), encoding="utf-8")


def main() -> int:
    """Build, measure, print; with --write, report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="siaga-why-") as temporary:
        folder = given.folder or Path(temporary)
        kept = folder / "rows.json"
        if not kept.exists():
            began = time.monotonic()
            rows = build(folder, given.days, given.seed)
            print(f"built in {time.monotonic() - began:.0f} s: {rows}", file=sys.stderr)
            kept.write_text(json.dumps(rows), encoding="utf-8")
        result = {
            "days": given.days, "seed": given.seed, "runs": given.runs,
            "machine": f"{platform.machine()}, two noisy cores, load {os.getloadavg()[0]:.0f}",
            "rows": json.loads(kept.read_text()), "figures": measure(folder, given.days, given.runs),
        }  # fmt: skip
    print(json.dumps(result, indent=2))
    if given.write:
        write_report(result)
    return 0


if __name__ == "__main__":
    sys.exit(main())
