"""The in-memory broker: what a real client sees of it, and that it never outlives the one who started it."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import CommitFailedError

from services.runtime.embedded import EmbeddedCluster, find_library, format_topics, parse_topics, start_embedded
from services.runtime.errors import OperatorError

ROOT = Path(__file__).resolve().parents[2]
PRODUCE, OFFSET_COMMIT = 0, 8
NOT_LEADER, REBALANCE_IN_PROGRESS = 6, 27


def a_consumer(bootstrap: str, topic: str, group: str = "readers") -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
        # Its groups wait a session less a second for a member that left: 9 s with the client's default.
        session_timeout_ms=2000,
        heartbeat_interval_ms=500,
    )


def a_producer(bootstrap: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, request_timeout_ms=5000)


async def has_ended(pid: int) -> bool:
    """Wait for a process that is not our child; False when it is still there after 10 s."""
    for _ in range(100):
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        await asyncio.sleep(0.1)
    return False


@pytest.mark.parametrize("text", ["stories", "stories:", ":12", "stories:0", "stories:-1", "stories:x", "a:1,a:2"])
def test_a_topic_without_a_partition_count_is_refused(text: str) -> None:
    with pytest.raises(OperatorError, match="name:partitions"):
        parse_topics(text)


def test_topics_survive_the_command_line() -> None:
    topics = {"stories": 12, "stories.tagged": 12, "dead": 1}
    assert parse_topics(format_topics(topics)) == topics
    assert parse_topics("") == {}


def test_a_wheel_without_librdkafka_is_an_operators_error(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="confluent-kafka"):
        find_library(tmp_path / "confluent_kafka")


@pytest.mark.parametrize(
    "name", ["confluent_kafka.libs/librdkafka-0a1b.so.1", "confluent_kafka/.dylibs/librdkafka.1.dylib"]
)
def test_librdkafka_is_found_where_the_wheels_keep_it(tmp_path: Path, name: str) -> None:
    library = tmp_path / name
    library.parent.mkdir(parents=True)
    library.touch()
    assert find_library(tmp_path / "confluent_kafka") == library


def test_a_library_that_is_not_librdkafka_is_an_operators_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake = tmp_path / "librdkafka-0.so.1"
    fake.write_bytes(b"not a library")
    monkeypatch.setattr("services.runtime.embedded.find_library", lambda: fake)
    with pytest.raises(OperatorError, match=r"librdkafka-0\.so\.1 cannot be used"):
        EmbeddedCluster({})


@pytest.mark.embedded
async def test_topics_have_their_partitions() -> None:
    with EmbeddedCluster({"stories": 12, "dead": 1}) as cluster:
        async with a_producer(cluster.bootstrap) as producer:
            assert len(await producer.partitions_for("stories")) == 12
            assert len(await producer.partitions_for("dead")) == 1


@pytest.mark.embedded
async def test_a_topic_that_was_not_named_appears_with_the_brokers_own_four() -> None:
    with EmbeddedCluster({}) as cluster:
        async with a_producer(cluster.bootstrap) as producer:
            await producer.send_and_wait("alerts.id-nt", b"x")
            assert len(await producer.partitions_for("alerts.id-nt")) == 4


@pytest.mark.embedded
def test_a_topic_is_not_created_twice() -> None:
    with EmbeddedCluster({"stories": 12}) as cluster, pytest.raises(OperatorError, match="stories"):
        cluster.create_topic("stories", 6)


@pytest.mark.embedded
async def test_a_group_goes_on_from_what_it_committed() -> None:
    with EmbeddedCluster({"dead": 1}) as cluster:
        async with a_producer(cluster.bootstrap) as producer:
            for value in (b"first", b"second", b"third"):
                await producer.send_and_wait("dead", value, key=b"k", headers=[("schema", b"1")])
        async with a_consumer(cluster.bootstrap, "dead") as consumer:
            record = await consumer.getone()
            assert (record.value, record.key, record.headers) == (b"first", b"k", (("schema", b"1"),))
            await consumer.getone()
            await consumer.commit()
        async with a_consumer(cluster.bootstrap, "dead") as consumer:
            assert (await consumer.getone()).value == b"third"


@pytest.mark.embedded
async def test_a_broker_that_was_down_takes_the_message_when_it_is_up_again() -> None:
    with EmbeddedCluster({"dead": 1}) as cluster:
        async with a_producer(cluster.bootstrap) as producer:
            await producer.send_and_wait("dead", b"before")
            cluster.down()
            sending = await producer.send("dead", b"during")
            await asyncio.sleep(0.5)
            assert not sending.done()
            cluster.up()
            assert (await sending).offset == 1


@pytest.mark.embedded
async def test_an_injected_produce_error_is_retried_by_the_client() -> None:
    with EmbeddedCluster({"dead": 1}) as cluster:
        async with a_producer(cluster.bootstrap) as producer:
            cluster.inject_errors(PRODUCE, NOT_LEADER, NOT_LEADER)
            assert (await producer.send_and_wait("dead", b"x")).offset == 0


@pytest.mark.embedded
async def test_an_injected_commit_error_reaches_the_consumer() -> None:
    with EmbeddedCluster({"dead": 1}) as cluster:
        async with a_producer(cluster.bootstrap) as producer:
            await producer.send_and_wait("dead", b"x")
        async with a_consumer(cluster.bootstrap, "dead") as consumer:
            await consumer.getone()
            cluster.inject_errors(OFFSET_COMMIT, REBALANCE_IN_PROGRESS)
            with pytest.raises(CommitFailedError):
                await consumer.commit()
            cluster.clear_errors(OFFSET_COMMIT)
            await consumer.commit()


@pytest.mark.embedded
def test_a_closed_cluster_is_closed_once_and_used_no_more() -> None:
    cluster = EmbeddedCluster({})
    cluster.close()
    cluster.close()
    with pytest.raises(ValueError, match="closed"):
        cluster.down()


@pytest.mark.embedded
async def test_the_process_keeps_messages_between_clients_and_stops_when_asked() -> None:
    broker = await start_embedded({"stories": 12})
    async with a_producer(broker.bootstrap) as producer:
        assert len(await producer.partitions_for("stories")) == 12
        await producer.send_and_wait("stories", b"kept", key=b"story")
    async with a_consumer(broker.bootstrap, "stories") as consumer:
        assert (await consumer.getone()).value == b"kept"
    assert await broker.stop() == 0
    assert await broker.stop() == 0


@pytest.mark.embedded
async def test_a_killed_broker_comes_back_as_another_incarnation() -> None:
    first = await start_embedded({"dead": 1})
    os.kill(first.pid, signal.SIGKILL)
    assert await first.wait() == -signal.SIGKILL
    second = await start_embedded({"dead": 1})
    try:
        assert second.incarnation != first.incarnation
    finally:
        await second.stop()


@pytest.mark.embedded
async def test_a_broker_does_not_outlive_a_parent_that_was_killed() -> None:
    code = (
        "import asyncio, os\n"
        "from services.runtime.embedded import start_embedded\n"
        "async def main():\n"
        "    broker = await start_embedded({'dead': 1})\n"
        "    print(broker.pid, flush=True)\n"
        "    await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        assert psutil.pid_exists(pid)
        parent.kill()
    assert await has_ended(pid)


async def test_a_process_that_cannot_start_is_an_operators_error() -> None:
    with pytest.raises(OperatorError, match="exit code 2"):
        await start_embedded({"stories": 0})
