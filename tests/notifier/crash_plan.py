"""Kill two workers by a plan: who dies where, and how the work is fed to them."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable
from dataclasses import dataclass, field

from services.cli.demo.botapi_faults import Fault
from services.contracts.codes import Severity
from services.notifier.core.ledger import State
from tests.notifier.builders import an_alert
from tests.notifier.crash_leg import ANY, Leg
from tests.notifier.doomed import BOUNDARIES
from tests.notifier.workers import Worker, Workers

FAULTS = (Fault.FLOOD, Fault.BAD_GATEWAY, Fault.DELIVERED_THEN_RESET, Fault.RESET, Fault.DELIVERED_NOT_JSON)
#: A worker that does not come to its boundary for so long is killed from outside: it may only stand by.
_AT_MOST_S = 30.0
#: A leg whose plan cannot be kept for so long will not be.
_LEG_S = 1800.0
#: Nothing to do for so long means that more must be fed; what is published takes a while to be planned.
_QUIET_S, _QUIET_BEHIND_BROKER_S = 1.0, 8.0


@dataclass
class Plan:
    """The deaths that are still to come; one that was missed comes back."""

    leg: Leg
    dice: random.Random
    left: list[str] = field(init=False)
    #: Alerts published so far, and deaths that were as planned.
    fed: int = 0
    kept: int = 0
    fed_at: float = 0.0

    def __post_init__(self) -> None:
        boundaries = self.leg.boundaries
        self.left = [boundaries[n % len(boundaries)] for n in range(max(self.leg.kills, len(boundaries)))]
        self.deaths = len(self.left)
        self.dice.shuffle(self.left)

    async def carry_out(self, workers: Workers) -> None:
        """Kill as often as is planned; at the end both workers are dead and everything is fed."""
        for worker in workers.both:
            self._begin(workers, worker)
        async with asyncio.timeout(_LEG_S):
            await self._until_kept(workers)
        for worker in workers.both:  # who is left dies as well, uncounted, and both start anew
            worker.fate = ""
            if worker.process is not None:
                worker.process.kill()
                worker.process.wait()
        await self._feed_to(workers, self.leg.alerts)

    async def _until_kept(self, workers: Workers) -> None:
        while self.kept < self.deaths:
            await self._feed_to(workers, self.leg.alerts * (self.kept + 1) // self.deaths)
            if self._have_nothing_to_do(workers):
                await self._feed_to(workers, self.fed + 1)
            for worker in workers.both:
                if worker.is_dead or _is_due(worker):
                    self._bury(workers, worker)
            await asyncio.sleep(0.05)

    def _begin(self, workers: Workers, worker: Worker) -> None:
        worker.plan = self.left.pop() if self.left else ""
        if worker.plan in {ANY, ""}:
            workers.start(worker)
            # Long enough for some to die while they start, and for some in the middle of their work.
            worker.started += self.dice.uniform(0.5, 8.0) - _AT_MOST_S
        else:
            crossings = 2 if worker.plan == BOUNDARIES[0] else self.leg.crossings
            workers.start(worker, worker.plan, self.dice.randint(1, crossings))

    def _bury(self, workers: Workers, worker: Worker) -> None:
        died_at = workers.bury(worker, ANY)
        if worker.plan and died_at == worker.plan:
            self.kept += 1
        elif worker.plan:
            self.left.insert(0, worker.plan)
        self._begin(workers, worker)

    def _have_nothing_to_do(self, workers: Workers) -> bool:
        """Whether what was fed for the next death is used up, so that it would never come."""
        quiet_for = asyncio.get_running_loop().time() - self.fed_at
        if quiet_for < (_QUIET_S if self.leg.broker == "none" else _QUIET_BEHIND_BROKER_S):
            return False
        states = workers.states()
        return not any(states[state] for state in (State.DUE, State.INTENDED, State.SENDING))

    async def _feed_to(self, workers: Workers, alerts: int) -> None:
        if alerts > self.fed:
            await _feed(workers, range(self.fed, alerts), self.leg, self.dice)
            self.fed, self.fed_at = alerts, asyncio.get_running_loop().time()


def _is_due(worker: Worker) -> bool:
    return asyncio.get_running_loop().time() - worker.started > _AT_MOST_S


async def _feed(workers: Workers, numbers: Iterable[int], leg: Leg, dice: random.Random) -> None:
    alerts = []
    for number in numbers:
        severity = Severity.CRITICAL if dice.random() < 0.3 else Severity.HIGH
        alerts.append(an_alert(incident_id=f"ab{number:06d}-proof", severity=severity))
        for _ in range(leg.officials * 2 // 3):
            if dice.random() < leg.fault_rate:
                workers.bot.fail_next(dice.choice(FAULTS))
    await workers.publish(alerts)
