"""How long `siaga run` takes to its first delivery, and what the whole stack weighs.

    .venv/bin/python bench/footprint.py [--broker embedded|kafka] [--runs 3]

Prints a JSON line a run and one with the medians; these stay in ``bench/report/data/footprint.json``.  Memory
is the proportional set size (PSS) summed over every process of the stack, so that pages shared between them count
once; resident set sizes are given beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
FILE = ROOT / "bench" / "report" / "data" / "footprint.json"
SETTLE_S = 30.0


def measure(broker: str) -> dict[str, float]:
    """One run on an empty folder."""
    with tempfile.TemporaryDirectory(prefix="siaga-footprint-") as folder:
        command = [sys.executable, "-m", "services.cli.main", "run", "--plain", "--broker", broker]
        command += ["--data", folder, "--port-base", str(random.randrange(30000, 39000, 10))]
        began = time.monotonic()
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as stack:
            try:
                seen = _milestones(stack, began)
                time.sleep(SETTLE_S)
                weights = _weigh(stack.pid)
            finally:
                stack.send_signal(signal.SIGINT)
                stopping = time.monotonic()
                stack.wait(timeout=60)
            return {**seen, **weights, "stop_s": round(time.monotonic() - stopping, 2)}


def _milestones(stack: subprocess.Popen[str], began: float) -> dict[str, float]:
    seen: dict[str, float] = {}
    ready: set[str] = set()
    assert stack.stdout is not None
    for raw in stack.stdout:
        line = json.loads(raw)
        now = round(time.monotonic() - began, 2)
        if line.get("state") == "ready" and line["part"] != "stand-ins":
            ready.add(line["part"])
            if len(ready) == 3:
                seen["services_ready_s"] = now
        if line.get("story") and line.get("relevant") is not None:
            seen.setdefault("first_story_tagged_s", now)
        if any("pushed" in words for words in line.get("fate", ())):
            seen.setdefault("first_push_s", now)
            if "services_ready_s" in seen:
                return seen
    raise RuntimeError(f"the stack ended early: {seen}")


def _weigh(pid: int) -> dict[str, float]:
    one = psutil.Process(pid)
    processes = [one, *one.children(recursive=True)]
    infos = [process.memory_full_info() for process in processes]
    return {
        "processes": len(processes),
        "pss_mb": round(sum(info.pss for info in infos) / 1e6),
        "rss_mb": round(sum(info.rss for info in infos) / 1e6),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", default="embedded")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    load = os.getloadavg()[0]
    runs = [measure(given.broker) for _ in range(given.runs)]
    for run in runs:
        print(json.dumps(run))
    medians = {key: statistics.median(run[key] for run in runs) for key in runs[0]}
    figures = {"runs": given.runs, "load before": round(load, 1)} | medians
    print(json.dumps({"broker": given.broker} | figures))
    kept = json.loads(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    FILE.write_text(json.dumps(kept | {given.broker: figures}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
