"""Put the tagger together: read stories, label them, join them into incidents, tell of both."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
import structlog

from services.contracts.alert import AlertRaised, AlertUpdated, AlertWithdrawn, IncidentMerged, IncidentSplit
from services.contracts.story import STORY_EVENT, StoryEvent
from services.contracts.tagging import StoryTagged
from services.contracts.topics import (
    ALERTS,
    DEAD,
    GROUP_TAGGER,
    REGION_RETENTION_DAYS,
    STORIES,
    STORIES_TAGGED,
    TOPICS,
)
from services.runtime.records import Received
from services.runtime.service import Service, TopicMap
from services.runtime.store import Store
from services.runtime.trace import trace_id
from services.tagger import memory
from services.tagger.book_files import load_book
from services.tagger.clause_cache import ClauseCache
from services.tagger.core.book import Rulebook
from services.tagger.join import Labelled, Settled, label, settle
from services.tagger.metrics import TaggerMetrics
from services.tagger.rebuild import Rebuilder
from services.tagger.settings import TaggerSettings
from services.tagger.tables import outbox

log = structlog.get_logger(__name__)
MIGRATIONS = Path(__file__).parent / "migrations"
_PRUNE_EVERY_S = 3600.0
_DAY_S = 86400.0


def wire(
    service: Service, book: Rulebook, metrics: TaggerMetrics, now: Callable[[], datetime], cache: ClauseCache
) -> None:
    """Attach the consumer of stories and declare what goes out."""

    async def decide(batch: Sequence[Received[StoryEvent]]) -> None:
        labelled = await asyncio.to_thread(_label_all, batch, book, metrics)
        settled = await service.store.write(lambda conn: settle(conn, labelled, book, now(), cache), serial=True)
        service.kick()
        report(settled, [one.trace for one in labelled], metrics)

    rebuild = Rebuilder(service.settings, service.store, decide)

    @service.consume(STORIES, group=GROUP_TAGGER, decode=STORY_EVENT.validate_json)
    async def on_stories(batch: Sequence[Received[StoryEvent]]) -> None:
        await rebuild()
        await decide(batch)

    service.publishes(STORIES_TAGGED, StoryTagged, "What the tagger says of a story, relevant or not.")
    service.publishes(ALERTS, AlertRaised, "An incident was recognised.")
    service.publishes(ALERTS, AlertUpdated, "An incident changed.")
    service.publishes(ALERTS, AlertWithdrawn, "An incident is no longer reported.")
    service.publishes(ALERTS, IncidentMerged, "An incident turned out to be another one.")
    service.publishes(ALERTS, IncidentSplit, "An incident turned out to be several.")


def create_service(settings: TaggerSettings) -> Service:
    """Build the tagger with its real rules, store and clock.

    Raises:
        OperatorError: the rules, the gazetteer or the store are not in order.
    """
    book = load_book(settings.topics, settings.places)
    store = Store.open(settings.store_url, MIGRATIONS, migrate=settings.migrates)
    topics = TopicMap(
        dead=DEAD,
        readers={name: spec.readers for name, spec in TOPICS.items()},
        lazy_prefix=f"{ALERTS}.",
        lazy_retention_days=REGION_RETENTION_DAYS,
    )
    service = Service("tagger", settings, store, outbox, topics)
    cache = ClauseCache()
    wire(service, book, TaggerMetrics(service.metrics.registry), lambda: datetime.now(UTC), cache)
    service.every("prune", _PRUNE_EVERY_S, lambda: _prune(store, cache, settings.keep_decisions_days))
    return service


def report(settled: Sequence[Settled], traces: Sequence[str | None], metrics: TaggerMetrics) -> None:
    """Count every decision; log the relevant ones, and those given before not at all."""
    for one, trace in zip(settled, traces, strict=True):
        metrics.decided.labels("again" if one.again else one.reason.value).inc()
        for event in one.events:
            if isinstance(event, StoryTagged):
                for topic in event.topics:
                    metrics.topics.labels(topic.code.value).inc()
            else:
                metrics.alerts.labels(type(event).__name__).inc()
        if one.incident_id and not one.again:
            log.info(
                "decided",
                story_id=one.story_id,
                reason=one.reason.value,
                incident_id=one.incident_id,
                trace_id=trace_id(trace),
            )


def _label_all(batch: Sequence[Received[StoryEvent]], book: Rulebook, metrics: TaggerMetrics) -> list[Labelled]:
    labelled = []
    for received in batch:
        started = time.perf_counter()
        labelled.append(label(received, book))
        metrics.labelling.observe(time.perf_counter() - started)
    return labelled


async def _prune(store: Store, cache: ClauseCache, keep_days: int) -> None:
    now = time.time()
    indexed_before = now - max(keep_days, 30) * _DAY_S

    def work(conn: sa.Connection) -> None:
        memory.prune(conn, decided_before=now - keep_days * _DAY_S, indexed_before=indexed_before)
        cache.forget_before(indexed_before)

    # Serial, as the handler that asks the cache.
    await store.write(work, serial=True)


__all__ = ["create_service", "wire"]
