"""A week of the listed sources on a simulated clock: what is lost, and what it costs the outlets.

    python -m bench.ingest.week [--seeds 1 2 3] [--days 7] [--share 0.25 --share 0.1]

Takes some minutes a seed.  Each seed's figures are written to bench/report/data/ingest-week.json as soon as they
are there, and a run goes on where the one before ended; ``--again`` starts anew.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

from bench.ingest.report import DATA, read_json, write_json, write_report
from bench.ingest.simulation import live
from bench.ingest.verdict import judge
from services.ingest.core import schedule

FILE = DATA / "ingest-week.json"


def one_week(seed: int, days: float, share: float) -> dict[str, Any]:
    """The figures of one simulated week.  ``share``: how much of its window a feed is left alone for."""
    schedule.WINDOW_SHARE = share
    with tempfile.TemporaryDirectory(prefix="siaga-week-", dir=_fast_folder()) as folder:
        return judge(live(Path(folder), seed=seed, days=days)) | {
            "window_share": share,
            "schedule": f"{share:g} of the window, in trouble {schedule.LOSS_SHARE:g}",
        }


def _fast_folder() -> str | None:
    """Nothing here outlives the run: memory will do where there is some."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None


def main() -> int:
    """Run what is missing and write the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--days", type=float, default=7.0)
    parser.add_argument("--share", type=float, action="append", help="default: the one in use")
    parser.add_argument("--again", action="store_true")
    given = parser.parse_args()
    if given.again:
        FILE.unlink(missing_ok=True)
    for share in given.share or [schedule.WINDOW_SHARE]:
        for seed in given.seeds:
            if not any(_is(one, seed, given.days, share) for one in read_json(FILE)):
                figures = one_week(seed, given.days, share)
                write_json(FILE, [*read_json(FILE), figures])
                print(json.dumps(figures))
    write_report()
    return 0


def _is(figures: dict[str, Any], seed: int, days: float, share: float) -> bool:
    return (figures["seed"], figures["days"], figures["window_share"]) == (seed, days, share)


if __name__ == "__main__":
    raise SystemExit(main())
