"""Consumer lag as log end minus committed, and the watchdog for a consumer that no longer moves.

The position is no measure: in a loop of rejected records it shows no lag at all.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import structlog
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.runtime.consumption import Consumption

if TYPE_CHECKING:
    from services.runtime.service import Service

log = structlog.get_logger(__name__)
LOOK_EVERY_S = 5.0


@dataclass
class Watch:
    """What the last looks saw."""

    stall_after_s: float
    stalled: list[str] = field(default_factory=list)
    moved: dict[tuple[str, str, int], tuple[int, float]] = field(default_factory=dict)

    def forget(self, group: str, topic: str, kept: set[int]) -> list[tuple[str, int]]:
        """Drop what is known of partitions that went elsewhere: when they come back they begin anew."""
        gone = [key for key in self.moved if key[:2] == (group, topic) and key[2] not in kept]
        for key in gone:
            del self.moved[key]
        return [(topic, partition) for _, _, partition in gone]

    def note(self, key: tuple[str, str, int], committed: int, lag: int, now: float) -> float:
        """Seconds since this partition's committed offset moved while there was something to read."""
        seen = self.moved.get(key)
        if seen is None or seen[0] != committed or lag == 0:
            self.moved[key] = (committed, now)
            return 0.0
        return now - seen[1]


async def watch_lag(service: Service, admin: AIOKafkaAdminClient, watch: Watch) -> None:
    """Measure for ever.

    Raises:
        RuntimeError: a consumer had records to read and committed nothing for ``stall_after_s`` while
            nothing it depends on was away.  The process ends and is started again.
    """
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        watch.stalled = []
        for consumption in service.consumptions:
            try:
                await _look(service, admin, watch, consumption)
            except (KafkaError, TimeoutError, OSError) as error:
                log.warning("lag unknown", topic=consumption.topic, reason=str(error))


async def _look(service: Service, admin: AIOKafkaAdminClient, watch: Watch, consumption: Consumption[Any]) -> None:
    spots = sorted(consumption.assignment())
    metrics = service.metrics
    for topic, partition in watch.forget(consumption.group, consumption.topic, {tp.partition for tp in spots}):
        metrics.lag.remove(topic, str(partition))
    if not spots:
        metrics.lag_seconds.labels(consumption.topic).set(0)
        return
    (consumer,) = consumption.consumers()
    ends = await consumer.end_offsets(spots)
    committed = await admin.list_consumer_group_offsets(consumption.group, partitions=spots)
    begins: dict[Any, int] = {}
    if any(tp not in committed or committed[tp].offset < 0 for tp in spots):
        begins = await consumer.beginning_offsets(spots)
    oldest = 0.0
    for tp in spots:
        known = committed.get(tp)
        at = known.offset if known is not None and known.offset >= 0 else begins[tp]
        lag = max(0, ends[tp] - at)
        metrics.lag.labels(tp.topic, str(tp.partition)).set(lag)
        stuck = watch.note((consumption.group, tp.topic, tp.partition), at, lag, time.monotonic())
        oldest = max(oldest, stuck)
    metrics.lag_seconds.labels(consumption.topic).set(oldest)
    if oldest <= watch.stall_after_s:
        return
    if consumption.waiting_for:
        watch.stalled.append(f"{consumption.topic} waits: {consumption.waiting_for}")
        return
    raise RuntimeError(f"{consumption.group} has committed nothing of {consumption.topic} for {oldest:.0f} s")
