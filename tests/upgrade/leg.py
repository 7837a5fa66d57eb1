"""One upgrade under load: services of the version before, each replaced by ours while stories flow, and what became of it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.cli.holdings import MIGRATIONS
from services.contracts.delivery import Action
from services.contracts.topics import ALERTS, DEAD, DELIVERIES, STORIES, STORIES_TAGGED, TOPICS
from services.notifier.core.ledger import State
from services.notifier.vault import Vault
from services.runtime.engine import make_engine
from services.runtime.schema import pending
from services.tagger.tables import stories as tagged_stories
from tests.chaos import round as chaos
from tests.chaos.books import Books
from tests.chaos.cluster import Cluster
from tests.chaos.judge import judge
from tests.chaos.outlet import number_of
from tests.chaos.stories import Made, make_stories
from tests.chaos.world import World
from tests.postgres_server import postgres_server
from tests.upgrade.before import Version, Versions, try_start

WATCHED = (STORIES, STORIES_TAGGED, ALERTS, DELIVERIES)
#: Numbers of the copies told after the upgrade; a multiple of the outlets.
COPIES_FROM = 1_000_000
#: Of stories and of answers, before the next service is replaced; where none come, so long.
ENOUGH, AT_MOST_S = 20, 90.0
IN_TURN, UNDERNEATH = "in turn", "underneath"


@dataclass(frozen=True)
class Leg:
    """What is done.

    ``way``: *in turn*: a service is stopped, then started in the new version, which migrates its store.
    *underneath*: `siaga migrate` brings every store up to date while the services of the version before run, then each
    is replaced.
    """

    store: str
    order: tuple[str, ...]
    way: str
    seed: int
    rate: float = 4.0
    between_s: float = 10.0


@dataclass
class Run:
    """What a leg is done with."""

    leg: Leg
    stage: chaos.Stage
    fleet: Versions
    before: Version
    after: Version
    stores: Mapping[str, str]
    tell: Callable[[str], None]
    phases: list[dict[str, Any]] = field(default_factory=list)
    goes_on: bool = True
    arrests: list[Made] = field(default_factory=list)

    def served_by(self) -> dict[str, str]:
        """The version of each service."""
        shown = {self.before.root: "before", self.after.root: "after"}
        return {name: shown[version.root] for name, version in self.fleet.versions.items()}

    async def publish(self) -> None:
        """Stories, one after the other, until the upgrade is over."""
        dice = random.Random(self.leg.seed)
        for made in make_stories(COPIES_FROM, dice, chaos.SHARE_OF_THE_FIELD * 2):
            if not self.goes_on:
                return
            self.stage.world.release(made)
            if made.of_the_field and len(self.phases) == 0:
                self.arrests.append(made)
            await asyncio.sleep(1 / self.leg.rate)

    async def phase(self) -> None:
        """Let both versions work together for a while, longer on a slow machine, and count what is written in it."""
        began, since = await ends(self.stage.cluster), time.monotonic()
        while True:
            await asyncio.sleep(self.leg.between_s)
            done = await ends(self.stage.cluster)
            written = {topic: done[topic] - began[topic] for topic in WATCHED}
            enough = min(written[STORIES], written[STORIES_TAGGED]) >= ENOUGH
            if enough or time.monotonic() - since > AT_MOST_S:
                break
        self.phases.append({"versions": self.served_by(), "written": written})
        self.tell(f"{self.phases[-1]}")

    async def replace(self, name: str) -> dict[str, Any]:
        """Stop it, start the next version, wait until it is ready."""
        began = time.monotonic()
        self.fleet.versions[name] = self.after
        status = await self.fleet.restart_in_order(name, 900.0)
        found = {"name": name, "status": status, "seconds": round(time.monotonic() - began, 1)}
        self.tell(f"replaced {found}")
        return found

    def release_copies(self) -> None:
        """Another outlet tells the arrests of before the upgrade, in the same words."""
        for count, made in enumerate(self.arrests):
            number = COPIES_FROM + 4 * count + (made.number + 1) % 4
            self.stage.world.release(Made(number, made.title, made.text, of_the_field=True))

    def copies_told_anew(self) -> int:
        """Incidents of which only copies told after the upgrade tell: the version before had told them already."""
        by_incident: dict[str, set[int]] = {}
        columns = tagged_stories.c.story_id, tagged_stories.c.incident_id
        for story_id, incident in self.stage.books._rows(
            "tagger", tagged_stories.select().with_only_columns(*columns)
        ):
            number = number_of(story_id)
            if incident is not None and number is not None:
                by_incident.setdefault(incident, set()).add(number)
        return sum(min(numbers) >= COPIES_FROM for numbers in by_incident.values())


async def ends(cluster: Cluster) -> dict[str, int]:
    """How many records each topic has."""
    async with consumer(cluster) as reader:
        parts = {
            topic: [TopicPartition(topic, one) for one in range(TOPICS[topic].partitions)] for topic in TOPICS
        }
        found = await reader.end_offsets([one for of_topic in parts.values() for one in of_topic])
        return {topic: sum(found[one] for one in of_topic) for topic, of_topic in parts.items()}


async def events(cluster: Cluster, topic: str) -> list[dict[str, Any]]:
    """Every event of a topic."""
    async with consumer(cluster) as reader:
        parts = [TopicPartition(topic, number) for number in range(TOPICS[topic].partitions)]
        reader.assign(parts)
        await reader.seek_to_beginning(*parts)
        last, found = await reader.end_offsets(parts), []
        while any([await reader.position(part) < end for part, end in last.items()]):
            for records in (await reader.getmany(timeout_ms=500)).values():
                found += [json.loads(record.value) for record in records]
        return found


@contextlib.asynccontextmanager
async def consumer(cluster: Cluster) -> AsyncIterator[AIOKafkaConsumer]:
    """One of no group."""
    reader = AIOKafkaConsumer(bootstrap_servers=",".join(node.bootstrap for node in cluster.nodes.values()))
    await reader.start()
    try:
        yield reader
    finally:
        await reader.stop()


@contextlib.asynccontextmanager
async def running(
    leg: Leg, before: Version, after: Version, folder: Path, tell: Callable[[str], None]
) -> AsyncIterator[Run]:
    """The version before at work."""
    async with contextlib.AsyncExitStack() as stack:
        postgres = stack.enter_context(postgres_server()) if leg.store == "postgresql" else None
        cluster = Cluster([folder / "kafka-1"], chaos.SERVICES)
        world = World(folder, random.Random(leg.seed))
        stack.callback(world.end)
        world.start(cluster.proxies, dict.fromkeys(chaos.SERVICES, postgres.port) if postgres else {})
        stack.callback(cluster.end)
        await cluster.start()
        fleet = Versions(folder)
        stack.push_async_callback(fleet.end)
        if postgres:
            stores = {name: postgres.database(name) for name in (*chaos.SERVICES, "desk")}
        else:
            stores = {name: f"sqlite:///{folder / name / name}.sqlite3" for name in chaos.SERVICES}
        books = Books(stores, world, chaos.CHAT)
        stack.callback(books.close)
        plan = chaos.Leg(leg.store, leg.seed, clocks=False)
        stage = chaos.Stage(plan, folder, world, cluster, fleet, books, {}, postgres.port if postgres else None)
        chaos._add_members(stage, stores)
        fleet.members.pop("notifier-2", None)  # one is what is deployed
        for member in fleet.members.values():
            member.environment = {**member.environment, "SIAGA_REPLICATION_FACTOR": "1"}
        fleet.versions = dict.fromkeys(fleet.members, before)
        for name in fleet.members:
            fleet.start(name)
        fleet.watch()
        await asyncio.gather(*(fleet.until_ready(name, 900.0) for name in fleet.members))
        yield Run(leg, stage, fleet, before, after, stores, tell)


async def play(
    leg: Leg, before: Version, after: Version, folder: Path, tell: Callable[[str], None]
) -> dict[str, Any]:
    """Do it and count."""
    began = time.monotonic()
    async with running(leg, before, after, folder, tell) as run:
        tell(f"{leg}: {before.commit} is ready after {time.monotonic() - began:.1f} s")
        schemas = {name: schema(run, name) for name in chaos.SERVICES}
        replaced, migrated = await upgrade(run)
        run.release_copies()
        settled = await run.stage.until_settled()
        dead = (await ends(run.stage.cluster))[DEAD]
        if dead:
            tell(f"{dead} dead letters: replayed")
            siaga(run, "dead", "replay", "--all")
            settled += await run.stage.until_settled()
        found = await count(run) | {"dead_letters": dead, "replaced": replaced, "settled_after_s": settled}
        found |= {"schemas": {name: [*was, schema(run, name)[0]] for name, was in schemas.items()}}
        found |= {"migrated": migrated, "refusals": await refusals(run)}
    return {
        "before": asdict(before) | {"root": ""},
        "after": asdict(after) | {"root": ""},
        **{name: getattr(leg, name) for name in ("store", "order", "way", "seed", "rate")},
        **found,
        "seconds": round(time.monotonic() - began, 1),
        "load": round(os.getloadavg()[0], 1),
    }  # fmt: skip


async def upgrade(run: Run) -> tuple[list[dict[str, Any]], list[str]]:
    """Every service in its turn, while stories flow."""
    flow = asyncio.create_task(run.publish())
    replaced, migrated = [], []
    try:
        await run.phase()
        if run.leg.way == UNDERNEATH:
            migrated = await asyncio.to_thread(siaga, run, "migrate", *run.stores)
            await run.phase()
        for service in run.leg.order:
            for name in [name for name, member in run.fleet.members.items() if member.service == service]:
                replaced.append(await run.replace(name))
                await run.phase()
    finally:
        run.goes_on = False
        await flow
    return replaced, migrated


def siaga(run: Run, *words: str) -> list[str]:
    """The command line of the new version."""
    urls = {f"SIAGA_{name.upper()}_STORE": url for name, url in run.stores.items()}
    kafka = ",".join(node.bootstrap for node in run.stage.cluster.nodes.values())
    done = subprocess.run(
        [sys.executable, "-m", "services.cli.main", *words],
        cwd=run.stage.folder,
        env={**os.environ, **urls, "PYTHONPATH": str(run.after.root), "SIAGA_KAFKA": kafka},
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout.splitlines()


def schema(run: Run, name: str) -> tuple[str | None]:
    """The revision of a store."""
    engine = make_engine(run.stores[name])
    try:
        return (pending(engine, MIGRATIONS[name]).before,)
    finally:
        engine.dispose()


async def count(run: Run) -> dict[str, Any]:
    """What was lost, and what came twice."""
    books, cluster = run.stage.books, run.stage.cluster
    ledger = books.ledger()
    numbers = books.numbers(Vault.open(run.stage.folder / "key"))
    standing = [row.incident_id for row in books.incidents() if not row.withdrawn]
    published = await events(cluster, STORIES)
    tagged = await events(cluster, STORIES_TAGGED)
    once = {(one["story_id"], one["version"]) for one in published}
    again = Counter((one["story_id"], one["version"]) for one in tagged)
    return {
        "stories": len(run.stage.world.outlets.released),
        "untagged": len(run.stage.untagged()),
        "copies": len(books.copies()),
        "retold": {"released": len(run.arrests), "told_as_new_incidents": run.copies_told_anew()},
        "published": len(published),
        "published_again": len(published) - len(once),
        "revisions": sum(one["event"] == "StoryRevised" for one in published),
        "answers_again": sum(again.values()) - len(again),
        "incidents": len(standing),
        "verdict": asdict(judge(ledger, books.shown(), numbers, standing)),
        **pushes(ledger),
        "ended_by_themselves": dict(run.fleet.ended_by_themselves),
        "phases": run.phases,
    }


def pushes(ledger: Sequence[Any]) -> dict[str, Any]:
    """How many alerts were pushed, and which again: for another reason, as news that grew, or for the first one."""
    first: dict[tuple[str, str], str] = {}
    again: Counter[str] = Counter()
    twice = 0
    for row in sorted(ledger, key=lambda one: (one.created_at, one.version)):
        if row.action != Action.PUSH or row.state != State.ACCEPTED:
            continue
        if (row.official_id, row.incident_id) not in first:
            first[row.official_id, row.incident_id] = row.why
        elif row.why == first[row.official_id, row.incident_id]:
            twice += 1
        else:
            again[row.why] += 1
    return {"pushed": len(first), "pushed_as_grown": dict(again), "pushed_twice": twice}


async def refusals(run: Run) -> dict[str, dict[str, Any]]:
    """Each service of the version before, once more, on the store it is not made for."""
    found = {}
    for service in chaos.SERVICES:
        member = next(one for one in run.fleet.members.values() if one.service == service)
        if member.process is not None:
            member.wanted = False
            member.process.send_signal(signal.SIGTERM)
            await asyncio.to_thread(member.process.wait)
        held = await asyncio.to_thread(contents, run.stores[service])
        refusal = await asyncio.to_thread(try_start, run.before, member)
        untouched = held == await asyncio.to_thread(contents, run.stores[service])
        line = refusal.line.replace(str(run.stage.folder), "").replace(run.stores[service], "…")
        found[service] = {"status": refusal.status, "line": line, "clear": refusal.clear, "untouched": untouched}
        run.tell(f"{service} of the version before: {found[service]}")
    return found


def contents(url: str) -> dict[str, int]:
    """How many rows each table has, and a sum over what is in them."""
    engine = make_engine(url)
    tables = sa.MetaData()
    with engine.connect() as conn:
        tables.reflect(bind=conn)
        found = {
            name: hash(frozenset(map(repr, conn.execute(table.select())))) for name, table in tables.tables.items()
        }
    engine.dispose()
    return found
