"""The notifier's public application on a test's store: asked directly, with a clock that tests move."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import httpx
import sqlalchemy as sa
from prometheus_client import CollectorRegistry
from starlette.routing import BaseRoute

from services.contracts.alert import AlertEvent
from services.notifier.core.outlets.throttle import Rate
from services.notifier.outlets import readers
from services.notifier.outlets.feeds import Outlet, feed_routes
from services.notifier.outlets.front import create_front
from services.notifier.outlets.gate import RATE, Gate
from services.notifier.outlets.handler import OutletHandler
from services.notifier.outlets.metrics import OutletMetrics
from services.notifier.outlets.readers import NewReader
from services.notifier.outlets.targets import NONE, Targets
from services.runtime.records import Received
from tests.notifier.world import World

BASE = "https://siaga.example"


class Doors:
    """What a test of feeds holds in its hands."""

    def __init__(self, world: World, *, rate: Rate = RATE, routes: Sequence[BaseRoute] = ()) -> None:
        self.world = world
        self.registry = CollectorRegistry()
        self.metrics = OutletMetrics(self.registry)
        self.gate = Gate(world.store, world.vault.mark, self._seconds, rate=rate, steady=lambda: self.steady)
        self.steady = 0.0
        self.outlet = Outlet(world.store, self.gate, world.vault.mark, BASE, "siaga.example", lambda: world.now)
        self.app = create_front([*feed_routes(self.outlet), *routes], self.metrics, https=True)
        self.woken = 0

    async def hear(self, *events: AlertEvent, targets: Targets = NONE) -> None:
        """As from the consumer, a second apart."""
        handler = OutletHandler(self.world.store, targets, lambda: self.world.now, self._wake)
        for event in events:
            await handler([received(event)])
            self.world.now += timedelta(seconds=1)

    async def add_reader(self, *regions: str, **changes: Any) -> tuple[str, str]:
        """A reader's id and token."""
        given: dict[str, Any] = {
            "name": "Operations room", "regions": regions or ("ID-NT",), "topics": (), "language": "id",
            "zone": "Asia/Jakarta", "expires_at": self.world.now.timestamp() + 30 * 86_400,
        }  # fmt: skip

        def work(conn: sa.Connection) -> tuple[str, str]:
            return readers.add_reader(conn, NewReader(**(given | changes)), "test", self.world.now.timestamp())

        return await self.world.store.write(work)

    async def ask(self, path: str, token: str | None = None, method: str = "GET", **more: Any) -> httpx.Response:
        """One request; the readers are read anew for it."""
        self.steady += 10
        headers = dict(more.pop("headers", {})) | ({"authorization": f"Bearer {token}"} if token else {})
        transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path, headers=headers, **more)

    def _seconds(self) -> float:
        return self.world.now.timestamp()

    def _wake(self) -> None:
        self.woken += 1


def received(event: AlertEvent) -> Received[AlertEvent]:
    """A record as the consumer hands it over."""
    return Received(value=event, key=b"", topic="alerts", partition=0, offset=0, timestamp_ms=0)
