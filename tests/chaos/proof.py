"""Round after round of kills, pauses, cuts, full disks and wrong clocks on three brokers, and count.

    python -m tests.chaos.proof --stories 10000 --faults 200

What counts is what the receivers have: the chats of the Bot API double and the mails that the SMTP server kept.  Every
story that stood in a feed is labelled; every incident is told to every official who asked for it, or stands as refused
or as a visible unknown; nothing comes twice that the ledger does not call unknown.  The run is made of rounds with
seeds of their own and goes on after the last one in its file.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.chaos.page import write
from tests.chaos.plan import Kind
from tests.chaos.round import Found, Leg, play_in

FILE = Path(__file__).resolve().parents[2] / "bench" / "report" / "data" / "chaos.json"
#: Two taggers and two notifiers on PostgreSQL, and one of each on SQLite with full disks and wrong clocks.
STORES = ("sqlite", "postgresql")
_FIRST_SEED = 1000


def main() -> int:
    """Run what is missing in the file; exit status 1 if a promise was broken or a round could not end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stories", type=int, default=10_000, help="in all, at least")
    parser.add_argument("--faults", type=int, default=200, help="kills and pauses in all, at least")
    parser.add_argument("--rounds", type=int, default=1000, help="at most, now")
    parser.add_argument("--stories-a-round", type=int, default=1250)
    parser.add_argument("--faults-a-round", type=int, default=40)
    parser.add_argument("--rate", type=float, default=8.0, help="stories a second")
    parser.add_argument("--keep", action="store_true", help="leave the folders of the rounds")
    given = parser.parse_args()
    kept: dict[str, Any] = json.loads(FILE.read_text()) if FILE.exists() else {"rounds": []}
    rounds = [Found(**one) for one in kept["rounds"]]
    broken = 0
    for _ in range(given.rounds):
        if enough(rounds, given.stories, given.faults):
            break
        leg = next_leg(rounds, given.stories_a_round, given.faults_a_round, given.rate, broken)
        try:
            rounds.append(play_in(leg, keep=given.keep))
        except Exception as error:  # noqa: BLE001 - a round that could not end is told, and the next one goes on
            broken += 1
            sys.stderr.write(f"round {leg.seed} did not end: {error!r}\n")
            if broken > 2:
                break
            continue
        kept = {"summary": summary(rounds), "rounds": [asdict(one) for one in rounds]}
        FILE.write_text(json.dumps(kept, indent=1) + "\n")
        write(kept, FILE.parent.parent)
        sys.stdout.write(f"round {leg.seed}: {'holds' if rounds[-1].holds else 'BROKEN'}\n")
        sys.stdout.flush()
    return 0 if all(one.holds for one in rounds) and not broken else 1


def enough(rounds: Sequence[Found], stories: int, faults: int) -> bool:
    """Whether nothing is missing."""
    return sum(one.stories for one in rounds) >= stories and sum(one.kills_and_pauses for one in rounds) >= faults


def next_leg(rounds: Sequence[Found], stories: int, faults: int, rate: float, skipped: int = 0) -> Leg:
    """The next round, with a seed that was not used; the stores take turns."""
    number = len(rounds) + skipped
    seed = max((one.seed for one in rounds), default=_FIRST_SEED - 1) + 1 + skipped
    return Leg(STORES[number % len(STORES)], seed, stories, faults, rate, rolling=number % 4 == 1)


def summary(rounds: Sequence[Found]) -> dict[str, Any]:
    """All rounds together."""
    kinds: Counter[str] = Counter()
    for one in rounds:
        for name, count in one.by_kind.items():
            kinds[next(str(kind) for kind in Kind if name.startswith(str(kind)))] += count
    verdicts = {name: sum(one.verdict[name] for one in rounds) for name in rounds[0].verdict}
    return {
        "rounds": len(rounds),
        "stories": sum(one.stories for one in rounds),
        "faults": sum(one.faults for one in rounds),
        "kills_and_pauses": sum(one.kills_and_pauses for one in rounds),
        "by_kind": dict(kinds.most_common()),
        "untagged": sum(one.untagged for one in rounds),
        "dead_letters": sum(one.dead_letters for one in rounds),
        **verdicts,
        "holds": all(one.holds for one in rounds),
        "recovery_s": recovery(rounds),
    }


def recovery(rounds: Iterable[Found]) -> dict[str, Any]:
    """Seconds from the end of a fault until every stage had moved, by kind of fault."""
    by_kind: dict[str, list[float]] = defaultdict(list)
    unseen = 0
    for one in rounds:
        for found in one.recoveries:
            if found["recovery_s"] is None:
                unseen += 1  # nothing was left to be published when it ended
                continue
            for name in (_named(found), "all"):
                by_kind[name].append(found["recovery_s"])
    return {
        name: {"faults": len(values), "median": _at(values, 0.5), "p95": _at(values, 0.95), "max": max(values)}
        for name, values in sorted(by_kind.items(), key=lambda item: -len(item[1]))
    } | {"not_measured": unseen}


def _named(found: dict[str, Any]) -> str:
    return f"{found['kind']}, {'broker' if str(found['target']).startswith('kafka-') else 'others'}"


def _at(values: Sequence[float], share: float) -> float:
    if share == 0.5:
        return round(statistics.median(values), 2)
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


if __name__ == "__main__":
    sys.exit(main())
