"""What the notifier's tests start from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.notifier.world import World


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A notifier with fake channels and nobody to tell."""
    made = World(tmp_path)
    yield made
    await made.close()
