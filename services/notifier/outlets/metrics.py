"""What feeds and webhooks show of themselves; labels never name a reader, an official or an incident."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge

from services.notifier.outlets.post import Posted
from services.notifier.outlets.stops import Deed
from services.notifier.outlets.webhook_rows import State, TargetState, TargetView

OUTLETS = ("feed", "cap", "stop", "other")


class OutletMetrics:
    """Requests answered, webhooks tried, and what waits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.requests = Counter(
            "siaga_outlet_requests", "Requests from outside", ("outlet", "status"), registry=registry
        )
        self.posts = Counter("siaga_webhook_posts", "Tries to deliver a webhook", ("outcome",), registry=registry)
        self.stops = Counter(
            "siaga_mail_stop_requests", "Requests with a genuine ticket of a mail", ("deed",), registry=registry
        )
        self._begin_at_zero()
        self.rows = Gauge("siaga_webhook_rows", "Webhook messages kept", ("state",), registry=registry)
        self.targets = Gauge("siaga_webhook_targets", "Webhook targets", ("state",), registry=registry)
        self.oldest_due = Gauge(
            "siaga_webhook_oldest_due_seconds", "Age of the oldest webhook that is due", registry=registry
        )

    def _begin_at_zero(self) -> None:
        for outlet in OUTLETS:
            for status in ("2xx", "3xx", "4xx", "5xx"):
                self.requests.labels(outlet, status)
        for posted in Posted:
            self.posts.labels(posted)
        for deed in Deed:
            self.stops.labels(deed)

    def set_waiting(
        self, counts: Mapping[str, int], targets: list[TargetView], oldest: float | None, now: float
    ) -> None:
        """Show what waits and which targets are off."""
        for state in State:
            self.rows.labels(state).set(counts.get(state, 0))
        for standing in TargetState:
            self.targets.labels(standing).set(sum(target.state is standing for target in targets))
        self.oldest_due.set(max(0.0, now - oldest) if oldest is not None else 0.0)
