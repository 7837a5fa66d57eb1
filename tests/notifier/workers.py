"""Two notifiers on one store, started and killed by a plan, against servers that keep their own books."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiokafka import AIOKafkaProducer

from services.cli.demo.botapi import BotApi
from services.contracts.alert import AlertEvent
from services.contracts.topics import ALERTS
from services.notifier import taking_over
from services.notifier.app import MIGRATIONS
from services.notifier.core.ledger import State
from services.notifier.officials_file import read_officials
from services.notifier.planner import Planner, Seen
from services.notifier.tables import DELIVERY
from services.notifier.vault import Vault
from services.runtime.store import Store
from tests.notifier.faulty_mail import FaultyMail
from tests.notifier.nursery import Child, Nursery
from tests.notifier.process import TOKEN

#: Not final and not visible to people: nothing may stay here.
OPEN = [State.DUE, State.INTENDED, State.SENDING, State.RETRY_WAIT]


@dataclass(frozen=True)
class BrokerAddress:
    """Where the broker of the workers is; one that forgets has an incarnation."""

    bootstrap: str
    incarnation: str = ""


@dataclass
class Worker:
    """One process, and how its next life is to end: where it was planned to, and where it is about to."""

    name: str
    plan: str = ""
    fate: str = ""
    process: Child | None = None
    started: float = 0.0

    @property
    def is_dead(self) -> bool:
        return self.process is None or self.process.poll() is not None


@dataclass
class Workers:
    """Both processes and the world around them."""

    broker: BrokerAddress | None
    folder: Path
    officials: Path
    store_url: str
    bot: BotApi
    mail: FaultyMail
    ordering: str
    both: tuple[Worker, Worker] = field(default_factory=lambda: (Worker("one"), Worker("two")))
    kills: Counter[str] = field(default_factory=Counter)
    #: What was open in the ledger at the moment of each death.
    torn: Counter[str] = field(default_factory=Counter)
    #: Lives that ended with a status of their own; they are begun again, as an orchestrator would.
    ended_by_themselves: int = 0
    nursery: Nursery = field(default_factory=Nursery)
    engine: sa.Engine = field(init=False)
    store: Store = field(init=False)

    def __post_init__(self) -> None:
        self.engine = sa.create_engine(self.store_url)
        self.store = Store.open(self.store_url, MIGRATIONS)
        self.key.write_text("a secret of the proofs, made of forty and more characters")

    @property
    def key(self) -> Path:
        """The file of the contacts' key."""
        return self.folder / "key"

    def start(self, worker: Worker, after: str = "", crossing: int = 0) -> None:
        """Begin a life that ends after so many crossings of a boundary, or when it is killed from outside."""
        arguments = ["--ordering", self.ordering, *(["--bare"] if self.broker is None else [])]
        if after:
            arguments += ["--after", after, "--crossing", str(crossing)]
        log = self.folder / f"log-{worker.name}"
        worker.process = self.nursery.start(arguments, self._environment(), log)
        worker.fate = after
        worker.started = asyncio.get_running_loop().time()

    def _environment(self) -> dict[str, str]:
        token = self.folder / "token"
        token.write_text(TOKEN)
        return {
            "SIAGA_KAFKA": self.broker.bootstrap if self.broker else "127.0.0.1:1",
            "SIAGA_BROKER_INCARNATION": self.broker.incarnation if self.broker else "",
            "SIAGA_KAFKA_SESSION_TIMEOUT_MS": "6000",
            "SIAGA_DATA_DIR": str(self.folder),
            "SIAGA_NOTIFIER_STORE": self.store_url,
            "SIAGA_CONTACT_KEY_FILE": str(self.key),
            "SIAGA_OFFICIALS_FILE": str(self.officials),
            "SIAGA_TELEGRAM_TOKEN_FILE": str(token),
            "SIAGA_TELEGRAM_API_URL": self.bot.url,
            "SIAGA_SMTP_HOST": "127.0.0.1",
            "SIAGA_SMTP_PORT": str(self.mail.port),
            "SIAGA_SMTP_LOCAL_DEMO": "true",
        }

    def bury(self, worker: Worker, outside: str = "any moment") -> str:
        """Note how a worker ended, killing it if it still lives; where it was killed, if it was."""
        process = worker.process
        if process is None:
            return ""
        if process.poll() is None:
            process.kill()
            worker.fate = outside
        killed = process.wait() == -signal.SIGKILL
        worker.process = None
        if not killed:
            self.ended_by_themselves += 1
            return ""
        if worker.fate:
            self.kills[worker.fate] += 1
            for state, count in self.states().items():
                if state in {State.INTENDED, State.SENDING}:
                    self.torn[state] += count
        return worker.fate

    def log(self, worker: Worker) -> str:
        return (self.folder / f"log-{worker.name}").read_text(errors="replace")

    def states(self) -> Counter[str]:
        """How many deliveries stand where."""
        query = sa.select(DELIVERY.c.state, sa.func.count()).group_by(DELIVERY.c.state)
        try:
            with self.engine.connect() as conn:
                return Counter({row[0]: row[1] for row in conn.execute(query)})
        except sa.exc.DBAPIError:  # not migrated yet
            return Counter()

    async def let_waits_pass(self) -> None:
        """What waits for its next attempt is due now: hours of back-off are not what is proven."""
        now = time.time()
        update = sa.update(DELIVERY).where(DELIVERY.c.state == State.RETRY_WAIT, DELIVERY.c.due_at > now + 3)
        await self.store.write(lambda conn: conn.execute(update.values(due_at=now)).rowcount)

    def ledger(self) -> Sequence[Any]:
        """Every row of the ledger."""
        with self.engine.connect() as conn:
            return conn.execute(sa.select(DELIVERY)).all()

    async def prepare(self) -> None:
        """Make the tables and take the officials over, as the first start would."""
        entries, vault = read_officials(self.officials), Vault.open(self.key)

        def work(conn: sa.Connection) -> None:
            for entry in entries:
                taking_over.import_entry(conn, vault, entry, "operator", time.time())

        await self.store.write(work)

    async def publish(self, events: Sequence[AlertEvent]) -> None:
        """Give the workers alerts: through the broker, or where there is none straight into the ledger."""
        if self.broker is None:
            seen, now = [Seen(event) for event in events], datetime.now(UTC)
            await self.store.write(lambda conn: Planner().plan(conn, seen, now), serial=True)
            return
        producer = AIOKafkaProducer(bootstrap_servers=self.broker.bootstrap)
        await producer.start()
        try:
            for event in events:
                await producer.send(ALERTS, event.model_dump_json().encode(), key=event.incident_id.encode())
            await producer.flush()
        finally:
            await producer.stop()


class ServerThread:
    """An event loop of its own for a server."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, step: Coroutine[Any, Any, None]) -> None:
        """Do a step there and wait for it."""
        asyncio.run_coroutine_threadsafe(step, self._loop).result(30)

    def end(self) -> None:
        """Cut off what still hangs, and end."""
        self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


@contextlib.asynccontextmanager
async def two_workers(
    broker: BrokerAddress | None,
    folder: Path,
    officials: Path,
    store_url: str,
    dice: random.Random,
    ordering: str,
) -> AsyncIterator[Workers]:
    """Servers and two workers that are not started yet."""
    # Each on a thread of its own: their clocks are the proof, and must not wait for what we do here.
    bot, mail = BotApi(folder / "telegram"), FaultyMail(random.Random(dice.random()))
    bot_thread, mail_thread = ServerThread(), ServerThread()
    bot_thread.run(bot.start())
    mail_thread.run(mail.start())
    workers = Workers(broker, folder, officials, store_url, bot, mail, ordering)
    try:
        await workers.prepare()
        yield workers
    finally:
        for worker in workers.both:
            worker.fate = ""
            if worker.process is not None:
                worker.process.kill()
                worker.process.wait()
        workers.nursery.end()
        workers.engine.dispose()
        await workers.store.close()
        bot_thread.run(bot.stop())
        mail_thread.run(mail.stop())
        bot_thread.end()
        mail_thread.end()
