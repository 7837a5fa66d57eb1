"""Keep every channel's pace: who may be sent to when."""

from __future__ import annotations

import asyncio
import heapq
import itertools
import weakref
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from services.notifier.channels.base import DeliveryError, Scope
from services.notifier.core.ledger import Priority, Verdict
from services.notifier.core.pacing import Pace, Pacer
from services.notifier.core.reason import Reason
from services.notifier.due import Candidate
from services.notifier.past_paces import Past

#: Claimed ahead of the pace by at most this, so that an urgent delivery never queues behind others.
AHEAD_S = 0.5
#: So many recipients told to wait within so many seconds mean the whole channel.
FLOOD_RECIPIENTS, FLOOD_WINDOW_S = 3, 10.0
#: The place of a store whose holder sends, answers too: one pace holds because one process keeps it.
SENDS = "dispatch"
#: What a person asked for goes ahead of ordinary pushes and digests, behind what is urgent or taken back.
ANSWER = Priority.WITHDRAWAL + 0.5
#: What has no slot waits at most this long to pass the door.
BESIDE_WITHIN_S = 15.0

#: To be called with what went wrong, if anything, when the channel has answered or will not.
Ended = Callable[[DeliveryError | None], None]
_Ticket = tuple[float, int]
#: An event loop runs what is due within its clock's step: less than this would be asked again and again.
_LEAST_S = 1e-6


@dataclass(frozen=True)
class Passenger:
    """One message at a channel's door; the lower rank goes first."""

    channel: str
    fingerprint: str
    is_group: bool
    rank: float

    @classmethod
    def of(cls, candidate: Candidate) -> Passenger:
        """A delivery."""
        return cls(candidate.row.channel, candidate.fingerprint, candidate.is_group, candidate.row.priority)


class _NotYetError(Exception):
    """It was this one's turn, but its recipient has just heard something else."""


@dataclass
class _Door:
    """Where what goes out on one channel waits for its moment, the most urgent first."""

    pacer: Pacer
    deliveries: list[_Ticket] = field(default_factory=list)
    answers: list[_Ticket] = field(default_factory=list)
    answered_last: bool = False
    #: Whose turn it is among those without a slot to one recipient.
    turns: weakref.WeakValueDictionary[str, asyncio.Lock] = field(default_factory=weakref.WeakValueDictionary)
    moved: asyncio.Event = field(default_factory=asyncio.Event)
    lanes: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self.lanes = asyncio.Semaphore(self.pacer.pace.at_once)

    def queue(self, rank: float) -> list[_Ticket]:
        """Where a rank waits."""
        return self.answers if rank == ANSWER else self.deliveries

    def first(self) -> _Ticket:
        """Whose turn it is: while deliveries wait, answers have every second one, so that no flood of presses
        holds a push for long, nor the lane that an urgent one needs."""
        if not self.answers or (self.deliveries and (self.answered_last or self.deliveries[0] < self.answers[0])):
            return self.deliveries[0]
        return self.answers[0]

    def has_urgent(self) -> bool:
        """Whether one that is urgent waits here."""
        return bool(self.deliveries) and self.deliveries[0][0] == Priority.CRITICAL

    def let_others_look(self) -> None:
        self.moved.set()
        self.moved = asyncio.Event()


class Paces:
    """All channels' paces, on one monotonic clock."""

    def __init__(
        self,
        paces: Mapping[str, Pace],
        monotonic: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
    ) -> None:
        self._doors = {name: _Door(Pacer(pace)) for name, pace in paces.items()}
        self._monotonic = monotonic
        self._sleep = sleep
        self._tickets = itertools.count()
        self._flooded: dict[str, dict[str, float]] = {}

    @property
    def channels(self) -> set[str]:
        """Every channel that is set up."""
        return set(self._doors)

    def ready(self, within_s: float = AHEAD_S) -> set[str]:
        """The channels that have a slot within so many seconds."""
        now = self._monotonic()
        return {name for name, door in self._doors.items() if door.pacer.paused_for(now) <= within_s}

    def stopped(self, longer_than_s: float) -> set[str]:
        """The channels that may not be used for longer than this."""
        return self.channels - self.ready(longer_than_s)

    def take(self, candidate: Candidate) -> float | None:
        """A slot for this delivery; None if its recipient or channel has none soon."""
        door, now = self._doors[candidate.row.channel], self._monotonic()
        pacer, urgent = door.pacer, candidate.row.priority is Priority.CRITICAL
        if not urgent and door.has_urgent():
            return None  # it would be given back, and chosen again, as long as they wait
        wait = pacer.closed_for(now) if urgent else pacer.paused_for(now)
        if not pacer.is_free(candidate.fingerprint, now) or wait > AHEAD_S:
            return None
        return pacer.take(candidate.fingerprint, now, is_group=candidate.is_group, urgent=urgent)

    async def until(self, slot: float) -> None:
        """Wait for a slot that was taken."""
        await self._sleep(max(0.0, slot - self._monotonic()))

    def gives_way(self, candidate: Candidate) -> bool:
        """Whether urgent ones are at the door, where this one would stand in their way; its slot is gone then.

        Its recipient may be one whom something urgent is for, who would hear that a whole distance later.
        """
        door = self._doors[candidate.row.channel]
        if candidate.row.priority is Priority.CRITICAL or not door.has_urgent():
            return False
        door.pacer.give_back(candidate.fingerprint)
        return True

    def lane(self, channel: str) -> asyncio.Semaphore:
        """To be held from before ``sending`` is written until the channel has answered."""
        return self._doors[channel].lanes

    async def pass_door(self, candidate: Candidate) -> Ended:
        """Wait for the very moment: rows committed together come out of the store together.

        Raises:
            DeliveryError: the channel was told to stop while this one waited; nothing has left.
        """
        return await self._pass(Passenger.of(candidate), has_slot=True)

    async def pass_beside(self, who: Passenger) -> Ended:
        """Pass the same door without a slot: with an answer, or with the second request of a delivery.

        Raises:
            DeliveryError: not within ``BESIDE_WITHIN_S``; nothing has left.
        """
        turn = self._doors[who.channel].turns.setdefault(who.fingerprint, asyncio.Lock())
        ends = self._monotonic() + BESIDE_WITHIN_S
        try:
            async with asyncio.timeout(BESIDE_WITHIN_S), turn:
                return await self._pass_rested(who, ends)
        except TimeoutError:
            raise _held_back(BESIDE_WITHIN_S) from None

    async def _pass_rested(self, who: Passenger, ends: float) -> Ended:
        pacer = self._doors[who.channel].pacer
        at = pacer.keep_for(who.fingerprint, self._monotonic(), is_group=who.is_group)
        while True:
            now = self._monotonic()
            wait = max(at - now, pacer.rests_for(who.fingerprint, now), pacer.closed_for(now))
            if now + wait > ends:
                raise _held_back(wait)
            if wait > 0:
                await self._sleep(max(wait, _LEAST_S))
            try:
                return await self._pass(who, has_slot=False)
            except _NotYetError:
                continue

    async def _pass(self, who: Passenger, *, has_slot: bool) -> Ended:
        door = self._doors[who.channel]
        ticket, queue = (who.rank, next(self._tickets)), door.queue(who.rank)
        heapq.heappush(queue, ticket)
        try:
            while True:
                now = self._monotonic()
                if not has_slot:
                    self._still_rested(who, now)
                if (closed := door.pacer.closed_for(now)) > 0:
                    raise _held_back(closed)
                if door.first() != ticket:
                    await door.moved.wait()
                elif (wait := door.pacer.opens_at(now) - now) > 0:
                    await self._sleep(max(wait, _LEAST_S))
                else:
                    return self._let_through(who, now)
        finally:
            queue.remove(ticket)
            heapq.heapify(queue)
            door.let_others_look()

    def _still_rested(self, who: Passenger, now: float) -> None:
        """What had its slot before may have left late; what would take the next one is kept off meanwhile."""
        pacer = self._doors[who.channel].pacer
        if max(pacer.rests_for(who.fingerprint, now), pacer.closed_for(now)) > 0:
            raise _NotYetError
        pacer.claim(who.fingerprint, now, is_group=who.is_group)

    def _let_through(self, who: Passenger, left: float) -> Ended:
        door = self._doors[who.channel]
        door.answered_last = who.rank == ANSWER
        pacer, mark, is_group = door.pacer, who.fingerprint, who.is_group
        pacer.leave(mark, left, is_group=is_group)
        if not pacer.pace.by_arrival:
            pacer.answered(mark, left, left, is_group=is_group)
            return lambda _: None

        def ended(error: DeliveryError | None) -> None:
            if error is not None and error.result.reason is Reason.NOT_CONNECTED:
                pacer.never_left()
            else:
                pacer.answered(mark, left, self._monotonic(), is_group=is_group)

        return ended

    def heed(self, error: DeliveryError, who: Passenger) -> float | None:
        """Slow down as a channel asks; for how many seconds, if it is the whole channel that must."""
        wait = error.result.retry_after_s
        if wait is None:
            return None
        channel, until = who.channel, self._monotonic() + wait
        if error.scope is not Scope.CHANNEL and not self._all_flooded(error, channel, who.fingerprint):
            self._doors[channel].pacer.pause_recipient(who.fingerprint, until)
            return None
        self.pause(channel, wait)
        return wait

    def pause(self, channel: str, seconds: float) -> None:
        """Nothing leaves on this channel for so long."""
        door = self._doors.get(channel)
        if door is not None and seconds > 0:
            door.pacer.pause(self._monotonic() + seconds)
            door.let_others_look()

    def _all_flooded(self, error: DeliveryError, channel: str, recipient: str) -> bool:
        """Whether several recipients in a row were told to wait: then it is the whole bot that is meant."""
        if error.result.reason is not Reason.RATE_LIMITED:
            return False
        now = self._monotonic()
        told = self._flooded.setdefault(channel, {})
        told[recipient] = now
        for name in [name for name, at in told.items() if now - at > FLOOD_WINDOW_S]:
            del told[name]
        return len(told) >= FLOOD_RECIPIENTS

    def go_on_from(self, past: Past) -> None:
        """Keep the pace of the worker before us: a crash is no reason for a burst."""
        now = self._monotonic()
        for channel, recipient, is_group, ago in past.sent:
            door = self._doors.get(channel)
            if door is not None:
                # It was marked just before it left, at most the lead of a claim later.
                door.pacer.reached(recipient, now - ago + AHEAD_S, is_group=is_group)
        # Only the mark is durable: what was marked long ago may have left in the last moment of that worker.
        for channel in {channel for channel, _, _, _ in past.sent}:
            self.pause(channel, 1 + AHEAD_S)
        for channel, seconds in past.paused.items():
            self.pause(channel, seconds)


def _held_back(seconds: float) -> DeliveryError:
    return DeliveryError(
        "held back at the door", verdict=Verdict.TRANSIENT, reason=Reason.RATE_LIMITED, retry_after_s=seconds
    )
