"""What operators see of the tagger, in numbers without names."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Histogram


class TaggerMetrics:
    """Decisions by reason, topics by code, and the time a story takes."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.decided = Counter(
            "siaga_tagger_stories", "Stories decided, by what became of them", ("reason",), registry=registry
        )
        self.topics = Counter(
            "siaga_tagger_topics", "Topics given to relevant stories", ("topic",), registry=registry
        )
        self.alerts = Counter("siaga_tagger_alerts", "Incident events, by kind", ("event",), registry=registry)
        self.labelling = Histogram(
            "siaga_tagger_story_seconds",
            "Time to label one story",
            buckets=(0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1),
            registry=registry,
        )
