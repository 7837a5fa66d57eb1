"""Slow is not bad: a record that was not finished in its time is insisted on before it is put aside."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from services.runtime import consumption as module
from services.runtime import pulse, retries
from services.runtime.consumption import Consumption
from services.runtime.errors import UnavailableError
from services.runtime.metrics import RuntimeMetrics
from services.runtime.records import DEAD_OFFSET, DEAD_REASON, Received
from services.runtime.store import Store


class Slow:
    """Hangs on these records so many times, until it is cut off; takes the rest, and them when the times are up."""

    def __init__(self, *numbers: int, times: int = 10**9) -> None:
        self.handled: list[int] = []
        self.waited_for: list[str | None] = []
        self.alone = 0
        self._numbers = set(numbers)
        self._times = times
        self.consumption: Consumption[int] | None = None

    async def __call__(self, batch: Sequence[Received[int]]) -> None:
        given = [received.value for received in batch]
        if self._times and self._numbers & set(given):
            self._times -= 1
            self.alone += len(given) == 1
            self.waited_for.append(self.consumption.waiting_for if self.consumption else None)
            await asyncio.Event().wait()
        self.handled += given


def numbers(*values: int) -> list[Any]:
    return [
        SimpleNamespace(topic="stories", partition=3, offset=n, key=b"k", value=b"%d" % n, headers=(), timestamp=0)
        for n in values
    ]


def reading(store: Store, outbox: sa.Table, handler: Slow) -> Consumption[int]:
    handler.consumption = Consumption(
        service="test",
        topic="stories",
        group="readers",
        decode=json.loads,
        handler=handler,
        store=store,
        outbox=outbox,
        dead_topic="dead",
        metrics=RuntimeMetrics("test", "0"),
        on_enqueued=lambda: None,
    )
    return handler.consumption


async def letters(store: Store, outbox: sa.Table) -> list[dict[str, str]]:
    rows = await store.read(lambda conn: conn.execute(sa.select(outbox.c.headers)).scalars().all())
    return [json.loads(headers) for headers in rows]


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Limits that a hanging handler reaches at once; who does not wait never meets them."""
    monkeypatch.setattr(retries, "HANDLER_LIMIT_S", 0.01)
    monkeypatch.setattr(retries, "HASTY_LIMIT_S", 0.01)
    monkeypatch.setattr(retries, "LONG_LIMIT_S", 0.02)
    monkeypatch.setattr(retries, "UNFINISHED_WAITS_S", (0, 0, 0))
    monkeypatch.setattr(module, "OUTAGE_WAITS_S", (0, 0))


async def no(*_: object) -> bool:
    return False


async def test_slow_records_of_a_batch_that_has_cost_too_much_are_no_dead_letters(
    store: Store, outbox: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", -1.0)
    # Whatever is tried is slow: the batch, its halves, the first record alone, and that once again.
    handler = Slow(1, 2, times=4)
    await reading(store, outbox, handler).process(numbers(1, 2))
    assert handler.handled == [1, 2]
    assert await letters(store, outbox) == []


async def test_a_record_that_hangs_for_ever_is_put_aside_after_its_long_tries_and_says_why(
    store: Store, outbox: sa.Table
) -> None:
    handler = Slow(2)
    await reading(store, outbox, handler).process(numbers(1, 2, 3))
    (letter,) = await letters(store, outbox)
    assert letter[DEAD_OFFSET] == "2"
    assert letter[DEAD_REASON] == "unfinished: TimeoutError: did not finish within 0.02 s"
    assert handler.alone == 4
    assert handler.handled == [1, 3]


async def test_haste_takes_no_try_from_a_record_that_hangs(
    store: Store, outbox: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", -1.0)
    handler = Slow(2)
    await reading(store, outbox, handler).process(numbers(2))
    assert len(await letters(store, outbox)) == 1
    assert handler.alone == 4


async def test_what_hangs_is_named_as_what_the_topic_waits_for_until_it_is_put_aside(
    store: Store, outbox: sa.Table
) -> None:
    handler = Slow(2)
    consumption = reading(store, outbox, handler)
    await consumption.process(numbers(2))
    assert handler.waited_for == [
        None,
        "3:2 did not finish within 0.01 s",
        *["3:2 did not finish within 0.02 s"] * 2,
    ]
    assert consumption.waiting_for is None


async def test_once_what_hung_is_put_aside_the_time_of_those_behind_it_begins(
    store: Store, outbox: sa.Table
) -> None:
    consumption = reading(store, outbox, Slow(2))
    began = time.monotonic()
    await consumption.process(numbers(2))
    assert consumption.freed_at >= began


async def test_who_never_waited_is_given_no_more_time(store: Store, outbox: sa.Table) -> None:
    consumption = reading(store, outbox, Slow(2))
    await consumption.process(numbers(1))
    assert consumption.freed_at == float("-inf")


@pytest.mark.parametrize("what", ["answers", "works"])
async def test_a_record_that_hangs_with_its_store_is_an_outage_and_no_dead_letter(
    what: str, store: Store, outbox: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, what, no)
    consumption = reading(store, outbox, Slow(1))
    with pytest.raises(UnavailableError):
        await consumption.process(numbers(1))
    assert consumption.waiting_for == "the store does not answer"
    assert await letters(store, outbox) == []


async def test_a_record_whose_machine_gave_no_time_is_an_outage_and_no_dead_letter(
    store: Store, outbox: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "is_starved", lambda *_: True)
    consumption = reading(store, outbox, Slow(1))
    with pytest.raises(UnavailableError):
        await consumption.process(numbers(1))
    assert consumption.waiting_for == "3:1: the machine is too busy"
    assert await letters(store, outbox) == []


async def test_a_batch_is_halved_however_little_time_the_machine_gives(
    store: Store, outbox: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "is_starved", lambda *_: True)
    handler = Slow(1, 2, times=1)
    await reading(store, outbox, handler).process(numbers(1, 2))
    assert handler.handled == [1, 2]


async def limits_of(handler: Slow, store: Store, outbox: sa.Table, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long a record alone was given, try by try, until it was handled or read again."""
    given: list[float] = []

    def say(_: object, spots: str, limit_s: float) -> None:
        given.append(limit_s)

    monkeypatch.setattr(Consumption, "_say_unfinished", say)
    with contextlib.suppress(UnavailableError):
        await reading(store, outbox, handler).process(numbers(1))
    return given


async def test_a_record_whose_machine_gave_no_time_gets_the_long_limit_from_then_on(
    store: Store, outbox: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pulse, "is_starved", lambda *_: True)
    assert await limits_of(Slow(1), store, outbox, monkeypatch) == [0.01, 0.02, 0.02]


async def test_a_record_whose_store_does_not_answer_gets_no_longer_limit(
    store: Store, outbox: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "works", no)
    assert await limits_of(Slow(1), store, outbox, monkeypatch) == [0.01, 0.01, 0.01]
