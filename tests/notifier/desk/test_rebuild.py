"""A lost store of the desk comes back from its topics as it was, however often it is read."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from click.testing import CliRunner
from pydantic import BaseModel

from services.cli.desk import rebuild_desk
from services.contracts.topics import ALERTS, DEAD, DELIVERIES, SOURCES, STORIES_TAGGED, TOPICS, desk_group
from services.notifier.desk.app import MIGRATIONS
from services.notifier.desk.intake import Intake
from services.notifier.desk.rebuild import Rebuilder, is_complete
from services.notifier.desk.tables import METADATA
from services.runtime.embedded import EmbeddedProcess
from services.runtime.errors import UnavailableError
from services.runtime.settings import ServiceSettings
from services.runtime.store import Store
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from desk_builders import a_delivery, a_health, a_tagged

TOLD: list[tuple[str, str, BaseModel]] = [
    (STORIES_TAGGED, "antara:1", a_tagged()),
    (STORIES_TAGGED, "antara:1", a_tagged(version=2)),
    (STORIES_TAGGED, "antara:2", a_tagged("antara:2", relevant=False)),
    (ALERTS, "incident-1", builders.an_alert()),
    (ALERTS, "incident-1", builders.an_update()),
    (ALERTS, "incident-2", builders.an_alert(incident_id="incident-2")),
    (ALERTS, "incident-2", builders.a_withdrawal("incident-2")),
    (SOURCES, "antara-ntt", a_health()),
    (DELIVERIES, "incident-1.1", a_delivery()),
]
#: What a rebuild counts or numbers anew.
COUNTED = {"pulse", "meta"}


async def tell(broker: EmbeddedProcess) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=broker.bootstrap)
    await producer.start()
    for topic, key, event in TOLD:
        await producer.send_and_wait(topic, event.model_dump_json().encode(), key=key.encode())
    await producer.send_and_wait(STORIES_TAGGED, b"no story", key=b"x")
    await producer.send_and_wait(DEAD, b"bytes", key=b"x", headers=[("dead-reason", b"undecodable")])
    await producer.stop()


async def read_to_the_end(broker: EmbeddedProcess) -> None:
    """Commit for the desk's groups as if they had read everything."""
    for topic in {topic for topic, _, _ in TOLD}:
        options: dict[str, Any] = {"bootstrap_servers": broker.bootstrap, "group_id": desk_group(topic)}
        consumer = AIOKafkaConsumer(**options, enable_auto_commit=False)
        await consumer.start()
        parts = [TopicPartition(topic, number) for number in range(TOPICS[topic].partitions)]
        consumer.assign(parts)
        await consumer.commit(await consumer.end_offsets(parts))
        await consumer.stop()


def rebuilder(broker: str, store: Store) -> Rebuilder:
    return Rebuilder(ServiceSettings(kafka=broker), store, Intake(store), reads_dead=True)


async def contents(store: Store) -> dict[str, set[str]]:
    def read(conn: sa.Connection) -> dict[str, set[str]]:
        return {
            name: {str(tuple(value for key, value in row._mapping.items() if key != "number")) for row in rows}
            for name, table in METADATA.tables.items()
            if name not in COUNTED and (rows := conn.execute(sa.select(table)).all())
        }

    return await store.read(read)


def opened(folder: Path, name: str) -> Store:
    return Store.open(f"sqlite:///{folder / name}.sqlite3", MIGRATIONS)


@pytest.mark.embedded
async def test_a_lost_store_comes_back_as_it_was_and_reading_again_changes_nothing(
    embedded: EmbeddedProcess, tmp_path: Path
) -> None:
    await tell(embedded)
    first, lost = opened(tmp_path, "first"), opened(tmp_path, "lost")
    await rebuilder(embedded.bootstrap, first)()
    before = await contents(first)
    assert set(before) == {
        "story", "incident", "incident_topic", "incident_place", "step", "source", "told", "letter",
    }  # fmt: skip

    await read_to_the_end(embedded)  # a consumer of the group would be given nothing any more
    await rebuilder(embedded.bootstrap, lost)()
    assert await contents(lost) == before

    await tell(embedded)  # everything a second time
    assert CliRunner().invoke(rebuild_desk, env={"SIAGA_DESK_STORE": str(lost.engine.url)}).exit_code == 0
    assert not await lost.read(is_complete)
    await rebuilder(embedded.bootstrap, lost)()
    after = await contents(lost)
    assert {name: rows for name, rows in after.items() if name != "letter"} == {
        name: rows for name, rows in before.items() if name != "letter"
    }
    assert len(after["letter"]) == 2, "a second letter is another letter"
    await first.close()
    await lost.close()


@pytest.mark.embedded
async def test_a_store_that_is_complete_is_not_read_again(embedded: EmbeddedProcess, tmp_path: Path) -> None:
    store = opened(tmp_path, "desk")
    await rebuilder(embedded.bootstrap, store)()
    await tell(embedded)
    await rebuilder(embedded.bootstrap, store)()
    assert await contents(store) == {}, "what comes later comes by the groups"
    await store.close()


async def test_a_broker_that_is_away_leaves_the_store_incomplete(tmp_path: Path, free_port: int) -> None:
    store = opened(tmp_path, "desk")
    with pytest.raises(UnavailableError):
        await rebuilder(f"127.0.0.1:{free_port}", store)()
    assert not await store.read(is_complete)
    await store.close()
