"""Apache Kafka with TLS, logins and an authorizer: our services may do what they must, and nobody may do more."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError
from confluent_kafka import Consumer
from confluent_kafka import KafkaError as TopicRefused

sys.path.insert(0, str(Path(__file__).parent))
from guarded import Authority, Demo, GuardedKafka, installed

from services.cli.rewind import committed, need_idle, rewind
from services.contracts.alert import ALERT_EVENT, AlertRaised
from services.contracts.topics import GROUP_NOTIFIER, TOPICS
from services.runtime.broker import admin_client, client_options
from services.runtime.settings import ServiceSettings
from tests.conftest import ROOT

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(400)]
READERS_TOPIC = "alerts.id-nt"


@pytest.fixture(scope="module")
def kafka(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedKafka]:
    node = GuardedKafka(tmp_path_factory.mktemp("guarded"), kafka_libs)
    asyncio.run(node.start())
    yield node
    asyncio.run(node.stop())


@pytest.fixture(scope="module")
def demo(kafka: GuardedKafka, tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo from feed to officials, run on this broker until pushes and digests have arrived."""

    async def run() -> Demo:
        async with installed(kafka, tmp_path_factory.mktemp("demo")) as whole, asyncio.timeout(150):
            while not (whole.arrived() >= {"push", "digest"} and await kafka.has({READERS_TOPIC, "alerts.id"})):
                if whole.stack.supervisor.failed.done():
                    raise whole.stack.supervisor.failed.result()
                await asyncio.sleep(0.1)
        return whole

    return asyncio.run(run())


def settings(kafka: GuardedKafka, user: str) -> ServiceSettings:
    return ServiceSettings.model_validate(
        {name.removeprefix("SIAGA_").lower(): value for name, value in kafka.login(user).items()}
    )


def fails(*arguments: str, **environment: str) -> str:
    """Run it; it must end by itself with status 2 and one line, which is returned."""
    env = {key: value for key, value in os.environ.items() if not key.startswith("SIAGA_")} | environment
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        env=env,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    lines = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert done.returncode == 2, done.stderr
    assert len(lines) == 1, lines
    return lines[0]


def test_a_wrong_password_is_one_line_without_the_password(kafka: GuardedKafka, tmp_path: Path) -> None:
    wrong = tmp_path / "password"
    wrong.write_text("not-the-one\n")
    env = kafka.login("tagger", SIAGA_KAFKA_PASSWORD_FILE=str(wrong), SIAGA_DATA_DIR=str(tmp_path))
    line = fails("services.tagger", **env)
    assert "the broker refuses user tagger" in line
    assert "not-the-one" not in line


def test_a_certificate_of_another_authority_is_one_line(kafka: GuardedKafka, tmp_path: Path) -> None:
    other = Authority(tmp_path, "another").file
    line = fails("services.cli.main", "topics", **kafka.login("ingest", SIAGA_KAFKA_CA_FILE=str(other)))
    assert f"not signed by {other}" in line


def test_a_certificate_of_another_name_is_one_line(kafka: GuardedKafka) -> None:
    elsewhere = f"127.0.0.1:{kafka.port}"
    line = fails("services.cli.main", "topics", **kafka.login("ingest", SIAGA_KAFKA=elsewhere))
    assert "not made out to 127.0.0.1" in line


@pytest.mark.parametrize("user", ["ingest", "tagger", "notifier"])
async def test_a_service_comes_in_and_sees_no_topic_but_its_own(kafka: GuardedKafka, user: str) -> None:
    async with admin_client(settings(kafka, user)) as admin:
        seen = set(await admin.list_topics())
    assert {"ingest": "stories", "tagger": "alerts", "notifier": "deliveries"}[user] in seen
    assert seen & TOPICS.keys() < TOPICS.keys()


def test_the_demo_goes_from_feed_to_officials_with_the_rights_of_the_script(demo: Demo) -> None:
    assert demo.arrived() >= {"push", "digest"}
    demo.check_none_twice()
    assert not demo.stack.supervisor.running


@pytest.mark.usefixtures("demo")
async def test_the_operator_notes_where_the_groups_stand_and_sets_them_back(kafka: GuardedKafka) -> None:
    operator = settings(kafka, "operator")
    await need_idle(operator)
    stood = await committed(operator)
    assert stood[GROUP_NOTIFIER]["alerts"]
    unread = await rewind(operator, stood)  # a reader in no hurry may have been stopped before the last batch
    assert await rewind(operator, {GROUP_NOTIFIER: {"alerts": dict.fromkeys(stood[GROUP_NOTIFIER]["alerts"], 0)}})
    assert await rewind(operator, stood) == unread
    assert await committed(operator) == stood


async def read_all(kafka: GuardedKafka, user: str, topic: str, partitions: int = 1) -> list[bytes]:
    """Every record of a topic, read as this user."""
    consumer = AIOKafkaConsumer(**client_options(settings(kafka, user)), group_id=f"{user}-test")
    await consumer.start()
    try:
        parts = [TopicPartition(topic, number) for number in range(partitions)]
        consumer.assign(parts)
        await consumer.seek_to_beginning(*parts)
        ends, found = await consumer.end_offsets(parts), []
        while any([await consumer.position(part) < end for part, end in ends.items()]):
            for records in (await consumer.getmany(timeout_ms=500)).values():
                found += [record.value for record in records]
        return found
    finally:
        await asyncio.sleep(0)
        await consumer.stop()


@pytest.mark.usefixtures("demo")
async def test_a_regions_reader_reads_its_region(kafka: GuardedKafka) -> None:
    found = [ALERT_EVENT.validate_json(value) for value in await read_all(kafka, "kupang", READERS_TOPIC)]
    assert found
    assert any("ID-NT" in event.regions() for event in found if isinstance(event, AlertRaised))


@pytest.mark.usefixtures("demo")
async def test_a_regions_reader_reads_nothing_else(kafka: GuardedKafka) -> None:
    async with admin_client(ServiceSettings(kafka=kafka.node.bootstrap)) as operator:
        there = {name for name in await operator.list_topics() if not name.startswith("_")}
    assert there >= {*TOPICS, READERS_TOPIC, "alerts.id"}
    assert await asyncio.to_thread(readable, kafka, "kupang", there) == {READERS_TOPIC}


def readable(kafka: GuardedKafka, user: str, topics: set[str]) -> set[str]:
    """The topics whose beginning this user gets to read; librdkafka says a refusal, aiokafka asks for ever."""
    login = kafka.login(user)
    consumer = Consumer({
        "bootstrap.servers": kafka.bootstrap, "group.id": f"{user}-test", "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": user, "sasl.password": kafka.passwords[user],
        "ssl.ca.location": login["SIAGA_KAFKA_CA_FILE"],
    })  # fmt: skip
    try:
        found = {topic: consumer.list_topics(topic, 30).topics[topic].error for topic in topics}
    finally:
        consumer.close()
    refused = {error.code() for error in found.values() if error is not None}
    assert refused <= {TopicRefused.TOPIC_AUTHORIZATION_FAILED}
    return {topic for topic, error in found.items() if error is None}


@pytest.mark.parametrize(
    ("user", "topic"), [("ingest", "alerts"), ("notifier", "stories"), ("kupang", READERS_TOPIC)]
)
@pytest.mark.usefixtures("demo")
async def test_nobody_writes_where_another_does(kafka: GuardedKafka, user: str, topic: str) -> None:
    producer = AIOKafkaProducer(**client_options(settings(kafka, user)))
    await producer.start()
    try:
        with pytest.raises(KafkaError, match=r"(?i)authoriz"):
            await producer.send_and_wait(topic, b"forged")
    finally:
        await producer.stop()
