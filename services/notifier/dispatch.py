"""Send what is due: intent first and announced, then the network, then the outcome.

    due -> intended, announced and acknowledged -> sending -> request -> accepted, refused or unknown

Killed before ``sending`` is durable: nothing has left, the row is due again.  Killed after: nobody can
tell, the row is unknown and is never blindly repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence

import sqlalchemy as sa
import structlog

from services.notifier import due, roster
from services.notifier.claims import Claimed, claim
from services.notifier.clock import plan_anew
from services.notifier.core.ledger import Priority, State
from services.notifier.core.reason import Reason
from services.notifier.digests import close_windows
from services.notifier.due import Candidate
from services.notifier.outcomes import hold_back, recover
from services.notifier.paces import AHEAD_S, SENDS, Paces
from services.notifier.past_paces import read_past
from services.notifier.prepare import Impossible
from services.notifier.sender import AGAIN_S, Sender, about
from services.notifier.tools import Relays, Tools
from services.runtime.errors import UnavailableError

log = structlog.get_logger(__name__)

LOOK_AT = 200
LOOK_ELSEWHERE = 5000
LOOK_EVERY_S = 1.0
IN_FLIGHT = 64
IDLE_S = 0.5
#: A channel that may not be used for longer than this stands still.
STOPPED_S = 5.0
KNOWN_CHANNELS = frozenset({"telegram", "email"})


class Dispatcher:
    """One dispatcher leads for a store, so that one pace holds; the others wait to take over."""

    def __init__(
        self,
        tools: Tools,
        relay: Callable[[], Relays],
        restore: Callable[[], Awaitable[int]] | None = None,
    ) -> None:
        self._tools = tools
        self._restore = restore
        self._relay = relay
        self._paces = Paces(
            {name: channel.pace for name, channel in tools.channels.items()}, tools.monotonic, tools.sleep
        )
        self._sender = Sender(tools, self._paces, relay, self.wake)
        self._awake = asyncio.Event()
        #: What was due when it was last looked through, and not chosen yet.
        self._seen: list[Candidate] = []
        self._looked_at = 0.0

    @property
    def paces(self) -> Paces:
        """For what goes out beside the deliveries."""
        return self._paces

    def wake(self) -> None:
        """Something may be due."""
        self._awake.set()

    async def run(self) -> None:
        """Dispatch for ever; an outage of the store is waited out."""
        recovered = False
        while True:
            try:
                if not await self._tools.store.lead(SENDS):
                    recovered = False
                    await self._idle()
                    continue
                if not recovered:
                    if self._restore is not None:
                        await self._restore()
                    await self.recover()
                    await asyncio.gather(*(channel.open() for channel in self._tools.channels.values()))
                    recovered = True
                if not await self.round():
                    await self._idle()
            except UnavailableError as error:
                log.warning("dispatcher waits", reason=str(error))
                await self._tools.sleep(AGAIN_S)

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
            await self._sender.finish()

    async def _idle(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(IDLE_S):
                await self._awake.wait()
        self._awake.clear()

    async def recover(self) -> dict[State, int]:
        """Take over from an earlier process: its pace, and what it left in ``intended`` or ``sending``."""
        now = self._tools.clock()
        self._paces.go_on_from(await self._tools.store.read(lambda conn: read_past(conn, now.timestamp())))
        found = await self._tools.store.write(lambda conn: recover(conn, now))
        if found:
            log.warning("recovered deliveries", **{str(state): count for state, count in found.items()})
        return found

    async def close_digests(self) -> None:
        """Bundle what waits for digests whose window has come."""
        now = self._tools.clock()
        # Serial: every worker looks at the windows, and one of them closes each.
        made = await self._tools.store.write(lambda conn: close_windows(conn, now), serial=True)
        if made:
            log.info("digests made", count=made)
            self._relay().kick()
            self.wake()

    async def heed_clock(self) -> None:
        """Where the clock was set back, plan anew what was planned by it."""
        now = self._tools.clock().timestamp()
        moved = await self._tools.store.write(lambda conn: plan_anew(conn, now))
        if moved:
            log.warning("the clock was set back: planned anew", deliveries=moved)
            self.wake()

    async def round(self) -> int:
        """Take up what may go now and start sending it; how many deliveries were moved."""
        free = IN_FLIGHT - self._sender.under_way
        if free <= 0:
            await self._sender.one_done()
            return 1
        chosen = self._choose(await self._candidates(), free)
        if not chosen and self._seen:
            self._seen = []
            chosen = self._choose(await self._candidates(), free)
        if not chosen:
            return 0
        taken = {candidate.row.key for candidate, _ in chosen}
        self._seen = [one for one in self._seen if one.row.key not in taken]
        claimed = await self._claim(chosen)
        self._relay().kick()
        await self._until_acknowledged([one.announcement for one in claimed])
        for one in claimed:
            self._tell_intended(one)
            self._sender.start(one)
        return len(chosen)

    def _tell_intended(self, one: Claimed) -> None:
        """The intent is durable and the broker has it."""
        row, ended = one.row, self._tools.clock().timestamp()
        raised_at = one.message.raised_at
        if raised_at is not None and row.attempts == 1:
            self._tools.metrics.observe_intended(ended - raised_at.timestamp())
        if self._tools.spans.on:
            self._tools.spans.tell(
                "intend", row.trace, parent=one.candidate.row.trace, began=one.at, ended=ended, **about(row)
            )

    async def _claim(self, chosen: Sequence[tuple[Candidate, float]]) -> list[Claimed]:
        now = self._tools.clock()
        return await self._tools.store.write(lambda conn: claim(conn, self._tools.vault, chosen, now))

    async def _until_acknowledged(self, ids: Sequence[int]) -> None:
        """However long store or broker are away: rows that are intended and never started would wait for ever."""
        while True:
            try:
                await self._relay().wait_acknowledged(ids)
                return
            except UnavailableError as error:
                log.warning("dispatcher waits", reason=str(error))
                await self._tools.sleep(AGAIN_S)

    async def _candidates(self) -> list[Candidate]:
        """What is due on each channel that has a slot soon: one that stands still never hides another.

        With ten thousand due, looking through them takes longer than sending some: what was seen is used up for a
        moment.  What is urgent is looked for each time.
        """
        now, ready = self._tools.clock().timestamp(), sorted(self._paces.ready())
        again = not self._seen or self._tools.monotonic() - self._looked_at >= LOOK_EVERY_S

        def work(conn: sa.Connection) -> tuple[list[Candidate], list[Candidate]]:
            urgent = [found for name in ready for found in due.due_rows(conn, now, name, LOOK_AT, urgent=True)]
            if not again:
                return urgent, self._seen
            return urgent, [found for name in ready for found in due.due_rows(conn, now, name, LOOK_AT)]

        urgent, self._seen = await self._tools.store.read(work)
        if again:
            self._looked_at = self._tools.monotonic()
        return list({one.row.key: one for one in (*urgent, *self._seen)}.values())

    def _choose(self, candidates: Sequence[Candidate], free: int) -> list[tuple[Candidate, float]]:
        """The most urgent ones whose recipient and channel have a slot soon, with the time of the slot."""
        # A channel is filled up when half its lead is used, so that one round takes several at once.
        filling = self._paces.ready(AHEAD_S / 2)
        chosen: list[tuple[Candidate, float]] = []
        for candidate in candidates:
            row = candidate.row
            if len(chosen) >= free:
                break
            if self._sender.is_busy(candidate):
                continue
            if row.channel not in filling and row.priority is not Priority.CRITICAL:
                continue
            slot = self._paces.take(candidate)
            if slot is not None:
                chosen.append((candidate, slot))
        return chosen

    async def use_what_there_is(self) -> None:
        """Deliveries on a channel that is not set up, or that stands still, go by another of the official's.

        Only what is urgent leaves a channel that stands still; where there is no other way a delivery waits.
        """
        now, stopped = self._tools.clock(), self._paces.stopped(STOPPED_S)
        working = self._paces.channels - stopped

        def work(conn: sa.Connection) -> None:
            for row in due.rows_elsewhere(conn, now.timestamp(), working, LOOK_ELSEWHERE):
                if row.channel in stopped and row.priority is not Priority.CRITICAL:
                    continue
                official = roster.find_official(conn, row.official_id)
                usable = roster.usable_channels(conn, official) if official else []
                if official is None or working & set(usable):
                    hold_back(conn, row, Impossible(Reason.NO_CHANNEL), now)

        if stopped or len(self._paces.channels) < len(KNOWN_CHANNELS):
            await self._tools.store.write(work, serial=True)

    async def drain(self) -> None:
        """Wait for every send under way."""
        await self._sender.drain()
