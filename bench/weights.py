"""What each service weighs under the demo's load: the figures behind requests and limits in deploy/kubernetes.

    .venv/bin/python -m bench.weights [--broker embedded|kafka] [--seconds 90] [--write]

Runs `siaga run` on an empty folder and looks every second.  Memory is the resident set of a service with its
children, the shared pages of each process counted: what a container's limit would count, and more.  CPU is the
time the service used, divided by the time it ran, its start included.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "bench" / "report" / "weights.json"
SERVICES = ("ingest", "tagger", "notifier")
MB = 1_000_000


@dataclass
class Weight:
    """One service so far."""

    peak: int = 0
    last: int = 0
    cpu_s: float = 0.0
    seen_s: float = 0.0


def measure(broker: str, seconds: float) -> dict[str, dict[str, float]]:
    """Each service's peak and last resident set in MB, and its share of one core."""
    weights = {name: Weight() for name in SERVICES}
    with tempfile.TemporaryDirectory(prefix="siaga-weights-") as folder:
        command = [sys.executable, "-m", "services.cli.main", "run", "--plain", "--broker", broker]
        command += ["--data", folder, "--port-base", str(random.randrange(30000, 39000, 10))]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL) as stack:
            try:
                until = time.monotonic() + seconds
                while time.monotonic() < until and stack.poll() is None:
                    look(psutil.Process(stack.pid), weights)
                    time.sleep(1.0)
            finally:
                stack.send_signal(signal.SIGINT)
                stack.wait(timeout=60)
    return {
        name: {
            "peak_mb": round(one.peak / MB),
            "last_mb": round(one.last / MB),
            "cpu_share": round(one.cpu_s / max(one.seen_s, 1.0), 2),
        }
        for name, one in weights.items()
    }


def look(stack: psutil.Process, weights: dict[str, Weight]) -> None:
    """Take one look at every service."""
    for process in stack.children(recursive=True):
        try:
            words = process.cmdline()
            name = next((n for n in SERVICES if f"services.{n}" in words), None)
            if name is None:
                continue
            family = [process, *process.children(recursive=True)]
            rss = sum(one.memory_info().rss for one in family)
            times = [one.cpu_times() for one in family]
            started = process.create_time()
        except psutil.NoSuchProcess:
            continue
        one = weights[name]
        one.last, one.peak = rss, max(one.peak, rss)
        one.cpu_s = max(one.cpu_s, sum(t.user + t.system for t in times))
        one.seen_s = max(one.seen_s, time.time() - started)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--broker", default="embedded")
    parser.add_argument("--seconds", type=float, default=90.0)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    found = {"broker": given.broker, "seconds": given.seconds, "services": measure(given.broker, given.seconds)}
    print(json.dumps(found))
    if given.write:
        REPORT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
