"""The brokers and the database that tests run against; a missing program is a failure, never a silent skip."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest

from services.contracts.topics import TOPICS
from services.runtime.apache import HOST, ApacheKafka
from services.runtime.apache import free_port as any_free_port
from services.runtime.embedded import EmbeddedProcess, start_embedded
from services.runtime.errors import OperatorError
from services.runtime.jars import ensure_jars, need_java

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
    """A TCP port on loopback that nobody listens on."""
    return any_free_port()


@pytest.fixture
def postgres(_postgres_port: int) -> str:
    """The address of an empty database of its own, as SQLAlchemy wants it; one server for the whole run."""
    name = f"test_{uuid.uuid4().hex}"
    with _connect(_postgres_port) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"postgresql+psycopg://siaga@{HOST}:{_postgres_port}/{name}"


@pytest.fixture(scope="session")
def _postgres_port() -> Iterator[int]:
    binaries, port = _postgres_binaries(), any_free_port()
    folder = Path(tempfile.mkdtemp(prefix="siaga-postgres-"))
    # QUIT ends PostgreSQL at once, also when this run was killed.
    tied = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() == 0:  # initdb refuses root
        tied += ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
        shutil.chown(folder, "nobody", "nogroup")
    data = folder / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", "siaga", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    subprocess.run([*tied, *initdb], check=True, capture_output=True, cwd=folder)
    options = {"port": port, "listen_addresses": HOST, "unix_socket_directories": "", "max_connections": 100}
    server = [binaries / "postgres", "-D", data, *(f"--{key}={value}" for key, value in options.items())]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*tied, *server], cwd=folder, stdout=log, stderr=log)
    try:
        _until_accepted(port, process, folder / "log")
        yield port
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _connect(port: int) -> psycopg.Connection:
    return psycopg.connect(host=HOST, port=port, user="siaga", dbname="postgres", autocommit=True)


def _until_accepted(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            _connect(port).close()
            return
        time.sleep(0.1)
    pytest.fail(f"PostgreSQL did not start: {log.read_text()[-500:]}", pytrace=False)


def _postgres_binaries() -> Path:
    """The folder of initdb and postgres: Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        pytest.fail("initdb is not installed; Debian has it in the package postgresql", pytrace=False)
    return found[-1].parent if found else Path(str(on_path)).resolve().parent
