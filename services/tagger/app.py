"""Put the tagger together: read stories, label them, join them into incidents, tell of both."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
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
from services.runtime.spans import Spans
from services.runtime.store import Store
from services.runtime.trace import trace_id
from services.tagger import memory
from services.tagger.book_files import load_for_good
from services.tagger.clause_cache import ClauseCache
from services.tagger.core.book import Rulebook
from services.tagger.join import Settled, settle
from services.tagger.labelling import Labelled, label
from services.tagger.metrics import STAGE, TaggerMetrics
from services.tagger.rebuild import Rebuilder
from services.tagger.settings import TaggerSettings
from services.tagger.tables import outbox

log = structlog.get_logger(__name__)
MIGRATIONS = Path(__file__).parent / "migrations"
_PRUNE_EVERY_S = 3600.0
_READ_BACK_S = 60.0
_DAY_S = 86400.0
_TEXTS_AT_ONCE = 500


def wire(
    service: Service, book: Rulebook, metrics: TaggerMetrics, now: Callable[[], datetime], cache: ClauseCache
) -> None:
    """Attach the consumer of stories and declare what goes out."""

    async def decide(batch: Sequence[Received[StoryEvent]]) -> None:
        called_off = threading.Event()
        try:
            labelled = await asyncio.to_thread(_label_all, batch, book, metrics, service.spans, called_off)
        finally:
            called_off.set()  # a thread that was cut off would go on beside the next try
        began = time.time()
        settled = await service.store.write(lambda conn: settle(conn, labelled, book, now(), cache), serial=True)
        service.kick()
        tell_joined(service.spans, labelled, settled, began)
        report(settled, [one.trace for one in labelled], metrics)

    rebuild = Rebuilder(service.settings, service.store, decide, now)
    # At once and not with the first story: a store put back should show what is known.  Nothing to do later on.
    service.every("read back", _READ_BACK_S, rebuild)

    @service.consume(STORIES, group=GROUP_TAGGER, decode=STORY_EVENT.validate_json)
    async def on_stories(batch: Sequence[Received[StoryEvent]]) -> None:
        await rebuild.need_done()
        await decide(batch)
        for received in batch:
            if not received.replayed:
                metrics.stage.labels(STAGE).observe(max(0.0, time.time() - received.timestamp_ms / 1000))

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
    book = load_for_good(settings.topics, settings.places)
    store = Store.open(settings.store_url, MIGRATIONS, migrate=settings.migrates)
    topics = TopicMap(
        dead=DEAD,
        readers={name: spec.readers for name, spec in TOPICS.items()},
        lazy_prefix=f"{ALERTS}.",
        lazy_retention_days=REGION_RETENTION_DAYS,
    )
    service = Service("tagger", settings, store, outbox, topics)
    cache = ClauseCache()
    metrics = TaggerMetrics(service.metrics.registry, watched(book))
    service.metrics.show_held(
        {
            "texts": lambda: cache.weight,
            "labels": lambda: memory.LABELS.weight,
            "states": lambda: memory.STATES.weight,
        }
    )
    service.metrics.expect_topic(f"{ALERTS}.")
    wire(service, book, metrics, lambda: datetime.now(UTC), cache)
    service.every("prune", _PRUNE_EVERY_S, lambda: _prune(store, cache, settings.keep_decisions_days))
    return service


def watched(book: Rulebook) -> set[str]:
    """The regions and countries a place of ours can be in, for the labels of the metrics."""
    regions = {place.region for place in book.places if place.region and place.country in book.area}
    return regions | book.area


def report(settled: Sequence[Settled], traces: Sequence[str | None], metrics: TaggerMetrics) -> None:
    """Count every decision; log the relevant ones, and those given before not at all."""
    for one, trace in zip(settled, traces, strict=True):
        metrics.decided.labels("again" if one.again else one.reason.value).inc()
        metrics.observe_events(one.events)
        if one.incident_id and not one.again:
            log.info(
                "decided",
                story_id=one.story_id,
                reason=one.reason.value,
                incident_id=one.incident_id,
                trace_id=trace_id(trace),
            )


def tell_joined(spans: Spans, labelled: Sequence[Labelled], settled: Sequence[Settled], began: float) -> None:
    """The spans of a batch's one transaction: each story's own, as long as the transaction it waited for."""
    if not spans.on:
        return
    ended = time.time()
    for asked, one in zip(labelled, settled, strict=True):
        spans.tell(
            "join",
            asked.trace,
            parent=asked.tagged_in,
            began=began,
            ended=ended,
            story_id=one.story_id,
            incident_id=one.incident_id,
            reason=one.reason.value,
            again=one.again,
            records=len(settled),
        )


def _label_all(
    batch: Sequence[Received[StoryEvent]],
    book: Rulebook,
    metrics: TaggerMetrics,
    spans: Spans,
    called_off: threading.Event,
) -> list[Labelled]:
    labelled = []
    for received in batch:
        if called_off.is_set():  # nobody waits for these any more
            break
        began, started = time.time(), time.perf_counter()
        one = label(received, book)
        took = time.perf_counter() - started
        metrics.labelling.observe(took)
        if spans.on:
            one = _traced(one, received, spans, began, took)
        labelled.append(one)
    return labelled


def _traced(one: Labelled, received: Received[StoryEvent], spans: Spans, began: float, took: float) -> Labelled:
    """Tell the span of the labelling, and go on below it."""
    tagged_in = spans.below(received.trace)
    spans.tell(
        "tag",
        tagged_in,
        parent=received.trace,
        began=began,
        ended=began + took,
        story_id=one.event.story_id,
        relevant=one.tagging.relevant if one.tagging else None,
        group=GROUP_TAGGER,
    )
    return replace(one, trace=spans.below(tagged_in), tagged_in=tagged_in)


async def _prune(store: Store, cache: ClauseCache, keep_days: int) -> None:
    now = time.time()
    indexed_before = now - max(keep_days, 30) * _DAY_S

    def work(conn: sa.Connection) -> None:
        memory.prune(conn, decided_before=now - keep_days * _DAY_S, indexed_before=indexed_before)
        cache.forget_before(indexed_before)

    # Serial, as the handler that asks the cache.
    await store.write(work, serial=True)
    await forget_old_texts(store, now - keep_days * _DAY_S)


async def forget_old_texts(store: Store, decided_before: float) -> None:
    """Uncleared text is kept no longer than a record may come again; a part at a time, so that nobody waits."""
    while old := await store.read(lambda conn: memory.old_texts(conn, decided_before, _TEXTS_AT_ONCE)):
        await store.write(lambda conn, these=old: memory.forget_texts(conn, these, decided_before))  # type: ignore[misc]


__all__ = ["create_service", "wire"]
