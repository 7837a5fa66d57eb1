"""Send webhooks: at least once, in order for each incident, again and again with growing waits."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
import structlog

from services.notifier.core.outlets.webhook import next_wait
from services.notifier.outlets import webhook_rows as rows
from services.notifier.outlets.metrics import OutletMetrics
from services.notifier.outlets.post import Posted, Poster, Result
from services.notifier.outlets.targets import Target, Targets
from services.notifier.outlets.webhook_rows import Row, State
from services.runtime.errors import UnavailableError
from services.runtime.store import Store

log = structlog.get_logger(__name__)

_DAY_S = 86_400.0
_AT_ONCE = 20
_IDLE_S = 1.0
_NOT_LEADING_S = 5.0


@dataclass(frozen=True)
class SenderTools:
    """What sending needs; ``jitter`` gives 0..1, ``disable_after_days`` is how long a target may fail."""

    store: Store
    targets: Targets
    poster: Poster
    metrics: OutletMetrics
    clock: Callable[[], datetime]
    jitter: Callable[[], float]
    disable_after_days: float


class WebhookSender:
    """One sender leads for a store; a crash between a try and its note repeats the try, under the same id."""

    def __init__(self, tools: SenderTools) -> None:
        self._tools = tools
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Something is due: look now rather than in a second."""
        self._awake.set()

    async def run_until(self, stopping: asyncio.Event) -> None:
        """Send until told to end; a try in hand is finished and noted."""
        while not stopping.is_set():
            wait = _IDLE_S
            try:
                if await self._tools.store.lead("webhooks"):
                    if await self.step():
                        continue
                else:
                    wait = _NOT_LEADING_S
            except UnavailableError as error:
                log.warning("webhooks wait", reason=str(error))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await _either(self._awake, stopping)
            self._awake.clear()

    async def step(self) -> int:
        """One round over all targets, side by side; how many tries it made."""
        now = self._tools.clock().timestamp()
        names = await self._tools.store.read(lambda conn: rows.targets_with_work(conn, now))
        found = [self._tools.targets.by_name[name] for name in names if name in self._tools.targets.by_name]
        return sum(await asyncio.gather(*(self._serve(target) for target in found)))

    async def _serve(self, target: Target) -> int:
        """One after the other to one target; it ends at the first that is not taken, to spare both sides."""
        now = self._tools.clock().timestamp()
        due = await self._tools.store.read(lambda conn: rows.due_for(conn, target.name, now, _AT_ONCE))
        for number, row in enumerate(due, 1):
            if not await self._try(target, row):
                return number
        return len(due)

    async def _try(self, target: Target, row: Row) -> bool:
        tools = self._tools
        result = await tools.poster.post(target, row.webhook_id, row.body)
        tools.metrics.posts.labels(result.posted).inc()
        now = tools.clock().timestamp()
        if result.posted is Posted.ACCEPTED:
            await tools.store.write(lambda conn: _note_success(conn, row, result, now))
            return True
        state = await tools.store.write(lambda conn: self._note_failure(conn, row, result, now))
        log.info("webhook not taken", target=target.name, reason=result.posted, status=result.status, now=state)
        return False

    def _note_failure(self, conn: sa.Connection, row: Row, result: Result, now: float) -> State:
        since = rows.note_failure(conn, row.target, now)
        wait = next_wait(row.tries + 1, self._tools.jitter(), result.retry_after_s)
        state = State.DUE if wait is not None else State.GAVE_UP
        outcome = rows.Try(state, result.posted, result.status, now + (wait or 0.0))
        rows.note_try(conn, row, outcome, now)
        if result.posted is Posted.GONE:
            rows.disable(conn, row.target, "the target answered 410 Gone", "notifier", now)
        elif now - since > self._tools.disable_after_days * _DAY_S:
            why = f"no success for {self._tools.disable_after_days:g} days"
            rows.disable(conn, row.target, why, "notifier", now)
        return state


def _note_success(conn: sa.Connection, row: Row, result: Result, now: float) -> None:
    rows.note_try(conn, row, rows.Try(State.ACCEPTED, result.posted, result.status, now), now)
    rows.note_success(conn, row.target, now)


async def _either(first: asyncio.Event, second: asyncio.Event) -> None:
    waiting = [asyncio.create_task(first.wait()), asyncio.create_task(second.wait())]
    try:
        await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
