"""The watchdog ends a process whose consumer commits nothing, and only such a one."""

from __future__ import annotations

import asyncio
import contextlib
import time
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import TopicPartition
from aiokafka.errors import GroupAuthorizationFailedError

from services.runtime import lag
from services.runtime.lag import Watch, watch_lag
from services.runtime.metrics import RuntimeMetrics

SPOT = TopicPartition("stories", 0)


class FakeAdmin:
    def __init__(self, committed: list[int]) -> None:
        self.committed = committed

    async def list_consumer_group_offsets(self, group: str, partitions: Any) -> dict[Any, Any]:
        offset = self.committed.pop(0) if len(self.committed) > 1 else self.committed[0]
        return {SPOT: SimpleNamespace(offset=offset)}


def a_service(*, end: int, waiting_for: str | None = None, freed_at: float = float("-inf")) -> Any:
    async def end_offsets(spots: Any) -> dict[Any, int]:
        return dict.fromkeys(spots, end)

    consumer = SimpleNamespace(end_offsets=end_offsets)
    consumption = SimpleNamespace(
        topic="stories",
        group="readers",
        waiting_for=waiting_for,
        freed_at=freed_at,
        assignment=lambda: {SPOT},
        consumers=lambda: [consumer],
    )
    return SimpleNamespace(consumptions=[consumption], metrics=RuntimeMetrics("test", "0"))


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lag, "LOOK_EVERY_S", 0.01)


async def seconds_behind(*, end: int, committed: int, written_ago: float | None) -> float:
    """What one look shows as lag in seconds."""
    service = a_service(end=end)

    async def written_at(offsets: Any) -> dict[Any, float]:
        assert offsets == {SPOT: committed}
        return {} if written_ago is None else {SPOT: time.time() - written_ago}

    watch = Watch(stall_after_s=60, written_at=written_at)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await watch_lag(service, FakeAdmin([committed]), watch)  # type: ignore[arg-type]
    shown = service.metrics.registry.get_sample_value(
        "siaga_consumer_lag_seconds", {"group": "readers", "topic": "stories"}
    )
    assert shown is not None
    return float(shown)


async def test_a_lag_is_as_old_as_the_first_record_that_is_not_committed() -> None:
    assert await seconds_behind(end=5, committed=3, written_ago=3600) >= 3600


@pytest.mark.parametrize(
    ("end", "written_ago"), [(3, 3600.0), (5, None)], ids=["nothing to read", "the record cannot be read"]
)
async def test_a_lag_is_not_older_than_what_is_known(end: int, written_ago: float | None) -> None:
    assert await seconds_behind(end=end, committed=3, written_ago=written_ago) < 1


async def test_a_consumer_with_records_to_read_that_commits_nothing_ends_the_process() -> None:
    with pytest.raises(RuntimeError, match="has committed nothing of stories"):
        async with asyncio.timeout(20):
            await watch_lag(a_service(end=5), FakeAdmin([3]), Watch(stall_after_s=0.1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("end", "committed", "waiting_for"),
    [(3, [3], None), (10**6, list(range(10**4)), None), (5, [3], "the store is away")],
    ids=["nothing to read", "it moves", "it waits for a store"],
)
async def test_any_other_consumer_goes_on(end: int, committed: list[int], waiting_for: str | None) -> None:
    watch = Watch(stall_after_s=0.1)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.6):
            await watch_lag(a_service(end=end, waiting_for=waiting_for), FakeAdmin(committed), watch)  # type: ignore[arg-type]
    assert bool(watch.stalled) == bool(waiting_for)


async def test_a_consumer_that_only_now_waits_no_more_is_given_its_time() -> None:
    watch = Watch(stall_after_s=0.1, moved={("readers", "stories", 0): (3, time.monotonic() - 60)})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            # freed in the future: the time it is given is not up before the test is
            await watch_lag(a_service(end=5, freed_at=time.monotonic() + 60), FakeAdmin([3]), watch)  # type: ignore[arg-type]
    assert watch.stalled == []


async def test_a_consumer_that_waits_no_more_and_still_commits_nothing_ends_the_process() -> None:
    with pytest.raises(RuntimeError, match="has committed nothing of stories"):
        async with asyncio.timeout(20):
            service = a_service(end=5, freed_at=time.monotonic())
            await watch_lag(service, FakeAdmin([3]), Watch(stall_after_s=0.1))  # type: ignore[arg-type]


class RefusingAdmin:
    async def list_consumer_group_offsets(self, group: str, partitions: Any) -> dict[Any, Any]:
        raise GroupAuthorizationFailedError


async def test_a_lag_that_cannot_be_asked_does_not_pass_for_none() -> None:
    watch = Watch(stall_after_s=60)
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await watch_lag(a_service(end=5), RefusingAdmin(), watch)  # type: ignore[arg-type]
    assert watch.stalled == ["lag of stories unknown"]


async def test_a_lag_that_can_be_asked_again_is_known() -> None:
    watch = Watch(stall_after_s=60, stalled=["lag of stories unknown"])
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await watch_lag(a_service(end=5), FakeAdmin([3]), watch)  # type: ignore[arg-type]
    assert watch.stalled == []


def test_a_partition_that_went_elsewhere_and_came_back_begins_anew() -> None:
    watch = Watch(stall_after_s=1)
    key = ("readers", "stories", 0)
    assert watch.note(key, committed=100, lag=5, now=0.0) == 0.0
    assert watch.note(key, committed=100, lag=5, now=9.0) == 9.0
    assert watch.forget("readers", "stories", set()) == [("stories", 0)]
    assert watch.note(key, committed=100, lag=5, now=600.0) == 0.0


def test_a_partition_that_stayed_is_remembered() -> None:
    watch = Watch(stall_after_s=1)
    watch.note(("readers", "stories", 0), committed=100, lag=5, now=0.0)
    assert watch.forget("readers", "stories", {0}) == []
    assert watch.note(("readers", "stories", 0), committed=100, lag=5, now=9.0) == 9.0
