"""What the notifier shows of itself; labels are few and never name an official or an alert."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.notifier.core.ledger import Priority, Verdict
from services.notifier.core.reason import Reason
from services.notifier.rows import Row

_END_TO_END = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400)
_SEND = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


class NotifierMetrics:
    """Decisions, attempts, outcomes and what waits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.decisions = Counter(
            "siaga_decisions", "Decisions on one official and one alert", ("reason",), registry=registry
        )
        self.deliveries = Counter(
            "siaga_deliveries",
            "Deliveries by where they stand after an attempt",
            ("channel", "action", "state", "reason"),
            registry=registry,
        )
        self.attempts = Counter(
            "siaga_delivery_attempts", "Requests to a channel", ("channel", "outcome"), registry=registry
        )
        self.send_seconds = Histogram(
            "siaga_send_seconds", "One request to a channel", ("channel",), buckets=_SEND, registry=registry
        )
        self.due_seconds = Histogram(
            "siaga_due_to_accepted_seconds",
            "From due to accepted by the channel",
            ("channel", "priority"),
            buckets=_END_TO_END,
            registry=registry,
        )
        self.age_seconds = Histogram(
            "siaga_published_to_accepted_seconds",
            "From the outlet's publication to acceptance by the channel, for new messages",
            ("channel", "priority"),
            buckets=_END_TO_END,
            registry=registry,
        )
        self.rows = Gauge("siaga_delivery_rows", "Ledger rows not finished", ("state",), registry=registry)
        self.oldest_due = Gauge(
            "siaga_oldest_due_seconds", "Age of the oldest delivery that is due", ("priority",), registry=registry
        )
        self.canary_last_seen = Gauge(
            "siaga_canary_last_seen_seconds",
            "Unix time at which a synthetic alert was last read back from a channel",
            ("channel",),
            registry=registry,
        )
        self.canary_round_trip = Gauge(
            "siaga_canary_round_trip_seconds",
            "From making that synthetic alert, over Kafka and the channel, to reading it back",
            ("channel",),
            registry=registry,
        )
        self.stopped_until = Gauge(
            "siaga_channel_stopped_until",
            "Unix time until which a channel is stopped",
            ("channel",),
            registry=registry,
        )

    def canary_seen(self, channel: str, *, at: float, took: float) -> None:
        """What was read back last of the synthetic alerts."""
        self.canary_last_seen.labels(channel).set(at)
        self.canary_round_trip.labels(channel).set(took)

    def observe_decisions(self, given: Mapping[Reason, int]) -> None:
        """Count what a batch led to."""
        for reason, count in given.items():
            self.decisions.labels(reason).inc(count)

    def observe_attempt(self, row: Row, outcome: Verdict, seconds: float) -> None:
        """Count one request."""
        self.attempts.labels(row.channel, outcome).inc()
        self.send_seconds.labels(row.channel).observe(seconds)

    def observe_outcome(self, row: Row, at: float) -> None:
        """Count where a delivery stands after an attempt."""
        self.deliveries.labels(row.channel, row.action, row.state, row.reason).inc()
        if row.state == "accepted":
            self.due_seconds.labels(row.channel, row.priority.name.lower()).observe(
                max(0.0, at - row.first_due_at)
            )

    def observe_age(self, row: Row, seconds: float) -> None:
        """Note how old news was when its channel took it."""
        self.age_seconds.labels(row.channel, row.priority.name.lower()).observe(max(0.0, seconds))

    def channel_stopped(self, channel: str, *, until: float) -> None:
        """A channel refused our credentials or told us to stop."""
        self.stopped_until.labels(channel).set(until)

    def set_waiting(self, counts: Mapping[str, int], oldest: Mapping[Priority, float]) -> None:
        """Show what is not finished, and how old the oldest due delivery of each priority is."""
        for state in ("planned", "bundled", "due", "intended", "sending", "retry_wait", "unknown", "parked"):
            self.rows.labels(state).set(counts.get(state, 0))
        for priority in Priority:
            self.oldest_due.labels(priority.name.lower()).set(oldest.get(priority, 0.0))
