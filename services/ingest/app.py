"""Put ingest together: poll the outlets, publish stories, remember which of them matter."""

from __future__ import annotations

import os
import random
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

from services.contracts.source import SourceHealthChanged
from services.contracts.story import StoryPublished, StoryRevised, StoryWithdrawn
from services.contracts.tagging import STORY_TAGGED, StoryTagged
from services.contracts.topics import DEAD, GROUP_INGEST, SOURCES, STORIES, STORIES_TAGGED, TOPICS
from services.ingest.claims import register
from services.ingest.core.source import Source
from services.ingest.fetch import Fetcher
from services.ingest.looks import remember_tags
from services.ingest.metrics import IngestMetrics
from services.ingest.pacer import Pacer
from services.ingest.parser import Parser
from services.ingest.poll import Clockwork, Poller
from services.ingest.queries import freshness
from services.ingest.reading import SourceReader
from services.ingest.retention import forget_old
from services.ingest.settings import IngestSettings
from services.ingest.source_health import retire
from services.ingest.sources import load_sources
from services.ingest.tables import outbox
from services.runtime.errors import OperatorError
from services.runtime.records import Received
from services.runtime.service import VERSION, Service, TopicMap
from services.runtime.store import Store

FORGET_EVERY_S = 3600.0
MEASURE_EVERY_S = 15.0
MIGRATIONS = Path(__file__).parent / "migrations"


def wire(service: Service, poller: Poller, sources: Sequence[Source]) -> None:
    """Attach the consumer and one polling loop a registrable domain."""
    by_domain: dict[str, list[Source]] = defaultdict(list)
    for source in sources:
        by_domain[source.politeness_key].append(source)

    readable = {source.id: source for source in sources if source.fulltext == "allowed"}

    @service.consume(STORIES_TAGGED, group=GROUP_INGEST, decode=STORY_TAGGED.validate_json, hurried=False)
    async def on_tagged(batch: Sequence[Received[StoryTagged]]) -> None:
        tagged = [one.value for one in batch]
        await service.store.write(lambda conn: remember_tags(conn, tagged, readable, _now()))

    for domain, own in by_domain.items():
        service.background(f"poll {domain}", lambda d=domain, o=own: poller.run(d, o))  # type: ignore[misc]
    service.publishes(SOURCES, SourceHealthChanged, "A source went from one health to another.")
    service.publishes(STORIES, StoryPublished, "A story was seen for the first time.")
    service.publishes(STORIES, StoryRevised, "A story changed.")
    service.publishes(STORIES, StoryWithdrawn, "The outlet took a story back.")


def create_service(settings: IngestSettings) -> Service:
    """Build ingest with its real store, network and clock.

    Raises:
        OperatorError: the sources, the store or the contact address are not in order.
    """
    sources = [one for one in load_sources(settings.sources, loopback_port=settings.demo_port) if one.enabled]
    agent = user_agent(settings.contact_url, sources)
    store = Store.open(settings.store_url, MIGRATIONS, migrate=settings.migrates)
    topics = TopicMap(dead=DEAD, readers={name: spec.readers for name, spec in TOPICS.items()})
    service = Service("ingest", settings, store, outbox, topics)
    with store.engine.begin() as conn:
        register(conn, sources, time.time())
        retire(conn, sources, _now())
    metrics = IngestMetrics(service.metrics.registry)
    metrics.expect(sources)
    fetcher, parser = Fetcher(agent), Parser()
    reader = SourceReader(fetcher=fetcher, parser=parser, pacer=Pacer(time.monotonic), metrics=metrics, now=_now)
    dice = random.Random()  # noqa: S311 - spreads polls in time, hides nothing
    clock = Clockwork(_now, lambda: dice.uniform(-1, 1), f"{os.getpid()}-{uuid4().hex[:12]}")
    poller = Poller(
        store=store, reader=reader, metrics=metrics, clock=clock, kick=service.kick, spans=service.spans
    )
    keep = timedelta(days=settings.keep_stories_days)

    async def forget() -> None:
        while await store.write(lambda conn: forget_old(conn, _now(), keep)):
            pass

    async def measure() -> None:
        metrics.set_freshness(sources, await store.read(freshness), _now())

    service.every("retention", FORGET_EVERY_S, forget)
    service.every("measure", MEASURE_EVERY_S, measure)
    service.on_close(fetcher.close)
    service.on_close(parser.close)
    wire(service, poller, sources)
    return service


def user_agent(contact_url: str, sources: Sequence[Source]) -> str:
    """Who we are, in the form outlets accept, with an address to complain to.

    Raises:
        OperatorError: a source is on the internet and there is no address.
    """
    if not contact_url and any(not source.loopback for source in sources):
        raise OperatorError(
            "environment SIAGA_CONTACT_URL", "is not set: outlets must be able to reach whoever polls them"
        )
    if contact_url and not contact_url.startswith(("https://", "http://", "mailto:")):
        raise OperatorError("environment SIAGA_CONTACT_URL", "must begin with https://, http:// or mailto:")
    if not contact_url.isprintable() or not contact_url.isascii() or set(contact_url) & set("() ;"):
        raise OperatorError("environment SIAGA_CONTACT_URL", "must be an address without spaces or parentheses")
    return f"Mozilla/5.0 (compatible; Siaga/{VERSION}; +{contact_url or 'http://localhost/'})"


def _now() -> datetime:
    return datetime.now(UTC)


__all__ = ["create_service", "user_agent", "wire"]
