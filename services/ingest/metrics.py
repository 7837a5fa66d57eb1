"""What ingest counts; labels are sources and reasons, never a title or an address."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from services.contracts.source import Health
from services.ingest.core.health import expected_gap, waking_time
from services.ingest.core.looking import LookReason
from services.ingest.core.outcome import PollReason
from services.ingest.core.revision import Reason
from services.ingest.core.source import Source
from services.ingest.queries import Freshness

_AGE_S = (60, 120, 300, 600, 900, 1200, 1800, 2700, 3600, 5400, 7200, 14400, 28800, 86400)


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
        self.looks = Counter(
            "siaga_ingest_looks",
            "Pages of relevant stories read again, by what came of it; held: others of the host are missing too",
            ("source", "reason"),
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
        self.last_new = Gauge(
            "siaga_ingest_last_new_story_timestamp_seconds",
            "When a source last showed a story we did not know",
            ("source",),
            registry=registry,
        )
        self.expected = Gauge(
            "siaga_ingest_expected_interval_seconds",
            "The gap between two stories by which a source is judged: its own median",
            ("source",),
            registry=registry,
        )
        self.silence = Gauge(
            "siaga_ingest_silence_seconds",
            "Time since a source's last new story, its newsroom's nights left out",
            ("source",),
            registry=registry,
        )
        self.outlet_part = Histogram(
            "siaga_ingest_published_to_fetched_seconds",
            "The outlet's part of the latency: from the time its feed gives to our reading, new stories only",
            buckets=_AGE_S,
            registry=registry,
        )
        self.parser_kills = Gauge(
            "siaga_ingest_parser_kills", "Parse workers ended by force since the start", registry=registry
        )

    def count_look(self, source: str, reason: LookReason) -> None:
        """Count one look at the page of a story that matters."""
        self.looks.labels(source, str(reason)).inc()

    def expect(self, sources: Iterable[Source]) -> None:
        """Let the series of every source begin at zero: what never happened is nothing, and not missing."""
        for source in sources:
            for reason in PollReason:
                self.polls.labels(source.id, str(reason))
            for health in Health:
                self.health.labels(source.id, str(health))
            for gauge in (self.rules_fail, self.on_fallback, self.last_success, self.last_new, self.silence):
                gauge.labels(source.id)
            self.expected.labels(source.id).set(expected_gap(None).total_seconds())
            self.overruns.labels(source.id)
            for look in LookReason:
                self.looks.labels(source.id, str(look))
            for decision in Reason:
                self.decisions.labels(source.outlet.key, str(decision))

    def set_freshness(self, sources: Iterable[Source], known: dict[str, Freshness], now: datetime) -> None:
        """Show how each source does against its own rhythm."""
        for source in sources:
            row = known.get(source.id)
            if row is None:
                continue
            self.expected.labels(source.id).set(expected_gap(row.median_gap_s).total_seconds())
            if row.last_success_at is not None:
                self.last_success.labels(source.id).set(row.last_success_at.timestamp())
            silence = waking_time(row.last_new_story_at, now, source.outlet.utc_offset_min)
            if silence is not None and row.last_new_story_at is not None:
                self.last_new.labels(source.id).set(row.last_new_story_at.timestamp())
                self.silence.labels(source.id).set(silence.total_seconds())
            for health in Health:
                self.health.labels(source.id, str(health)).set(health is row.health)
