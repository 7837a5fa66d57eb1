"""The brokers and the database that tests run against; a missing program is a failure, never a silent skip."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from services.contracts.topics import TOPICS
from services.runtime.apache import ApacheKafka, ensure_jars
from services.runtime.apache import free_port as any_free_port
from services.runtime.embedded import EmbeddedProcess, start_embedded

ROOT = Path(__file__).resolve().parents[1]
KAFKA_CONFIG = ROOT / "deploy" / "kafka"
SKIP_KAFKA = "SIAGA_SKIP_KAFKA"

#: After a crash a node waits for its own old session to end: 9 s with Kafka's default.
QUICK = {"broker.session.timeout.ms": "3000", "broker.heartbeat.interval.ms": "500"}

#: Fixtures that give a test its marker, so that `-m "not kafka"` needs no marker written by hand.
MARKED_BY_FIXTURE = ("kafka", "embedded", "postgres")


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


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for name in set(MARKED_BY_FIXTURE) & set(getattr(item, "fixturenames", ())):
            item.add_marker(name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if os.environ.get(SKIP_KAFKA) == "1":
        skipped = [r for r in terminalreporter.getreports("skipped") if SKIP_KAFKA in str(r.longrepr)]
        terminalreporter.write_line(f"{SKIP_KAFKA}=1: {len(skipped)} tests of Apache Kafka did NOT run", red=True)


@pytest.fixture(scope="session")
def kafka_libs() -> Path:
    """The jars of Apache Kafka, brought by Maven once for all runs."""
    if os.environ.get(SKIP_KAFKA) == "1":
        pytest.skip(f"{SKIP_KAFKA}=1")
    return ensure_jars(
        KAFKA_CONFIG / "pom.xml", Path(os.environ.get("SIAGA_KAFKA_LIBS", ROOT / "var" / "kafka-libs"))
    )


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
    """A TCP port on loopback that nobody listens on."""
    return any_free_port()


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of an empty PostgreSQL on loopback, as SQLAlchemy wants it."""
    binaries = _postgres_binaries()
    folder = Path(tempfile.mkdtemp(prefix="siaga-postgres-"))
    port = any_free_port()
    owner = {}
    if os.geteuid() == 0:  # initdb refuses root
        shutil.chown(folder, "nobody", "nogroup")
        owner = {"user": "nobody", "group": "nogroup", "extra_groups": []}
    data = folder / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", "siaga", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    subprocess.run(initdb, check=True, capture_output=True, cwd=folder, **owner)
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100"
    control = [binaries / "pg_ctl", "-D", data, "-w"]
    try:
        start = [*control, "-l", folder / "log", "-o", options, "start"]
        subprocess.run(start, check=True, stdout=subprocess.DEVNULL, cwd=folder, **owner)
        yield f"postgresql+psycopg://siaga@127.0.0.1:{port}/postgres"
    finally:
        subprocess.run(
            [*control, "-m", "immediate", "stop"], check=False, stdout=subprocess.DEVNULL, cwd=folder, **owner
        )
        shutil.rmtree(folder, ignore_errors=True)


def _postgres_binaries() -> Path:
    """The folder of initdb and pg_ctl: Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.fail("initdb is not installed; Debian has it in the package postgresql", pytrace=False)
    return found[-1].parent if found else Path(str(on_path)).resolve().parent
