"""What one leg of the crash proof is to do, and what was found at its end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from tests.notifier.classic import ORDERINGS
from tests.notifier.doomed import BOUNDARIES

ANY = "any moment"


@dataclass(frozen=True)
class Leg:
    """How much is done at a time; at least so many kills, and one at every boundary."""

    store: str
    alerts: int
    officials: int
    kills: int
    fault_rate: float
    seed: int
    broker: str = "embedded"
    ordering: str = next(iter(ORDERINGS))

    @property
    def boundaries(self) -> tuple[str, ...]:
        """Where deaths are planned; without a broker decisions are not the workers'."""
        return (*BOUNDARIES[1:], ANY) if self.broker == "none" else (*BOUNDARIES, ANY)

    @property
    def crossings(self) -> int:
        """At which crossing of a boundary a death is planned at most: each death is fed so many deliveries."""
        return max(1, min(25, self.alerts * self.officials // self.kills))


@dataclass(frozen=True)
class Found:
    """One leg: what the servers have, against what the ledger says."""

    store: str
    broker: str
    seed: int
    deliveries: int
    kills: int
    by_boundary: dict[str, int]
    torn: dict[str, int]
    ended_by_themselves: int
    accepted: int
    unknown: int
    unknown_but_shown: int
    refused: int
    marked_second_copies: int
    faults: int
    lost: int
    blind_repeats: int
    accepted_but_not_shown: int
    left_open: int
    most_in_a_second: int
    most_in_a_second_to_one_chat: int
    seconds: float

    @property
    def holds(self) -> bool:
        wrong = (self.lost, self.blind_repeats, self.accepted_but_not_shown, self.left_open)
        return self.deliveries > 0 and not any(wrong)


def summary(legs: list[Found]) -> dict[str, Any]:
    """All legs of one store together."""
    summed = (
        "deliveries", "kills", "ended_by_themselves", "accepted", "unknown", "unknown_but_shown", "refused", "marked_second_copies",
        "faults", "lost", "blind_repeats", "accepted_but_not_shown", "left_open", "seconds",
    )  # fmt: skip
    found: dict[str, Any] = {name: round(sum(getattr(leg, name) for leg in legs), 1) for name in summed}
    for name in ("by_boundary", "torn"):
        found[name] = dict(sum((Counter(getattr(leg, name)) for leg in legs), Counter()))
    for name in ("most_in_a_second", "most_in_a_second_to_one_chat"):
        found[name] = max(getattr(leg, name) for leg in legs)
    return found | {"legs": len(legs), "holds": all(leg.holds for leg in legs)}
