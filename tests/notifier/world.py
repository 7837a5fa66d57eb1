"""A notifier without a broker: real store, planner, dispatcher and digests; a clock that tests move."""

from __future__ import annotations

import asyncio
import json
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from services.contracts.alert import AlertEvent
from services.contracts.delivery import DELIVERY_RECORDED, DeliveryRecorded
from services.notifier import queries, taking_over
from services.notifier.app import MIGRATIONS
from services.notifier.channels.base import Channel, DeliveryError, Outgoing, Receipt
from services.notifier.core.ledger import Verdict
from services.notifier.core.pacing import Pace
from services.notifier.core.reason import Reason
from services.notifier.dispatch import Dispatcher
from services.notifier.metrics import NotifierMetrics
from services.notifier.planner import Planner, Seen
from services.notifier.spec import OfficialEntry
from services.notifier.tables import OUTBOX
from services.notifier.tools import Tools
from services.notifier.vault import Vault
from services.runtime.store import Store
from tests.notifier.builders import NOON

SECRET = b"a secret of the tests, forty characters."


class FakeRelay:
    """Acknowledges everything at once, in order, and remembers what it was given."""

    def __init__(self, store: Store) -> None:
        self.published: list[DeliveryRecorded] = []
        self._store = store

    def kick(self) -> None:
        pass

    async def wait_acknowledged(self, ids: Sequence[int]) -> None:
        await self.publish_all()

    async def publish_all(self) -> list[DeliveryRecorded]:
        def take(conn: sa.Connection) -> list[bytes]:
            found = [row.value for row in conn.execute(sa.select(OUTBOX).order_by(OUTBOX.c.id))]
            conn.execute(sa.delete(OUTBOX))
            return found

        self.published += [DELIVERY_RECORDED.validate_json(value) for value in await self._store.write(take)]
        return self.published


@dataclass
class FakeChannel:
    """Takes every message, unless told what to say instead."""

    pace: Pace = field(default_factory=lambda: Pace(0.0, 0.0, 0.0))
    sent: list[Outgoing] = field(default_factory=list)
    answers: list[DeliveryError | BaseException] = field(default_factory=list)
    reference: str = "10{n}"

    async def open(self) -> None:
        pass

    async def send(self, message: Outgoing) -> Receipt:
        if self.answers:
            raise self.answers.pop(0)
        self.sent.append(message)
        return Receipt(self.reference.format(n=len(self.sent)))

    async def close(self) -> None:
        pass


def refusal(verdict: Verdict, reason: Reason, **more: Any) -> DeliveryError:
    return DeliveryError(f"told to say {reason}", verdict=verdict, reason=reason, **more)


@cache
def _empty_store() -> bytes:
    """A store with its schema and nothing in it; made once, since making it takes longer than most tests."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.sqlite3"
        store = Store.open(f"sqlite:///{path}", MIGRATIONS)
        # Tests run inside a loop: the store is closed in one of its own, and its log goes into the file.
        with ThreadPoolExecutor() as beside:
            beside.submit(lambda: asyncio.run(store.close())).result()
        return path.read_bytes()


def migrated(path: Path) -> str:
    """The URL of a store at this place, with its schema."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        path.write_bytes(_empty_store())
    return f"sqlite:///{path}"


class World:
    """What a test holds in its hands."""

    def __init__(self, folder: Path, channels: dict[str, Channel] | None = None, store_url: str = "") -> None:
        self.folder = folder
        self.now = NOON
        self.ticks = 0.0
        self.telegram = FakeChannel()
        self.email = FakeChannel()
        self.channels: dict[str, Channel] = channels or {"telegram": self.telegram, "email": self.email}
        self.vault = Vault(SECRET)
        self.store = Store.open(store_url or migrated(folder / "notifier.sqlite3"), MIGRATIONS)
        self.relay = FakeRelay(self.store)
        self.planner = Planner()
        self.metrics = NotifierMetrics(CollectorRegistry())
        self.dispatcher = self.a_dispatcher()

    def a_dispatcher(self, **changes: Any) -> Dispatcher:
        given: dict[str, Any] = {
            "store": self.store, "vault": self.vault, "channels": self.channels, "metrics": self.metrics,
            "clock": lambda: self.now, "monotonic": lambda: self.ticks, "jitter": lambda: 1.0,
            "sleep": self._sleep,
        }  # fmt: skip
        return Dispatcher(Tools(**(given | changes)), lambda: self.relay)

    async def _sleep(self, seconds: float) -> None:
        self.ticks += seconds
        await asyncio.sleep(0)

    async def add(self, *entries: OfficialEntry) -> list[str]:
        """Take officials over, as from a file."""

        def work(conn: sa.Connection) -> list[str]:
            return [
                taking_over.import_entry(conn, self.vault, entry, "test", self.now.timestamp())
                for entry in entries
            ]

        return await self.store.write(work)

    async def hear(self, *events: AlertEvent, replayed: bool = False) -> dict[Reason, int]:
        """Handle events in one transaction."""
        batch = [Seen(event, replayed) for event in events]
        return await self.store.write(lambda conn: self.planner.plan(conn, batch, self.now))

    async def send(self) -> None:
        """Dispatch until nothing is due."""
        while await self.dispatcher.round():
            await self.dispatcher.drain()
            self.ticks += 10.0

    async def send_digests(self) -> None:
        """Close what windows have come, then dispatch."""
        await self.dispatcher.close_digests()
        await self.send()

    def pass_time(self, **delta: float) -> None:
        self.now += timedelta(**delta)
        self.ticks += timedelta(**delta).total_seconds()

    async def deliveries(self, incident_id: str = "incident-1") -> list[queries.DeliveryView]:
        return await self.store.read(lambda conn: queries.deliveries_of_incident(conn, incident_id))

    async def states(self, incident_id: str = "incident-1") -> list[tuple[str, str, str, str]]:
        """Channel, action, state and reason of each delivery, oldest first."""
        return [(d.channel, d.action, d.state, d.reason) for d in await self.deliveries(incident_id)]

    async def published(self) -> list[DeliveryRecorded]:
        return await self.relay.publish_all()

    async def close(self) -> None:
        for channel in self.channels.values():
            await channel.close()
        await self.store.close()


def read_lines(path: Path) -> list[dict[str, Any]]:
    """A file of JSON lines."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


Clock = Callable[[], datetime]
