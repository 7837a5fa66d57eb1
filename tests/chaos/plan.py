"""What is broken when: drawn from a seed, and the same for the same seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What can be done to a part."""

    KILL = "kill -9"
    PAUSE = "pause"
    CUT = "cut"
    STALL = "stall"
    HALF_OPEN = "half open"
    FULL_DISK = "full disk"
    CLOCK = "clock jump"


#: Those that end a process or stand it still.
DEADLY = (Kind.KILL, Kind.PAUSE)
#: Seconds a fault lasts: from, to.  A kill lasts until the orchestrator sees it.
LASTS = {
    Kind.KILL: (0.0, 0.0),
    Kind.PAUSE: (1.0, 9.0),
    Kind.CUT: (0.5, 8.0),
    Kind.STALL: (1.0, 30.0),
    Kind.HALF_OPEN: (1.0, 5.0),
    Kind.FULL_DISK: (2.0, 8.0),
    Kind.CLOCK: (3.0, 10.0),
}
#: How far a clock is set, in seconds: a step of NTP, a wrong hour, a wrong day.
JUMPS_S = (-3600, -120, -5, 5, 120, 3600, 86400)


@dataclass(frozen=True)
class Fault:
    """One thing that happens.  ``at`` counts from the first story, ``seconds`` is how long it lasts."""

    at: float
    kind: Kind
    target: str
    seconds: float
    jump_s: int = 0

    def __str__(self) -> str:
        jump = f" by {self.jump_s:+d} s" if self.jump_s else ""
        return f"{self.at:6.1f} s  {self.kind} {self.target}{jump}, {self.seconds:.1f} s"


@dataclass(frozen=True)
class Targets:
    """What there is to break."""

    processes: Sequence[str]
    brokers: Sequence[str]
    lines: Sequence[str]
    disks: Sequence[str] = ()
    clocks: Sequence[str] = ()
    databases: Sequence[str] = ()


def draw_plan(
    dice: random.Random, targets: Targets, count: int, span_s: float, deadly: float = 0.7
) -> list[Fault]:
    """So many faults within so many seconds, a share of them deaths and pauses; each kind of target in turn."""
    wheel = _Wheel(dice, targets)
    times = sorted(dice.uniform(0.0, span_s) for _ in range(count))
    plan = []
    for number, at in enumerate(times):
        kind, target = wheel.deadly() if (number + 1) * deadly // 1 > number * deadly // 1 else wheel.other()
        jump = dice.choice(JUMPS_S) if kind is Kind.CLOCK else 0
        plan.append(Fault(round(at, 2), kind, target, round(dice.uniform(*LASTS[kind]), 2), jump))
    return plan


class _Wheel:
    """Draws without putting back until everything had its turn."""

    def __init__(self, dice: random.Random, targets: Targets) -> None:
        self._dice = dice
        lives = [*targets.processes, *targets.brokers]
        self._deadly = [(kind, life) for kind in DEADLY for life in lives]
        self._deadly += [(Kind.KILL, database) for database in targets.databases]
        self._other = [(kind, line) for kind in (Kind.CUT, Kind.STALL, Kind.HALF_OPEN) for line in targets.lines]
        self._other += [(Kind.FULL_DISK, disk) for disk in targets.disks]
        self._other += [(Kind.CLOCK, clock) for clock in targets.clocks] * 2
        self._left: dict[str, list[tuple[Kind, str]]] = {"deadly": [], "other": []}

    def deadly(self) -> tuple[Kind, str]:
        """A death or a pause."""
        return self._draw("deadly", self._deadly)

    def other(self) -> tuple[Kind, str]:
        """Anything else."""
        return self._draw("other", self._other)

    def _draw(self, name: str, all_of_them: list[tuple[Kind, str]]) -> tuple[Kind, str]:
        if not self._left[name]:
            self._left[name] = list(all_of_them)
            self._dice.shuffle(self._left[name])
        return self._left[name].pop()
