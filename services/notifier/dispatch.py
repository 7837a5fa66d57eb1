"""Send what is due: intent first and announced, then the network, then the outcome.

    due -> intended, announced and acknowledged -> sending -> request -> accepted, refused or unknown

Killed before ``sending`` is durable: nothing has left, the row is due again.  Killed after: nobody can
tell, the row is unknown and is never blindly repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol, TypeVar

import sqlalchemy as sa
import structlog

from services.contracts.delivery import Outcome
from services.notifier import roster, rows
from services.notifier.channels.base import Channel, DeliveryError, Outgoing, Receipt, Scope
from services.notifier.core.ledger import SENDABLE, Priority, State, Verdict
from services.notifier.core.pacing import Pacer
from services.notifier.core.reason import Reason
from services.notifier.digests import close_windows
from services.notifier.metrics import NotifierMetrics
from services.notifier.outcomes import Ended, hold_back, recover, write_outcome
from services.notifier.prepare import Impossible, prepare
from services.notifier.rows import Candidate, LostRowError, Row
from services.notifier.vault import Vault
from services.runtime.errors import OperatorError, UnavailableError
from services.runtime.store import Store
from services.runtime.trace import trace_id

log = structlog.get_logger(__name__)
T = TypeVar("T")

#: Claimed ahead of the pace by at most this, so that an urgent delivery never queues behind others.
AHEAD_S = 0.5
LOOK_AT = 200
LOOK_ELSEWHERE = 5000
IN_FLIGHT = 64
IDLE_S = 0.5
#: Below the time the runtime gives a process to end.
FINISH_S = 4.5
#: A channel that may not be used for longer than this stands still.
STOPPED_S = 5.0
#: So many recipients told to wait within so many seconds mean the whole channel.
FLOOD_RECIPIENTS, FLOOD_WINDOW_S = 3, 10.0
KNOWN_CHANNELS = frozenset({"telegram", "email"})


class Relays(Protocol):
    """What dispatching needs of the relay."""

    def kick(self) -> None:
        """Publish now."""

    async def wait_acknowledged(self, ids: Sequence[int]) -> None:
        """Return once the broker has these rows."""


@dataclass(frozen=True)
class Tools:
    """What the dispatcher works with; ``clock`` and ``jitter`` come from outside so that tests hold them."""

    store: Store
    vault: Vault
    channels: Mapping[str, Channel]
    metrics: NotifierMetrics
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    jitter: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


@dataclass(frozen=True)
class _Claimed:
    row: Row
    candidate: Candidate
    message: Outgoing
    at: float


@dataclass
class _Gate:
    """The door of a channel: one send at a time, ``gap_s`` seconds apart."""

    gap_s: float
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    free_at: float = 0.0


class Dispatcher:
    """One dispatcher leads for a store; the others wait to take over."""

    def __init__(
        self,
        tools: Tools,
        relay: Callable[[], Relays],
        restore: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        self._tools = tools
        self._restore = restore
        self._relay = relay
        self._pacers = {name: Pacer(channel.pace) for name, channel in tools.channels.items()}
        self._gates = {name: _Gate(channel.pace.channel_s) for name, channel in tools.channels.items()}
        self._busy: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._flooded: dict[str, dict[str, float]] = {}
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Something may be due."""
        self._awake.set()

    async def run(self) -> None:
        """Dispatch for ever; an outage of the store is waited out."""
        recovered = False
        while True:
            try:
                if not await self._tools.store.lead("dispatch"):
                    recovered = False
                    await self._idle()
                    continue
                if not recovered:
                    if self._restore is not None:
                        await self._restore()
                    await self.recover()
                    recovered = True
                if not await self.round():
                    await self._idle()
            except UnavailableError as error:
                log.warning("dispatcher waits", reason=str(error))
                await self._tools.sleep(IDLE_S)

    async def run_until(self, stopping: asyncio.Event) -> None:
        """Dispatch until told to stop, then claim nothing more and let what is under way end."""
        running = asyncio.create_task(self.run())
        asked = asyncio.create_task(stopping.wait())
        try:
            await asyncio.wait({running, asked}, return_when=asyncio.FIRST_COMPLETED)
            if running.done():
                running.result()
        finally:
            asked.cancel()
            running.cancel()
            await asyncio.gather(running, asked, return_exceptions=True)
            await self.finish()

    async def _idle(self) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._awake.wait(), IDLE_S)
        self._awake.clear()

    async def recover(self) -> dict[State, int]:
        """Sort out what an earlier process left in ``intended`` or ``sending``."""
        now = self._tools.clock()
        found = await self._tools.store.write(lambda conn: recover(conn, now))
        if found:
            log.warning("recovered deliveries", **{str(state): count for state, count in found.items()})
        return found

    async def close_digests(self) -> None:
        """Bundle what waits for digests whose window has come."""
        now = self._tools.clock()
        made = await self._tools.store.write(lambda conn: close_windows(conn, now))
        if made:
            log.info("digests made", count=made)
            self._relay().kick()
            self.wake()

    async def round(self) -> int:
        """Take up what may go now and start sending it; how many deliveries were moved."""
        free = IN_FLIGHT - len(self._tasks)
        if free <= 0:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            return 1
        chosen = self._choose(await self._candidates(), free)
        if not chosen:
            return 0
        claimed, ids = await self._intend(chosen)
        self._relay().kick()
        await self._until_acknowledged(ids)
        for one in claimed:
            self._start(one)
        return len(chosen)

    async def _until_acknowledged(self, ids: Sequence[int]) -> None:
        """However long store or broker are away: rows that are intended and never started would wait for ever."""
        while True:
            try:
                await self._relay().wait_acknowledged(ids)
                return
            except UnavailableError as error:
                log.warning("dispatcher waits", reason=str(error))
                await self._tools.sleep(IDLE_S)

    async def _candidates(self) -> list[Candidate]:
        """What is due on each channel that has a slot soon: one that stands still never hides another."""
        now, clock = self._tools.clock().timestamp(), self._tools.monotonic()
        ready = [name for name, pacer in self._pacers.items() if pacer.paused_for(clock) <= AHEAD_S]

        def work(conn: sa.Connection) -> list[Candidate]:
            return [found for name in ready for found in rows.due_rows(conn, now, name, LOOK_AT)]

        return await self._tools.store.read(work)

    async def use_what_there_is(self) -> None:
        """Deliveries on a channel that is not set up, or that stands still, go by another of the official's.

        Only what is urgent leaves a channel that stands still; where there is no other way a delivery waits.
        """
        now, clock = self._tools.clock(), self._tools.monotonic()
        stopped = {name for name, pacer in self._pacers.items() if pacer.paused_for(clock) > STOPPED_S}
        working = set(self._pacers) - stopped

        def work(conn: sa.Connection) -> None:
            for row in rows.rows_elsewhere(conn, now.timestamp(), working, LOOK_ELSEWHERE):
                if row.channel in stopped and row.priority is not Priority.CRITICAL:
                    continue
                official = roster.find_official(conn, row.official_id)
                usable = roster.usable_channels(conn, official) if official else []
                if official is None or working & set(usable):
                    hold_back(conn, row, Impossible(Reason.NO_CHANNEL), now)

        if stopped or len(self._pacers) < len(KNOWN_CHANNELS):
            await self._tools.store.write(work)

    async def drain(self) -> None:
        """Wait for every send under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def finish(self) -> None:
        """Let what is under way end before the process does: a send that is cut off is unknown for ever."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FINISH_S)

    def _choose(self, candidates: Sequence[Candidate], free: int) -> list[tuple[Candidate, float]]:
        """The most urgent ones whose recipient and channel have a slot soon, with the time of the slot."""
        clock = self._tools.monotonic()
        # A channel is filled up when half its lead is used, so that one round takes several at once.
        open_now = {name for name, pacer in self._pacers.items() if pacer.paused_for(clock) <= AHEAD_S / 2}
        chosen = []
        for candidate in candidates:
            row = candidate.row
            pacer = self._pacers[row.channel]
            if (row.official_id, row.channel) in self._busy:
                continue
            if row.channel not in open_now and row.priority is not Priority.CRITICAL:
                continue
            if not pacer.is_free(candidate.fingerprint, clock) or pacer.paused_for(clock) > AHEAD_S:
                continue
            chosen.append((candidate, pacer.take(candidate.fingerprint, clock, is_group=candidate.is_group)))
            if len(chosen) >= free:
                break
        return chosen

    async def _intend(self, chosen: Sequence[tuple[Candidate, float]]) -> tuple[list[_Claimed], list[int]]:
        now = self._tools.clock()

        def work(conn: sa.Connection) -> tuple[list[_Claimed], list[int]]:
            claimed, ids = [], []
            for candidate, slot in chosen:
                found = self._intend_one(conn, candidate.row, now)
                if found is not None:
                    row, message, outbox_id = found
                    claimed.append(_Claimed(row, candidate, message, slot))
                    ids.append(outbox_id)
            return claimed, ids

        claimed, ids = await self._tools.store.write(work)
        self._busy.update((one.row.official_id, one.row.channel) for one in claimed)
        return claimed, ids

    def _intend_one(self, conn: sa.Connection, row: Row, now: datetime) -> tuple[Row, Outgoing, int] | None:
        current = rows.read_row(conn, row.key)
        if current is None or current.state not in SENDABLE:
            return None
        at = now.timestamp()
        message = self._prepare(conn, current, now)
        if isinstance(message, Impossible):
            hold_back(conn, current, message, now)
            return None
        attempts = current.attempts + 1
        moved = rows.move(conn, current, State.INTENDED, Reason.INTENDED, at, attempts=attempts)
        return moved, message, rows.announce(conn, moved, Outcome.INTENDED, Reason(current.why), at)

    def _prepare(self, conn: sa.Connection, row: Row, now: datetime) -> Outgoing | Impossible:
        try:
            with conn.begin_nested():
                return prepare(conn, self._tools.vault, row, now)
        except (sa.exc.DBAPIError, OperatorError):
            raise
        except Exception:
            # One official or incident that cannot be rendered must not stop the others.
            log.exception("cannot render", channel=row.channel)
            return Impossible(Reason.NOT_RENDERED)

    def _start(self, one: _Claimed) -> None:
        task = asyncio.create_task(self._deliver(one), name="deliver")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, one: _Claimed) -> None:
        try:
            await self._tools.sleep(max(0.0, one.at - self._tools.monotonic()))
            sending = await self._mark_sending(one.row)
            if sending is None:
                return
            await self._pass_gate(sending.channel)
            receipt, error = await self._send(sending, one.message)
            self._heed(error, sending, one.candidate)
            await self._write_outcome(Ended(sending, receipt, error, self._tools.jitter()))
        except Exception:
            # A bug: this one row stays where the ledger last saw it and is unknown at the next start.
            log.exception("delivery left open", channel=one.row.channel)
        finally:
            self._busy.discard((one.row.official_id, one.row.channel))
            self.wake()

    async def _pass_gate(self, channel: str) -> None:
        """Keep the channel's distance at the very door: rows committed together come out of the store together."""
        gate = self._gates[channel]
        async with gate.lock:
            await self._tools.sleep(max(0.0, gate.free_at - self._tools.monotonic()))
            gate.free_at = self._tools.monotonic() + gate.gap_s

    async def _mark_sending(self, row: Row) -> Row | None:
        at = self._tools.clock().timestamp()
        marked = replace(row, state=State.SENDING)

        def work(conn: sa.Connection) -> Row | None:
            current = rows.read_row(conn, row.key)
            if current is not None and current.state is State.SENDING and current.attempts == row.attempts:
                return marked  # an earlier try of this very step was durable after all
            if current is None or current.state is not State.INTENDED:
                return None
            moved = rows.move(conn, row, State.SENDING, Reason.INTENDED, at)
            rows.note_attempt(conn, moved, State.SENDING, Reason.INTENDED, at)
            return moved

        return await self._persist(work)

    async def _persist(self, work: Callable[[sa.Connection], T]) -> T:
        """Write, however long the store is away: what is known of a send must not be lost to an outage."""
        while True:
            try:
                return await self._tools.store.write(work)
            except UnavailableError as error:
                log.warning("dispatcher waits", reason=str(error))
                await self._tools.sleep(IDLE_S)

    async def _send(self, row: Row, message: Outgoing) -> tuple[Receipt | None, DeliveryError | None]:
        began = self._tools.monotonic()
        receipt: Receipt | None = None
        error: DeliveryError | None = None
        try:
            receipt = await self._tools.channels[row.channel].send(message)
        except DeliveryError as failed:
            error = failed
        except Exception as failed:  # a bug in a channel must not repeat or stop deliveries
            log.exception("channel failed", channel=row.channel)
            error = DeliveryError(type(failed).__name__, verdict=Verdict.UNKNOWN, reason=Reason.NO_ANSWER)
        outcome = error.result.verdict if error else Verdict.ACCEPTED
        if receipt is not None and message.published_at is not None:
            age = (self._tools.clock() - message.published_at).total_seconds()
            self._tools.metrics.observe_age(row, age)
        self._tools.metrics.observe_attempt(row, outcome, self._tools.monotonic() - began)
        return receipt, error

    def _heed(self, error: DeliveryError | None, row: Row, candidate: Candidate) -> None:
        """Slow down as the channel asks."""
        wait = error.result.retry_after_s if error else None
        if error is None or wait is None:
            return
        until = self._tools.monotonic() + wait
        if error.scope is Scope.CHANNEL or self._all_flooded(error, row.channel, candidate.fingerprint):
            self._pacers[row.channel].pause(until)
            self._tools.metrics.channel_stopped(row.channel, until=self._tools.clock().timestamp() + wait)
            log.error("channel stopped", channel=row.channel, seconds=wait, reason=error.result.reason)
        else:
            self._pacers[row.channel].pause_recipient(candidate.fingerprint, until)

    def _all_flooded(self, error: DeliveryError, channel: str, recipient: str) -> bool:
        """Whether several recipients in a row were told to wait: then it is the whole bot that is meant."""
        if error.result.reason is not Reason.RATE_LIMITED:
            return False
        now = self._tools.monotonic()
        told = self._flooded.setdefault(channel, {})
        told[recipient] = now
        for name in [name for name, at in told.items() if now - at > FLOOD_WINDOW_S]:
            del told[name]
        return len(told) >= FLOOD_RECIPIENTS

    async def _write_outcome(self, ended: Ended) -> None:
        now = self._tools.clock()
        try:
            moved = await self._persist(lambda conn: write_outcome(conn, self._tools.vault, ended, now))
        except LostRowError:
            return  # an earlier try of this very step was durable after all
        self._tools.metrics.observe_outcome(moved, now.timestamp())
        log.info(
            "delivery",
            alert_id=moved.subject,
            channel=moved.channel,
            action=str(moved.action),
            state=str(moved.state),
            reason=str(moved.reason),
            attempt=moved.attempts,
            trace_id=trace_id(moved.trace),
        )
        self._relay().kick()
