"""A notifier on a clock that jumps, and a server that writes down when it was asked."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from services.contracts.alert import AlertRaised
from services.contracts.codes import Severity
from services.notifier.channels.base import Channel, DeliveryError, Outgoing, Receipt
from services.notifier.core.pacing import TELEGRAM_PACE, Pace
from services.notifier.dispatch import Dispatcher
from services.notifier.queries import count_by_state
from services.runtime.store import Store
from tests.notifier.builders import NOON, a_place, an_alert, an_entry
from tests.notifier.rate import most_within
from tests.notifier.virtual_time import InlineStore, run_virtually, without_fsync
from tests.notifier.world import FakeRelay, World

OPEN = ("due", "intended", "sending", "retry_wait")


@dataclass(frozen=True)
class Arrival:
    """One request in the server's log."""

    at: float
    chat: str
    urgent: bool


@dataclass
class Server:
    """Telegram as its log sees us; answers after a while, the next ones as told."""

    pace: Pace = TELEGRAM_PACE
    latency_s: float = 0.08
    #: How long a request is on its way, by the number of the send; the others are there at once.
    stalls: dict[int, float] = field(default_factory=dict)
    _begun: int = 0
    log: list[Arrival] = field(default_factory=list)
    answers: list[DeliveryError] = field(default_factory=list)

    async def open(self) -> None:
        pass

    async def send(self, message: Outgoing) -> Receipt:
        self._begun += 1
        await asyncio.sleep(self.stalls.get(self._begun, 0.0))
        self.log.append(Arrival(asyncio.get_running_loop().time(), message.address, message.urgent))
        await asyncio.sleep(self.latency_s)
        if self.answers:
            raise self.answers.pop(0)
        return Receipt(str(len(self.log)))

    async def close(self) -> None:
        pass

    def most(self, seconds: float = 1.0) -> int:
        """The most requests in any window."""
        return most_within([arrival.at for arrival in self.log], seconds)

    def most_to_one(self, seconds: float, *, groups: bool = False) -> int:
        """The most requests to one private chat, or to one group, in any window."""
        by_chat: dict[str, list[float]] = defaultdict(list)
        for arrival in self.log:
            if arrival.chat.startswith("-") == groups:
                by_chat[arrival.chat].append(arrival.at)
        return max((most_within(times, seconds) for times in by_chat.values()), default=0)


class VirtualWorld(World):
    """The clock is the loop's; the store runs in line."""

    def __init__(self, folder: Path, server: Channel) -> None:
        super().__init__(folder, {"telegram": server})
        self._threaded: Store = self.store
        without_fsync(self.store.engine)
        self.store = InlineStore(self.store.engine)
        self.relay = FakeRelay(self.store)

    def a_worker(self) -> Dispatcher:
        loop = asyncio.get_running_loop()
        return self.a_dispatcher(
            clock=lambda: NOON + timedelta(seconds=loop.time()), monotonic=loop.time, sleep=asyncio.sleep
        )

    async def hear_now(self, *alerts: AlertRaised) -> None:
        self.now = NOON + timedelta(seconds=asyncio.get_running_loop().time())
        await self.hear(*alerts)

    async def until_settled(self, seconds: float) -> float:
        """Wait until nothing is open; when that was seen."""
        loop = asyncio.get_running_loop()
        ends = loop.time() + seconds
        while loop.time() < ends:
            counts = await self.store.read(count_by_state)
            if not any(counts.get(state) for state in OPEN):
                return loop.time()
            await asyncio.sleep(1.0)
        raise AssertionError(f"not done after {seconds} s: {counts}")

    async def end(self, *running: asyncio.Task[None]) -> None:
        """Kill workers as a crash would."""
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def for_everybody(name: str, severity: Severity = Severity.HIGH) -> AlertRaised:
    return an_alert(incident_id=name, severity=severity)


def for_the_hog(count: int) -> list[AlertRaised]:
    return [an_alert(incident_id=f"kh{n:06d}", places=(a_place("KH-1"),)) for n in range(count)]


def virtually(
    folder: Path, server: Channel, story: Callable[[VirtualWorld], Coroutine[None, None, None]], *, chats: int = 0,
    groups: int = 0,
) -> None:  # fmt: skip
    """Tell a story on the virtual clock to so many chats and groups, and one that alone hears of Cambodia."""
    made: list[VirtualWorld] = []

    async def tell() -> None:
        world = VirtualWorld(folder, server)
        made.append(world)
        ids = [*(900000100 + n for n in range(chats)), *(-900000100 - n for n in range(groups))]
        heard = {"channels": ["telegram"]}
        await world.add(*(an_entry(f"o{n}", contacts={"telegram": chat}, **heard) for n, chat in enumerate(ids)))
        await world.add(an_entry("hog", contacts={"telegram": 8}, subscriptions=[{"regions": ["KH"]}], **heard))
        await story(world)

    try:
        run_virtually(tell())
    finally:
        for world in made:
            asyncio.run(world._threaded.close())
