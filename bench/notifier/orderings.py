"""Our ordering beside the two classic ones: the same alerts, faults and kills, judged by the servers' books.

python -m bench.notifier.orderings --deliveries 1200 --kills 24
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.notifier.classic import ORDERINGS
from tests.notifier.crash_leg import Found, Leg
from tests.notifier.proof_crash import prove


def compare(deliveries: int, officials: int, kills: int, seed: int) -> dict[str, Found]:
    """One leg for each ordering, all at the same time."""
    legs = [
        Leg("sqlite", deliveries // officials, officials, kills, 0.07, seed, "none", ordering)
        for ordering in ORDERINGS
    ]
    with ProcessPoolExecutor(len(legs)) as pool:
        return dict(zip(ORDERINGS, pool.map(_run, legs), strict=True))


def _run(leg: Leg) -> Found:
    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(prove(Path(folder), leg, f"sqlite:///{Path(folder) / 'notifier.sqlite3'}"))


def main() -> int:
    """Print and keep the figures of each ordering."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--deliveries", type=int, default=1200)
    parser.add_argument("--officials", type=int, default=50)
    parser.add_argument("--kills", type=int, default=24)
    parser.add_argument("--seed", type=int, default=11)
    parser.add_argument("--out", type=Path, default=Path("bench/report/data"))
    given = parser.parse_args()
    found = compare(given.deliveries, given.officials, given.kills, given.seed)
    figures: dict[str, Any] = {ordering: asdict(one) for ordering, one in found.items()}
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "notifier-orderings.json").write_text(json.dumps(figures, indent=1) + "\n")
    print(json.dumps(figures, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
