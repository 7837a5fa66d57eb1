"""A TCP proxy on loopback whose line can be cut, stalled or left half open."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

_CHUNK = 256 * 1024


class Line(StrEnum):
    """What a line does with what is sent over it."""

    OPEN = "open"
    #: Every connection is reset, and a new one at once after it was made.
    CUT = "cut"
    #: Connections stand and new ones are taken, but no byte moves; what waits goes on when the line is open again.
    STALLED = "stalled"
    #: The far end is gone and nobody says so: what is sent is swallowed, also after the line is open again.
    HALF_OPEN = "half open"


@dataclass(eq=False)
class _Link:
    """One connection through the proxy."""

    near: asyncio.StreamWriter
    far: asyncio.StreamWriter | None = None
    dead: bool = False

    def reset(self) -> None:
        for writer in (self.near, self.far):
            if writer is not None:
                writer.transport.abort()


@dataclass(eq=False)
class Proxy:
    """Listens on ``port``, 0 takes a free one, and passes what it gets to ``target`` on loopback."""

    target: int
    port: int = 0
    line: Line = Line.OPEN
    _links: set[_Link] = field(default_factory=set)
    _open: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _pumps: set[asyncio.Task[None]] = field(default_factory=set)

    async def start(self) -> None:
        """Listen."""
        self._open.set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Reset everything and listen no more."""
        if self._server is not None:
            self._server.close()
        for link in list(self._links):
            link.reset()
        for pump in list(self._pumps):
            pump.cancel()
        await asyncio.gather(*self._pumps, return_exceptions=True)

    def put(self, line: Line) -> None:
        """Change what the line does, for the connections there are and those to come."""
        self.line = line
        if line is Line.OPEN:
            self._open.set()
            return
        self._open.clear()
        for link in list(self._links):
            if line is Line.CUT:
                link.reset()
            elif line is Line.HALF_OPEN:
                link.dead = True
                if link.far is not None:
                    link.far.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._pumps.add(task)
        link = _Link(writer)
        self._links.add(link)
        try:
            if self.line is Line.CUT:
                return
            await self._open.wait()
            far_reader, link.far = await asyncio.open_connection("127.0.0.1", self.target)
            for end in (writer, link.far):
                end.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._both_ways(link, reader, far_reader)
        except OSError:
            pass
        finally:
            self._links.discard(link)
            self._pumps.discard(task)
            link.reset()

    async def _both_ways(self, link: _Link, near: asyncio.StreamReader, far: asyncio.StreamReader) -> None:
        assert link.far is not None
        ways = [
            asyncio.create_task(self._pump(link, near, link.far)),
            asyncio.create_task(self._pump(link, far, link.near)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            if link.dead:  # the near end never hears that the far one is gone
                await asyncio.wait(ways[:1])
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _pump(self, link: _Link, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while chunk := await reader.read(_CHUNK):
                await self._open.wait()
                if not link.dead:
                    writer.write(chunk)
                    await writer.drain()


async def start_all(proxies: Iterable[Proxy]) -> None:
    """Start several."""
    await asyncio.gather(*(proxy.start() for proxy in proxies))
