"""`siaga run`: the broker, the three services and, for the demo, the world around them, on this machine."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click

from services.cli.stack import ROOT, SEEDS, Plan, Ports, demo_part, prepare_secrets, service_parts
from services.cli.supervisor import Supervisor
from services.cli.topics import wanted_topics
from services.cli.where import DEFAULT_DATA, Word, write_word
from services.contracts.topics import TOPICS
from services.runtime.apache import ApacheKafka
from services.runtime.broker import admin_client
from services.runtime.embedded import EmbeddedProcess, start_embedded
from services.runtime.errors import OperatorError
from services.runtime.jars import ensure_jars
from services.runtime.settings import ServiceSettings, load_settings
from services.runtime.topics_admin import create_topics

KAFKA = ROOT / "deploy" / "kafka"


@dataclass(frozen=True)
class BrokerNow:
    """The broker the services talk to."""

    kind: str
    bootstrap: str
    incarnation: str

    @property
    def note(self) -> str:
        """What the operator must know of it."""
        if self.kind != "embedded":
            return ""
        return "in memory: forgets on exit; the stores keep everything and publish it again"


class Stack:
    """Everything `siaga run` started."""

    def __init__(self, plan: Plan, broker: str) -> None:
        self.plan = plan
        self.wanted_broker = broker
        self.notes: list[str] = []
        self.supervisor = Supervisor(plan.data / "logs", self.notes.append)
        self.broker: BrokerNow | None = None
        self._embedded: EmbeddedProcess | None = None
        self._apache: ApacheKafka | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._secrets = prepare_secrets(plan.data / "secrets")

    async def start(self) -> None:
        """Start the broker, then the stand-ins, then the services."""
        await self.supervisor.start(demo_part(self.plan))
        if self.wanted_broker == "embedded":
            await self._start_embedded()
            self._watch_over("embedded broker", self._mend_embedded())
        elif self.wanted_broker == "kafka":
            await self._start_apache()
        else:
            self.broker = BrokerNow("elsewhere", self.wanted_broker, "")
            await self._make_topics()
        await self._start_services()

    async def stop(self) -> None:
        """Stop the services first, so that they commit and leave their groups, the broker last."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.supervisor.stop([name for name in self.supervisor.running if name != "stand-ins"])
        await self.supervisor.stop_all()
        if self._embedded:
            await self._embedded.stop()
        if self._apache:
            await self._apache.stop()

    async def _start_services(self) -> None:
        if self.broker is None:
            raise RuntimeError("a broker comes first")
        write_word(self.plan.data, Word(os.getpid(), self.broker.bootstrap, self.broker.kind == "embedded"))
        for part in service_parts(self.plan, self.broker.bootstrap, self.broker.incarnation, self._secrets):
            await self.supervisor.start(part)

    async def _start_embedded(self) -> None:
        self._embedded = await start_embedded({spec.name: spec.partitions for spec in TOPICS.values()})
        self.broker = BrokerNow("embedded", self._embedded.bootstrap, self._embedded.incarnation)

    async def _mend_embedded(self) -> None:
        """A new in-memory broker has a new address and has forgotten everything: services start on it anew."""
        while self._embedded:
            status = await self._embedded.wait()
            self.notes.append(f"the broker ended ({status}); starting a new one, the stores publish again")
            await self.supervisor.stop([name for name in self.supervisor.running if name != "stand-ins"])
            await self._start_embedded()
            await self._start_services()

    def _watch_over(self, name: str, mending: Coroutine[Any, Any, None]) -> None:
        """A broker nobody watches over would end everything in silence: its watch must not."""
        task = asyncio.create_task(mending, name=name)
        task.add_done_callback(self._watch_ended)
        self._tasks.append(task)

    def _watch_ended(self, task: asyncio.Task[None]) -> None:
        failure = None if task.cancelled() else task.exception()
        if failure and not self.supervisor.failed.done():
            told = failure if isinstance(failure, OperatorError) else OperatorError(task.get_name(), repr(failure))
            self.supervisor.failed.set_result(told)

    async def _start_apache(self) -> None:
        self.notes.append("Apache Kafka starts; its first start fetches its jars with Maven")
        libs = await asyncio.to_thread(ensure_jars, KAFKA / "pom.xml", ROOT / "var" / "kafka-libs")
        self._apache = ApacheKafka(
            self.plan.data / "kafka",
            self.plan.ports.of("kafka"),
            libs=libs,
            log_config=KAFKA / "log4j2.properties",
        )
        await self._apache.start()
        self._watch_over("Apache Kafka", self._mend_apache(self._apache))
        self.broker = BrokerNow("Apache Kafka", self._apache.bootstrap, "")
        await self._make_topics()

    async def _mend_apache(self, apache: ApacheKafka) -> None:
        """Its data are kept, so the services wait and go on by themselves."""
        while True:
            await asyncio.sleep(0.5)
            if apache.pid is None:
                self.notes.append("Apache Kafka ended; starting it again on its data")
                try:
                    await apache.start()
                except OperatorError as error:  # ended again while it started: not for good
                    self.notes.append(str(error))

    async def _make_topics(self) -> None:
        if self.broker is None:
            return
        settings = load_settings(ServiceSettings, kafka=self.broker.bootstrap)
        async with admin_client(settings) as admin:
            await create_topics(admin, wanted_topics(), replication_factor=settings.replication_factor)


@contextlib.contextmanager
def _only_one(data: Path) -> Iterator[None]:
    """Two stacks on one data folder would spoil each other's stores."""
    where = f"--data {data}"
    try:
        data.mkdir(parents=True, exist_ok=True)
        data.chmod(0o700)  # raw stories and contacts are in there
        handle: IO[str] = (data / "lock").open("w")
    except OSError as error:
        raise OperatorError(where, f"cannot be used: {error.strerror}") from None
    with handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise OperatorError(where, "is in use by another `siaga run`") from None
        except OSError as error:
            raise OperatorError(where, f"cannot be locked: {error.strerror}") from None
        yield


async def _run(plan: Plan, broker: str, plain: bool) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    stack = Stack(plan, broker)
    working = [asyncio.create_task(stack.start()), asyncio.create_task(_watch(stack, stop, plain))]
    asked = asyncio.create_task(stop.wait())
    try:
        await _until_over(stack, working, asked)
    finally:
        stop.set()
        working[0].cancel()
        await asyncio.gather(*working, asked, return_exceptions=True)
        await stack.stop()


async def _until_over(stack: Stack, working: list[asyncio.Task[None]], asked: asyncio.Task[bool]) -> None:
    """Until somebody asks for the end, a part finds its operator's mistake, or something of ours breaks."""
    waiting: set[asyncio.Future[Any]] = {*working, asked, stack.supervisor.failed}
    while not asked.done():
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        if stack.supervisor.failed in done:
            raise stack.supervisor.failed.result()
        for task in done:
            task.result()


async def _watch(stack: Stack, stop: asyncio.Event, plain: bool) -> None:
    from services.cli.watch import watch  # noqa: PLC0415 - rich and three services' queries cost half a second

    await watch(stack, stop, plain=plain)


@click.command("run")
@click.option(
    "--feeds",
    type=click.Choice(["seeds", "live"]),
    default="seeds",
    show_default=True,
    help="Replay the seed feeds, or poll the real outlets.",
)
@click.option(
    "--broker",
    default="embedded",
    show_default=True,
    metavar="embedded|kafka|HOST:PORT",
    help="In memory, a single-node Apache Kafka on this machine, or one that runs already.",
)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_DATA,
    show_default=True,
    help="Where stores, secrets, mail and logs are kept.",
)
@click.option(
    "--port-base",
    type=click.IntRange(1024, 65500),
    default=8600,
    show_default=True,
    help="Ports are counted from here.",
)
@click.option(
    "--contact-url",
    envvar="SIAGA_CONTACT_URL",
    default="",
    help="Where an outlet can reach you; required with --feeds live.",
)
@click.option("--feeds-file", type=click.Path(path_type=Path, dir_okay=False), help="Another list of sources.")
@click.option("--officials", type=click.Path(path_type=Path, dir_okay=False), help="Another list of officials.")
@click.option("--plain", is_flag=True, help="One line a change instead of the live view, for scripts.")
def run_command(
    feeds: str,
    broker: str,
    data: Path,
    port_base: int,
    contact_url: str,
    feeds_file: Path | None,
    officials: Path | None,
    plain: bool,
) -> None:
    """The whole system on this machine.

    With the seed feeds nothing leaves this machine: outlets, mail server and Bot API are stand-ins on
    loopback, and the view names where they can be read.

    \b
    Example:
      siaga run
      siaga run --broker kafka
      siaga run --feeds live --contact-url https://example.org/siaga
    """
    if feeds == "live" and not contact_url:
        raise OperatorError("--contact-url", "is required with --feeds live: outlets must be able to reach you")
    plan = Plan(
        data=data.resolve(),
        ports=Ports(port_base),
        feeds=feeds,
        contact_url=contact_url,
        feeds_file=(feeds_file or SEEDS / ("feeds.demo.yaml" if feeds == "seeds" else "feeds.yaml")).resolve(),
        officials_file=(officials or SEEDS / "officials.demo.yaml").resolve(),
    )
    with _only_one(plan.data):
        asyncio.run(_run(plan, broker, plain))
