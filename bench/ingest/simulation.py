"""Live a week of polling: the real poller, decisions, tables and readers; simulated outlets, lines and clock."""

from __future__ import annotations

import asyncio
import contextlib
import random
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TypeVar, cast

import sqlalchemy as sa
import structlog
from prometheus_client import CollectorRegistry

from bench.ingest.clock import run
from bench.ingest.desks import HOUR, START, Desk, make_desks
from bench.ingest.outlets import Outlets, make_outlets
from services.ingest import claims, tables
from services.ingest.core.feed import ParsedFeed
from services.ingest.core.source import Source
from services.ingest.feed_reader import guard_feedparser, read_feed
from services.ingest.fetch import Fetcher
from services.ingest.metrics import IngestMetrics
from services.ingest.pacer import Pacer
from services.ingest.parser import Parser
from services.ingest.poll import Clockwork, Poller
from services.ingest.reading import SourceReader
from services.ingest.sitemap_reader import read_sitemap
from services.ingest.sources import load_sources
from services.runtime.store import Store

ROOT = Path(__file__).resolve().parents[2]
MIGRATIONS = ROOT / "services" / "ingest" / "migrations"
SOURCES = ROOT / "seeds" / "feeds.yaml"
T = TypeVar("T")


class Crash(BaseException):
    """The process is gone.  Not an Exception: nothing in it may handle its own end."""


@dataclass
class Plan:
    """When the process crashes, and in front of or behind which of the transactions that follow."""

    at: float
    after_transactions: int
    committed: bool
    down_for: float


class InlineStore:
    """The store's tables, migrations and transactions, run in place instead of on threads."""

    def __init__(self, store: Store) -> None:
        self._engine = store.engine
        self.plan: Plan | None = None
        self._countdown: int | None = None

    async def lead(self, name: str) -> bool:
        return True

    async def read(self, work: Callable[[sa.Connection], T]) -> T:
        with self._engine.connect().execution_options(siaga_read=True) as conn, conn.begin():
            return work(conn)

    async def write(self, work: Callable[[sa.Connection], T], *, serial: bool = False) -> T:
        crashes = self._crashes_now()
        with self._engine.begin() as conn:
            done = work(conn)
            if crashes is not None and not crashes.committed:
                raise Crash
        if crashes is not None:
            raise Crash
        return done

    def _crashes_now(self) -> Plan | None:
        if self.plan is None or asyncio.get_running_loop().time() < self.plan.at:
            return None
        self._countdown = (self.plan.after_transactions if self._countdown is None else self._countdown) - 1
        return self.plan if self._countdown < 0 else None


class InlineParser:
    """The readers of the parse worker, without the worker."""

    kills = 0

    async def feed(self, body: bytes, content_type: str, url: str, *, sitemap: bool = False) -> ParsedFeed:
        return read_sitemap(body, url) if sitemap else read_feed(body, content_type, url)


@dataclass
class Lived:
    """A week, as the servers, the newsrooms and the store saw it."""

    seed: int
    days: float
    desks: list[Desk]
    outlets: Outlets
    published: list[int] = field(default_factory=list)
    known: set[int] = field(default_factory=set)
    first_seen: dict[int, float] = field(default_factory=dict)
    revised: int = 0
    withdrawn: int = 0
    health_changes: int = 0
    overruns: int = 0
    crashes: int = 0
    down: list[tuple[float, float]] = field(default_factory=list)


@contextlib.contextmanager
def _quiet_logs() -> Iterator[None]:
    """A week's log lines would be all that is measured; what others set up comes back."""
    before = structlog.get_config()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    try:
        yield
    finally:
        structlog.configure(**before)


def live(folder: Path, *, seed: int, days: float = 7.0, sources: Sequence[Source] | None = None) -> Lived:
    """Poll the enabled sources for some days; ``folder`` takes the store."""
    guard_feedparser()
    # Second addresses are left out: here they would stand on the same server and share its troubles.
    listed = sources or load_sources(SOURCES)
    sources = [replace(one, fallback=None) for one in listed if one.enabled]
    desks = make_desks(sources, seed, days)
    outlets = make_outlets(desks, seed, days)
    lived = Lived(seed, days, desks, outlets)
    with warnings.catch_warnings(), _quiet_logs():
        warnings.simplefilter("ignore")  # as in the parse worker: feedparser warns of its own plans
        run(_live(lived, folder, sources))
    for desk in desks:
        desk.pass_time(days * 24 * HOUR)
    return lived


async def _live(lived: Lived, folder: Path, sources: Sequence[Source]) -> None:
    dice = random.Random(f"crashes {lived.seed}")
    end = lived.days * 24 * HOUR
    plans = sorted(
        (
            Plan(dice.uniform(0.1, 0.9) * end, dice.randint(0, 9), dice.random() < 0.5, dice.uniform(30, 900))
            for _ in range(max(1, round(4 * lived.days / 7)))
        ),
        key=lambda plan: plan.at,
    )
    registry = CollectorRegistry()
    metrics = IngestMetrics(registry)
    for life, plan in enumerate([*plans, None]):
        # Every life opens the file anew: what it knows is what was committed.
        store = Store.open(f"sqlite:///{folder / 'ingest.sqlite3'}", MIGRATIONS)
        inline = InlineStore(store)
        inline.plan = plan
        try:
            await _one_life(inline, lived, sources, metrics, f"life-{life}", end)
        except Crash:
            lived.crashes += 1
        await store.close()
        if plan is not None:
            gone = asyncio.get_running_loop().time()
            lived.down.append((gone, gone + plan.down_for))
            await asyncio.sleep(plan.down_for)
    lived.overruns = int(
        sum(m.value for f in metrics.overruns.collect() for m in f.samples if m.name.endswith("_total"))
    )
    with sa.create_engine(f"sqlite:///{folder / 'ingest.sqlite3'}").connect() as conn:
        _count(lived, conn)


async def _one_life(
    store: InlineStore, lived: Lived, sources: Sequence[Source], metrics: IngestMetrics, owner: str, end: float
) -> None:
    loop = asyncio.get_running_loop()
    await store.write(lambda conn: claims.register(conn, sources, now().timestamp()))
    dice = random.Random(f"{owner} {lived.seed}")
    reader = SourceReader(
        fetcher=cast(Fetcher, lived.outlets),
        parser=cast(Parser, InlineParser()),
        pacer=Pacer(loop.time),
        metrics=metrics,
        now=now,
    )
    poller = Poller(
        store=cast(Store, store),
        reader=reader,
        metrics=metrics,
        clock=Clockwork(now, lambda: dice.uniform(-1, 1), owner),
        kick=lambda: None,
        look_s=HOUR,
    )
    by_domain: dict[str, list[Source]] = {}
    for source in sources:
        by_domain.setdefault(source.politeness_key, []).append(source)
    tasks = [asyncio.create_task(poller.run(domain, own)) for domain, own in by_domain.items()]
    try:
        done, _ = await asyncio.wait(tasks, timeout=end - loop.time(), return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _count(lived: Lived, conn: sa.Connection) -> None:
    """What the store holds and what left through the outbox."""
    for row in conn.execute(sa.select(tables.stories.c.url, tables.stories.c.first_seen_at)):
        number = number_of(row.url)
        lived.known.add(number)
        lived.first_seen[number] = row.first_seen_at - START.timestamp()
    for row in conn.execute(sa.select(tables.copies.c.url, tables.copies.c.seen_at)):
        number = number_of(row.url)
        lived.known.add(number)
        lived.first_seen.setdefault(number, row.seen_at - START.timestamp())
    for value in conn.execute(sa.select(tables.outbox.c.value).order_by(tables.outbox.c.id)).scalars():
        text = bytes(value)
        kind = _EVENT.search(text)
        if kind is None or kind[1] == b"SourceHealthChanged":
            lived.health_changes += 1
        elif kind[1] == b"StoryPublished":
            lived.published.append(number_of(_URL.search(text)[1].decode()))  # type: ignore[index]
        elif kind[1] == b"StoryRevised":
            lived.revised += 1
        else:
            lived.withdrawn += 1


_EVENT = re.compile(rb'"event":\s*"(\w+)"')
_URL = re.compile(rb'"url":\s*"([^"]+)"')


def number_of(url: str) -> int:
    """The number that the simulation put into a story's address."""
    found = re.search(r"(\d{7,})", url)
    if found is None:
        raise ValueError(url)
    return int(found[1])


def now() -> datetime:
    """The simulated wall clock."""
    return START + timedelta(seconds=asyncio.get_running_loop().time())


__all__ = ["Lived", "live"]
