"""Take a batch of alert events for feeds and webhooks: one transaction; the offset is committed after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa

from services.contracts.alert import AlertEvent
from services.notifier.core.canary import is_synthetic
from services.notifier.outlets.keep import take_event
from services.notifier.outlets.targets import Targets
from services.notifier.outlets.webhook_rows import plan_webhooks
from services.runtime.records import Received
from services.runtime.store import Store


class OutletHandler:
    """Keeps and plans; serving and sending are done elsewhere."""

    def __init__(
        self,
        store: Store,
        targets: Targets,
        clock: Callable[[], datetime],
        on_planned: Callable[[], None],
        *,
        keep_for: timedelta = timedelta(days=30),
    ) -> None:
        self._store = store
        self._targets = tuple(targets.by_name.values())
        self._clock = clock
        self._on_planned = on_planned
        self._keep_for = keep_for

    async def __call__(self, batch: Sequence[Received[AlertEvent]]) -> None:
        """Handle a batch; an event that was handled before changes nothing."""
        now = self._clock()
        # Serial: the order of changes is one order, which a reader's next page and every webhook rest on.
        if await self._store.write(lambda conn: self._take(conn, batch, now), serial=True):
            self._on_planned()

    def _take(self, conn: sa.Connection, batch: Sequence[Received[AlertEvent]], now: datetime) -> int:
        planned = 0
        for received in batch:
            if is_synthetic(received.value):
                continue  # no reader and no receiver of a webhook may take it for news
            if now - received.value.occurred_at > self._keep_for:
                continue  # read again from the beginning: it was shown, and forgotten in its time
            changed = take_event(conn, received.value, now)
            if changed is not None and self._targets:
                planned += plan_webhooks(conn, self._targets, *changed, now)
        return planned
