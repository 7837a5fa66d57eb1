"""What is measured: the tagger's hop beside the loop by hand, its stages, scaling, a backlog, a pace."""

from __future__ import annotations

import asyncio
import csv
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from random import Random
from typing import Any

import orjson
import sqlalchemy as sa
from ruamel.yaml import YAML

from bench.pipeline.host import ROOT, Host, Measured, until
from bench.pipeline.made import records
from services.ingest import tables as ingest_tables
from services.ingest.app import MIGRATIONS as INGEST_MIGRATIONS
from services.notifier.core.card import thread_name
from services.notifier.tables import DELIVERY
from services.runtime.outbox import Message, enqueue
from services.runtime.store import Store
from services.tagger import tables as tagger_tables
from tests.chaos.outlet import sources_file
from tests.chaos.stories import make_stories
from tests.chaos.world import World
from tests.postgres_server import postgres_server

Figures = dict[str, Any]
PARTITIONS = (1, 4, 12)
BATCHES = (10, 50, 200, 500)
#: Where a thread has nothing to do.
_WAITS = ("selectors.py", "concurrent/futures/thread.py", "threading.py", "_write_groups", "_watch")
#: Which part a frame of a stack belongs to, asked from the innermost outwards; the first word that fits wins.
_PARTS = (
    ("store", ("sqlalchemy/", "sqlite3/", "psycopg", "services/runtime/store.py")),
    ("pydantic", ("pydantic", "services/contracts")),
    ("FastStream", ("faststream/", "fast_depends/")),
    ("aiokafka", ("aiokafka/", "kafka/")),
    ("tagging", ("services/tagger/core", "services/tagger/clause_cache.py")),
    ("joining", ("services/tagger/",)),
    ("our runtime", ("services/runtime/", "structlog/", "prometheus_client/")),
    ("asyncio", ("asyncio/", "concurrent/", "selectors.py", "uvicorn/")),
)


async def hop(
    host: Host, made: Sequence[tuple[str, bytes]], *, kind: str = "service", url: str = "", partitions: int = 12,
    batch: int = 500, replicas: int = 1, beside: Callable[[int], None] = lambda _: None,
) -> Figures:  # fmt: skip
    """Stories on Kafka, tagged and joined in the store, every event of theirs on Kafka again."""
    await host.fresh()
    url = url or host.url("tagger")
    if kind == "service":
        workers = [await host.service("tagger", SIAGA_TAGGER_STORE=url) for _ in range(replicas)]
    else:
        workers = [await host.bare(url, batch)]
    before = sum(one.cpu_s for one in workers)
    began = time.monotonic()
    for one in workers:
        beside(one.process.pid)
    await host.produce(made, partitions)
    ended = await until(lambda: host.tagged(url) >= len(made) and host.unpublished(url) == 0)
    spent = sum(one.cpu_s for one in workers) - before
    wall = ended - began
    return {"stories_per_s": len(made) / wall, "cpu_us_per_story": spent / len(made) * 1e6, "wall_s": wall}


async def against_by_hand(host: Host, stories: int, rounds: int) -> Figures:
    """The service and the loop by hand in turn, on the same stories."""
    made = list(records(stories, 1))
    taken: dict[str, list[Figures]] = {"service": [], "by hand": []}
    for turn in range(rounds):
        for kind in ("service", "by hand") if turn % 2 == 0 else ("by hand", "service"):
            taken[kind].append(await hop(host, made, kind=kind))
    ratios = [
        ours["cpu_us_per_story"] / bare["cpu_us_per_story"]
        for ours, bare in zip(taken["service"], taken["by hand"], strict=True)
    ]
    return {
        "stories": stories,
        "bytes": round(statistics.mean(len(value) for _, value in made)),
        **{
            kind: {key: spread([one[key] for one in runs]) for key in ("stories_per_s", "cpu_us_per_story")}
            for kind, runs in taken.items()
        },
        "cpu_ratio": spread(ratios),
    }


async def stages(host: Host, stories: int) -> Figures:
    """Where the service's time goes, by sampling its stacks."""
    out = host.folder / "stacks.txt"
    samplers: list[subprocess.Popen[bytes]] = []

    def beside(pid: int) -> None:
        command = [str(Path(sys.executable).with_name("py-spy")), "record", "--pid", str(pid), "--rate", "100"]
        command += [
            "--format",
            "raw",
            "--full-filenames",
            "--output",
            str(out),
            "--duration",
            "600",
            "--nonblocking",
        ]
        samplers.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))

    run = await hop(host, list(records(stories, 1)), beside=beside)
    await host.end_processes()  # the sampler writes what it has when the process ends
    for sampler in samplers:
        await asyncio.to_thread(sampler.wait, 60)
    counted = share_by_part(out.read_text(encoding="utf-8").splitlines())
    return {"stories": stories, "samples": sum(counted.values()), "share": _shares(counted), **run}


def share_by_part(stacks: Sequence[str]) -> Counter[str]:
    """Samples by part; a stack is of the innermost frame that names one, and of none while it only waits."""
    counted: Counter[str] = Counter()
    for line in stacks:
        stack, _, count = line.rpartition(" ")
        if any(word in stack.rpartition(";")[2] for word in _WAITS):
            continue
        frames = reversed(stack.split(";"))
        part = next(
            (part for frame in frames for part, words in _PARTS if any(word in frame for word in words)), "other"
        )
        counted[part] += int(count)
    return counted


def _shares(counted: Counter[str]) -> dict[str, float]:
    total = sum(counted.values())
    return {part: round(count / total, 4) for part, count in counted.most_common()}


async def scaling(host: Host, stories: int) -> Figures:
    """Partitions and batch sizes, and one tagger against two."""
    made = list(records(stories, 2))
    found: Figures = {"stories": stories, "partitions": {}, "batches": {}, "taggers": {}}
    for partitions in PARTITIONS:
        found["partitions"][partitions] = await hop(host, made, partitions=partitions)
    for batch in BATCHES:
        found["batches"][batch] = await hop(host, made, kind="by hand", batch=batch)
    with postgres_server() as server:
        for replicas in (1, 2):
            found["taggers"][replicas] = await hop(host, made, url=server.database("bench"), replicas=replicas)
    return found


async def backlog(host: Host, stories: int) -> Figures:
    """So many stories wait in ingest's outbox, as after an outage of the broker, and then in the ledger."""
    await host.fresh()
    store = Store.open(host.url("ingest"), INGEST_MIGRATIONS)
    messages = [Message("stories", key, value, "StoryPublished/1") for key, value in records(stories, 3)]
    for start in range(0, stories, 5000):
        some = messages[start : start + 5000]
        await store.write(lambda conn, some=some: enqueue(conn, ingest_tables.outbox, some))  # type: ignore[misc]
    await store.close()
    samples: list[tuple[float, int, int, int]] = []
    async with around(host) as world:
        workers = [await start_notifier(host, world), await host.service("tagger")]
        spent = {one.name.partition("-")[0]: -one.cpu_s for one in workers}
        began = time.monotonic()
        workers.append(
            await host.service("ingest", SIAGA_SOURCES=str(sources_file(host.data, world.outlets.port)))
        )
        spent["ingest"] = 0.0

        def done() -> bool:
            tagger, notifier = host.url("tagger"), host.url("notifier")
            tagged, heard = host.tagged(tagger), host.heard(notifier)
            sent = stories - host.in_the_outbox(host.url("ingest"))
            samples.append((round(time.monotonic() - began, 1), sent, tagged, heard))
            return tagged >= stories and host.unpublished(tagger) == 0 and heard >= host.incidents(tagger)

        ended = await until(done, 3600.0)
        for one in workers:
            spent[one.name.partition("-")[0]] += one.cpu_s
    wall = ended - began
    return {
        "stories": stories,
        "seconds": round(wall, 1),
        "stories_per_s": round(stories / wall, 1),
        "an_hour_at_50_per_s_s": round(180_000 / (stories / wall), 0),
        "cpu_s": {name: round(seconds, 1) for name, seconds in spent.items()},
        "kafka_cpu_s": None,
        "samples": samples[:: max(1, len(samples) // 60)],
    }


async def at_a_pace(host: Host, rate: float, seconds: float) -> Figures:
    """Feeds that bring so many stories a second; how long each card was on its way."""
    await host.fresh()
    async with around(host) as world:
        await start_notifier(host, world)
        await host.service("tagger")
        await host.service("ingest", SIAGA_SOURCES=str(sources_file(host.data, world.outlets.port)))
        began = time.monotonic()
        for number, made in enumerate(make_stories(int(rate * seconds), Random(4), 0.1)):
            await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
            world.release(made)
        count, tagger = int(rate * seconds), host.url("tagger")
        ended = await until(lambda: host.tagged(tagger) >= count and not _in_hand(host), 300.0)
        return {
            "rate": rate,
            "stories": count,
            "caught_up_after_s": round(ended - began - seconds, 1),
            **_latencies(host, world),
        }


def _in_hand(host: Host) -> int:
    open_ones = sa.select(sa.func.count()).where(
        DELIVERY.c.action == "push", DELIVERY.c.state.in_(["due", "intended", "sending", "retry_wait"])
    )
    tagger, notifier = host.url("tagger"), host.url("notifier")
    return host.ask(notifier, open_ones) + max(0, host.incidents(tagger) - host.heard(notifier))


def _latencies(host: Host, world: World) -> Figures:
    """Seconds from the fetch of a story to its label, to its row in the ledger and to its card at the receiver."""
    fetched = _column(
        host.url("ingest"), sa.select(ingest_tables.stories.c.story_id, ingest_tables.stories.c.event)
    )
    at = {story: orjson.loads(event)["fetched_at"] for story, event in fetched}
    stories = tagger_tables.stories.c
    founded: dict[str, list[tuple[str, float]]] = {}
    for story, incident, decided in _column(
        host.url("tagger"), sa.select(stories.story_id, stories.incident_id, stories.decided_at)
    ):
        if incident is not None:
            founded.setdefault(incident, []).append((story, decided))
    alone = {incident: members[0] for incident, members in founded.items() if len(members) == 1}
    made = {
        row.incident_id: row.created_at
        for row in _column(host.url("notifier"), sa.select(DELIVERY.c.incident_id, DELIVERY.c.created_at))
        if row.incident_id in alone
    }
    first: dict[str, float] = {}
    for message in world.bot.chats.messages.values():
        name = message.shown.rsplit(" ", 1)[-1]
        first[name] = min(first.get(name, message.at), message.at)
    ways: dict[str, list[float]] = {
        "fetch to label": [],
        "label to ledger": [],
        "ledger to receiver": [],
        "fetch to receiver": [],
    }
    for incident, (story, decided) in alone.items():
        sent, row = first.get(thread_name(incident)), made.get(incident)
        if sent is None or row is None:
            continue
        begin = _seconds(at[story])
        for way, value in zip(ways, (decided - begin, row - decided, sent - row, sent - begin), strict=True):
            ways[way].append(value)
    return {
        "cards": len(ways["fetch to receiver"]),
        "seconds": {
            way: {"p50": _at(values, 0.5), "p99": _at(values, 0.99), "max": _at(values, 1.0)}
            for way, values in ways.items()
        },
    }


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def _column(url: str, query: Any) -> list[Any]:
    engine = sa.create_engine(url)
    try:
        with engine.connect() as conn:
            return list(conn.execute(query))
    finally:
        engine.dispose()


def _at(values: list[float], share: float) -> float | None:
    if not values:
        return None
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)


@asynccontextmanager
async def around(host: Host) -> AsyncIterator[World]:
    """Outlets, a Bot API that takes everything and a mail server."""
    world = World(host.data, Random(1))
    world.start({}, {})
    try:
        yield world
        await host.end_processes()
    finally:
        await host.end_processes()
        world.end()


async def start_notifier(host: Host, world: World) -> Measured:
    """The notifier, with an office for each province, against receivers that take everything."""
    token = host.data / "token"
    token.write_text("1000000001:a-token-of-the-bench-that-leads-nowhere")
    return await host.service(
        "notifier",
        SIAGA_OFFICIALS_FILE=str(_officials(host.data)),
        SIAGA_TELEGRAM_TOKEN_FILE=str(token),
        SIAGA_TELEGRAM_API_URL=world.bot.url,
        SIAGA_SMTP_HOST="127.0.0.1",
        SIAGA_SMTP_PORT=str(world.mail.port),
        SIAGA_SMTP_LOCAL_DEMO="true",
    )


def _officials(folder: Path) -> Path:
    """One for each province, as no chat takes more than one message a second."""
    with (ROOT / "seeds" / "places" / "id_provinces.csv").open(encoding="utf-8", newline="") as rows:
        regions = [row["region"] for row in csv.DictReader(rows)]
    entries = [
        {
            "ref": f"office-{number}", "title": f"Office {number}", "zone": "Asia/Makassar",
            "contacts": {"telegram": 900000200 + number}, "channels": ["telegram"], "digest": {"at": ["03:00"]},
            "subscriptions": [{"regions": [region], "min_severity": 0}],
        }
        for number, region in enumerate(regions)
    ]  # fmt: skip
    path = folder / "officials.yaml"
    with path.open("w") as file:
        YAML().dump({"officials": entries}, file)
    return path


def spread(values: Sequence[float]) -> dict[str, float]:
    """Median and the ends."""
    return {
        "median": round(statistics.median(values), 2),
        "min": round(min(values), 2),
        "max": round(max(values), 2),
        "rounds": len(values),
    }


def load() -> float:
    """How busy the machine is."""
    return round(os.getloadavg()[0], 1)
