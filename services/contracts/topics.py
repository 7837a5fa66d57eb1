"""The Kafka topics: their names, keys and who reads them, as plain values."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

STORIES = "stories"
SOURCES = "sources"
STORIES_TAGGED = "stories.tagged"
ALERTS = "alerts"
DELIVERIES = "deliveries"
DEAD = "dead"

#: Consumer groups.  A relay on a broker that forgets waits for the groups that read its topics.
GROUP_TAGGER = "siaga-tagger"
GROUP_NOTIFIER = "siaga-notifier"
#: Feeds and webhooks of the notifier: what goes wrong there must not hold up a message to an official.
GROUP_OUTLETS = "siaga-notifier-outlets"
GROUP_INGEST = "siaga-ingest"
GROUP_SOURCES = "siaga-notifier-sources"


def desk_group(topic: str) -> str:
    """The desk's group on one topic: members of one group on different topics would rebalance each other."""
    return f"siaga-notifier-desk-{topic}"


@dataclass(frozen=True)
class TopicSpec:
    """One topic as the design fixes it; ``deploy/kafka/topics.yaml`` says the same to operators."""

    name: str
    partitions: int
    cleanup: str
    retention_days: int | None
    readers: tuple[str, ...]


TOPICS: dict[str, TopicSpec] = {
    spec.name: spec
    for spec in (
        TopicSpec(STORIES, 12, "delete", 14, (GROUP_TAGGER,)),
        TopicSpec(SOURCES, 1, "compact", None, (GROUP_SOURCES, desk_group(SOURCES))),
        TopicSpec(STORIES_TAGGED, 12, "delete", 90, (GROUP_INGEST, desk_group(STORIES_TAGGED))),
        TopicSpec(ALERTS, 12, "delete", 90, (GROUP_NOTIFIER, GROUP_OUTLETS, desk_group(ALERTS))),
        TopicSpec(DELIVERIES, 12, "delete", 90, (desk_group(DELIVERIES),)),
        TopicSpec(DEAD, 1, "delete", 30, ()),
    )
}

REGION_RETENTION_DAYS = 30


def region_topic(region: str) -> str:
    """The topic that carries one region's alerts: ``ID-NT`` to ``alerts.id-nt``."""
    return f"{ALERTS}.{region.lower()}"


def region_topics(regions: Iterable[str]) -> tuple[str, ...]:
    """The topics of these regions, sorted, each once."""
    return tuple(sorted({region_topic(region) for region in regions}))
