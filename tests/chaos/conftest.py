"""Randomness of a run comes from one printed seed: `SIAGA_SEED=… pytest …` repeats it."""

from __future__ import annotations

import os
import random

import pytest


@pytest.fixture
def seed() -> int:
    chosen = int(os.environ.get("SIAGA_SEED") or random.randrange(1, 2**31))
    print(f"SIAGA_SEED={chosen}")  # noqa: T201 - pytest shows it with a failure
    return chosen
