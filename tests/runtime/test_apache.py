"""Apache Kafka as we run it: what a real client gets from it, what survives a crash, what an operator is told."""

from __future__ import annotations

import asyncio
import contextlib
import os
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from services.contracts.topics import TOPICS
from services.runtime.apache import ApacheKafka, new_cluster_id
from services.runtime.embedded import EmbeddedCluster
from services.runtime.errors import OperatorError
from services.runtime.jars import ensure_jars, kafka_version, need_command
from services.runtime.ports import hold_port
from services.runtime.topics_admin import DAY_MS, WantedTopic, create_topics, ensure_topic
from tests.conftest import KAFKA_CONFIG, QUICK, ROOT, RealKafka

LOG_CONFIG = KAFKA_CONFIG / "log4j2.properties"


def a_name(stem: str) -> str:
    """A topic or group no other test uses."""
    return f"{stem}-{uuid.uuid4().hex[:8]}"


@contextlib.asynccontextmanager
async def an_admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await client.start()
    try:
        yield client
    finally:
        await client.close()


def a_producer(bootstrap: str) -> AIOKafkaProducer:
    return AIOKafkaProducer(bootstrap_servers=bootstrap, enable_idempotence=True, acks="all")


def a_consumer(bootstrap: str, topic: str, group: str) -> AIOKafkaConsumer:
    return AIOKafkaConsumer(
        topic,
        bootstrap_servers=bootstrap,
        group_id=group,
        auto_offset_reset="earliest",
        enable_auto_commit=False,
    )


async def a_topic(bootstrap: str, partitions: int = 1) -> str:
    name = a_name("notes")
    async with an_admin(bootstrap) as admin:
        await create_topics(admin, [WantedTopic(name, partitions, "delete", 1)])
    return name


async def settings_of(admin: AIOKafkaAdminClient, topic: str) -> dict[str, str]:
    answers = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    return {entry[0]: entry[1] for entry in answers[0].resources[0][4]}


# What an operator is told.


def test_a_missing_program_names_its_debian_package() -> None:
    with pytest.raises(OperatorError, match=r"no-such-java: is not installed; .*openjdk-17-jre-headless"):
        need_command("no-such-java", "openjdk-17-jre-headless")


@pytest.mark.parametrize("text", ["", "<project/>", "<kafka.version></kafka.version>"])
def test_a_pom_without_a_kafka_version_is_an_operators_error(tmp_path: Path, text: str) -> None:
    pom = tmp_path / "pom.xml"
    pom.write_text(text)
    with pytest.raises(OperatorError, match=r"names no kafka\.version"):
        kafka_version(pom)


def test_a_missing_pom_is_an_operators_error(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match=r"pom\.xml: No such file"):
        ensure_jars(tmp_path / "pom.xml", tmp_path / "libs")


def test_jars_that_are_there_need_no_maven(kafka_libs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert ensure_jars(KAFKA_CONFIG / "pom.xml", kafka_libs) == kafka_libs


def test_jars_of_another_version_do_need_maven(
    kafka_libs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pom = tmp_path / "pom.xml"
    pom.write_text(
        (KAFKA_CONFIG / "pom.xml").read_text().replace(kafka_version(KAFKA_CONFIG / "pom.xml"), "4.0.0")
    )
    monkeypatch.setenv("PATH", "")
    with pytest.raises(OperatorError, match="openjdk-17-jre-headless"):
        ensure_jars(pom, kafka_libs)


def test_a_jar_that_is_not_the_listed_one_is_refused(kafka_libs: Path, tmp_path: Path) -> None:
    pom = tmp_path / "pom.xml"
    pom.write_text((KAFKA_CONFIG / "pom.xml").read_text())
    listing = (KAFKA_CONFIG / "jars.sha256").read_text()
    name = listing.splitlines()[0].split()[1]
    (tmp_path / "jars.sha256").write_text(f"{'0' * 64}  {listing[66:]}")
    with pytest.raises(OperatorError, match=f"{name} is not the file that is listed"):
        ensure_jars(pom, tmp_path / "libs")
    assert not (tmp_path / "libs").exists()


def test_a_cluster_id_never_starts_with_a_dash() -> None:
    ids = {new_cluster_id() for _ in range(300)}
    assert len(ids) == 300
    assert all(len(text) == 22 and not text.startswith("-") for text in ids)


async def test_a_taken_port_is_an_operators_error(kafka: RealKafka, kafka_libs: Path, tmp_path: Path) -> None:
    second = ApacheKafka(tmp_path, kafka.node.port, libs=kafka_libs, log_config=LOG_CONFIG)
    with pytest.raises(OperatorError, match="in use"):
        await second.start()
    assert second.pid is None


# What a client gets.


async def test_a_group_goes_on_from_what_it_committed(kafka: RealKafka) -> None:
    topic, group = await a_topic(kafka.bootstrap), a_name("readers")
    async with a_producer(kafka.bootstrap) as producer:
        for value in (b"first", b"second", b"third"):
            await producer.send_and_wait(topic, value, key=b"k", headers=[("schema", b"1")])
    async with a_consumer(kafka.bootstrap, topic, group) as consumer:
        record = await consumer.getone()
        assert (record.value, record.key, record.headers) == (b"first", b"k", (("schema", b"1"),))
        await consumer.getone()
        await consumer.commit({TopicPartition(topic, 0): 2})
    async with a_consumer(kafka.bootstrap, topic, group) as consumer:
        assert (await consumer.getone()).value == b"third"
    async with an_admin(kafka.bootstrap) as admin:
        assert (await admin.list_consumer_group_offsets(group))[TopicPartition(topic, 0)].offset == 2


@pytest.mark.parametrize("partition", [0, 11])
async def test_a_group_that_never_committed_has_no_offset(kafka: RealKafka, partition: int) -> None:
    at = TopicPartition(await a_topic(kafka.bootstrap, partitions=12), partition)
    async with an_admin(kafka.bootstrap) as admin:
        assert (await admin.list_consumer_group_offsets(a_name("nobody"), partitions=[at]))[at].offset == -1


async def test_a_key_stays_on_its_partition(kafka: RealKafka) -> None:
    topic = await a_topic(kafka.bootstrap, partitions=12)
    async with a_producer(kafka.bootstrap) as producer:
        sent = [await producer.send_and_wait(topic, b"x", key=f"{n % 20}".encode()) for n in range(60)]
    assert len({record.partition for record in sent}) > 1
    for n in range(20):
        assert len({record.partition for record in sent[n::20]}) == 1


async def test_a_second_member_takes_its_share_and_gives_it_back(kafka: RealKafka) -> None:
    topic, group = await a_topic(kafka.bootstrap, partitions=12), a_name("readers")

    async def until(consumer: AIOKafkaConsumer, share: int) -> None:
        for _ in range(300):
            if len(consumer.assignment()) == share:
                return
            await consumer.getmany(timeout_ms=100)
        raise AssertionError(f"{len(consumer.assignment())} partitions instead of {share}")

    async with a_consumer(kafka.bootstrap, topic, group) as first:
        await until(first, 12)
        async with a_consumer(kafka.bootstrap, topic, group) as second:
            await asyncio.gather(until(first, 6), until(second, 6))
            assert first.assignment().isdisjoint(second.assignment())
        await until(first, 12)


async def test_a_record_larger_than_kafkas_default_is_taken(kafka: RealKafka) -> None:
    topic = await a_topic(kafka.bootstrap)
    async with AIOKafkaProducer(bootstrap_servers=kafka.bootstrap, max_request_size=4 * 1024**2) as producer:
        record = await producer.send_and_wait(topic, b"x" * (4 * 1024**2 - 1024))
    assert record.offset == 0


async def test_a_crash_keeps_records_offsets_and_topics(kafka: RealKafka) -> None:
    topic, group, address = await a_topic(kafka.bootstrap), a_name("readers"), kafka.bootstrap
    async with a_producer(kafka.bootstrap) as producer:
        for value in (b"first", b"second"):
            await producer.send_and_wait(topic, value)
    async with a_consumer(kafka.bootstrap, topic, group) as consumer:
        await consumer.getone()
        await consumer.commit({TopicPartition(topic, 0): 1})
    kafka.kill()
    assert kafka.node.pid is None
    await kafka.restart()
    assert kafka.bootstrap == address
    async with a_consumer(kafka.bootstrap, topic, group) as consumer:
        assert (await consumer.getone()).value == b"second"


async def test_a_producer_outlives_a_restart_of_the_broker(kafka: RealKafka) -> None:
    topic = await a_topic(kafka.bootstrap)
    async with a_producer(kafka.bootstrap) as producer:
        await producer.send_and_wait(topic, b"before")
        kafka.kill()
        sending = await producer.send(topic, b"during")
        await kafka.restart()
        assert (await sending).offset == 1


async def test_kafka_listens_on_loopback_only(kafka: RealKafka) -> None:
    assert kafka.node.pid is not None
    listening = [c for c in psutil.Process(kafka.node.pid).net_connections() if c.status == psutil.CONN_LISTEN]
    assert kafka.node.port in {c.laddr.port for c in listening}
    assert {c.laddr.ip.removeprefix("::ffff:") for c in listening} == {"127.0.0.1"}


def test_kafka_does_not_outlive_a_parent_that_was_killed(kafka_libs: Path, tmp_path: Path) -> None:
    code = (
        "import asyncio, sys, time\n"
        "from pathlib import Path\n"
        "from services.runtime.apache import ApacheKafka\n"
        "data, libs, log = map(Path, sys.argv[1:])\n"
        "kafka = ApacheKafka(data, libs=libs, log_config=log)\n"
        "asyncio.run(kafka.start())\n"
        "print(kafka.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path), str(kafka_libs), str(LOG_CONFIG)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as parent:
        assert parent.stdout is not None
        java = psutil.Process(int(parent.stdout.readline()))
        assert "kafka.Kafka" in java.cmdline()
        parent.kill()
    psutil.wait_procs([java], timeout=60)
    assert not java.is_running() or java.status() == psutil.STATUS_ZOMBIE


async def test_three_nodes_make_a_cluster_that_survives_the_loss_of_one(kafka_libs: Path, tmp_path: Path) -> None:
    quorum = {node_id: hold_port() for node_id in (1, 2, 3)}
    cluster_id = new_cluster_id()
    nodes = [
        ApacheKafka(
            tmp_path / str(node_id),
            libs=kafka_libs,
            log_config=LOG_CONFIG,
            node_id=node_id,
            quorum=quorum,
            cluster_id=cluster_id,
            overrides=QUICK,
        )
        for node_id in quorum
    ]
    try:
        for node in nodes[1:]:
            node.spawn()
        await nodes[0].start(brokers=3)
        everywhere = ",".join(node.bootstrap for node in nodes)
        async with an_admin(everywhere) as admin:
            await create_topics(admin, [WantedTopic("notes", 1, "delete", 1)], replication_factor=3)
        async with a_producer(everywhere) as producer:
            await producer.send_and_wait("notes", b"before")
            nodes[2].kill()
            await producer.send_and_wait("notes", b"after")
        async with a_consumer(everywhere, "notes", "readers") as consumer:
            assert [(await consumer.getone()).value for _ in range(2)] == [b"before", b"after"]
    finally:
        for node in nodes:
            node.kill()  # the last two cannot leave in order: without a majority nobody takes over from them


# Topics.


async def test_the_topics_of_the_design_are_created_once(kafka: RealKafka) -> None:
    prefix = a_name("t")
    wanted = [
        WantedTopic(f"{prefix}.{spec.name}", spec.partitions, spec.cleanup, spec.retention_days)
        for spec in TOPICS.values()
    ]
    async with an_admin(kafka.bootstrap) as admin:
        created = await create_topics(admin, wanted)
        again = await create_topics(admin, wanted, check_only=True)
        described = await admin.describe_topics([topic.name for topic in wanted])
        assert {entry["topic"]: len(entry["partitions"]) for entry in described} == {
            topic.name: topic.partitions for topic in wanted
        }
        for topic in wanted:
            settings = await settings_of(admin, topic.name)
            assert settings["cleanup.policy"] == topic.cleanup
            if topic.retention_days is not None:
                assert settings["retention.ms"] == str(topic.retention_days * DAY_MS)
    assert all("created" in line for line in created)
    assert all("as wanted" in line for line in again)


async def test_other_partition_counts_are_refused_and_left_alone(kafka: RealKafka) -> None:
    name = await a_topic(kafka.bootstrap, partitions=3)
    async with an_admin(kafka.bootstrap) as admin:
        with pytest.raises(OperatorError, match=f"{name} has 3 partitions, wanted 12"):
            await create_topics(admin, [WantedTopic(name, 12, "delete", 1)])
        assert len((await admin.describe_topics([name]))[0]["partitions"]) == 3


async def test_another_retention_is_set_and_what_others_set_stays(kafka: RealKafka) -> None:
    name = await a_topic(kafka.bootstrap)
    async with an_admin(kafka.bootstrap) as admin:
        theirs = {"cleanup.policy": "delete", "retention.ms": "1", "max.message.bytes": "2000000"}
        await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, configs=theirs)])
        lines = await create_topics(admin, [WantedTopic(name, 1, "delete", 14)])
        for _ in range(100):  # what was set is answered a moment later
            settings = await settings_of(admin, name)
            if settings["retention.ms"] != "1":
                break
            await asyncio.sleep(0.1)
    assert lines[0].startswith(f"{name}: set ")
    assert (settings["retention.ms"], settings["max.message.bytes"]) == (str(14 * DAY_MS), "2000000")


async def test_a_check_changes_nothing_and_says_what_is_missing(kafka: RealKafka) -> None:
    name = a_name("absent")
    async with an_admin(kafka.bootstrap) as admin:
        with pytest.raises(OperatorError, match=f"{name} is missing"):
            await create_topics(admin, [WantedTopic(name, 1, "delete", 1)], check_only=True)
        assert name not in await admin.list_topics()


async def test_a_replication_factor_without_brokers_is_an_operators_error(kafka: RealKafka) -> None:
    async with an_admin(kafka.bootstrap) as admin:
        with pytest.raises(OperatorError, match="replication"):
            await create_topics(admin, [WantedTopic(a_name("r"), 1, "delete", 1)], replication_factor=3)


async def test_a_regions_topic_comes_into_being_with_one_partition(kafka: RealKafka) -> None:
    name = a_name("alerts.id-nt")
    async with an_admin(kafka.bootstrap) as admin:
        for _ in range(2):
            await ensure_topic(admin, name, retention_ms=30 * DAY_MS)
        async with a_producer(kafka.bootstrap) as producer:
            await producer.send_and_wait(name, b"x")
        assert len((await admin.describe_topics([name]))[0]["partitions"]) == 1
        assert (await settings_of(admin, name))["retention.ms"] == str(30 * DAY_MS)


@pytest.mark.embedded
async def test_the_embedded_broker_needs_no_topics_created() -> None:
    with EmbeddedCluster({"stories": 12}) as cluster:
        async with an_admin(cluster.bootstrap) as admin:
            await ensure_topic(admin, "alerts.id-nt", retention_ms=30 * DAY_MS)
            lines = await create_topics(
                admin, [WantedTopic("stories", 12, "delete", 14), WantedTopic("dead", 1, "delete", 30)]
            )
    assert lines == ["stories: as wanted, 12 partitions", "dead: this broker creates it with its first record"]


@pytest.mark.embedded
async def test_other_partition_counts_are_refused_on_the_embedded_broker_too() -> None:
    with EmbeddedCluster({"stories": 4}) as cluster:
        async with an_admin(cluster.bootstrap) as admin:
            with pytest.raises(OperatorError, match="stories has 4 partitions, wanted 12"):
                await create_topics(admin, [WantedTopic("stories", 12, "delete", 14)])


def test_nothing_is_left_running(kafka: RealKafka) -> None:
    children = [p for p in psutil.Process(os.getpid()).children(recursive=True) if p.name() == "java"]
    assert [p.pid for p in children] == [kafka.node.pid]
