"""Metrics that every service has, on a registry of its own; labels are few and never name a person."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, disable_created_metrics
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from services.runtime.outbox import Backlog
from services.runtime.retries import Bad

#: From a second to a day: what somebody waits for.  Python writes the bounds as ``le="60.0"``.
LATENCY_S = (1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 86400)
_BATCH_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_WAIT_S = (0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 1800)
#: What can become of a record, and why one is put aside.
OUTCOMES = ("handled", "retried", "dead")
DEAD_REASONS = ("undecodable", *Bad)


def stages_of(registry: CollectorRegistry, stages: Iterable[str]) -> Histogram:
    """The time of each stage of the way that a service sees; they begin at zero."""
    histogram = Histogram(
        "siaga_stage_seconds",
        "Time a story or alert takes for one stage of its way",
        ("stage",),
        buckets=(0.1, 0.5, *LATENCY_S),
        registry=registry,
    )
    for stage in stages:
        histogram.labels(stage)
    return histogram


class RuntimeMetrics:
    """Consuming, publishing, dead letters, stages of the way, and the vital signs of one service."""

    def __init__(self, service: str, version: str, *, lazy_prefix: str = "") -> None:
        # Each counter would come with a second series, of the time it was made.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self._lazy_prefix = lazy_prefix
        self.registry = registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        Info("siaga_build", "Which program this is", registry=registry).info(
            {"service": service, "version": version}
        )
        self._consuming(registry)
        self._publishing(registry)
        self._vital_signs(registry)

    def _consuming(self, registry: CollectorRegistry) -> None:
        self.consumed = Counter(
            "siaga_consumed_records",
            "Records read, by what became of them",
            ("group", "topic", "outcome"),
            registry=registry,
        )
        self.handling = Histogram(
            "siaga_batch_seconds",
            "Time from reading a batch to its commit",
            ("group", "topic"),
            buckets=_BATCH_S,
            registry=registry,
        )
        self.dead = Counter("siaga_dead_letters", "Records put aside", ("topic", "reason"), registry=registry)
        self.lag = Gauge(
            "siaga_consumer_lag_records",
            "Log end minus committed",
            ("group", "topic", "partition"),
            registry=registry,
        )
        self.lag_seconds = Gauge(
            "siaga_consumer_lag_seconds",
            "Age of the oldest record not yet committed, by its own timestamp",
            ("group", "topic"),
            registry=registry,
        )

    def _publishing(self, registry: CollectorRegistry) -> None:
        self.published = Counter("siaga_published_records", "Records acknowledged", ("topic",), registry=registry)
        self.outbox_wait = Histogram(
            "siaga_outbox_wait_seconds",
            "From a record's decision to the broker's acknowledgement",
            ("topic",),
            buckets=_WAIT_S,
            registry=registry,
        )
        self.held = Counter(
            "siaga_relay_held",
            "Times publishing waited for readers of an in-memory broker",
            ("topic",),
            registry=registry,
        )
        tasks = Gauge("siaga_event_loop_tasks", "Tasks of the event loop; a leak shows here", registry=registry)
        tasks.set_function(_count_tasks)
        self.outbox_rows = Gauge("siaga_outbox_rows", "Records decided and not yet published", registry=registry)
        self.outbox_oldest = Gauge(
            "siaga_outbox_oldest_seconds", "Age of the oldest record not yet published", registry=registry
        )
        self.outbox_refused = Gauge(
            "siaga_outbox_refused_rows", "Records no broker will take, set aside", registry=registry
        )

    def _vital_signs(self, registry: CollectorRegistry) -> None:
        self.ready = Gauge(
            "siaga_ready", "1 while everything this service needs is there, as /readyz says", registry=registry
        )
        self.store_bytes = Gauge("siaga_store_size_bytes", "What the store takes", ("store",), registry=registry)
        self.kept = Gauge(
            "siaga_held_bytes",
            "What is kept in memory to be read again; an index of texts in bytes of memory, else as it is stored",
            ("what",),
            registry=registry,
        )
        self.disk_free = Gauge("siaga_disk_free_bytes", "Free on the disk of the data folder", registry=registry)
        self.disk_size = Gauge("siaga_disk_size_bytes", "Size of the disk of the data folder", registry=registry)
        self.certificate = Gauge(
            "siaga_certificate_expires_timestamp_seconds",
            "Unix time at which the first certificate of a file expires; 0 where it cannot be read",
            ("certificate",),
            registry=registry,
        )

    def show_held(self, weights: Mapping[str, Callable[[], float]]) -> None:
        """Ask these whenever the page of metrics is read."""
        for what, weigh in weights.items():
            self.kept.labels(what).set_function(weigh)

    def expect_topic(self, topic: str) -> None:
        """Let the series of a topic that is published begin at zero."""
        self.published.labels(self.topic_label(topic))
        self.outbox_wait.labels(self.topic_label(topic))

    def expect_consumption(self, group: str, topic: str) -> None:
        """Let the series of a consumption begin at zero: a counter born at one has no increase."""
        for outcome in OUTCOMES:
            self.consumed.labels(group, topic, outcome)
        for reason in DEAD_REASONS:
            self.dead.labels(topic, reason)
        self.handling.labels(group, topic)
        self.lag_seconds.labels(group, topic)

    def topic_label(self, topic: str) -> str:
        """A topic as a label: those that appear at their first use, one a region, are one series."""
        lazy = self._lazy_prefix and topic.startswith(self._lazy_prefix)
        return f"{self._lazy_prefix}*" if lazy else topic

    def note_published(self, topic: str, waited_s: float) -> None:
        """The broker acknowledged a record."""
        label = self.topic_label(topic)
        self.published.labels(label).inc()
        self.outbox_wait.labels(label).observe(max(0.0, waited_s))

    def set_backlog(self, backlog: Backlog) -> None:
        """Show how much waits in the outbox."""
        self.outbox_rows.set(backlog.rows)
        self.outbox_oldest.set(max(0.0, time.time() - backlog.oldest_at) if backlog.oldest_at else 0)
        self.outbox_refused.set(backlog.refused)


def _count_tasks() -> int:
    """Asked by the page of metrics, which is served by the very loop that is counted."""
    try:
        return len(asyncio.all_tasks())
    except RuntimeError:  # no loop runs: somebody reads the registry from outside
        return 0
