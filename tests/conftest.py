"""The brokers and the database that tests run against; a missing program is a failure, never a silent skip."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.contracts.topics import TOPICS
from services.runtime.apache import ApacheKafka
from services.runtime.embedded import EmbeddedProcess, start_embedded
from services.runtime.errors import OperatorError
from services.runtime.jars import ensure_jars, need_java
from services.runtime.ports import hold_port
from tests.postgres_server import PostgresServer, postgres_server

ROOT = Path(__file__).resolve().parents[1]
KAFKA_CONFIG = ROOT / "deploy" / "kafka"
SKIP_KAFKA = "SIAGA_SKIP_KAFKA"

#: After a crash a node waits for its own old session to end: 9 s with Kafka's default.
QUICK = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}

#: Fixtures that give a test its marker, so that `-m "not kafka"` needs no marker written by hand.
MARKERS = {"kafka": "kafka", "kafka_libs": "kafka", "embedded": "embedded", "postgres": "postgres"}


class RealKafka:
    """The Apache Kafka of this test run."""

    def __init__(self, node: ApacheKafka) -> None:
        self.node = node

    @property
    def bootstrap(self) -> str:
        return self.node.bootstrap

    def kill(self) -> None:
        """End it as a crash would; topics and offsets stay on disk."""
        self.node.kill()

    async def stop(self) -> None:
        """End it in order."""
        await self.node.stop()

    async def restart(self) -> None:
        """Start it again at the same address, after a crash or in order."""
        await self.node.stop()
        await self.node.start()


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "postgres: needs a PostgreSQL, which the fixture starts")
    config.addinivalue_line("markers", "system: starts processes of ours or a broker; one after the other")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in {MARKERS[name] for name in getattr(item, "fixturenames", ()) if name in MARKERS}:
            item.add_marker(marker)
        if "e2e" in item.path.parts or any(
            item.get_closest_marker(name) for name in ("kafka", "embedded", "slow")
        ):
            item.add_marker("system")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get(SKIP_KAFKA) == "1":
        skipped = [r for r in terminalreporter.getreports("skipped") if SKIP_KAFKA in str(r.longrepr)]
        terminalreporter.write_line(f"{SKIP_KAFKA}=1: {len(skipped)} tests of Apache Kafka did NOT run", red=True)


@pytest.fixture(scope="session")
def kafka_libs() -> Path:
    """The jars of Apache Kafka, brought by Maven once for all runs."""
    if os.environ.get(SKIP_KAFKA) == "1":
        pytest.skip(f"{SKIP_KAFKA}=1")
    folder = Path(os.environ.get("SIAGA_KAFKA_LIBS", ROOT / "var" / "kafka-libs"))
    try:
        need_java()
        return ensure_jars(KAFKA_CONFIG / "pom.xml", folder)
    except OperatorError as error:
        pytest.fail(f"{error}; {SKIP_KAFKA}=1 leaves these tests out", pytrace=False)


@pytest.fixture(scope="session")
def _apache(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealKafka]:
    node = ApacheKafka(
        tmp_path_factory.mktemp("kafka"),
        libs=kafka_libs,
        log_config=KAFKA_CONFIG / "log4j2.properties",
        overrides=QUICK,
    )
    yield RealKafka(node)
    asyncio.run(node.stop())


@pytest.fixture
def kafka(_apache: RealKafka) -> RealKafka:
    """Apache Kafka, one for the whole run, started again when the test before left it dead.

    Topics and offsets of other tests are in it: use names of your own.
    """
    if _apache.node.pid is None:
        asyncio.run(_apache.node.start())
    return _apache


@pytest.fixture
async def embedded() -> AsyncIterator[EmbeddedProcess]:
    """A fresh in-memory broker with the fixed topics, in a process of its own."""
    broker = await start_embedded({spec.name: spec.partitions for spec in TOPICS.values()})
    yield broker
    await broker.stop()


@pytest.fixture
def free_port() -> int:
    """A TCP port on loopback that nobody listens on, this test's own."""
    return hold_port()


@pytest.fixture
def postgres(_postgres_server: PostgresServer) -> str:
    """The address of an empty database of its own, as SQLAlchemy wants it; one server for the whole run."""
    return _postgres_server.database("test")


@pytest.fixture(scope="session")
def _postgres_server() -> Iterator[PostgresServer]:
    with contextlib.ExitStack() as stack:
        try:
            server = stack.enter_context(postgres_server())
        except OperatorError as error:
            pytest.fail(str(error), pytrace=False)
        yield server
