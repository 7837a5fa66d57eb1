"""Send every invariant hostile input for so many minutes, going on where it was stopped.

    python -m tests.security.proof_fuzz --minutes 30

Each round takes the next seed.  Figures are in bench/report/data/fuzz.json; what broke a sentence is printed with its
seed, counted there, and ends the program with status 1.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path
from typing import Any

import hypothesis
from hypothesis import HealthCheck, given

from tests.security.invariants import INVARIANTS, Invariant

FIGURES = Path(__file__).resolve().parents[2] / "bench" / "report" / "data" / "fuzz.json"
#: A round of each takes seconds on one core.
INPUTS = {"message": 60, "tag": 80, "victim": 60, "pieces": 60, "page": 150, "update": 200, "request": 150}
USUAL = 300


def attack(invariant: Invariant, seed: int, inputs: int) -> tuple[int, str]:
    """How many inputs were sent, and what broke the sentence, if anything did."""
    sent = 0

    @hypothesis.seed(seed)
    @hypothesis.settings(
        max_examples=inputs, deadline=None, database=None, suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )  # fmt: skip
    @given(invariant.drawn)
    def holds(drawn: object) -> None:
        nonlocal sent
        sent += 1
        invariant.check(drawn)

    try:
        holds()
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what this looks for
        return sent, f"{type(error).__name__}: {error}\n" + "\n".join(getattr(error, "__notes__", []))
    return sent, ""


def main() -> int:
    """Go on until the time is over, then say what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--only", help="one invariant")
    given_args = parser.parse_args()
    found: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    ends, broken = time.monotonic() + given_args.minutes * 60, 0
    chosen = [one for one in INVARIANTS if given_args.only in {None, one.name}]
    while time.monotonic() < ends:
        # Whoever was asked least is next, so that stopping at any moment leaves no sentence out.
        one = min(chosen, key=lambda one: found.get(one.name, {}).get("seeds", 0))
        row = found.setdefault(one.name, {"seeds": 0, "inputs": 0, "seconds": 0, "faults": 0})
        row["sentence"] = one.sentence
        began = time.monotonic()
        sent, fault = attack(one, row["seeds"] + 1, INPUTS.get(one.name, USUAL))
        row["seeds"] += 1
        row["inputs"] += sent
        row["seconds"] = round(row["seconds"] + time.monotonic() - began, 1)
        if fault:
            row["faults"] += 1
            broken += 1
            print(f"{one.name}, seed {row['seeds']}: {fault[:3000]}", flush=True)  # noqa: T201
        FIGURES.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    for name, row in found.items():
        print(f"{name:12} {row['inputs']:8} inputs {row['seeds']:5} seeds {row['faults']} faults")  # noqa: T201
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
