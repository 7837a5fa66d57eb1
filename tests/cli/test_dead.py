"""A replayed letter is never only in a broker's memory: it lies in an outbox until its service has published it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaConsumer

from services.cli.letters import InStores, Letter, OnTopic
from services.cli.stores import Stores
from services.contracts.topics import DEAD, STORIES
from services.runtime.embedded import EmbeddedProcess
from services.runtime.errors import OperatorError
from services.runtime.outbox import Landed, Message, enqueue, keep_landed, outbox_table, read_pending
from services.runtime.settings import ServiceSettings

INCARNATION = "this-start"
PUT_ASIDE = {"dead-topic": STORIES, "dead-reason": "undecodable: x", "dead-service": "tagger", "dead-at": "17"}


class Outbox:
    """The tagger's outbox, as its relay sees it."""

    def __init__(self, folder: Path) -> None:
        self.engine = sa.create_engine(f"sqlite:///{folder / 'tagger.sqlite3'}", poolclass=sa.NullPool)
        self.table = outbox_table(sa.MetaData())
        self.table.metadata.create_all(self.engine)

    def put(self, *, headers: dict[str, str], landed: bool = True) -> int:
        with self.engine.begin() as conn:
            (row,) = enqueue(conn, self.table, [Message(DEAD, b"\xffkey", b"\x00value", headers=headers)])
            if landed:
                self.land(conn, row)
        return row

    def land(self, conn: sa.Connection, row: int) -> None:
        keep_landed(conn, self.table, INCARNATION, [Landed(row, 0, 5)])

    def waiting(self) -> list[Any]:
        with self.engine.connect() as conn:
            return read_pending(conn, self.table, INCARNATION, 10)


@pytest.fixture
def outbox(tmp_path: Path) -> Outbox:
    return Outbox(tmp_path)


@pytest.fixture
def source(tmp_path: Path) -> InStores:
    return InStores(Stores(tmp_path))


async def replay(source: InStores) -> list[Letter]:
    done: list[Letter] = []
    await source.replay(await source.letters(), done.append)
    return done


async def test_a_replayed_letter_waits_for_the_relay_with_its_bytes_key_and_headers(
    outbox: Outbox, source: InStores
) -> None:
    outbox.put(headers={"schema": "StoryPublished/1", **PUT_ASIDE})
    (letter,) = await replay(source)
    (row,) = outbox.waiting()
    assert letter.id == "tagger:1"
    assert (row.topic, row.key, row.value) == (STORIES, b"\xffkey", b"\x00value")
    assert row.headers.keys() == {"content-type", "traceparent", "schema"}
    assert await source.letters() == []


async def test_a_letter_that_is_not_replayed_does_not_wait(outbox: Outbox, source: InStores) -> None:
    outbox.put(headers=PUT_ASIDE)
    assert len(await source.letters()) == 1
    assert outbox.waiting() == []


async def test_a_relay_that_notes_late_where_the_letter_landed_does_not_take_the_replay_for_published(
    outbox: Outbox, source: InStores
) -> None:
    row = outbox.put(headers=PUT_ASIDE, landed=False)
    await replay(source)
    with outbox.engine.begin() as conn:
        outbox.land(conn, row)
    assert [one.topic for one in outbox.waiting()] == [STORIES]


async def test_of_two_replays_at_once_only_one_puts_it_back(outbox: Outbox, source: InStores) -> None:
    outbox.put(headers=PUT_ASIDE)
    letters = await source.letters()
    done: list[Letter] = []
    await source.replay(letters, done.append)
    await source.replay(letters, done.append)
    assert done == letters
    assert len(outbox.waiting()) == 1


async def test_a_letter_that_does_not_say_where_it_came_from_stays(outbox: Outbox, source: InStores) -> None:
    outbox.put(headers={})
    with pytest.raises(OperatorError, match="topic is unknown"):
        await replay(source)
    assert len(await source.letters()) == 1
    assert outbox.waiting() == []


async def test_a_folder_with_signs_of_its_own_in_its_name_is_found(tmp_path: Path) -> None:
    folder = tmp_path / "a?b=%20#c d"
    folder.mkdir()
    with sqlite3.connect(folder / "tagger.sqlite3") as conn:
        conn.execute("CREATE TABLE one (x)")
    conn.close()
    asked = Stores(folder).ask("tagger", lambda conn: conn.execute(sa.text("SELECT count(*) FROM one")).scalar())
    assert asked == 0


def test_asking_a_store_cannot_change_it(outbox: Outbox, tmp_path: Path) -> None:
    outbox.put(headers={})
    with pytest.raises(OperatorError, match="readonly"):
        Stores(tmp_path).ask("tagger", lambda conn: conn.execute(sa.delete(outbox.table)))


def test_a_change_that_fails_halfway_changes_nothing(outbox: Outbox, tmp_path: Path) -> None:
    outbox.put(headers={}, landed=False)

    def fail(conn: sa.Connection) -> None:
        conn.execute(sa.delete(outbox.table))
        raise RuntimeError("halfway")

    with pytest.raises(RuntimeError, match="halfway"):
        Stores(tmp_path).change("tagger", fail)
    assert len(outbox.waiting()) == 1


def test_a_store_that_is_just_being_made_is_asked_again_later(tmp_path: Path) -> None:
    assert Stores(tmp_path).ask_if_ready("tagger", lambda conn: conn) is None


def test_replay_while_the_run_is_stopped_says_when_it_goes_out(outbox: Outbox, tmp_path: Path) -> None:
    outbox.put(headers=PUT_ASIDE)
    word = {"pid": 2**22 + 1, "bootstrap": "127.0.0.1:1", "embedded": True}  # above every process id of Linux
    (tmp_path / "run.json").write_text(json.dumps(word))
    command = [sys.executable, "-m", "services.cli.main", "dead", "replay", "--all", "--data", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert json.loads(done.stdout) == {"replayed": "tagger:1", "to": STORIES}
    assert "at its next start" in done.stderr
    assert [one.topic for one in outbox.waiting()] == [STORIES]


@pytest.fixture
def topic(embedded: EmbeddedProcess) -> OnTopic:
    return OnTopic(ServiceSettings(kafka=embedded.bootstrap))


def a_letter(offset: str, size: int) -> Letter:
    return Letter(offset, b"k", b"x" * size, PUT_ASIDE)


async def sizes_on(bootstrap: str, topic: str) -> list[int]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        found: list[int] = []
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [len(record.value) for record in records]
        return found
    finally:
        await consumer.stop()


async def test_on_kafka_a_letter_as_large_as_a_service_may_publish_is_replayed_and_marked(
    topic: OnTopic, embedded: EmbeddedProcess
) -> None:
    done: list[Letter] = []
    await topic.replay([a_letter("0", 2**21)], done.append)
    assert [letter.id for letter in done] == ["0"]
    assert await sizes_on(embedded.bootstrap, STORIES) == [2**21]
    assert await sizes_on(embedded.bootstrap, DEAD) == [0]


async def test_on_kafka_a_letter_too_large_is_named_and_not_marked(
    topic: OnTopic, embedded: EmbeddedProcess
) -> None:
    done: list[Letter] = []
    with pytest.raises(OperatorError, match=r"dead letter 1: is larger than the broker takes"):
        await topic.replay([a_letter("0", 10), a_letter("1", 2**22 + 1), a_letter("2", 10)], done.append)
    assert [letter.id for letter in done] == ["0"]
    assert await sizes_on(embedded.bootstrap, DEAD) == [0]


async def test_on_kafka_a_broker_that_is_away_is_named_and_not_taken_for_a_letter_too_large(
    topic: OnTopic, embedded: EmbeddedProcess
) -> None:
    await embedded.stop()
    with pytest.raises(OperatorError, match=rf"SIAGA_KAFKA {embedded.bootstrap}: the broker cannot be reached"):
        await topic.replay([a_letter("0", 2**22 + 1)], lambda _: None)
