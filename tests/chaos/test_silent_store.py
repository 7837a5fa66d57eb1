"""A PostgreSQL behind a proxy that goes on acknowledging and never answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import sqlalchemy as sa

from services.runtime.engine import make_engine
from services.runtime.errors import UnavailableError
from services.runtime.store import Store
from tests.chaos.proxy import Line, Proxy

SILENT_AFTER_S = 0.5
#: A wait in which the one that is not watched would long have ended if it could.
LONG_S = 2.0


@dataclass
class Behind:
    store: Store
    proxy: Proxy

    async def asks(self) -> int:
        return await self.store.read(lambda conn: int(conn.execute(sa.text("SELECT 1")).scalar_one()))


async def _store_behind(postgres: str, silent_after_s: float) -> AsyncIterator[Behind]:
    url = sa.make_url(postgres)
    assert url.port is not None
    proxy = Proxy(url.port)
    await proxy.start()
    store = Store(
        make_engine(url.set(port=proxy.port).render_as_string(hide_password=False)), silent_after_s=silent_after_s
    )
    yield Behind(store, proxy)
    await proxy.stop()
    await store.close()


@pytest.fixture
async def watched(postgres: str) -> AsyncIterator[Behind]:
    async for behind in _store_behind(postgres, SILENT_AFTER_S):
        yield behind


@pytest.fixture
async def unwatched(postgres: str) -> AsyncIterator[Behind]:
    async for behind in _store_behind(postgres, 3600.0):
        yield behind


@pytest.mark.parametrize("silence", [Line.STALLED, Line.HALF_OPEN])
async def test_a_store_that_falls_silent_is_an_outage_and_is_there_again_afterwards(
    watched: Behind, silence: Line
) -> None:
    assert await watched.asks() == 1
    watched.proxy.put(silence)
    with pytest.raises(UnavailableError):
        await watched.asks()
    watched.proxy.put(Line.OPEN)
    async with asyncio.timeout(30):
        while True:
            try:
                assert await watched.asks() == 1
                return
            except UnavailableError:
                await asyncio.sleep(0.05)


async def test_without_the_guard_a_half_open_connection_holds_its_thread(unwatched: Behind) -> None:
    assert await unwatched.asks() == 1
    unwatched.proxy.put(Line.HALF_OPEN)
    unwatched.proxy.put(Line.OPEN)
    asking = asyncio.create_task(unwatched.asks())
    await asyncio.wait({asking}, timeout=LONG_S)
    assert not asking.done()
    await unwatched.proxy.stop()  # a reset, at last
    assert await asyncio.gather(asking, return_exceptions=True) != [1]


async def test_what_takes_its_time_while_the_store_answers_is_not_cut(unwatched: Behind) -> None:
    slow = sa.text(f"SELECT 1 FROM pg_sleep({SILENT_AFTER_S})")
    assert await unwatched.store.read(lambda conn: int(conn.execute(slow).scalar_one())) == 1


async def test_a_connection_has_the_patience_that_notices_a_lost_network(watched: Behind) -> None:
    def question(conn: sa.Connection) -> dict[str, str]:
        driver = conn.connection.driver_connection
        assert driver is not None
        return dict(driver.info.get_parameters())

    found = await watched.store.read(question)
    assert {"tcp_user_timeout", "keepalives_idle", "keepalives_interval"} <= found.keys()
