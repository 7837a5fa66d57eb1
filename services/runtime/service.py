"""What a service is made of: its handlers, loops, store, relay, metrics and routes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
from faststream.kafka import KafkaBroker
from pydantic import BaseModel

from services.runtime.broker import RelayBroker, make_broker
from services.runtime.consumption import Consumption, Handler
from services.runtime.errors import UnavailableError
from services.runtime.metrics import RuntimeMetrics
from services.runtime.relay import Forgetful, Relay
from services.runtime.settings import ServiceSettings
from services.runtime.spans import make_spans
from services.runtime.store import Store

log = structlog.get_logger(__name__)
T = TypeVar("T")
Loop = Callable[[], Awaitable[None]]

VERSION = "0.1.0"
MAX_RECORDS = 500


@dataclass(frozen=True)
class TopicMap:
    """What the runtime must be told of topics, since it knows none.

    Attributes:
        dead: the topic of dead letters.
        readers: the groups that must read a topic before a forgetful broker's rows are dropped.
        lazy_prefix: topics of this prefix are created at their first use; empty where there are none.
        lazy_retention_days: how long such a topic keeps its records.
    """

    dead: str
    readers: Mapping[str, tuple[str, ...]]
    lazy_prefix: str = ""
    lazy_retention_days: int = 30


class Service:
    """A service under construction; ``run_service`` brings it to life."""

    def __init__(
        self, name: str, settings: ServiceSettings, store: Store, outbox: sa.Table, topics: TopicMap
    ) -> None:
        self.name = name
        self.settings = settings
        self.store = store
        self.outbox = outbox
        self.topics = topics
        self.metrics = RuntimeMetrics(name, VERSION, lazy_prefix=topics.lazy_prefix)
        self.metrics.expect_topic(topics.dead)
        #: Stores and certificates whose size and age are shown; whoever opens another one adds it.
        self.stores: dict[str, Store] = {name: store}
        self.certificates: dict[str, Path] = {}
        if settings.kafka_ca_file is not None:
            self.certificates["kafka_ca"] = settings.kafka_ca_file
        self.spans = make_spans(settings, name, VERSION)
        self.closers: list[Loop] = [self.spans.close]
        self.broker: KafkaBroker = make_broker(settings, name)
        self.consumptions: list[Consumption[Any]] = []
        self.loops: list[tuple[str, Loop]] = []
        self.finishing: list[tuple[str, Loop]] = []
        self.finishing_early: list[tuple[str, Loop]] = []
        self.routes: list[tuple[str, Any]] = []
        self.stopping = asyncio.Event()
        self._relay: Relay | None = None

    def consume(
        self,
        topic: str,
        *,
        group: str,
        decode: Callable[[bytes], T],
        max_records: int = MAX_RECORDS,
        hurried: bool = True,
    ) -> Callable[[Handler[T]], Handler[T]]:
        """Attach ``async def handler(batch)`` to a topic; see ``Consumption`` for what it may rely on.

        Args:
            topic: what to read.
            group: for whom.
            decode: a record's bytes into what the handler takes; what it refuses is a dead letter.
            max_records: how many records a batch has at most.
            hurried: records come at once; else half a second later at most, and more of them together.
        """

        def attach(handler: Handler[T]) -> Handler[T]:
            consumption = Consumption(
                service=self.name,
                topic=topic,
                group=group,
                decode=decode,
                handler=handler,
                store=self.store,
                outbox=self.outbox,
                dead_topic=self.topics.dead,
                metrics=self.metrics,
                on_enqueued=self.kick,
            )
            consumption.attach(
                self.broker,
                max_records=max_records,
                session_timeout_ms=self.settings.kafka_session_timeout_ms,
                hurried=hurried,
            )
            self.consumptions.append(consumption)
            return handler

        return attach

    def publishes(self, topic: str, event: type[BaseModel], description: str) -> None:
        """Declare what the relay will publish, for the AsyncAPI description."""
        self.metrics.expect_topic(topic)
        self.broker.publisher(topic, schema=event, title=f"{topic}:{event.__name__}", description=description)

    def background(self, name: str, loop: Loop, *, finishes: bool = False, early: bool = False) -> None:
        """Run ``loop`` as long as the service; its end, by return or exception, ends the process.

        Args:
            name: for the log line when it dies.
            loop: what to run.
            finishes: the loop watches ``stopping`` and may finish what it has in hand before it is cancelled.
            early: it finishes, and needs the relay but no consumer: it begins before the groups are joined.
        """
        kind = self.finishing_early if early else self.finishing if finishes else self.loops
        kind.append((name, loop))

    def every(self, name: str, seconds: float, step: Loop) -> None:
        """Run ``step`` again and again with a pause of ``seconds`` between the end and the next start."""

        self.background(name, lambda: repeat(name, seconds, step, self.stopping), finishes=True)

    def on_close(self, closer: Loop) -> None:
        """Call at the end, before the store is closed."""
        self.closers.append(closer)

    def kick(self) -> None:
        """Something was enqueued: let the relay publish at once."""
        if self._relay:
            self._relay.kick()

    @property
    def relay(self) -> Relay:
        """The relay, once the service runs."""
        if self._relay is None:
            raise RuntimeError("the relay exists only while the service runs")
        return self._relay

    def start_relay(self, broker: RelayBroker) -> Relay:
        """Make the relay on a connected broker."""
        forgetful = None
        if self.settings.broker_incarnation:
            forgetful = Forgetful(
                self.settings.broker_incarnation, self.topics.readers, frozenset({self.topics.dead})
            )
        self._relay = Relay(self.store, self.outbox, broker, self.metrics, forgetful, spans=self.spans)
        return self._relay


async def repeat(name: str, seconds: float, step: Loop, stopping: asyncio.Event) -> None:
    """Run ``step`` until told to stop; what is away is waited for."""
    while not stopping.is_set():
        try:
            await step()
        except UnavailableError as error:
            log.warning("waits", step=name, reason=str(error))
        except asyncio.CancelledError:
            # aiokafka calls off what waits on a connection that broke: that is an outage and not our end.
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise
            log.warning("waits", step=name, reason="a client called off what it was doing")
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await stopping.wait()
