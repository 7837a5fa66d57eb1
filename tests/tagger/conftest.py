"""The real rulebook, loaded once, and a store of its own for every test that writes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from services.runtime.store import Store
from services.tagger.app import MIGRATIONS
from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook

SEEDS = Path(__file__).resolve().parents[2] / "seeds"


@pytest.fixture(scope="session")
def book() -> Rulebook:
    return load_book(SEEDS / "topics", SEEDS / "places")


@pytest_asyncio.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    opened = Store.open(f"sqlite:///{tmp_path / 'tagger.sqlite3'}", MIGRATIONS)
    yield opened
    await opened.close()
