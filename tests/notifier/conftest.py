"""What the notifier's tests start from."""

from __future__ import annotations

import os
import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from services.cli.demo.botapi import BotApi as Double
from services.notifier.bot import Bot
from services.notifier.channels.telegram import BotApi, Telegram
from services.notifier.postman import Postman
from tests.notifier.talk import CHAT, Talk
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


@pytest.fixture
async def talk(tmp_path: Path) -> AsyncIterator[Talk]:
    """A bot at the local Bot API, and one chat that knows it."""
    double = Double(tmp_path / "telegram", strict=True)
    await double.start()
    double.add_chat(CHAT)
    api = BotApi("1:token", double.url)
    world = World(tmp_path, {"telegram": Telegram(api)})
    bot = Bot(api, world.store, world.vault, lambda: world.now)
    yield Talk(world, double, bot, Postman(world.store, world.vault, lambda: world.now, telegram=api))
    await world.close()
    await double.stop()
