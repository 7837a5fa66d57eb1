"""What the desk's tests start from: its store, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.notifier.desk.app import MIGRATIONS
from services.runtime.store import Store


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store of the desk."""
    url = f"sqlite:///{tmp_path / 'desk.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
    opened = Store.open(url, MIGRATIONS)
    yield opened
    await opened.close()
