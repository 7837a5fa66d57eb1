"""Run Apache Kafka as a KRaft node on loopback, from the jars that Maven brings.

For one machine without containers and for the tests.  Everything listens on 127.0.0.1 only.  What was written
stays in the data directory: a restart finds topics and offsets again, also after `kill -9`.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
import subprocess
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.runtime.errors import OperatorError
from services.runtime.jars import need_java
from services.runtime.ports import HOST, hold_port
from services.runtime.tied import tied

HEAP_MB: Final = 512

_EXCEPTION: Final = re.compile(
    r"^(?:Caused by: |Error: )?(?:[\w$]+\.)+\w*(?:Exception|Error): (.+)$", re.MULTILINE
)
_ROOT: Final = Path(__file__).resolve().parents[2]
_POLL_SECONDS: Final = 0.1


class ApacheKafka:
    """One Kafka node, broker and controller in one JVM.

    Alone by default.  For a cluster give every node its own `data_dir`, `port`, `node_id`, the same `cluster_id`
    and the same `quorum`: the controller port of each node id, this one's included.
    """

    def __init__(
        self,
        data_dir: Path,
        port: int = 0,
        *,
        libs: Path,
        log_config: Path,
        node_id: int = 1,
        quorum: Mapping[int, int] | None = None,
        cluster_id: str | None = None,
        overrides: Mapping[str, str] | None = None,
        heap_mb: int = HEAP_MB,
    ) -> None:
        """`port` 0 holds a free one; `overrides` are lines of server.properties that win over ours."""
        self.data_dir = data_dir.resolve()
        self.port = port or hold_port()
        self.node_id = node_id
        self.libs = libs.resolve()
        self.log_config = log_config.resolve()
        # Alone it may have another at the next start: a static quorum is not stored on disk.
        self._quorum = dict(quorum or {node_id: hold_port()})
        self._cluster_id = cluster_id
        self._overrides = dict(overrides or {})
        self._heap_mb = heap_mb
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    @property
    def pid(self) -> int | None:
        """The JVM's process id while it runs."""
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def log_file(self) -> Path:
        return self.data_dir / "server.log"

    @property
    def properties_file(self) -> Path:
        return self.data_dir / "server.properties"

    async def start(self, patience: float = 120.0, brokers: int = 1) -> None:
        """Start the JVM and wait until it answers and sees `brokers` brokers; `patience` is in seconds.

        Call it from a thread that lives as long as Kafka shall: on Linux the JVM ends with the thread that started
        it.  Raises `OperatorError` when Java is missing, the port is taken or Kafka gives up.
        """
        await asyncio.to_thread(self.prepare)
        self.spawn()
        try:
            async with asyncio.timeout(patience):
                await self._until_ready(brokers)
        except TimeoutError as error:
            await self.stop()
            raise OperatorError(str(self.log_file), f"Kafka did not answer within {patience:.0f} s") from error
        except BaseException:
            await self.stop()
            raise

    def spawn(self) -> None:
        """Start the JVM without waiting for it; the nodes of a cluster need each other before they answer."""
        java = self.prepare()
        with (self.data_dir / "jvm.log").open("ab") as output:
            self._process = subprocess.Popen(  # noqa: S603 (no shell, own words)
                tied([*self._java(java, self._heap_mb), "kafka.Kafka", str(self.properties_file)]),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=_ROOT,
                start_new_session=True,  # Ctrl-C is for the services: they still commit while they stop
            )

    def prepare(self) -> str:
        """Write the settings and format the storage, 1.5 s the first time; the path of the Java that did it.

        Raises `OperatorError` when Java is missing or the data directory cannot be used.
        """
        if self.pid is not None:
            raise ValueError("Kafka runs already")
        java = need_java()
        self.data_dir.mkdir(parents=True, exist_ok=True)
        self._write_properties()
        self._format(java)
        return java

    async def stop(self, patience: float = 30.0) -> None:
        """End Kafka with SIGTERM, a controlled shutdown, and with SIGKILL after `patience` seconds."""
        process = self._process
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            await asyncio.to_thread(process.wait, patience)
        self.kill()

    def kill(self) -> None:
        """End Kafka with SIGKILL, as a crash would; what it had in the page cache stays."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _write_properties(self) -> None:
        lines = [f"{key}={value}" for key, value in (self._properties() | self._overrides).items()]
        self.properties_file.write_text("\n".join(lines) + "\n", encoding="utf-8")

    def _properties(self) -> dict[str, str]:
        quorum = self._quorum
        replicas = str(min(len(quorum), 3))
        majority = str(min(len(quorum), 2))
        client, controller = self.bootstrap, f"{HOST}:{quorum[self.node_id]}"
        # A node without replicas answers only after fsync, 0.3 ms an awaited record on an SSD: with replicas the
        # others hold the record when one machine loses power.
        flush = {"log.flush.interval.messages": "1"} if len(quorum) == 1 else {}
        return flush | {
            "process.roles": "broker,controller",
            "node.id": str(self.node_id),
            "controller.quorum.voters": ",".join(f"{i}@{HOST}:{port}" for i, port in sorted(quorum.items())),
            "listeners": f"PLAINTEXT://{client},CONTROLLER://{controller}",
            "advertised.listeners": f"PLAINTEXT://{client}",
            "controller.listener.names": "CONTROLLER",
            "inter.broker.listener.name": "PLAINTEXT",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
            "log.dirs": str(self.data_dir / "logs"),
            "auto.create.topics.enable": "false",
            "default.replication.factor": replicas,
            "min.insync.replicas": majority,
            "offsets.topic.replication.factor": replicas,
            "offsets.topic.num.partitions": "4",
            "transaction.state.log.replication.factor": replicas,
            "transaction.state.log.min.isr": majority,
            "transaction.state.log.num.partitions": "4",
            "share.coordinator.state.topic.replication.factor": replicas,
            "share.coordinator.state.topic.min.isr": majority,
            "group.initial.rebalance.delay.ms": "0",
            # The producers send up to 4 MiB (services.runtime.broker), and a batch has its own header.
            "message.max.bytes": str(5 * 1024 * 1024),
            "replica.fetch.max.bytes": str(5 * 1024 * 1024),
            # The cleaner's default of 128 MB is a quarter of the heap; ours compacts one small topic.
            "log.cleaner.dedupe.buffer.size": str(16 * 1024 * 1024),
            "num.network.threads": "2",
            "num.io.threads": "4",
            "num.recovery.threads.per.data.dir": "2",
        }

    def _formatted_as(self) -> str | None:
        """The cluster id in the data directory, None before it was formatted."""
        try:
            lines = (self.data_dir / "logs" / "meta.properties").read_text(encoding="utf-8").splitlines()
        except FileNotFoundError:
            return None
        return next((line.partition("=")[2] for line in lines if line.startswith("cluster.id=")), None)

    def _format(self, java: str) -> None:
        if self._formatted_as() is not None:
            return
        cluster_id = self._cluster_id or new_cluster_id()
        result = subprocess.run(  # noqa: S603 (no shell, own words)
            [
                *self._java(java, 256),
                *("kafka.tools.StorageTool", "format", "--ignore-formatted"),
                *("--cluster-id", cluster_id, "--config", str(self.properties_file)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode != 0:
            raise OperatorError(str(self.data_dir), _last_line(result.stderr or result.stdout))

    def _java(self, java: str, heap_mb: int) -> list[str]:
        return [
            java,
            f"-Xmx{heap_mb}m",
            "-Xms64m",
            "-XX:+UseSerialGC",
            "-Djava.awt.headless=true",
            f"-Dsiaga.kafka.log={self.log_file}",
            f"-Dlog4j2.configurationFile={self.log_config.as_uri()}",
            *("-cp", f"{self.libs}/*"),
        ]

    async def _until_ready(self, brokers: int) -> None:
        while not (await self._listens() and await self._sees() >= brokers):
            if self._process is None or self._process.poll() is not None:
                raise OperatorError(str(self.log_file), self._why_it_ended())
            await asyncio.sleep(_POLL_SECONDS)

    async def _listens(self) -> bool:
        try:
            _, writer = await asyncio.open_connection(HOST, self.port)
        except OSError:
            return False
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
        return True

    async def _sees(self) -> int:
        """How many brokers it knows; none when another Kafka answers at our port."""
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=5000)
        try:
            await admin.start()
            cluster = await admin.describe_cluster()
            return len(cluster["brokers"]) if cluster["cluster_id"] == self._formatted_as() else 0
        except (KafkaError, OSError):
            return 0
        finally:
            await admin.close()

    def _why_it_ended(self) -> str:
        for file in (self.log_file, self.data_dir / "jvm.log"):
            if file.exists():
                found = _EXCEPTION.findall(file.read_text(encoding="utf-8", errors="replace"))
                if found:
                    return str(found[-1])
        return "Kafka ended by itself"


def new_cluster_id() -> str:
    """A cluster id as Kafka makes them: 16 random bytes in base64url, never starting with a dash."""
    while True:
        text = base64.urlsafe_b64encode(uuid.uuid4().bytes).rstrip(b"=").decode()
        if not text.startswith("-"):
            return text


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "no reason given"
