"""Ingest that ends by SIGKILL at a named point between a fetch and its acknowledgement.

``python -m tests.ingest.mortal KAFKA FOLDER PORT`` reads lines ``POINT MARK`` and forks an ingest for each: the
real service, whose parts carry a charge that goes off once the story with MARK in its heading has come to POINT.
Forked, since importing takes longer than all the rest; an unknown point means an ingest that lives.  It says
``pid N`` when one starts and ``ended N`` (a signal is negative) when it has.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import Any, TypeVar, cast

import sqlalchemy as sa
import structlog

from services.contracts.topics import DEAD, TOPICS
from services.ingest.app import MIGRATIONS
from services.ingest.claims import register
from services.ingest.core.feed import ParsedFeed
from services.ingest.feed_reader import read_feed
from services.ingest.fetch import Answer, Fetcher
from services.ingest.metrics import IngestMetrics
from services.ingest.pacer import Pacer
from services.ingest.parser import Parser
from services.ingest.poll import Clockwork, Poller
from services.ingest.reading import SourceReader
from services.ingest.settings import IngestSettings
from services.ingest.tables import outbox
from services.runtime.broker import RelayBroker
from services.runtime.outbox import Pending
from services.runtime.process import run_service
from services.runtime.relay import Relay
from services.runtime.service import Service, TopicMap
from services.runtime.settings import load_settings
from services.runtime.store import Store
from tests.ingest.builders import a_source
from tests.ingest.world import AGENT

T = TypeVar("T")


class Point(StrEnum):
    """Where it dies.  HEADERS is the server's: it sends them, stops, and the test kills."""

    HEADERS = "after_the_response_headers"
    BODY = "after_the_body"
    PARSED = "after_parse"
    BEFORE_COMMIT = "before_the_store_transaction"
    IN_COMMIT = "inside_the_store_transaction"
    COMMITTED = "after_commit_before_the_relay_sends"
    SENT = "sent_and_taken_by_the_broker_before_its_acknowledgement_is_seen"
    ACKNOWLEDGED = "after_the_acknowledgement_before_the_outbox_row_is_deleted"
    IN_DELETE = "inside_the_deletion_of_the_outbox_row"
    DELETED = "after_the_outbox_row_is_deleted"


class Charge:
    """Knows the point and the story, and how near they are."""

    def __init__(self, point: str, mark: str) -> None:
        self.point = point
        self.mark = mark
        self.read = False
        self.sent = False

    def meets(self, point: Point) -> bool:
        return self.point == point

    @staticmethod
    def blow() -> None:
        """End here and now, as a power cut would."""
        os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(60)  # SIGKILL is not always delivered before the next instruction


class MortalFetcher(Fetcher):
    """May die once it has a body."""

    charge: Charge

    async def get(self, url: str, **given: Any) -> Answer:
        answer = await super().get(url, **given)
        if self.charge.mark.encode() in answer.body and self.charge.meets(Point.BODY):
            self.charge.blow()
        return answer


class MortalParser(Parser):
    """Parses in this process, which costs no start of a worker; may die then."""

    charge: Charge

    async def feed(self, body: bytes, content_type: str, url: str, *, sitemap: bool = False) -> ParsedFeed:
        parsed = read_feed(body, content_type, url)
        self.charge.read |= any(self.charge.mark in entry.title for entry in parsed.entries)
        if self.charge.read and self.charge.meets(Point.PARSED):
            self.charge.blow()
        return parsed


class MortalStore(Store):
    """May die around or inside two transactions: the one that closes a poll, the one that deletes from the outbox."""

    charge: Charge

    async def write(self, work: Callable[[sa.Connection], T], *, serial: bool = False) -> T:
        before, within, after = self._points(work)

        def charged(conn: sa.Connection) -> T:
            done = work(conn)
            if self.charge.meets(within):
                self.charge.blow()
            return done

        if before is None:
            return await super().write(work, serial=serial)
        if self.charge.meets(before):
            self.charge.blow()
        done = await super().write(charged, serial=serial)
        if self.charge.meets(after):
            self.charge.blow()
        return done

    def _points(self, work: Callable[..., object]) -> tuple[Any, Any, Any]:
        name = work.__qualname__
        if self.charge.read and name.startswith(Poller._settle.__qualname__):
            return Point.BEFORE_COMMIT, Point.IN_COMMIT, Point.COMMITTED
        if self.charge.sent and name.startswith(Relay._settle.__qualname__):
            return Point.ACKNOWLEDGED, Point.IN_DELETE, Point.DELETED
        return None, None, None


class MortalBroker:
    """The relay's broker; may die when Kafka has the record and nobody here has heard."""

    def __init__(self, broker: RelayBroker, charge: Charge) -> None:
        self._broker = broker
        self._charge = charge

    async def publish(self, row: Pending) -> asyncio.Future[object]:
        future = await self._broker.publish(row)
        if self._charge.mark.encode() in row.value:
            self._charge.sent = True
            if self._charge.meets(Point.SENT):
                await future
                self._charge.blow()
        return future

    async def committed(self, group: str, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        return await self._broker.committed(group, partitions)

    async def ensure_topic(self, topic: str) -> None:
        await self._broker.ensure_topic(topic)


class MortalService(Service):
    """Gives its relay the mortal broker."""

    charge: Charge

    def start_relay(self, broker: RelayBroker) -> Relay:
        return super().start_relay(cast(RelayBroker, MortalBroker(broker, self.charge)))


def create(kafka: str, folder: Path, port: int, charge: Charge) -> Service:
    """What ``create_service`` builds, of mortal parts, with one source that is asked ten times a second."""
    settings = load_settings(IngestSettings, kafka=kafka, data_dir=folder)
    store = MortalStore.open(settings.store_url, MIGRATIONS)
    topics = TopicMap(dead=DEAD, readers={name: spec.readers for name, spec in TOPICS.items()})
    service = MortalService("ingest", settings, store, outbox, topics)
    fetcher, parser = MortalFetcher(AGENT), MortalParser()
    for part in (store, service, fetcher, parser):
        part.charge = charge  # type: ignore[attr-defined]
    source = a_source(url=f"http://desk.localhost:{port}/feed", min_interval_s=0.1, max_interval_s=0.1)
    with store.engine.begin() as conn:
        register(conn, [source], time.time())
    metrics = IngestMetrics(service.metrics.registry)
    reader = SourceReader(fetcher=fetcher, parser=parser, pacer=Pacer(time.monotonic), metrics=metrics, now=_now)
    clock = Clockwork(_now, lambda: 0.0, str(os.getpid()))
    poller = Poller(store=store, reader=reader, metrics=metrics, clock=clock, kick=service.kick)
    service.on_close(fetcher.close)
    # Without the consumer of tagged stories: after a kill its group waits for the dead member, which is not our affair.
    service.background("poll", lambda: poller.run(source.politeness_key, [source]))
    return service


def _now() -> datetime:
    return datetime.now(UTC)


def main() -> None:
    kafka, folder, port = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    for line in sys.stdin:
        point, mark = line.split()
        child = os.fork()
        if child == 0:
            charge = Charge(point, mark)
            os._exit(run_service(partial(create, kafka, folder, port, charge)))
        print(f"pid {child}", flush=True)  # noqa: T201 - how the test knows whom to kill
        _, status = os.waitpid(child, 0)
        print(f"ended {os.waitstatus_to_exitcode(status)}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
