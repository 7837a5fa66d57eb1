"""One Apache Kafka, and the processes that are measured on it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient

from services.cli.topics import wanted_topics
from services.contracts.topics import STORIES
from services.ingest import tables as ingest_tables
from services.notifier import tables as notifier_tables
from services.runtime.apache import ApacheKafka
from services.runtime.broker import admin_client
from services.runtime.jars import ensure_jars
from services.runtime.ports import hold_port
from services.runtime.settings import ServiceSettings
from services.runtime.tied import tied
from services.runtime.topics_admin import create_topics
from services.tagger import tables as tagger_tables

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "deploy" / "kafka"
#: Only the bench looks at a store this often.
LOOK_S = 0.1


@dataclass
class Measured:
    """A process and what it has used."""

    name: str
    process: subprocess.Popen[bytes]
    port: int | None

    @property
    def cpu_s(self) -> float:
        """CPU seconds of it and its children so far."""
        with contextlib.suppress(psutil.Error):
            one = psutil.Process(self.process.pid)
            every = [one, *one.children(recursive=True)]
            return sum(sum(process.cpu_times()[:2]) for process in every)
        return 0.0


@dataclass
class Host:
    """The broker and a folder of stores that is made anew for each measurement."""

    node: ApacheKafka
    folder: Path
    running: list[Measured] = field(default_factory=list)
    _engines: dict[str, sa.Engine] = field(default_factory=dict)
    _turn: int = 0

    async def fresh(self) -> None:
        """Empty topics, groups without offsets, a folder without stores."""
        await self.end_processes()
        self._turn += 1
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()
        self.data.mkdir()
        async with admin_client(ServiceSettings(kafka=self.node.bootstrap)) as admin:
            there = [name for name in await admin.list_topics() if not name.startswith("__")]
            if there:
                await admin.delete_topics(there)
                await _until_gone(set(there), admin)
            await create_topics(admin, wanted_topics())

    @property
    def data(self) -> Path:
        """Where the stores of this measurement are."""
        return self.folder / f"turn-{self._turn}"

    def url(self, service: str) -> str:
        """A store's address."""
        return f"sqlite:///{self.data / service}.sqlite3"

    async def service(self, name: str, **environment: str) -> Measured:
        """Start one of our services and wait until it is ready."""
        port = hold_port()
        given = {
            "SIAGA_KAFKA": self.node.bootstrap,
            "SIAGA_DATA_DIR": str(self.data),
            "SIAGA_HTTP_PORT": str(port),
            **environment,
        }
        one = self._start(name, [sys.executable, "-m", f"services.{name}"], given, port)
        await _until(lambda: _is_ready(port), one)
        return one

    async def bare(self, url: str, max_records: int = 500) -> Measured:
        """Start the loop by hand and wait until it reads."""
        command = [sys.executable, "-m", "bench.pipeline.bare", self.node.bootstrap, url, str(max_records)]
        one = self._start("bare", command, {}, None)
        await _until(lambda: b"ready" in self.log_of(one).read_bytes(), one)
        return one

    def _start(self, name: str, command: list[str], environment: Mapping[str, str], port: int | None) -> Measured:
        number = len(self.running)
        log = self.data / f"{name}-{number}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                tied(command), env={**os.environ, **environment}, cwd=ROOT, stdout=output, stderr=output
            )
        one = Measured(f"{name}-{number}", process, port)
        self.running.append(one)
        return one

    def log_of(self, one: Measured) -> Path:
        """What it wrote."""
        return self.data / f"{one.name}.log"

    async def end_processes(self) -> None:
        """SIGTERM, and SIGKILL for those who take long."""
        for one in self.running:
            one.process.send_signal(signal.SIGTERM)
        for one in self.running:
            try:
                await asyncio.to_thread(one.process.wait, 15)
            except subprocess.TimeoutExpired:
                one.process.kill()
                one.process.wait()
        self.running.clear()

    async def produce(self, made: Iterable[tuple[str, bytes]], partitions: int = 12) -> None:
        """Put records on the topic of stories, on so many of its partitions."""
        producer = AIOKafkaProducer(bootstrap_servers=self.node.bootstrap, max_batch_size=256 * 1024, linger_ms=20)
        await producer.start()
        try:
            for number, (key, value) in enumerate(made):
                spot = number % partitions if partitions < 12 else None
                await producer.send(STORIES, value, key=key.encode(), partition=spot)
            await producer.flush()
        finally:
            await producer.stop()

    def ask(self, url: str, query: sa.Select[int]) -> int:
        """One number of a store; 0 while it is not there."""
        if url not in self._engines:
            self._engines[url] = sa.create_engine(url, pool_pre_ping=True)
        try:
            with self._engines[url].connect() as conn:
                return conn.execute(query).scalar_one()
        except sa.exc.DBAPIError:
            return 0

    def tagged(self, url: str) -> int:
        """How many stories have a label."""
        return self.ask(url, _count(tagger_tables.stories))

    def unpublished(self, url: str) -> int:
        """How many events the tagger has not published yet."""
        return self.ask(url, _count(tagger_tables.outbox))

    def incidents(self, url: str) -> int:
        """How many incidents the tagger has."""
        return self.ask(url, _count(tagger_tables.incidents))

    def members(self, url: str) -> list[int]:
        """How many stories each of the tagger's incidents has."""
        of_incident = tagger_tables.stories.c.incident_id
        counts = sa.select(sa.func.count()).where(of_incident.is_not(None)).group_by(of_incident)
        engine = sa.create_engine(url)
        try:
            with engine.connect() as conn:
                return sorted(conn.execute(counts).scalars())
        finally:
            engine.dispose()

    def heard(self, url: str) -> int:
        """How many incidents are in the notifier's ledger."""
        return self.ask(url, _count(notifier_tables.INCIDENT))

    def in_the_outbox(self, url: str) -> int:
        """How many stories ingest has not published yet."""
        return self.ask(url, _count(ingest_tables.outbox))


async def _until_gone(names: set[str], admin: AIOKafkaAdminClient) -> None:
    for _ in range(400):
        if not names & set(await admin.list_topics()):
            return
        await asyncio.sleep(LOOK_S / 2)
    raise TimeoutError("topics that were deleted are still there")


def _count(table: sa.Table) -> sa.Select[int]:
    return sa.select(sa.func.count()).select_from(table)


async def until(holds: Callable[[], bool], seconds: float = 600.0) -> float:
    """Look again and again; the moment it held, on the monotonic clock."""
    deadline = time.monotonic() + seconds
    while not await asyncio.to_thread(holds):
        if time.monotonic() > deadline:
            raise TimeoutError
        await asyncio.sleep(LOOK_S)
    return time.monotonic()


async def _until(ready: Callable[[], bool], one: Measured) -> None:
    deadline = time.monotonic() + 120.0
    while not await asyncio.to_thread(ready):
        if one.process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"{one.name} did not start")
        await asyncio.sleep(LOOK_S)


def _is_ready(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=3) as page,
    ):
        return bool(page.status == 200)
    return False


@contextlib.asynccontextmanager
async def a_host() -> AsyncIterator[Host]:
    """A broker with durable settings, as `siaga run --broker kafka` starts it; gone at the end."""
    libs = ensure_jars(CONFIG / "pom.xml", Path(os.environ.get("SIAGA_KAFKA_LIBS", ROOT / "var" / "kafka-libs")))
    folder = Path(tempfile.mkdtemp(prefix="siaga-pipeline-"))
    node = ApacheKafka(folder / "kafka", libs=libs, log_config=CONFIG / "log4j2.properties")
    host = Host(node, folder)
    try:
        await node.start()
        yield host
    finally:
        await host.end_processes()
        await node.stop()
        shutil.rmtree(folder, ignore_errors=True)
