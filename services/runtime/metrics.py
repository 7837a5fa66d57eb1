"""Metrics that every service has, on a registry of its own; labels are few and never name a person."""

from __future__ import annotations

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info
from prometheus_client.gc_collector import GCCollector
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector

from services.runtime.outbox import Backlog


class RuntimeMetrics:
    """Counters of consuming, publishing and dead letters of one service."""

    def __init__(self, service: str, version: str) -> None:
        self.registry = registry = CollectorRegistry(auto_describe=True)
        ProcessCollector(registry=registry)
        PlatformCollector(registry=registry)
        GCCollector(registry=registry)
        Info("siaga_build", "Which program this is", registry=registry).info(
            {"service": service, "version": version}
        )
        self.consumed = Counter(
            "siaga_consumed_records",
            "Records read, by what became of them",
            ("topic", "outcome"),
            registry=registry,
        )
        self.handling = Histogram(
            "siaga_batch_seconds",
            "Time from reading a batch to its commit",
            ("topic",),
            buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
            registry=registry,
        )
        self.dead = Counter("siaga_dead_letters", "Records put aside", ("topic", "reason"), registry=registry)
        self.published = Counter("siaga_published_records", "Records acknowledged", ("topic",), registry=registry)
        self.held = Counter(
            "siaga_relay_held",
            "Times publishing waited for readers of an in-memory broker",
            ("topic",),
            registry=registry,
        )
        self.outbox_rows = Gauge("siaga_outbox_rows", "Records decided and not yet published", registry=registry)
        self.outbox_oldest = Gauge(
            "siaga_outbox_oldest_seconds", "Age of the oldest record not yet published", registry=registry
        )
        self.outbox_refused = Gauge(
            "siaga_outbox_refused_rows", "Records no broker will take, set aside", registry=registry
        )
        self.lag = Gauge(
            "siaga_consumer_lag_records", "Log end minus committed", ("topic", "partition"), registry=registry
        )
        self.lag_seconds = Gauge(
            "siaga_consumer_lag_seconds",
            "Age of the oldest record not yet committed",
            ("topic",),
            registry=registry,
        )

    def set_backlog(self, backlog: Backlog) -> None:
        """Show how much waits in the outbox."""
        self.outbox_rows.set(backlog.rows)
        self.outbox_oldest.set(max(0.0, time.time() - backlog.oldest_at) if backlog.oldest_at else 0)
        self.outbox_refused.set(backlog.refused)
