"""A small world for the poller: one store, a clock in our hands, servers that do as they are told."""

from __future__ import annotations

import asyncio
import json
import time
import warnings
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa
from aiohttp import web
from prometheus_client import CollectorRegistry

from services.ingest import claims, tables
from services.ingest.core.source import Source
from services.ingest.fetch import Fetcher, Limits
from services.ingest.metrics import IngestMetrics
from services.ingest.pacer import Pacer
from services.ingest.parse_worker import answer
from services.ingest.parser import Parser
from services.ingest.poll import Clockwork, Poller
from services.ingest.reading import SourceReader
from services.runtime.store import Store
from tests.ingest.builders import NOW, a_feed, a_source

MIGRATIONS = Path(claims.__file__).parent / "migrations"
AGENT = "Mozilla/5.0 (compatible; Siaga/0.1.0; +https://siaga.example/contact)"


@dataclass
class Reply:
    """What the server answers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Asked:
    """A request as the server saw it."""

    host: str
    path: str
    headers: dict[str, str]
    at: float


Answerer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class FeedServer:
    """Answers ``/feed`` with its replies in turn, the last one again and again; other paths as told."""

    def __init__(self) -> None:
        self.replies: list[Reply] = [Reply(a_feed())]
        self.pages: dict[str, Reply | Answerer] = {}
        self.asked: list[Asked] = []
        self.port = 0
        self._runner: web.AppRunner | None = None

    def answer(self, *replies: Reply) -> None:
        """Answer with these from now on."""
        self.replies = list(replies)

    async def start(self) -> None:
        app = web.Application()
        app.router.add_route("*", "/{tail:.*}", self._answer)
        self._runner = web.AppRunner(app, access_log=None, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        if self._runner:
            await self._runner.cleanup()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        headers = {name.lower(): value for name, value in request.headers.items()}
        self.asked.append(Asked(request.host, request.path_qs, headers, time.monotonic()))
        told = self.pages.get(request.path_qs) or self.pages.get(request.path)
        if told is None and request.path == "/feed":
            told = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if told is None:
            return web.Response(status=404)
        if not isinstance(told, Reply):
            return await told(request)
        response = web.Response(status=told.status, body=told.body)
        response.headers["Content-Type"] = "application/rss+xml"
        for name, value in told.headers.items():
            response.headers[name] = value
        return response


class RawServer:
    """Speaks bytes, for what no HTTP library would say."""

    def __init__(self, talk: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]) -> None:
        self._talk = talk
        self._server: asyncio.Server | None = None
        self.connections = 0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._on_connection, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self._server:
            self._server.close()

    async def _on_connection(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


class DirectParser(Parser):
    """Does the worker's work in this process, by the worker's own code: its start costs more than most tests."""

    def __init__(self) -> None:
        super().__init__()
        self.parsed = 0

    async def _worker(self) -> asyncio.subprocess.Process:
        return cast(asyncio.subprocess.Process, None)

    async def _in_its_time(
        self, process: asyncio.subprocess.Process, header: bytes, body: bytes, limit_s: float
    ) -> dict[str, Any]:
        self.parsed += 1
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found: dict[str, Any] = json.loads(json.dumps(answer(json.loads(header), body)))
        return found


class World:
    """Ingest without a broker: events are read from the outbox, as the relay would."""

    def __init__(
        self, place: Path | str, *, limits: Limits | None = None, owner: str = "one", worker: bool = False
    ) -> None:
        """``place`` is a folder for SQLite, or the URL of a database; ``worker``: parse as a service does."""
        self.now = NOW
        url = place if isinstance(place, str) else f"sqlite:///{place / 'ingest.sqlite3'}"
        self.store = Store.open(url, MIGRATIONS)
        self.registry = CollectorRegistry()
        self.metrics = IngestMetrics(self.registry)
        self.fetcher = Fetcher(AGENT, limits)
        self.parser = Parser() if worker else DirectParser()
        self.pacer = Pacer(time.monotonic)
        self.owner = owner
        self.reader = SourceReader(
            fetcher=self.fetcher, parser=self.parser, pacer=self.pacer, metrics=self.metrics, now=lambda: self.now
        )
        self.poller = Poller(
            store=self.store,
            reader=self.reader,
            metrics=self.metrics,
            clock=Clockwork(lambda: self.now, lambda: 0.0, owner),
            kick=lambda: None,
        )
        self.sources: dict[str, Source] = {}

    async def close(self) -> None:
        await self.fetcher.close()
        await self.parser.close()
        await self.store.close()

    async def watch(self, *sources: Source) -> None:
        """Take sources into the list."""
        self.sources |= {source.id: source for source in sources}
        await self.store.write(lambda conn: claims.register(conn, sources, self.now.timestamp()))

    def watch_at(self, port: int, **given: Any) -> Source:
        """A source whose feed is on the server at ``port``."""
        return a_source(**({"url": f"http://desk.localhost:{port}/feed"} | given))

    def pass_time(self, **given: float) -> None:
        """Let time pass: ``seconds=``, ``minutes=``, ``hours=``, ``days=``."""
        self.now += timedelta(**given)

    async def poll(self, source_id: str = "desk-all") -> sa.Row[Any]:
        """Poll a source now, due or not; returns its row afterwards."""
        source = self.sources[source_id]

        def make_due(conn: sa.Connection) -> None:
            here = tables.polls.c.source_id == source_id
            conn.execute(sa.update(tables.polls).where(here).values(next_check_at=self.now.timestamp()))
            conn.execute(sa.update(tables.domains).values(next_allowed_at=0, cools_until=0))

        await self.store.write(make_due)
        await self.poller.step(source.politeness_key, {source_id: source})
        return await self.row(source_id)

    async def step(self, source_id: str = "desk-all") -> float:
        """What the polling loop does once; 0 where it polled, else the seconds it will wait."""
        source = self.sources[source_id]
        return await self.poller.step(source.politeness_key, {source_id: source})

    async def row(self, source_id: str = "desk-all") -> sa.Row[Any]:
        query = sa.select(tables.polls).where(tables.polls.c.source_id == source_id)
        return await self.store.read(lambda conn: conn.execute(query).one())

    async def events(self) -> list[dict[str, Any]]:
        """Everything in the outbox, in order."""
        query = sa.select(tables.outbox.c.value).order_by(tables.outbox.c.id)
        return [json.loads(v) for v in await self.store.read(lambda conn: conn.execute(query).scalars().all())]

    async def stories(self) -> list[dict[str, Any]]:
        """The story events of the outbox, in order."""
        return [one for one in await self.events() if one["event"].startswith("Story")]

    async def titles(self) -> list[str]:
        return [one["title"] for one in await self.stories()]

    async def due_in(self, source_id: str = "desk-all") -> float:
        """Seconds until the next poll."""
        row = await self.row(source_id)
        assert row.next_check_at is not None, "the source is stopped"
        return float(row.next_check_at - self.now.timestamp())

    def counted(self, name: str, **labels: str) -> float:
        """A counter's value."""
        return self.registry.get_sample_value(name, labels) or 0.0


def at(source: Source, **given: Any) -> Source:
    return replace(source, **given)


__all__ = ["AGENT", "Asked", "FeedServer", "RawServer", "Reply", "World", "at", "datetime"]
