"""What the fuzzing starts from."""

from __future__ import annotations

import os
import random

import pytest


@pytest.fixture
def seed() -> int:
    """A fresh seed, printed so that a failure can be repeated."""
    drawn = int(os.environ.get("SIAGA_SEED", random.SystemRandom().randrange(1_000_000)))
    print(f"SIAGA_SEED={drawn}")  # noqa: T201
    return drawn
