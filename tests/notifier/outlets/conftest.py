"""Feeds and webhooks around the notifier's test world."""

from __future__ import annotations

import pytest

from tests.notifier.outlets.doors import Doors
from tests.notifier.world import World


@pytest.fixture
def doors(world: World) -> Doors:
    """The public application on the world's store, without a port."""
    return Doors(world)
