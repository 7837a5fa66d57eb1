"""What the notifier shows of itself; labels are few and never name an official or an alert."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.contracts.delivery import Action
from services.notifier.core.ledger import Priority, State, Verdict
from services.notifier.core.reason import Reason
from services.notifier.rows import Row
from services.runtime.metrics import LATENCY_S, stages_of

#: Every channel there may be, set up or not: what never happened is shown as nothing.
CHANNELS = ("telegram", "email")
#: Where a delivery stands after an attempt.
AFTER = (State.ACCEPTED, State.REFUSED, State.UNKNOWN, State.PARKED, State.RETRY_WAIT)
#: Priorities of what is sent anew and at once.
AT_ONCE = (Priority.CRITICAL, Priority.PUSH)
WAITING = ("planned", "bundled", "due", "intended", "sending", "retry_wait", "unknown", "parked")
CORRECTIONS = ("not_relevant", "wrong_region")
TO_INTENDED, TO_ACCEPTED = "alert_to_intended", "intended_to_accepted"
_SEND = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)


@dataclass(frozen=True)
class Waiting:
    """What the ledger holds: rows by state, how long the oldest waits, what was lately not seen to arrive, and
    what officials corrected."""

    counts: Mapping[str, int]
    oldest_due: Mapping[Priority, float]
    unseen: Mapping[str, int]
    corrections: Mapping[str, int]


class NotifierMetrics:
    """Decisions, attempts, outcomes and what waits."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.decisions = Counter(
            "siaga_decisions", "Decisions on one official and one alert", ("reason",), registry=registry
        )
        self.deliveries = Counter(
            "siaga_deliveries",
            "Deliveries by where they stand after an attempt",
            ("channel", "action", "state"),
            registry=registry,
        )
        self.reasons = Counter(
            "siaga_delivery_reasons",
            "Deliveries by the reason for where they stand after an attempt",
            ("channel", "reason"),
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
            buckets=LATENCY_S,
            registry=registry,
        )
        self.age_seconds = Histogram(
            "siaga_published_to_accepted_seconds",
            "From the outlet's publication to acceptance by the channel, for new messages",
            ("channel", "priority"),
            buckets=LATENCY_S,
            registry=registry,
        )
        self.ours_seconds = Histogram(
            "siaga_fetched_to_accepted_seconds",
            "Our part of the latency: from reading the story to acceptance by the channel, for new messages",
            ("channel", "priority"),
            buckets=LATENCY_S,
            registry=registry,
        )
        self.stage = stages_of(registry, (TO_INTENDED, TO_ACCEPTED))
        self.unseen = Gauge(
            "siaga_unseen_deliveries",
            "Deliveries of the last 24 hours whose outcome nobody could see; they stay in the ledger as that",
            ("state",),
            registry=registry,
        )
        self.corrections = Gauge(
            "siaga_corrections", "What officials corrected by a button, so far", ("kind",), registry=registry
        )
        self.paused = Counter(
            "siaga_channel_paused_seconds",
            "Time for which a channel told us to wait or we stopped it",
            ("channel",),
            registry=registry,
        )
        self.answers_not_sent = Counter(
            "siaga_answers_not_sent",
            "Answers and notices that Telegram did not take",
            ("reason",),
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
        self.backup_made = Gauge(
            "siaga_backup_made_seconds",
            "Unix time as of which the last whole backup is; before the first, when the store was first opened",
            registry=registry,
        )
        self.stopped_until = Gauge(
            "siaga_channel_stopped_until",
            "Unix time until which a channel is stopped",
            ("channel",),
            registry=registry,
        )
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        for reason in Reason:
            self.decisions.labels(str(reason))
        for kind in CORRECTIONS:
            self.corrections.labels(kind)
        for channel in CHANNELS:
            self.send_seconds.labels(channel)
            self.stopped_until.labels(channel)
            self.paused.labels(channel)
            for verdict in Verdict:
                self.attempts.labels(channel, str(verdict))
            for priority in Priority:
                self.due_seconds.labels(channel, priority.name.lower())
            for priority in AT_ONCE:
                self.age_seconds.labels(channel, priority.name.lower())
                self.ours_seconds.labels(channel, priority.name.lower())
            for action in Action:
                for state in AFTER:
                    self.deliveries.labels(channel, str(action), str(state))

    def canary_seen(self, channel: str, *, at: float, took: float) -> None:
        """What was read back last of the synthetic alerts."""
        self.canary_last_seen.labels(channel).set(at)
        self.canary_round_trip.labels(channel).set(took)

    def answer_not_sent(self, reason: Reason) -> None:
        """An answer or a notice was dropped, refused or held back at the door."""
        self.answers_not_sent.labels(reason).inc()

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
        self.deliveries.labels(row.channel, row.action, row.state).inc()
        self.reasons.labels(row.channel, row.reason).inc()
        if row.state == "accepted":
            self.due_seconds.labels(row.channel, row.priority.name.lower()).observe(
                max(0.0, at - row.first_due_at)
            )

    def observe_age(self, row: Row, seconds: float, ours: float | None) -> None:
        """Note how old news was when its channel took it, and how much of that was ours."""
        labels = (row.channel, row.priority.name.lower())
        self.age_seconds.labels(*labels).observe(max(0.0, seconds))
        if ours is not None:
            self.ours_seconds.labels(*labels).observe(max(0.0, ours))

    def observe_intended(self, seconds: float) -> None:
        """A new message was intended so long after its alert was made."""
        self.stage.labels(TO_INTENDED).observe(max(0.0, seconds))

    def observe_accepted(self, seconds: float) -> None:
        """A channel took a message so long after it was intended."""
        self.stage.labels(TO_ACCEPTED).observe(max(0.0, seconds))

    def channel_stopped(self, channel: str, *, until: float, seconds: float = 0.0) -> None:
        """A channel refused our credentials or told us to stop."""
        self.stopped_until.labels(channel).set(until)
        self.paused.labels(channel).inc(seconds)

    def set_waiting(self, waiting: Waiting) -> None:
        """Show what is not finished, how old the oldest of it is, and what was corrected."""
        for state in WAITING:
            self.rows.labels(state).set(waiting.counts.get(state, 0))
        for priority in Priority:
            self.oldest_due.labels(priority.name.lower()).set(waiting.oldest_due.get(priority, 0.0))
        for state in ("unknown", "parked"):
            self.unseen.labels(state).set(waiting.unseen.get(state, 0))
        for kind in CORRECTIONS:
            self.corrections.labels(kind).set(waiting.corrections.get(kind, 0))
