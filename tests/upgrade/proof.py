"""Replace an earlier commit's services by ours while stories flow, and count what was lost and what came twice.

    python -m tests.upgrade.proof 5ea0777

The commit's own code runs from a folder of its own, with the libraries that are installed here, on a real Apache Kafka.
Outlets, the Bot API and the mail server are doubles on loopback whose books are the judge.  Goes on after the last leg
in its file.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.upgrade.before import here, unpack
from tests.upgrade.leg import IN_TURN, UNDERNEATH, Leg, play
from tests.upgrade.page import write

FILE = Path(__file__).resolve().parents[2] / "bench" / "report" / "data" / "upgrade.json"
LEGS = (
    Leg("sqlite", ("ingest", "tagger", "notifier"), IN_TURN, 1),
    Leg("sqlite", ("notifier", "tagger", "ingest"), UNDERNEATH, 2),
    Leg("postgresql", ("tagger", "notifier", "ingest"), UNDERNEATH, 3),
)
#: What has to be nought.
WRONG = ("lost", "blind_repeats", "accepted_but_not_shown", "left_open")


def holds(found: Mapping[str, Any]) -> bool:
    """Whether nothing was lost and nothing came twice, and the version before refused every new store."""
    wrong = [found["verdict"][name] for name in WRONG]
    wrong += [found["untagged"], found["pushed_twice"], found["retold"]["told_as_new_incidents"]]
    statuses = [one["status"] for one in found["replaced"]]
    refused = all(one["clear"] and one["untouched"] for one in found["refusals"].values())
    return found["stories"] > 0 and not any(wrong + statuses) and refused


def main() -> int:
    """Run the legs that are missing; exit status 1 if one does not hold."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", help="the version before")
    parser.add_argument(
        "--legs", type=int, nargs="*", default=range(1, len(LEGS) + 1), help="which; all by default"
    )
    parser.add_argument("--keep", action="store_true", help="leave the folders")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="siaga-upgrade-"))
    before, after = unpack(given.commit, folder / "before"), here()
    kept: list[dict[str, Any]] = json.loads(FILE.read_text())["legs"] if FILE.exists() else []
    done = {(one["before"]["commit"], one["seed"]) for one in kept}
    for leg in [LEGS[number - 1] for number in given.legs]:
        if (before.commit, leg.seed) in done:
            continue
        place = folder / f"leg-{leg.seed}"
        place.mkdir()
        found = asyncio.run(play(leg, before, after, place, tell))
        kept.append({"holds": holds(found), **found})
        FILE.write_text(json.dumps({"legs": kept}, indent=1) + "\n")
        write(kept, FILE.parent.parent)
        tell(f"leg {leg.seed} {'holds' if kept[-1]['holds'] else 'BROKEN'}")
    if not given.keep:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if all(one["holds"] for one in kept) else 1


def tell(line: str) -> None:
    """On stderr, at once."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
