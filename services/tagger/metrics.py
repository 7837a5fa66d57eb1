"""What operators see of the tagger, in numbers without names."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram

from services.contracts.alert import (
    PROJECTED_ROLES,
    AlertRaised,
    AlertUpdated,
    AlertWithdrawn,
    IncidentMerged,
    IncidentSplit,
)
from services.contracts.base import Event
from services.contracts.codes import Kind, Severity, Topic
from services.contracts.tagging import StoryTagged
from services.runtime.metrics import stages_of
from services.tagger.core.incident import Reason

#: A redelivered story that gets its first answer once more.
AGAIN = "again"
#: A place of no region of the gazetteer's own countries.
ELSEWHERE = "elsewhere"
#: Countries whose regions are series of their own: the borders we watch.  Of others the country is one.
BY_REGION = frozenset({"ID", "KH", "TL", "LA", "MY"})
_EVENTS = (AlertRaised, AlertUpdated, AlertWithdrawn, IncidentMerged, IncidentSplit)
STAGE = "story_to_tagged"


class TaggerMetrics:
    """Decisions by reason, what labels were given and where, and the time a story takes."""

    def __init__(self, registry: CollectorRegistry, regions: Iterable[str] = ()) -> None:
        self.decided = Counter(
            "siaga_tagger_stories", "Stories decided, by what became of them", ("reason",), registry=registry
        )
        self.labelled = Counter(
            "siaga_tagger_labelled", "Stories labelled, by whether they matter", ("relevant",), registry=registry
        )
        self.topics = Counter(
            "siaga_tagger_topics", "Topics given to relevant stories", ("topic",), registry=registry
        )
        self.kinds = Counter("siaga_tagger_kinds", "Kinds of relevant stories", ("kind",), registry=registry)
        self.severities = Counter(
            "siaga_tagger_severities", "Severities of relevant stories", ("severity",), registry=registry
        )
        self.regions = Counter(
            "siaga_tagger_regions",
            "Relevant stories by region of the event, its origin, transit or destination",
            ("region",),
            registry=registry,
        )
        self.alerts = Counter("siaga_tagger_alerts", "Incident events, by kind", ("event",), registry=registry)
        self.labelling = Histogram(
            "siaga_tagger_story_seconds",
            "Time to label one story",
            buckets=(0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1),
            registry=registry,
        )
        self.stage = stages_of(registry, [STAGE])
        self._known = frozenset(map(fold, regions))
        self._begin_at_zero()

    def _begin_at_zero(self) -> None:
        for reason in (*Reason, AGAIN):
            self.decided.labels(str(reason))
        for relevant in ("yes", "no"):
            self.labelled.labels(relevant)
        for topic in Topic:
            self.topics.labels(topic.value)
        for kind in Kind:
            self.kinds.labels(kind.value)
        for severity in Severity:
            self.severities.labels(str(severity.value))
        for region in (*self._known, ELSEWHERE):
            self.regions.labels(region)
        for event in _EVENTS:
            self.alerts.labels(event.__name__)

    def observe_events(self, events: Iterable[Event]) -> None:
        """Count what a story led to; an alert is counted once and not again for each region's topic."""
        for event in {id(one): one for one in events}.values():
            if isinstance(event, StoryTagged):
                self._observe_label(event)
            else:
                self.alerts.labels(type(event).__name__).inc()

    def _observe_label(self, tagged: StoryTagged) -> None:
        self.labelled.labels("yes" if tagged.relevant else "no").inc()
        if not tagged.relevant or tagged.kind is None:
            return
        self.kinds.labels(tagged.kind.code.value).inc()
        self.severities.labels(str(tagged.severity.value)).inc()
        for topic in tagged.topics:
            self.topics.labels(topic.code.value).inc()
        for region in counted_regions(tagged, self._known):
            self.regions.labels(region).inc()


def fold(region: str) -> str:
    """A region as a label: of countries further off the country."""
    return region if region[:2] in BY_REGION else region[:2]


def counted_regions(tagged: StoryTagged, known: Collection[str]) -> set[str]:
    """Where a story plays; what no gazetteer knows counts as elsewhere, so labels stay few."""
    found = {fold(place.region or place.country) for place in tagged.places if place.role in PROJECTED_ROLES}
    return {region if region in known else ELSEWHERE for region in found}
