"""What the notifier's tests start from."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.notifier.world import World


@pytest.fixture
def seed() -> int:
    """A fresh seed, printed so that a failure can be repeated."""
    drawn = int(os.environ.get("SIAGA_SEED", random.SystemRandom().randrange(1_000_000)))
    print(f"SIAGA_SEED={drawn}")  # noqa: T201
    return drawn


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A notifier with fake channels and nobody to tell."""
    made = World(tmp_path)
    yield made
    await made.close()
