"""What dispatching works with: store, channels, clocks, and a relay to announce through."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from services.notifier.channels.base import Channel
from services.notifier.metrics import NotifierMetrics
from services.notifier.vault import Vault
from services.runtime.spans import Spans
from services.runtime.store import Store


class Relays(Protocol):
    """What dispatching needs of the relay."""

    def kick(self) -> None:
        """Publish now."""

    async def wait_acknowledged(self, ids: Sequence[int]) -> None:
        """Return once the broker has these rows."""


@dataclass(frozen=True)
class Tools:
    """``clock`` and ``jitter`` come from outside so that tests hold them."""

    store: Store
    vault: Vault
    channels: Mapping[str, Channel]
    metrics: NotifierMetrics
    clock: Callable[[], datetime]
    monotonic: Callable[[], float]
    jitter: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    spans: Spans = field(default_factory=Spans)
