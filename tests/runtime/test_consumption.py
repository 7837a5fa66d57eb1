"""In equals handled plus dead: whatever a record holds, whatever the handler does."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from prometheus_client import CollectorRegistry

from services.runtime import consumption as module
from services.runtime import retries
from services.runtime.consumption import Consumption
from services.runtime.errors import UnavailableError
from services.runtime.metrics import RuntimeMetrics
from services.runtime.records import DEAD_OFFSET, DEAD_PARTITION, DEAD_REASON, DEAD_TOPIC, Received
from services.runtime.store import Store

POISON = {
    "bad JSON": (b"{", ()),
    "schema-invalid": (b'{"n": "not a number"}', ()),
    "binary": (b"\xff\xfe\x00\x01", ()),
    "empty": (b"", ()),
    "null value": (None, ()),
    "deeply nested": (b"[" * 100_000, ()),
    "a lone surrogate": (b'{"n": "\\ud800"}', ()),
}
GOOD = {
    "plain": (b'{"n": 1}', ()),
    "header that is not UTF-8": (b'{"n": 2}', (("traceparent", b"\xff\xfe"),)),
    "null header": (b'{"n": 3}', (("x", None),)),
}


class Handler:
    """Keeps what it was given; fails on the numbers it was told to fail on."""

    def __init__(self, *, fails_on: Sequence[int] = (), times: int = 10**9, away: int = 0) -> None:
        self.handled: list[int] = []
        self.fails_on = set(fails_on)
        self.times = times
        self.away = away
        self.calls = 0

    async def __call__(self, batch: Sequence[Received[int]]) -> None:
        self.calls += 1
        if self.away:
            self.away -= 1
            raise UnavailableError("store away")
        if self.times and self.fails_on & {received.value for received in batch}:
            self.times -= 1
            raise ValueError("cannot handle this one")
        self.handled += [received.value for received in batch]


def decode(value: bytes) -> int:
    number = json.loads(value)["n"]
    if not isinstance(number, int):
        raise TypeError("n is not a number")
    return number


def record(value: bytes | None, headers: Any = (), offset: int = 0) -> Any:
    return SimpleNamespace(
        topic="stories", partition=3, offset=offset, key=b"\xffkey", value=value, headers=headers, timestamp=0
    )


def numbers(*values: int) -> list[Any]:
    return [record(json.dumps({"n": n}).encode(), offset=n) for n in values]


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "RETRY_WAITS_S", (0, 0, 0))
    monkeypatch.setattr(retries, "UNFINISHED_WAITS_S", (0, 0))
    monkeypatch.setattr(module, "OUTAGE_WAITS_S", (0, 0))


def consuming(store: Store, outbox: sa.Table, handler: Handler) -> Consumption[int]:
    return Consumption(
        service="test",
        topic="stories",
        group="readers",
        decode=decode,
        handler=handler,
        store=store,
        outbox=outbox,
        dead_topic="dead",
        metrics=RuntimeMetrics("test", "0"),
        on_enqueued=lambda: None,
    )


async def letters(store: Store, outbox: sa.Table) -> list[Any]:
    return list(await store.read(lambda conn: conn.execute(sa.select(outbox).order_by(outbox.c.id)).all()))


@pytest.mark.parametrize("case", POISON, ids=str)
async def test_poison_becomes_a_dead_letter_with_its_place_and_reason(
    case: str, store: Store, outbox: sa.Table
) -> None:
    handler = Handler()
    value, headers = POISON[case]
    await consuming(store, outbox, handler).process([record(value, headers, 41), *numbers(7)])
    (letter,) = await letters(store, outbox)
    told = json.loads(letter.headers)
    assert (letter.topic, letter.key, letter.value) == ("dead", b"\xffkey", value or b"")
    assert (told[DEAD_TOPIC], told[DEAD_PARTITION], told[DEAD_OFFSET]) == ("stories", "3", "41")
    assert told[DEAD_REASON].startswith("undecodable: ")
    assert handler.handled == [7]


@pytest.mark.parametrize("case", GOOD, ids=str)
async def test_a_good_record_with_any_headers_is_handled(case: str, store: Store, outbox: sa.Table) -> None:
    handler = Handler()
    value, headers = GOOD[case]
    await consuming(store, outbox, handler).process([record(value, headers)])
    assert len(handler.handled) == 1
    assert await letters(store, outbox) == []


async def test_the_one_record_a_handler_cannot_take_is_found_and_put_aside(store: Store, outbox: sa.Table) -> None:
    handler = Handler(fails_on=[13])
    await consuming(store, outbox, handler).process(numbers(*range(20)))
    assert sorted(handler.handled) == [n for n in range(20) if n != 13]
    (letter,) = await letters(store, outbox)
    assert json.loads(letter.headers)[DEAD_OFFSET] == "13"
    assert "unhandled: ValueError: cannot handle this one" in json.loads(letter.headers)[DEAD_REASON]


async def test_a_handler_that_fails_once_loses_nothing_and_buries_nothing(store: Store, outbox: sa.Table) -> None:
    handler = Handler(fails_on=[1], times=3)
    await consuming(store, outbox, handler).process(numbers(1))
    assert handler.handled == [1]
    assert await letters(store, outbox) == []


async def test_an_outage_is_waited_for_and_never_a_dead_letter(store: Store, outbox: sa.Table) -> None:
    handler = Handler(away=2)
    await consuming(store, outbox, handler).process(numbers(1, 2))
    assert handler.handled == [1, 2]
    assert await letters(store, outbox) == []


async def test_a_long_outage_leaves_the_batch_to_be_read_again(store: Store, outbox: sa.Table) -> None:
    handler = Handler(away=1000)
    with pytest.raises(UnavailableError):
        await consuming(store, outbox, handler).process(numbers(1, 2))
    assert handler.handled == []
    assert await letters(store, outbox) == []


async def test_a_batch_that_has_cost_too_much_waits_for_no_record_that_fails(
    store: Store, outbox: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PATIENCE_S", -1.0)
    monkeypatch.setattr(retries, "RETRY_WAITS_S", (1000.0,))
    handler = Handler(fails_on=range(0, 40, 2))
    await consuming(store, outbox, handler).process(numbers(*range(40)))
    assert handler.handled == list(range(1, 40, 2))
    assert len(await letters(store, outbox)) == 20


async def test_what_is_done_of_a_slow_batch_is_committed_on_the_way_and_never_beyond_what_is_done(
    store: Store, outbox: sa.Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "PROGRESS_EVERY_S", 0.0)
    handler = Handler(fails_on=[3])
    consumption = consuming(store, outbox, handler)
    committed: list[tuple[int, set[int]]] = []

    async def commit(offsets: dict[Any, int]) -> None:
        (offset,) = offsets.values()
        dead = {int(json.loads(letter.headers)[DEAD_OFFSET]) for letter in await letters(store, outbox)}
        committed.append((offset, set(handler.handled) | dead))

    consumption.subscriber = SimpleNamespace(consumer=SimpleNamespace(commit=commit))
    await consumption.process(numbers(*range(8)))
    assert committed[-1][0] == 8
    assert len(committed) > 1
    for offset, done in committed:
        assert set(range(offset)) <= done


def test_metrics_of_two_services_do_not_share_a_registry() -> None:
    one, two = RuntimeMetrics("one", "0"), RuntimeMetrics("two", "0")
    assert one.registry is not two.registry
    assert isinstance(one.registry, CollectorRegistry)


async def test_a_handler_that_is_called_off_leaves_its_record_to_be_read_again(
    store: Store, outbox: sa.Table
) -> None:
    async def called_off(batch: Sequence[Received[int]]) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await consuming(store, outbox, called_off).process(numbers(1, 2))  # type: ignore[arg-type]
    assert await letters(store, outbox) == []
