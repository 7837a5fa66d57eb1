"""One round: a cluster, the services, a plan of faults, a day of news, and what became of it."""

from __future__ import annotations

import asyncio
import bisect
import contextlib
import os
import random
import shutil
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition
from ruamel.yaml import YAML

from services.cli.demo.botapi import Fault as BotFault
from services.contracts.topics import DEAD
from services.notifier.vault import Vault
from services.runtime.ports import HOST, hold_port
from tests.chaos.books import OPEN, Books
from tests.chaos.cluster import NODES, Cluster
from tests.chaos.fleet import RESTART_S, Fleet
from tests.chaos.judge import Verdict, judge
from tests.chaos.outlet import sources_file
from tests.chaos.plan import Fault, Kind, Targets, draw_plan
from tests.chaos.proxy import Line
from tests.chaos.stories import Made, make_stories
from tests.chaos.world import SmallDisk, World
from tests.postgres_server import postgres_server

SERVICES = ("ingest", "tagger", "notifier")
SHARE_OF_THE_FIELD = 0.06
OFFICIALS = 5
_ENDLESS = 1_000_000
CHAT = 900000100
TOKEN = "1000000001:a-token-of-the-tests-that-must-never-leak"
LIBFAKETIME = next(iter(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1")), None)
_BOT_FAULTS = (
    BotFault.FLOOD,
    BotFault.BAD_GATEWAY,
    BotFault.DELIVERED_THEN_RESET,
    BotFault.RESET,
    BotFault.DELIVERED_NOT_JSON,
)
_LOOK_S = 0.25
#: At most one in so many sends meets a receiver that fails by itself.
_RECEIVER_FAULTS = 0.03
_STATES = {Kind.CUT: Line.CUT, Kind.STALL: Line.STALLED, Kind.HALF_OPEN: Line.HALF_OPEN}


@dataclass(frozen=True)
class Leg:
    """What is done in one round.  ``rate`` is stories a second."""

    store: str
    seed: int
    stories: int = 1000
    faults: int = 22
    rate: float = 10.0
    rolling: bool = False
    clocks: bool = True
    #: So long nothing may move before what is left counts as lost.
    settle_s: float = 300.0


@dataclass(frozen=True)
class Recovery:
    """A fault, and how long after its end a story was ingested, one tagged and a message received."""

    kind: str
    target: str
    lasted_s: float
    recovery_s: float | None


@dataclass(frozen=True)
class Found:
    """One round, counted."""

    store: str
    seed: int
    stories: int
    faults: int
    kills_and_pauses: int
    by_kind: dict[str, int]
    untagged: int
    copies: int
    incidents: int
    dead_letters: int
    verdict: dict[str, int]
    recoveries: list[dict[str, Any]]
    ended_by_themselves: dict[str, int]
    rolling: dict[str, Any]
    longest_gap_s: dict[str, float]
    settled_after_s: float
    seconds: float
    load: float

    @property
    def holds(self) -> bool:
        wrong = [self.verdict[name] for name in ("lost", "blind_repeats", "accepted_but_not_shown", "left_open")]
        statuses = [status for status in self.rolling.get("statuses", {}).values() if status != 0]
        return self.stories > 0 and not any([self.untagged, self.dead_letters, *wrong, *statuses])


@dataclass
class Stage:
    """Everything of a round that is running."""

    leg: Leg
    folder: Path
    world: World
    cluster: Cluster
    fleet: Fleet
    books: Books
    disks: dict[str, SmallDisk]
    postgres: int | None
    #: (seconds, stories ingested, stories tagged, messages received), as often as looked.
    samples: list[tuple[float, int, int, int]] = field(default_factory=list)
    ended: list[tuple[Fault, float]] = field(default_factory=list)
    #: News does not stop before every fault and every restart is over.
    goes_on: bool = True
    _turns: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    @property
    def targets(self) -> Targets:
        """What may be broken here."""
        clocks = SERVICES if LIBFAKETIME is not None and self.leg.store == "sqlite" and self.leg.clocks else ()
        lines = ["outlets", "bot api", "mail"]
        for number, service in enumerate(SERVICES, 1):
            lines += [f"{service} to kafka", f"{service} to kafka-{number}"]
            lines += [f"{service} to postgres"] if self.postgres else []
        brokers = [f"kafka-{number}" for number in self.cluster.nodes]
        databases = ["postgres"] if self.postgres else []
        return Targets(list(self.fleet.members), brokers, lines, list(self.disks), clocks, databases)

    # Faults ------------------------------------------------------------------------------------

    async def strike(self, fault: Fault, began: float) -> None:
        """Wait for its time, do it, end it."""
        await asyncio.sleep(max(0.0, began + fault.at - time.monotonic()))
        async with self._turns[fault.target]:
            await self._do(fault)
            self.ended.append((fault, time.monotonic()))

    async def _do(self, fault: Fault) -> None:
        if fault.kind is Kind.KILL:
            self._kill(fault.target)
        elif fault.kind is Kind.PAUSE:
            self._signal(fault.target, signal.SIGSTOP)
            await asyncio.sleep(fault.seconds)
            self._signal(fault.target, signal.SIGCONT)
        elif fault.kind is Kind.FULL_DISK:
            await asyncio.to_thread(self.disks[fault.target].fill)
            await asyncio.sleep(fault.seconds)
            self.disks[fault.target].clear()
        elif fault.kind is Kind.CLOCK:
            self._set_clock(fault.target, fault.jump_s)
            await asyncio.sleep(fault.seconds)
            self._set_clock(fault.target, 0)
        else:
            names = [
                name for name in self.world.lines if name == fault.target or name.startswith(fault.target + "-")
            ]
            for name in names:
                self.world.put(name, _STATES[fault.kind])
            await asyncio.sleep(fault.seconds)
            for name in names:
                self.world.put(name, Line.OPEN)

    def _kill(self, target: str) -> None:
        if target.startswith("kafka-"):
            self.cluster.kill(_node(target))
        elif target == "postgres" and self.postgres:
            _crash_postgres(self.postgres)
        else:
            self.fleet.kill(target)

    def _signal(self, target: str, what: signal.Signals) -> None:
        if target.startswith("kafka-"):
            self.cluster.signal(_node(target), what)
        else:
            self.fleet.signal(target, what)

    def _set_clock(self, service: str, seconds: int) -> None:
        clock = self.folder / f"clock-{service}"
        clock.with_suffix(".new").write_text(f"{seconds:+d}")
        clock.with_suffix(".new").replace(clock)

    async def mend_brokers(self) -> None:
        """Start again what died, as an orchestrator would, and once its disk has room."""
        while True:
            await asyncio.sleep(2 * RESTART_S)
            for number in self.cluster.nodes:
                disk = self.disks.get(f"disk of kafka-{number}")
                full = disk is not None and (disk.folder / "ballast").exists()
                if self.cluster.is_down(number) and not full:
                    self.cluster.restart(number)

    async def trouble_receivers(self, dice: random.Random) -> None:
        """Receivers fail by themselves now and then."""
        self.world.mail.rate = _RECEIVER_FAULTS
        while True:
            await asyncio.sleep(dice.expovariate(0.25))
            self.world.bot.fail_next(dice.choice(_BOT_FAULTS))

    # Work --------------------------------------------------------------------------------------

    async def publish(self, stories: Iterator[Made]) -> None:
        """Put one story after the other into its feed: as many as asked for, and more while it is to go on."""
        began = time.monotonic()
        for number, made in enumerate(stories):
            if number >= self.leg.stories and not self.goes_on:
                return
            await asyncio.sleep(max(0.0, began + number / self.leg.rate - time.monotonic()))
            self.world.release(made)

    async def sample(self) -> None:
        """Look at how far the work has come."""
        while True:
            ingested, tagged, received = await asyncio.to_thread(self.books.progress)
            self.samples.append((time.monotonic(), ingested, tagged, received))
            await asyncio.sleep(_LOOK_S)

    async def until_settled(self) -> float:
        """Wait until everything has its end, or nothing has moved for long; seconds it took."""
        began = moved = time.monotonic()
        calm_since: float | None = None
        seen: object = None
        while time.monotonic() - moved < self.leg.settle_s:
            now = await asyncio.to_thread(self._standing)
            if now != seen:
                seen, moved = now, time.monotonic()
            if await asyncio.to_thread(self._is_settled):
                calm_since = calm_since or time.monotonic()
                if time.monotonic() - calm_since > 2.0:
                    return round(calm_since - began, 1)
            else:
                calm_since = None
                await asyncio.to_thread(self.books.let_waits_pass)
            await asyncio.sleep(0.5)
        return round(time.monotonic() - began, 1)

    def _standing(self) -> tuple[object, ...]:
        """What changes as long as anything moves."""
        return (*self.books.progress(), self.books.waiting(), *sorted(self.books.states().items()))

    def _is_settled(self) -> bool:
        books = self.books
        return (
            not self.untagged()
            and {row.incident_id for row in books.incidents()} <= books.heard_of()
            and not OPEN & books.states().keys()
            and books.waiting() == 0
        )

    def untagged(self) -> set[int]:
        """Stories that stood in a feed, have no label and are no copy of one that has."""
        return set(self.world.outlets.released) - self.books.tagged() - self.books.copies()

    # Counting ----------------------------------------------------------------------------------

    def recoveries(self) -> list[Recovery]:
        """How long each fault was felt after its end."""
        times = [sample[0] for sample in self.samples]
        found = []
        for fault, end in self.ended:
            at = max(0, bisect.bisect_right(times, end) - 1)
            seconds = [self._next_step(at, column, end) for column in (1, 2, 3)]
            known = [one for one in seconds if one is not None]
            whole = round(max(known), 2) if len(known) == 3 else None
            found.append(Recovery(str(fault.kind), fault.target, fault.seconds, whole))
        return found

    def _next_step(self, at: int, column: int, end: float) -> float | None:
        before = self.samples[at][column]
        later = (sample for sample in self.samples[at + 1 :] if sample[column] > before)
        return next((sample[0] - end for sample in later), None)

    def longest_gaps(self, since: float, until: float) -> dict[str, float]:
        """The longest time in which nothing moved at a stage."""
        gaps = {}
        for column, name in enumerate(("ingested", "tagged", "received"), 1):
            moved, last, longest = since, -1.0, 0.0
            for sample in self.samples:
                if since <= sample[0] <= until and sample[column] > last:
                    longest, moved, last = max(longest, sample[0] - moved), sample[0], sample[column]
            longest = max(longest, until - moved)
            gaps[name] = round(longest, 2)
        return gaps

    async def dead_letters(self) -> int:
        """How many records were put aside: none of these stories deserves it."""
        direct = ",".join(node.bootstrap for node in self.cluster.nodes.values())
        consumer = AIOKafkaConsumer(bootstrap_servers=direct)
        await consumer.start()
        try:
            spot = TopicPartition(DEAD, 0)
            consumer.assign([spot])
            return int((await consumer.end_offsets([spot]))[spot])
        finally:
            await consumer.stop()


def _node(target: str) -> int:
    return int(target.rpartition("-")[2])


def _crash_postgres(port: int) -> None:
    """kill -9 of one backend: the server ends all sessions and recovers from its log."""
    with (
        contextlib.suppress(psycopg.Error),
        psycopg.connect(host=HOST, port=port, user="siaga", dbname="postgres", connect_timeout=3) as connection,
    ):
        os.kill(connection.info.backend_pid, signal.SIGKILL)


def officials_file(folder: Path) -> Path:
    """Some officials who hear everything: on Telegram alone, with mail behind it, or by mail."""
    ways = (["telegram"], ["telegram", "email"], ["email", "telegram"])
    entries: list[dict[str, Any]] = [
        {
            "ref": f"official-{n}", "title": f"Office {n}", "zone": "Asia/Makassar",
            "contacts": {"telegram": CHAT + n, "email": f"office{n}@example.org"},
            "channels": ways[n % 3], "digest": {"every": 10},
            "subscriptions": [{"regions": ["*"], "min_severity": 0}],
        }
        for n in range(OFFICIALS)
    ]  # fmt: skip
    path = folder / "officials.yaml"
    with path.open("w") as file:
        YAML().dump({"officials": entries}, file)
    return path


@contextlib.asynccontextmanager
async def stage(leg: Leg, folder: Path, dice: random.Random) -> AsyncIterator[Stage]:
    """Everything started and ready."""
    async with contextlib.AsyncExitStack() as stack:
        postgres = stack.enter_context(postgres_server()) if leg.store == "postgresql" else None
        disks: dict[str, SmallDisk] = {}
        if leg.store == "sqlite":
            for service in SERVICES:
                disks[f"disk of {service}"] = SmallDisk(folder / service, 64)
            disks["disk of kafka-3"] = SmallDisk(folder / "kafka-3", 256)
            for disk in disks.values():
                stack.callback(disk.end)
        cluster = Cluster([folder / f"kafka-{number}" for number in range(1, NODES + 1)], SERVICES)
        world = World(folder, dice)
        stack.callback(world.end)
        world.start(cluster.proxies, dict.fromkeys(SERVICES, postgres.port) if postgres else {})
        stack.callback(cluster.end)
        await cluster.start()
        fleet = Fleet(folder)
        stack.push_async_callback(fleet.end)
        if postgres:
            made = {service: postgres.database(service) for service in (*SERVICES, "desk")}
        else:
            made = {service: f"sqlite:///{folder / service / service}.sqlite3" for service in SERVICES}
        books = Books(made, world, CHAT)
        stack.callback(books.close)
        here = Stage(
            leg,
            folder,
            world,
            cluster,
            fleet,
            books,
            {name: disk for name, disk in disks.items() if disk.mounted},
            postgres.port if postgres else None,
        )
        _add_members(here, made)
        for name in fleet.members:
            fleet.start(name)
        fleet.watch()
        await asyncio.gather(*(fleet.until_ready(name, 400.0) for name in fleet.members))
        yield here


def _add_members(here: Stage, stores: dict[str, str]) -> None:
    folder, world = here.folder, here.world
    (folder / "token").write_text(TOKEN)
    (folder / "key").write_text("a secret of the proofs, made of forty and more characters")
    lines = world.lines

    def url(service: str, store: str) -> str:
        if here.postgres is None:
            return stores[store]
        return stores[store].replace(f":{here.postgres}/", f":{lines[f'{service} to postgres'].port}/")

    own: dict[str, dict[str, str]] = {
        "ingest": {
            "SIAGA_SOURCES": str(sources_file(folder, lines["outlets"].port)),
            "SIAGA_INGEST_STORE": url("ingest", "ingest"),
        },
        "tagger": {"SIAGA_TAGGER_STORE": url("tagger", "tagger")},
        "notifier": {
            "SIAGA_NOTIFIER_STORE": url("notifier", "notifier"),
            **({"SIAGA_DESK_STORE": url("notifier", "desk")} if here.postgres else {}),
            "SIAGA_OFFICIALS_FILE": str(officials_file(folder)),
            "SIAGA_CONTACT_KEY_FILE": str(folder / "key"),
            "SIAGA_TELEGRAM_TOKEN_FILE": str(folder / "token"),
            "SIAGA_TELEGRAM_API_URL": f"http://127.0.0.1:{lines['bot api'].port}",
            "SIAGA_SMTP_HOST": "127.0.0.1",
            "SIAGA_SMTP_PORT": str(lines["mail"].port),
            "SIAGA_SMTP_LOCAL_DEMO": "true",
        },
    }
    replicas = {"ingest": 1, "tagger": 2, "notifier": 2} if here.postgres else dict.fromkeys(SERVICES, 1)
    for service in SERVICES:
        common = {
            "SIAGA_KAFKA": here.cluster.bootstrap(service),
            "SIAGA_REPLICATION_FACTOR": str(NODES),
            "SIAGA_KAFKA_SESSION_TIMEOUT_MS": "6000",
            "SIAGA_DATA_DIR": str(folder / service),
            **(_faketime(here, service) if here.targets.clocks else {}),
        }
        (folder / service).mkdir(exist_ok=True)
        for number in range(1, replicas[service] + 1):
            name = service if replicas[service] == 1 else f"{service}-{number}"
            here.fleet.add(name, service, hold_port(), common | own[service])


def _faketime(here: Stage, service: str) -> dict[str, str]:
    """A clock that reads its error from a file; the monotonic one goes on, as on a real machine."""
    here._set_clock(service, 0)
    return {
        "LD_PRELOAD": str(LIBFAKETIME),
        "FAKETIME_TIMESTAMP_FILE": str(here.folder / f"clock-{service}"),
        "FAKETIME_CACHE_DURATION": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        # It reckons timed waits on the monotonic clock by the false one: a thread that waits for the interpreter
        # then spins, or waits for as long as the clock was set back.  5 ms are the interpreter's own.
        "FAKETIME_WAIT_MS": "5",
    }


async def play(leg: Leg, folder: Path, tell: Callable[[str], None] = lambda _: None) -> Found:
    """Run one round and count."""
    dice = random.Random(leg.seed)
    began = time.monotonic()
    async with stage(leg, folder, dice) as here:
        span = leg.stories / leg.rate
        plan = draw_plan(dice, here.targets, leg.faults, max(1.0, span * 0.85))
        tell(f"seed {leg.seed}, {leg.store}, ready after {time.monotonic() - began:.1f} s")
        for fault in plan:
            tell(str(fault))
        rolling = await _under_fire(here, plan, dice)
        began_settling = time.monotonic()
        settled = await here.until_settled()
        verdict = _verdict(here)
        tell(f"settled {settled} s after the last story: {verdict}")
        return Found(
            store=leg.store,
            seed=leg.seed,
            stories=len(here.world.outlets.released),
            faults=len(here.ended),
            kills_and_pauses=sum(fault.kind in {Kind.KILL, Kind.PAUSE} for fault, _ in here.ended),
            by_kind=dict(sorted(Counter(f"{fault.kind} {fault.target}" for fault, _ in here.ended).items())),
            untagged=len(here.untagged()),
            copies=len(here.books.copies()),
            incidents=len(here.books.incidents()),
            dead_letters=await here.dead_letters(),
            verdict=asdict(verdict),
            recoveries=[asdict(one) for one in here.recoveries()],
            ended_by_themselves=dict(here.fleet.ended_by_themselves),
            rolling=rolling,
            longest_gap_s=here.longest_gaps(min(here.world.outlets.released.values()), began_settling),
            settled_after_s=settled,
            seconds=round(time.monotonic() - began, 1),
            load=round(os.getloadavg()[0], 1),
        )


async def _under_fire(here: Stage, plan: list[Fault], dice: random.Random) -> dict[str, Any]:
    """Publish and break at once, until both are over; then every line is whole and every process runs."""
    leg = here.leg
    helpers = [
        asyncio.create_task(step, name=name)
        for name, step in (
            ("sampler", here.sample()),
            ("brokers", here.mend_brokers()),
            ("receivers", here.trouble_receivers(dice)),
        )
    ]
    try:
        began = time.monotonic()
        stories = make_stories(_ENDLESS, dice, SHARE_OF_THE_FIELD)
        work = [
            asyncio.create_task(here.publish(stories)),
            *(asyncio.create_task(here.strike(f, began)) for f in plan),
        ]
        await asyncio.gather(*work[1:])
        rolling = await _restart_in_order(here) if leg.rolling else {}
        here.goes_on = False
        await work[0]
        await asyncio.sleep(2 * _LOOK_S)
        return rolling
    finally:
        here.world.mail.rate = 0.0
        here.world.bot._faults.clear()
        helpers[2].cancel()
        # The sampler and the mending of brokers go on until the round is judged.
        asyncio.current_task().add_done_callback(lambda _: [one.cancel() for one in helpers])  # type: ignore[union-attr]


async def _restart_in_order(here: Stage) -> dict[str, Any]:
    """SIGTERM to one replica after the other, each started anew before the next goes."""
    began = time.monotonic()
    for name in here.fleet.members:
        await here.fleet.until_ready(name, 300.0)
    started = time.monotonic()
    statuses = {name: await here.fleet.restart_in_order(name) for name in here.fleet.members}
    return {
        "statuses": statuses,
        "waited_s": round(started - began, 1),
        "seconds": round(time.monotonic() - started, 1),
        "longest_gap_s": here.longest_gaps(started, time.monotonic()),
    }


def _verdict(here: Stage) -> Verdict:
    books = here.books
    numbers = books.numbers(Vault.open(here.folder / "key"))
    standing = [row.incident_id for row in books.incidents() if not row.withdrawn]
    return judge(books.ledger(), books.shown(), numbers, standing)


def _tell(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def play_in(leg: Leg, keep: bool = False) -> Found:
    """One round in a folder of its own, with everything it says on stderr."""
    folder = Path(os.environ.get("TMPDIR", "/tmp")) / f"siaga-chaos-{os.getpid()}-{leg.seed}"
    folder.mkdir()
    try:
        return asyncio.run(play(leg, folder, _tell))
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)
