"""Take a batch of alert events: one transaction writes every decision; the offset is committed after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from services.contracts.alert import AlertEvent
from services.notifier.metrics import NotifierMetrics
from services.notifier.planner import Planner, Seen
from services.runtime.records import Received
from services.runtime.spans import Spans
from services.runtime.store import Store


class AlertHandler:
    """Decides and stores; sending is the dispatcher's."""

    def __init__(
        self,
        store: Store,
        metrics: NotifierMetrics,
        clock: Callable[[], datetime],
        on_planned: Callable[[], None],
        spans: Spans | None = None,
    ) -> None:
        self._store = store
        self._metrics = metrics
        self._clock = clock
        self._on_planned = on_planned
        self._planner = Planner()
        self._spans = spans or Spans()

    async def __call__(self, batch: Sequence[Received[AlertEvent]]) -> None:
        """Handle a batch; after it returns every decision is durable."""
        now = self._clock()
        below = self._spans.below
        seen = [Seen(received.value, received.replayed, below(received.trace)) for received in batch]
        # Serial: two replicas that handled one merge and its heir at once would not see each other's rows.
        given = await self._store.write(lambda conn: self._planner.plan(conn, seen, now), serial=True)
        self._metrics.observe_decisions(given)
        self._on_planned()
        if self._spans.on:
            self._tell(batch, seen, now.timestamp())

    def _tell(self, batch: Sequence[Received[AlertEvent]], seen: Sequence[Seen], began: float) -> None:
        """A span for each event, as long as the transaction it shared with the others."""
        ended = self._clock().timestamp()
        for received, one in zip(batch, seen, strict=True):
            self._spans.tell(
                "plan",
                one.trace,
                parent=received.trace,
                began=began,
                ended=ended,
                incident_id=one.event.incident_id,
                alert_id=one.event.alert_id,
                records=len(batch),
            )
