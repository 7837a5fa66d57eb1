"""What ingest counts; labels are sources and reasons, never a title or an address."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram


class IngestMetrics:
    """Counters of polling, parsing and publishing."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.polls = Counter(
            "siaga_ingest_polls", "Polls by what came of them", ("source", "reason"), registry=registry
        )
        self.poll_seconds = Histogram(
            "siaga_ingest_poll_seconds",
            "Time of one poll, pages included",
            buckets=(0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
            registry=registry,
        )
        self.decisions = Counter(
            "siaga_ingest_decisions", "Readings by what was decided", ("outlet", "reason"), registry=registry
        )
        self.refused_links = Counter(
            "siaga_ingest_refused_links", "Entries not followed, by why", ("source", "reason"), registry=registry
        )
        self.overruns = Counter(
            "siaga_ingest_window_overruns",
            "Bodies in which no story was known before: stories were probably missed",
            ("source",),
            registry=registry,
        )
        self.pages = Counter(
            "siaga_ingest_pages",
            "Article pages by how their text was won",
            ("outlet", "method"),
            registry=registry,
        )
        self.sitemaps = Counter(
            "siaga_ingest_sitemaps",
            "Sitemaps an index lists, by what came of each",
            ("source", "reason"),
            registry=registry,
        )
        self.rules_fit = Gauge(
            "siaga_ingest_rules_fit_ratio",
            "Share of a source's last pages that its outlet's rules fitted",
            ("source",),
            registry=registry,
        )
        self.rules_fail = Gauge(
            "siaga_ingest_rules_fail",
            "1 while an outlet's rules fit too few of a source's pages: its template has probably changed",
            ("source",),
            registry=registry,
        )
        self.on_fallback = Gauge(
            "siaga_ingest_on_fallback",
            "1 while a source is read at its fallback address",
            ("source",),
            registry=registry,
        )
        self.health = Gauge(
            "siaga_ingest_source_health", "1 for the health a source has", ("source", "health"), registry=registry
        )
        self.last_success = Gauge(
            "siaga_ingest_last_success_timestamp_seconds", "Last good poll", ("source",), registry=registry
        )
        self.parser_kills = Gauge(
            "siaga_ingest_parser_kills", "Parse workers ended by force since the start", registry=registry
        )
