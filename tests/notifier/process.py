"""Run the notifier as a process against a broker, a Bot API and a mail server on loopback, and kill it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.cli.demo.botapi import BotApi
from services.cli.demo.mailbox import Mailbox
from services.contracts.alert import AlertEvent
from services.contracts.delivery import DELIVERY_RECORDED, DeliveryRecorded
from services.contracts.topics import ALERTS, DELIVERIES, TOPICS

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "1000000001:a-token-of-the-tests-that-must-never-leak"


@dataclass
class NotifierProcess:
    """One notifier, started and killed as often as a test wants."""

    bootstrap: str
    incarnation: str
    folder: Path
    bot: BotApi
    mail: Mailbox
    officials: Path
    environment: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0

    def start(self, **environment: str) -> None:
        token = self.folder / "token"
        token.write_text(TOKEN)
        env = {
            **os.environ,
            "SIAGA_KAFKA": self.bootstrap,
            "SIAGA_BROKER_INCARNATION": self.incarnation,
            "SIAGA_KAFKA_SESSION_TIMEOUT_MS": "6000",
            "SIAGA_DATA_DIR": str(self.folder),
            "SIAGA_OFFICIALS_FILE": str(self.officials),
            "SIAGA_TELEGRAM_TOKEN_FILE": str(token),
            "SIAGA_TELEGRAM_API_URL": self.bot.url,
            "SIAGA_SMTP_HOST": "127.0.0.1",
            "SIAGA_SMTP_PORT": str(self.mail.port),
            "SIAGA_SMTP_LOCAL_DEMO": "true",
            **self.environment,
            **environment,
        }
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "services.notifier"], env=env, cwd=ROOT, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            if self.process.poll() is None:
                self.process.send_signal(signal.SIGKILL)
                self.kills += 1
            self.process.wait()

    async def stop(self) -> int:
        """End it as an operator does; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        return await asyncio.to_thread(self.process.wait, 15)

    @property
    def log(self) -> str:
        return (self.folder / "log").read_text(errors="replace")

    async def publish(self, events: Iterable[AlertEvent]) -> None:
        producer = AIOKafkaProducer(bootstrap_servers=self.bootstrap)
        await producer.start()
        try:
            for event in events:
                await producer.send(ALERTS, event.model_dump_json().encode(), key=event.incident_id.encode())
            await producer.flush()
        finally:
            await producer.stop()

    async def announced(self) -> list[DeliveryRecorded]:
        """Everything on the topic ``deliveries`` now."""
        parts = [TopicPartition(DELIVERIES, number) for number in range(TOPICS[DELIVERIES].partitions)]
        consumer = AIOKafkaConsumer(bootstrap_servers=self.bootstrap, auto_offset_reset="earliest")
        await consumer.start()
        found: list[DeliveryRecorded] = []
        try:
            consumer.assign(parts)
            await consumer.seek_to_beginning(*parts)
            ends = await consumer.end_offsets(parts)
            while any([await consumer.position(part) < ends[part] for part in parts]):
                for records in (await consumer.getmany(timeout_ms=300)).values():
                    found += [DELIVERY_RECORDED.validate_json(record.value) for record in records]
        finally:
            await consumer.stop()
        return found

    def ledger(self) -> list[sqlite3.Row]:
        """Every row of the ledger, read beside the running process."""
        path = self.folder / "notifier.sqlite3"
        if not path.exists():
            return []
        with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=20)) as conn:
            conn.row_factory = sqlite3.Row
            try:
                return conn.execute("SELECT * FROM delivery").fetchall()
            except sqlite3.OperationalError:  # not migrated yet
                return []

    def states(self) -> Counter[str]:
        return Counter(row["state"] for row in self.ledger())

    def copies(self) -> Counter[tuple[int, str]]:
        """How often each chat has each first line and incident on its screen."""
        return Counter((m.chat_id, thread_of(m.shown)) for m in self.bot.chats.messages.values() if m.ours)

    async def until(self, holds: Callable[[], bool], seconds: float = 120.0) -> None:
        async with asyncio.timeout(seconds):
            while not holds():
                if self.process is not None and self.process.poll() not in {None, -signal.SIGKILL}:
                    raise AssertionError(f"the notifier ended with {self.process.poll()}\n{self.log[-3000:]}")
                await asyncio.sleep(0.1)


def thread_of(text: str) -> str:
    """The incident's short name, which every card ends with."""
    return text.rsplit(" ", 1)[-1]


@contextlib.asynccontextmanager
async def notifying(
    bootstrap: str, incarnation: str, folder: Path, officials: Path, **environment: str
) -> AsyncIterator[NotifierProcess]:
    bot = BotApi(folder / "telegram")
    mail = Mailbox(folder / "mail")
    await bot.start()
    await mail.start()
    one = NotifierProcess(bootstrap, incarnation, folder, bot, mail, officials, environment)
    try:
        yield one
    finally:
        one.kill()
        await bot.stop()
        await mail.stop()
