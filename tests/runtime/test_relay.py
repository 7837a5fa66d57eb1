"""The relay publishes every row in order, and on a broker that forgets it keeps rows until they were read."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.runtime.metrics import RuntimeMetrics
from services.runtime.outbox import Message, Pending, enqueue
from services.runtime.relay import HOLD_BYTES, Forgetful, Relay
from services.runtime.store import Store

sys.path.insert(0, str(Path(__file__).parent))
from fakes import FakeBroker

READERS = {"stories": ("readers",)}


def messages(count: int, *, topic: str = "stories", size: int = 10, first: int = 0) -> list[Message]:
    return [Message(topic, f"k{n}", f"{n:0{size}}".encode()) for n in range(first, first + count)]


@contextlib.asynccontextmanager
async def relaying(
    store: Store, outbox: sa.Table, broker: FakeBroker, forgetful: Forgetful | None = None
) -> AsyncIterator[Relay]:
    relay = Relay(store, outbox, broker, RuntimeMetrics("test", "0"), forgetful)
    task = asyncio.create_task(relay.run())
    try:
        yield relay
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def count(store: Store, outbox: sa.Table) -> int:
    return await store.read(lambda conn: conn.execute(sa.select(sa.func.count()).select_from(outbox)).scalar_one())


async def test_rows_reach_the_broker_in_the_order_they_were_decided(store: Store, outbox: sa.Table) -> None:
    broker = FakeBroker()
    ids = await store.write(lambda conn: enqueue(conn, outbox, messages(1200)))
    async with relaying(store, outbox, broker) as relay:
        await relay.wait_acknowledged(ids[-1:])
    assert broker.order == ids
    assert await count(store, outbox) == 0


async def test_nothing_is_acknowledged_while_the_broker_is_away(store: Store, outbox: sa.Table) -> None:
    broker = FakeBroker(away=True)
    ids = await store.write(lambda conn: enqueue(conn, outbox, messages(3)))
    async with relaying(store, outbox, broker) as relay:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.4):
                await relay.wait_acknowledged(ids)
        assert await count(store, outbox) == 3
        broker.away = False
        async with asyncio.timeout(20):
            await relay.wait_acknowledged(ids)
    assert broker.order == ids


async def test_a_record_too_large_for_any_broker_is_set_aside_and_blocks_nothing(
    store: Store, outbox: sa.Table
) -> None:
    broker = FakeBroker(too_large=100)
    rows = [*messages(2), *messages(1, size=500, first=2), *messages(2, first=3)]
    ids = await store.write(lambda conn: enqueue(conn, outbox, rows))
    async with relaying(store, outbox, broker) as relay:
        await relay.wait_acknowledged(ids[3:])
    left = await store.read(lambda conn: conn.execute(sa.select(outbox.c.id, outbox.c.refused)).all())
    assert [(row.id, bool(row.refused)) for row in left] == [(ids[2], True)]


async def test_a_topic_that_may_not_be_created_costs_its_own_rows_only(store: Store, outbox: sa.Table) -> None:
    broker = FakeBroker(forbidden="alerts.kh")
    rows = [*messages(1, topic="alerts.kh"), *messages(2, topic="alerts")]
    ids = await store.write(lambda conn: enqueue(conn, outbox, rows))
    async with relaying(store, outbox, broker) as relay:
        async with asyncio.timeout(20):
            await relay.wait_acknowledged(ids[1:])
    assert broker.order == ids[1:]
    left = await store.read(lambda conn: conn.execute(sa.select(outbox.c.id, outbox.c.refused)).all())
    assert [row.id for row in left] == ids[:1]
    assert "may not" in left[0].refused


class CallsOff(FakeBroker):
    """A client that gives up on the first record it was handed, as one does whose connection breaks."""

    async def publish(self, row: Pending) -> asyncio.Future[object]:
        first = not self.order
        future = await super().publish(row)
        if not first:
            return future
        given_up: asyncio.Future[object] = asyncio.get_running_loop().create_future()
        given_up.cancel()
        return given_up


async def test_a_record_the_client_called_off_is_sent_again(store: Store, outbox: sa.Table) -> None:
    ids = await store.write(lambda conn: enqueue(conn, outbox, messages(1)))
    async with relaying(store, outbox, broker := CallsOff()) as relay:
        await relay.wait_acknowledged(ids)
    assert broker.order == [ids[0], ids[0]]


async def test_a_relay_called_off_in_the_moment_it_is_kicked_ends(store: Store, outbox: sa.Table) -> None:
    relay = Relay(store, outbox, FakeBroker(), RuntimeMetrics("test", "0"))
    task = asyncio.create_task(relay.run())
    await relay.wait_acknowledged(await store.write(lambda conn: enqueue(conn, outbox, messages(1))))
    await asyncio.sleep(0.3)  # it sleeps until the next look
    relay.kick()
    task.cancel()
    ended, _ = await asyncio.wait({task}, timeout=20)
    assert ended == {task}
    assert task.cancelled()


async def test_a_relay_that_is_only_kicked_goes_on(store: Store, outbox: sa.Table) -> None:
    async with relaying(store, outbox, broker := FakeBroker()) as relay:
        await relay.wait_acknowledged(await store.write(lambda conn: enqueue(conn, outbox, messages(1))))
        relay.kick()
        await relay.wait_acknowledged(await store.write(lambda conn: enqueue(conn, outbox, messages(1, first=1))))
    assert len(broker.order) == 2


async def test_a_topic_is_created_at_its_first_use_only(store: Store, outbox: sa.Table) -> None:
    broker = FakeBroker()
    rows = [*messages(2, topic="alerts.id-nt"), *messages(1, topic="alerts.id")]
    ids = await store.write(lambda conn: enqueue(conn, outbox, rows))
    async with relaying(store, outbox, broker) as relay:
        await relay.wait_acknowledged(ids)
    assert broker.made == ["alerts.id-nt", "alerts.id"]


async def test_on_a_forgetful_broker_rows_stay_until_their_readers_committed_past_them(
    store: Store, outbox: sa.Table
) -> None:
    broker = FakeBroker()
    ids = await store.write(lambda conn: enqueue(conn, outbox, messages(10)))
    async with relaying(store, outbox, broker, Forgetful("a", READERS, frozenset())) as relay:
        await relay.wait_acknowledged(ids)
        assert await count(store, outbox) == 10
        broker.read_all("readers")
        async with asyncio.timeout(20):
            while await count(store, outbox):
                await asyncio.sleep(0.01)


async def test_what_a_broker_forgot_is_sent_again_and_what_was_read_is_not(store: Store, outbox: sa.Table) -> None:
    broker = FakeBroker(partitions=1)
    early = await store.write(lambda conn: enqueue(conn, outbox, messages(5)))
    async with relaying(store, outbox, broker, Forgetful("a", READERS, frozenset())) as relay:
        await relay.wait_acknowledged(early)
        broker.read_all("readers")
        late = await store.write(lambda conn: enqueue(conn, outbox, messages(5, first=5)))
        await relay.wait_acknowledged(late)
        async with asyncio.timeout(20):
            while await count(store, outbox) > 5:
                await asyncio.sleep(0.01)
    broker.forget()
    async with relaying(store, outbox, broker, Forgetful("b", READERS, frozenset())) as relay:
        await relay.wait_acknowledged(late)
    assert broker.order == late


async def test_a_relay_that_starts_again_on_the_same_broker_remembers_what_is_unread(
    store: Store, outbox: sa.Table
) -> None:
    broker = FakeBroker()
    ids = await store.write(lambda conn: enqueue(conn, outbox, messages(4)))
    async with relaying(store, outbox, broker, Forgetful("a", READERS, frozenset())) as relay:
        await relay.wait_acknowledged(ids)
    async with relaying(store, outbox, broker, Forgetful("a", READERS, frozenset())):
        broker.read_all("readers")
        async with asyncio.timeout(20):
            while await count(store, outbox):
                await asyncio.sleep(0.01)
    assert len(broker.order) == 4


async def test_publishing_holds_back_before_a_partition_would_overflow(store: Store, outbox: sa.Table) -> None:
    broker = FakeBroker(partitions=1)
    ids = await store.write(lambda conn: enqueue(conn, outbox, messages(300, size=50_000)))
    most = 0
    async with relaying(store, outbox, broker, Forgetful("a", READERS, frozenset())):
        async with asyncio.timeout(60):
            while len(broker.order) < len(ids):
                most = max(most, broker.bytes_unread("readers"))
                broker.read_all("readers")
                await asyncio.sleep(0.02)
    assert HOLD_BYTES < most < 5 * 1024 * 1024
    assert broker.order == ids


async def test_a_topic_without_readers_is_never_held_back(store: Store, outbox: sa.Table) -> None:
    broker = FakeBroker(partitions=1)
    ids = await store.write(lambda conn: enqueue(conn, outbox, messages(100, topic="deliveries", size=50_000)))
    async with relaying(store, outbox, broker, Forgetful("a", READERS, frozenset())) as relay:
        async with asyncio.timeout(20):
            await relay.wait_acknowledged(ids)
    assert await count(store, outbox) == 0


async def test_dead_letters_are_kept_over_a_start_of_the_broker(store: Store, outbox: sa.Table) -> None:
    broker = FakeBroker()
    ids = await store.write(lambda conn: enqueue(conn, outbox, messages(2, topic="dead")))
    for incarnation in ("a", "b"):
        async with relaying(store, outbox, broker, Forgetful(incarnation, READERS, frozenset({"dead"}))) as relay:
            await relay.wait_acknowledged(ids)
        assert broker.order == ids
        broker.forget()
