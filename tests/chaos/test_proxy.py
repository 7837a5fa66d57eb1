"""The proxy by which the network is cut: each state of the line against what two ends see."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest

from tests.chaos.proxy import Line, Proxy

SOON_S = 5.0
A_WHILE_S = 0.2


async def _echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while data := await reader.read(1000):
            writer.write(data)
    writer.close()


@pytest.fixture
async def proxy() -> AsyncIterator[Proxy]:
    server = await asyncio.start_server(_echo, "127.0.0.1", 0)
    made = Proxy(server.sockets[0].getsockname()[1])
    await made.start()
    yield made
    await made.stop()
    server.close()


class _Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    @classmethod
    async def to(cls, proxy: Proxy) -> _Client:
        return cls(*await asyncio.open_connection("127.0.0.1", proxy.port))

    def say(self, word: bytes) -> None:
        self._writer.write(word)

    async def hears(self, within: float = SOON_S) -> bytes | None:
        """What comes; nothing is None, an end is empty."""
        try:
            async with asyncio.timeout(within):
                return await self._reader.read(1000)
        except TimeoutError:
            return None
        except ConnectionError:
            return b""

    async def end(self) -> None:
        self._writer.close()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()


@contextlib.asynccontextmanager
async def _connected(proxy: Proxy) -> AsyncIterator[_Client]:
    client = await _Client.to(proxy)
    client.say(b"first")
    assert await client.hears() == b"first"
    yield client
    await client.end()


async def test_an_open_line_passes_both_ways(proxy: Proxy) -> None:
    async with _connected(proxy) as client:
        client.say(b"again")
        assert await client.hears() == b"again"


async def test_a_cut_line_resets_what_there_is_and_what_comes(proxy: Proxy) -> None:
    async with _connected(proxy) as client:
        proxy.put(Line.CUT)
        assert await client.hears() == b""
        late = await _Client.to(proxy)
        assert await late.hears() == b""
        await late.end()
        proxy.put(Line.OPEN)
        async with _connected(proxy):
            pass


async def test_a_stalled_line_gives_late_what_it_held(proxy: Proxy) -> None:
    async with _connected(proxy) as client:
        proxy.put(Line.STALLED)
        client.say(b"held")
        assert await client.hears(A_WHILE_S) is None
        proxy.put(Line.OPEN)
        assert await client.hears() == b"held"


async def test_a_half_open_line_swallows_and_never_says_so(proxy: Proxy) -> None:
    async with _connected(proxy) as client:
        proxy.put(Line.HALF_OPEN)
        client.say(b"lost")
        assert await client.hears(A_WHILE_S) is None
        proxy.put(Line.OPEN)
        client.say(b"lost too")
        assert await client.hears(A_WHILE_S) is None
        async with _connected(proxy):
            pass
