"""Three Kafka nodes on loopback; each service reaches each of them through a proxy of its own."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path

from services.cli.topics import wanted_topics
from services.runtime.apache import ApacheKafka, new_cluster_id
from services.runtime.broker import admin_client
from services.runtime.jars import ensure_jars
from services.runtime.ports import HOST, hold_port
from services.runtime.settings import ServiceSettings
from services.runtime.topics_admin import create_topics
from tests.chaos.proxy import Proxy

ROOT = Path(__file__).resolve().parents[2]
CONFIG = ROOT / "deploy" / "kafka"
NODES = 3
HEAP_MB = 256
#: A node that died or stands still is out after this: 9 s by default.
_QUICK = {"broker.session.timeout.ms": "4000", "broker.heartbeat.interval.ms": "500"}
#: So that a node and its logs fit into the small file system that is filled up.
_SMALL = {"log.segment.bytes": str(16 * 1024 * 1024), "log.index.size.max.bytes": str(256 * 1024)}


class Cluster:
    """The nodes, and the proxies before them by service and node."""

    def __init__(self, folders: Sequence[Path], services: Sequence[str]) -> None:
        """``folders``: where each node keeps its data."""
        libs = ensure_jars(
            CONFIG / "pom.xml", Path(os.environ.get("SIAGA_KAFKA_LIBS", ROOT / "var" / "kafka-libs"))
        )
        quorum = {number: hold_port() for number in range(1, len(folders) + 1)}
        cluster_id = new_cluster_id()
        # A node here lives for a minute or dies sooner: the costly compiler would never earn what it takes.
        os.environ.setdefault("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")
        self.proxies = {(name, number): Proxy(hold_port()) for name in services for number in quorum}
        self._services = services
        self.nodes = {
            number: ApacheKafka(
                folder,
                libs=libs,
                log_config=CONFIG / "log4j2.properties",
                node_id=number,
                quorum=quorum,
                cluster_id=cluster_id,
                heap_mb=HEAP_MB,
            )
            for number, folder in zip(quorum, folders, strict=True)
        }
        for number, node in self.nodes.items():
            node._overrides = self._listeners(node, number, quorum[number]) | _QUICK | _SMALL
        self.stopped: set[int] = set()

    def _listeners(self, node: ApacheKafka, number: int, controller: int) -> dict[str, str]:
        """A listener for each service: what it is told to connect to is its proxy."""
        own = {name.upper(): self.proxies[name, number] for name in self._services}
        direct = f"PLAINTEXT://{node.bootstrap}"
        return {
            "listeners": ",".join(
                [direct, f"CONTROLLER://{HOST}:{controller}"]
                + [f"{name}://{HOST}:{proxy.target}" for name, proxy in own.items()]
            ),
            "advertised.listeners": ",".join(
                [direct] + [f"{name}://{HOST}:{proxy.port}" for name, proxy in own.items()]
            ),
            "listener.security.protocol.map": ",".join(
                f"{name}:PLAINTEXT" for name in ("CONTROLLER", "PLAINTEXT", *own)
            ),
        }

    def bootstrap(self, service: str) -> str:
        """Where a service begins."""
        return ",".join(f"{HOST}:{self.proxies[service, number].port}" for number in self.nodes)

    async def start(self) -> None:
        """Start every node and create the topics, each on all of them; the proxies must listen already."""
        await asyncio.gather(*(node.start(brokers=len(self.nodes)) for node in self.nodes.values()))
        direct = ",".join(node.bootstrap for node in self.nodes.values())
        async with admin_client(ServiceSettings(kafka=direct), timeout_s=60.0) as admin:
            await create_topics(admin, wanted_topics(), replication_factor=len(self.nodes))

    def kill(self, number: int) -> None:
        """kill -9."""
        self.nodes[number].kill()

    def is_down(self, number: int) -> bool:
        """Whether it ended, by our hand or by itself."""
        return self.nodes[number].pid is None

    def restart(self, number: int) -> None:
        """Start it again; that it answers is not waited for."""
        if self.is_down(number):
            self.nodes[number].kill()  # reap it
            self.nodes[number].spawn()

    def signal(self, number: int, what: signal.Signals) -> None:
        """SIGSTOP or SIGCONT."""
        pid = self.nodes[number].pid
        if pid is not None:
            os.kill(pid, what)

    def end(self) -> None:
        """kill -9 of every node."""
        for node in self.nodes.values():
            node.kill()
