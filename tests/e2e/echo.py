"""Drive the echo service against a real Apache Kafka: start it, kill it, and count what came out."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests" / "runtime" / "echo_service.py"


@dataclass
class Echo:
    """Topics of its own on a broker, and the processes that read and write them."""

    bootstrap: str
    prefix: str
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def topic(self, name: str) -> str:
        return f"{self.prefix}{name}"

    async def make_topics(self, partitions: int = 6) -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.create_topics(
                [
                    NewTopic(self.topic("in"), partitions, 1),
                    NewTopic(self.topic("out"), partitions, 1),
                    NewTopic(self.topic("dead"), 1, 1),
                ]
            )
        finally:
            await admin.close()

    def start(self, name: str = "a") -> subprocess.Popen[bytes]:
        data = self.folder / name
        data.mkdir(exist_ok=True)
        env = {
            **os.environ,
            "SIAGA_KAFKA": self.bootstrap,
            "SIAGA_DATA_DIR": str(data),
            "SIAGA_KAFKA_SESSION_TIMEOUT_MS": "6000",
            "ECHO_PREFIX": self.prefix,
            **self.environment,
        }
        with (data / "log").open("ab") as log:
            process = subprocess.Popen([sys.executable, str(SCRIPT)], env=env, cwd=ROOT, stdout=log, stderr=log)
        self.processes.append(process)
        return process

    def log_of(self, name: str = "a") -> str:
        return (self.folder / name / "log").read_text(errors="replace")

    def end(self) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.send_signal(signal.SIGKILL)
            process.wait()

    async def send(self, values: Sequence[tuple[bytes, bytes | None, Any]]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap, enable_idempotence=True)
        await producer.start()
        try:
            for key, value, headers in values:
                await producer.send(self.topic("in"), value, key=key, headers=list(headers))
            await producer.flush()
        finally:
            await producer.stop()

    async def send_numbers(self, numbers: Sequence[int], **extra: Any) -> None:
        await self.send([(str(n).encode(), json.dumps({"id": n, **extra}).encode(), ()) for n in numbers])

    async def read(self, name: str) -> list[Any]:
        """Everything on a topic now."""
        consumer = AIOKafkaConsumer(
            self.topic(name), bootstrap_servers=self.bootstrap, auto_offset_reset="earliest"
        )
        await consumer.start()
        try:
            ends = await consumer.end_offsets(consumer.assignment())
            found: list[Any] = []
            while any([await consumer.position(tp) < end for tp, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=500)).values():
                    found += records
            return found
        finally:
            await consumer.stop()

    async def ids(self) -> Counter[int]:
        """How often each number came out."""
        return Counter(json.loads(record.value)["id"] for record in await self.read("out"))

    async def until_out(self, count: int, seconds: float = 120) -> Counter[int]:
        """Wait until so many different numbers are out."""
        async with asyncio.timeout(seconds):
            while True:
                found = await self.ids()
                if len(found) >= count:
                    return found
                await asyncio.sleep(0.3)

    async def until_dead(self, count: int, seconds: float = 120) -> list[Any]:
        async with asyncio.timeout(seconds):
            while len(found := await self.read("dead")) < count:
                await asyncio.sleep(0.3)
            return found


@contextlib.asynccontextmanager
async def echoing(bootstrap: str, prefix: str, folder: Path, **environment: str) -> AsyncIterator[Echo]:
    one = Echo(bootstrap, prefix, folder, environment)
    await one.make_topics()
    try:
        yield one
    finally:
        one.end()
