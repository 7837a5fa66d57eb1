"""Who may read and write what, tried on an Apache Kafka with an authorizer."""

from __future__ import annotations

import asyncio
import contextlib
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Producer
from confluent_kafka import TopicPartition as StartAt
from confluent_kafka.admin import AdminClient, NewTopic

from services.contracts.topics import GROUP_INGEST, GROUP_NOTIFIER, GROUP_TAGGER, TOPICS
from services.runtime.apache import ApacheKafka
from services.runtime.errors import OperatorError
from services.runtime.ports import HOST, hold_port
from services.runtime.topics_admin import ensure_topic
from tests.conftest import KAFKA_CONFIG, QUICK
from tests.deploy.acls import grant

PASSWORD = "only-for-this-test"
REGIONS = ("id-nt", "id-nb", "id")
GROUPS = {"ingest": GROUP_INGEST, "tagger": GROUP_TAGGER, "notifier": GROUP_NOTIFIER, "kupang": "kupang-alerts"}

READS = {
    "ingest": {"stories.tagged"},
    "tagger": {"stories", "stories.tagged", "alerts"},  # the last two to read a lost store back
    "notifier": {"alerts", "stories.tagged", "sources", "deliveries"},
    "kupang": {"alerts.id-nt"},
}
WRITES = {
    "ingest": {"stories", "sources", "dead"},
    "tagger": {"stories.tagged", "alerts", "dead", *(f"alerts.{region}" for region in REGIONS)},
    "notifier": {"deliveries", "dead", "alerts"},
    "kupang": set(),
}
ALL = [*TOPICS, *(f"alerts.{region}" for region in REGIONS)]


def prepare(bootstrap: str, folder: Path) -> None:
    """Topics, users and rights, as the operator makes them."""
    admin = AdminClient({"bootstrap.servers": bootstrap})
    for future in admin.create_topics([NewTopic(name, 1, 1) for name in ALL]).values():
        future.result(30)
    grant(bootstrap, folder, dict.fromkeys(GROUPS, PASSWORD), ["services"], ["reader", "kupang", "id-nt"])
    producer = Producer({"bootstrap.servers": bootstrap})
    for topic in ALL:
        producer.produce(topic, b"first")
    assert producer.flush(30) == 0


@pytest.fixture(scope="module")
def guarded(kafka_libs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address at which users must log in, on a Kafka whose own loopback listener is the operator's."""
    port, controller, clients = hold_port(), hold_port(), hold_port()
    listeners = f"PLAINTEXT://{HOST}:{port},CLIENTS://{HOST}:{clients}"
    node = ApacheKafka(
        tmp_path_factory.mktemp("guarded"),
        port,
        libs=kafka_libs,
        log_config=KAFKA_CONFIG / "log4j2.properties",
        quorum={1: controller},
        overrides=QUICK
        | {
            "listeners": f"{listeners},CONTROLLER://{HOST}:{controller}",
            "advertised.listeners": listeners,
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,CLIENTS:SASL_PLAINTEXT",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512",
            "listener.name.clients.scram-sha-512.sasl.jaas.config": (
                "org.apache.kafka.common.security.scram.ScramLoginModule required;"
            ),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
        },
    )
    asyncio.run(node.start())
    try:
        prepare(node.bootstrap, tmp_path_factory.mktemp("acls"))
        yield f"{HOST}:{clients}"
    finally:
        asyncio.run(node.stop())


def login(address: str, user: str) -> dict[str, Any]:
    return {
        "bootstrap_servers": address,
        "security_protocol": "SASL_PLAINTEXT",
        "sasl_mechanism": "SCRAM-SHA-512",
        "sasl_plain_username": user,
        "sasl_plain_password": PASSWORD,
    }


def can_read(address: str, user: str, topic: str) -> bool:
    """Whether the one record that lies in every topic arrives, or a refusal does."""
    consumer = Consumer(
        {
            "bootstrap.servers": address,
            "security.protocol": "SASL_PLAINTEXT",
            "sasl.mechanism": "SCRAM-SHA-512",
            "sasl.username": user,
            "sasl.password": PASSWORD,
            "group.id": GROUPS[user],
        }
    )
    try:
        refused = consumer.list_topics(topic, 30).topics[topic].error
        if refused is None:
            consumer.assign([StartAt(topic, 0, OFFSET_BEGINNING)])
            answer = consumer.poll(30)
            assert answer is not None, "neither a record nor a refusal"
            refused = answer.error()
        assert refused is None or refused.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED, refused
        return refused is None
    finally:
        consumer.close()


@contextlib.asynccontextmanager
async def an_admin(address: str, user: str) -> AsyncIterator[AIOKafkaAdminClient]:
    client = AIOKafkaAdminClient(**login(address, user))
    await client.start()
    try:
        yield client
    finally:
        await client.close()


@pytest.mark.parametrize("user", READS)
def test_a_user_reads_its_topics_and_no_other(guarded: str, user: str) -> None:
    assert {topic for topic in ALL if can_read(guarded, user, topic)} == READS[user]


@pytest.mark.parametrize("user", WRITES)
async def test_a_user_writes_its_topics_and_no_other(guarded: str, user: str) -> None:
    written = set()
    async with AIOKafkaProducer(**login(guarded, user), enable_idempotence=bool(WRITES[user])) as producer:
        for topic in ALL:
            with contextlib.suppress(TopicAuthorizationFailedError):
                await producer.send_and_wait(topic, b"x")
                written.add(topic)
    assert written == WRITES[user]


@pytest.mark.parametrize("user", GROUPS)
async def test_a_user_reads_in_its_own_group_and_in_no_other(guarded: str, user: str) -> None:
    topic = min(READS[user])
    for owner, group in GROUPS.items():
        consumer = AIOKafkaConsumer(topic, **login(guarded, user), group_id=group)
        if owner == user:
            await consumer.start()
        else:
            with pytest.raises(GroupAuthorizationFailedError):
                await consumer.start()
        await consumer.stop()


async def test_the_tagger_creates_a_regions_topic(guarded: str) -> None:
    async with an_admin(guarded, "tagger") as admin:
        await ensure_topic(admin, "alerts.kh-1", retention_ms=86_400_000)
        # A new topic is known to the broker that made it a moment before it is listed.
        for _ in range(100):
            if "alerts.kh-1" in await admin.list_topics():
                return
            await asyncio.sleep(0.1)
    raise AssertionError("alerts.kh-1 is not listed")


@pytest.mark.parametrize(
    ("user", "topic"), [("tagger", "stories.copy"), ("notifier", "alerts.kh-2"), ("kupang", "x")]
)
async def test_nobody_creates_another_topic(guarded: str, user: str, topic: str) -> None:
    async with an_admin(guarded, user) as admin:
        with pytest.raises(OperatorError, match=f"topic {topic}: .*[Aa]uthoriz"):
            await ensure_topic(admin, topic, retention_ms=86_400_000)


@pytest.mark.parametrize("words", ["", "everything", "reader x", "reader x ID-NT", "reader x *", "reader x id_nt"])
def test_rights_that_make_no_sense_are_refused(words: str) -> None:
    environment = {"PATH": "/usr/bin:/bin", "KAFKA_ACLS": "/bin/true"}
    ran = subprocess.run(
        [KAFKA_CONFIG / "acls.sh", *words.split()], env=environment, capture_output=True, check=False
    )
    assert ran.returncode == 2
    assert ran.stderr
