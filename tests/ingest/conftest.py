"""Fixtures of ingest's tests: a server that does as it is told, and a world around one store."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.ingest.feed_reader import guard_feedparser
from tests.ingest.world import FeedServer, World


@pytest.fixture(scope="session", autouse=True)
def _guarded() -> None:
    """What a parse worker does first."""
    guard_feedparser()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[FeedServer]:
    made = FeedServer()
    await made.start()
    yield made
    await made.stop()


@pytest_asyncio.fixture
async def world(tmp_path: Path, server: FeedServer) -> AsyncIterator[World]:
    """A world that watches the server's feed as ``desk-all``."""
    made = World(tmp_path)
    await made.watch(made.watch_at(server.port))
    yield made
    await made.close()
