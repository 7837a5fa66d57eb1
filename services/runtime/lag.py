"""Consumer lag as log end minus committed, in records and in seconds, and the watchdog for one that stands still.

The position is no measure: in a loop of rejected records it shows no lag at all.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
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

#: When the record at each of these offsets was written, in seconds since 1970, as far as it can be told.
WrittenAt = Callable[[Mapping[Any, int]], Awaitable[Mapping[Any, float]]]


@dataclass
class Watch:
    """What the last looks saw.

    Attributes:
        written_at: reads the timestamp of a record; without it a lag is as old as we have seen it.
    """

    stall_after_s: float
    written_at: WrittenAt | None = None
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
            it waited for nothing, neither then nor shortly before.  The process ends and is started again.
    """
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        stalled = []
        for consumption in service.consumptions:
            try:
                stalled += await _look(service, admin, watch, consumption)
            except (KafkaError, TimeoutError, OSError) as error:
                log.warning("lag unknown", topic=consumption.topic, reason=str(error))
                # What was measured last stays on the page of metrics: it must not pass for the truth.
                stalled.append(f"lag of {consumption.topic} unknown")
        watch.stalled = stalled  # at once: who asks during a look must not hear that all is well


async def _look(
    service: Service, admin: AIOKafkaAdminClient, watch: Watch, consumption: Consumption[Any]
) -> list[str]:
    """Show the lag of one consumption; what it waits for."""
    spots = sorted(consumption.assignment())
    metrics, group = service.metrics, consumption.group
    for topic, partition in watch.forget(group, consumption.topic, {tp.partition for tp in spots}):
        metrics.lag.remove(group, topic, str(partition))
    if not spots:
        metrics.lag_seconds.labels(group, consumption.topic).set(0)
        return []
    ends, committed = await _offsets(admin, consumption, spots)
    stuck: dict[Any, float] = {}
    for tp in spots:
        lag = max(0, ends[tp] - committed[tp])
        metrics.lag.labels(group, tp.topic, str(tp.partition)).set(lag)
        seconds = watch.note((group, tp.topic, tp.partition), committed[tp], lag, time.monotonic())
        if lag:
            stuck[tp] = seconds
    behind = await _behind(watch, {tp: committed[tp] for tp in stuck})
    oldest = max(stuck.values(), default=0.0)
    metrics.lag_seconds.labels(group, consumption.topic).set(max(oldest, behind))
    if oldest <= watch.stall_after_s:
        return []
    if consumption.waiting_for:
        return [f"{consumption.topic} waits: {consumption.waiting_for}"]
    if time.monotonic() - consumption.freed_at <= watch.stall_after_s:
        return []  # nobody counted while it waited: what stood behind, on other partitions too, gets its time now
    raise RuntimeError(f"{group} has committed nothing of {consumption.topic} for {oldest:.0f} s")


async def _offsets(
    admin: AIOKafkaAdminClient, consumption: Consumption[Any], spots: list[Any]
) -> tuple[Mapping[Any, int], dict[Any, int]]:
    """The end of each partition's log, and what is committed of it, or its beginning."""
    (consumer,) = consumption.consumers()
    ends = await consumer.end_offsets(spots)
    known = await admin.list_consumer_group_offsets(consumption.group, partitions=spots)
    begins: dict[Any, int] = {}
    if any(tp not in known or known[tp].offset < 0 for tp in spots):
        begins = await consumer.beginning_offsets(spots)
    return ends, {tp: known[tp].offset if tp in known and known[tp].offset >= 0 else begins[tp] for tp in spots}


async def _behind(watch: Watch, next_ones: Mapping[Any, int]) -> float:
    """Age of the oldest record that is not committed, by the time it was written; 0 where none can be read."""
    if not next_ones or watch.written_at is None:
        return 0.0
    written = await watch.written_at(next_ones)
    return max((time.time() - at for at in written.values()), default=0.0)
