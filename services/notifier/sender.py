"""Carry a claimed delivery through its channel's door and write down what became of it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict, TypeVar

import sqlalchemy as sa
import structlog

from services.contracts.delivery import Action
from services.notifier import rows
from services.notifier.channels.base import DeliveryError, Outgoing, Receipt
from services.notifier.claims import Claimed
from services.notifier.core.ledger import State, Verdict
from services.notifier.core.reason import Reason
from services.notifier.due import Candidate
from services.notifier.outcomes import Ended, write_outcome
from services.notifier.paces import Paces, Passenger
from services.notifier.past_paces import keep_pause
from services.notifier.rows import LostRowError, Row
from services.notifier.tools import Relays, Tools
from services.runtime.errors import UnavailableError
from services.runtime.trace import trace_id

log = structlog.get_logger(__name__)
T = TypeVar("T")

#: How long to wait for store or broker before asking again.
AGAIN_S = 0.5
#: Below the time the runtime gives a process to end.
FINISH_S = 4.5


class Sender:
    """Everything that is under way."""

    def __init__(
        self, tools: Tools, paces: Paces, relay: Callable[[], Relays], on_done: Callable[[], None]
    ) -> None:
        self._tools = tools
        self._paces = paces
        self._relay = relay
        self._on_done = on_done
        self._busy: set[tuple[str, str]] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def under_way(self) -> int:
        """How many deliveries are between their claim and their outcome."""
        return len(self._tasks)

    def is_busy(self, candidate: Candidate) -> bool:
        """Whether something for this official or this very address is under way on that channel."""
        return bool(self._busy & _marks(candidate))

    def start(self, claimed: Claimed) -> None:
        """Begin to deliver."""
        self._busy |= _marks(claimed.candidate)
        task = asyncio.create_task(self._deliver(claimed), name="deliver")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def one_done(self) -> None:
        """Wait until one of those under way is not any more."""
        await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)

    async def drain(self) -> None:
        """Wait for every send under way."""
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def finish(self) -> None:
        """Let what is under way end before the process does: a send that is cut off is unknown for ever."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=FINISH_S)

    async def _deliver(self, one: Claimed) -> None:
        try:
            await self._paces.until(one.slot)
            if self._paces.gives_way(one.candidate):
                await self._give_back(one.row)
                return
            async with self._paces.lane(one.row.channel):
                sending = await self._mark_sending(one.row)
                if sending is None:
                    return
                began = self._tools.clock().timestamp()
                sending = replace(sending, trace=self._tools.spans.below(sending.trace))
                receipt, error = await self._send(sending, one)
            ended = Ended(sending, receipt, error, self._tools.jitter(), one.message.story_id)
            moved = await self._write_outcome(ended)
            if moved is not None:
                await self._tell_sent(one, moved, began)
        except Exception:
            # A bug: this one row stays where the ledger last saw it and is unknown at the next start.
            log.exception("delivery left open", channel=one.row.channel)
        finally:
            self._done(one)

    async def _tell_sent(self, one: Claimed, row: Row, began: float) -> None:
        """How long a channel took, and the span of it; a digest is linked with all that it carries."""
        ended = self._tools.clock().timestamp()
        if row.state is State.ACCEPTED:
            self._tools.metrics.observe_accepted(ended - one.at)
        if not self._tools.spans.on:
            return
        links: list[str | None] = []
        if row.action is Action.DIGEST:
            with contextlib.suppress(UnavailableError):
                links = await self._tools.store.read(lambda conn: rows.traces_in(conn, row))
        self._tools.spans.tell(
            "send",
            row.trace,
            parent=one.row.trace,
            began=began,
            ended=ended,
            links=links,
            state=str(row.state),
            reason=str(row.reason),
            **about(row),
        )

    def _done(self, one: Claimed) -> None:
        self._busy -= _marks(one.candidate)
        self._on_done()

    async def _give_back(self, row: Row) -> None:
        """Nothing has left: it is due again, and chosen once the urgent ones are out."""
        at = self._tools.clock().timestamp()

        def work(conn: sa.Connection) -> None:
            with contextlib.suppress(LostRowError):
                moved = rows.move(conn, row, State.DUE, Reason.GAVE_WAY, at)
                rows.note_attempt(conn, moved, State.DUE, Reason.GAVE_WAY, at)

        await self._persist(work)

    async def _mark_sending(self, row: Row) -> Row | None:
        at = self._tools.clock().timestamp()
        marked = replace(row, state=State.SENDING)

        def work(conn: sa.Connection) -> Row | None:
            current = rows.read_row(conn, row.key)
            if current is None or current.attempts != row.attempts:
                return None  # another worker took over meanwhile
            if current.state is State.SENDING:
                return marked  # an earlier try of this very step was durable after all
            if current.state is not State.INTENDED:
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
                log.warning("sender waits", reason=str(error))
                await self._tools.sleep(AGAIN_S)

    async def _send(self, row: Row, one: Claimed) -> tuple[Receipt | None, DeliveryError | None]:
        try:
            ended = await self._paces.pass_door(one.candidate)
        except DeliveryError as held_back:
            return None, held_back
        who = Passenger.of(one.candidate)

        async def again() -> None:
            nonlocal ended
            ended(None)  # the channel has answered the first request
            ended = _nothing_under_way
            ended = await self._paces.pass_beside(who)

        receipt, error = await self._ask_channel(row, replace(one.message, again=again))
        ended(error)
        # What our own door held back is no word of the channel.
        if error is not None and ended is not _nothing_under_way:
            await self._heed(error, row, who)
        return receipt, error

    async def _ask_channel(self, row: Row, message: Outgoing) -> tuple[Receipt | None, DeliveryError | None]:
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
            now, fetched_at = self._tools.clock(), message.fetched_at
            ours = (now - fetched_at).total_seconds() if fetched_at is not None else None
            self._tools.metrics.observe_age(row, (now - message.published_at).total_seconds(), ours)
        self._tools.metrics.observe_attempt(row, outcome, self._tools.monotonic() - began)
        return receipt, error

    async def _heed(self, error: DeliveryError, row: Row, who: Passenger) -> None:
        """Slow down as the channel asks."""
        seconds = self._paces.heed(error, who)
        if seconds is None:
            return
        until = self._tools.clock().timestamp() + seconds
        self._tools.metrics.channel_stopped(row.channel, until=until, seconds=seconds)
        log.error("channel stopped", channel=row.channel, seconds=seconds, reason=error.result.reason)
        if error.result.reason is Reason.RATE_LIMITED:
            # Not so for a token that was refused: who puts in another one starts again, and need not wait.
            await self._persist(lambda conn: keep_pause(conn, row.channel, until))

    async def _write_outcome(self, ended: Ended) -> Row | None:
        now = self._tools.clock()
        try:
            moved = await self._persist(lambda conn: write_outcome(conn, self._tools.vault, ended, now))
        except LostRowError:
            return None  # written by an earlier try of this very step, or another worker took over meanwhile
        self._tools.metrics.observe_outcome(moved, now.timestamp())
        log.info(
            "delivery",
            alert_id=moved.subject,
            story_id=ended.story_id,
            channel=moved.channel,
            action=str(moved.action),
            state=str(moved.state),
            reason=str(moved.reason),
            attempt=moved.attempts,
            trace_id=trace_id(moved.trace),
        )
        self._relay().kick()
        return moved


class About(TypedDict):
    """What a span says of a delivery: never to whom it goes."""

    alert_id: str
    incident_id: str | None
    channel: str
    action: str
    priority: str
    attempt: int


def about(row: Row) -> About:
    """The attributes of a span about this delivery."""
    return About(
        alert_id=row.subject,
        incident_id=row.incident_id,
        channel=row.channel,
        action=str(row.action),
        priority=row.priority.name.lower(),
        attempt=row.attempts,
    )


def _nothing_under_way(_: DeliveryError | None) -> None:
    """Before a second request has passed the door."""


def _marks(candidate: Candidate) -> set[tuple[str, str]]:
    """An official and an address: either is sent to one at a time."""
    row = candidate.row
    return {(row.channel, row.official_id), (row.channel, candidate.fingerprint or row.official_id)}
