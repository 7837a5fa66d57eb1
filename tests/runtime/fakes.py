"""A broker that keeps records in lists and can be told to forget, to refuse or to be away."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace

from aiokafka.errors import MessageSizeTooLargeError

from services.runtime.errors import OperatorError, UnavailableError
from services.runtime.outbox import Pending


@dataclass
class FakeBroker:
    partitions: int = 2
    away: bool = False
    too_large: int = 10**9
    forbidden: str = ""
    log: dict[tuple[str, int], list[Pending]] = field(default_factory=lambda: defaultdict(list))
    order: list[int] = field(default_factory=list)
    commits: dict[str, dict[tuple[str, int], int]] = field(default_factory=lambda: defaultdict(dict))
    made: list[str] = field(default_factory=list)

    async def publish(self, row: Pending) -> asyncio.Future[object]:
        if self.away:
            raise UnavailableError("broker away")
        if len(row.value) > self.too_large:
            raise MessageSizeTooLargeError("too large")
        spot = (row.topic, sum(row.key) % self.partitions)
        self.log[spot].append(row)
        self.order.append(row.id)
        future: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        future.set_result(SimpleNamespace(partition=spot[1], offset=len(self.log[spot]) - 1))
        return future

    async def committed(self, group: str, partitions: Sequence[tuple[str, int]]) -> Mapping[tuple[str, int], int]:
        return {spot: self.commits[group].get(spot, 0) for spot in partitions}

    async def ensure_topic(self, topic: str) -> None:
        if topic == self.forbidden:
            raise OperatorError(topic, "we may not create it")
        self.made.append(topic)

    def read_all(self, group: str) -> None:
        for spot, rows in self.log.items():
            self.commits[group][spot] = len(rows)

    def forget(self) -> None:
        self.log.clear()
        self.order.clear()
        self.commits.clear()

    def bytes_unread(self, group: str) -> int:
        return max(
            (sum(r.size for r in rows[self.commits[group].get(spot, 0) :]) for spot, rows in self.log.items()),
            default=0,
        )

    def values(self) -> list[bytes]:
        return [row.value for rows in self.log.values() for row in rows]
