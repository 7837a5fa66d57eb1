"""Create topics and compare those that exist with what is wanted; partition counts are never changed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import IncompatibleBrokerVersion, KafkaError, TopicAlreadyExistsError, for_code

from services.runtime.errors import OperatorError, UnavailableError

DAY_MS: Final = 24 * 3600 * 1000

_SET_ON_TOPIC: Final = 1  # DescribeConfigs source DYNAMIC_TOPIC_CONFIG: somebody set it on this very topic
_LOOK_SECONDS: Final = 0.05
_LOOKS_TO_APPEAR: Final = 600


@dataclass(frozen=True)
class WantedTopic:
    """One topic as it should be; `cleanup` is ``delete`` or ``compact``, no retention means Kafka's default."""

    name: str
    partitions: int
    cleanup: str
    retention_days: int | None

    def configs(self) -> dict[str, str]:
        """The topic's own settings in Kafka's words."""
        settings = {"cleanup.policy": self.cleanup}
        if self.retention_days is not None:
            settings["retention.ms"] = str(self.retention_days * DAY_MS)
        return settings


async def create_topics(
    admin: AIOKafkaAdminClient,
    wanted: Sequence[WantedTopic],
    *,
    replication_factor: int = 1,
    check_only: bool = False,
) -> list[str]:
    """Create what is missing and set retention and cleanup where they differ; a line for each topic.

    With `check_only` nothing is changed.  A broker without CreateTopics, the embedded one, is left alone: there a
    topic appears with its first record.

    Raises:
        OperatorError: a partition count differs, the broker refuses, or `check_only` found something to do.
        UnavailableError: the broker cannot do it just now.
    """
    existing = set(await admin.list_topics())
    present = [topic for topic in wanted if topic.name in existing]
    missing = [topic for topic in wanted if topic.name not in existing]
    await _compare_partitions(admin, present)
    changes = await _differing_settings(admin, present)
    if check_only and (missing or changes):
        found = [f"{topic.name} is missing" for topic in missing]
        found += [f"{name} has other settings than {_words(change)}" for name, change in changes.items()]
        raise OperatorError("topics", "; ".join(found))
    created = [
        topic.name
        for topic in missing
        if await _create(admin, topic.name, topic.partitions, replication_factor, topic.configs())
    ]
    await _until_they_appear(admin, created)
    for name, change in changes.items():
        await _alter(admin, name, change)
    return [_line(topic, topic in present, topic.name in created, changes.get(topic.name)) for topic in wanted]


async def ensure_topic(
    admin: AIOKafkaAdminClient,
    name: str,
    *,
    retention_ms: int,
    partitions: int = 1,
    replication_factor: int = 1,
) -> None:
    """Create a topic that comes into being with its first record; one that exists is left as it is.

    Raises:
        OperatorError: the broker refuses, for example for want of the right to CREATE.
        UnavailableError: the broker cannot do it just now.
    """
    settings = {"cleanup.policy": "delete", "retention.ms": str(retention_ms)}
    await _create(admin, name, partitions, replication_factor, settings)


async def _create(
    admin: AIOKafkaAdminClient, name: str, partitions: int, replication_factor: int, settings: Mapping[str, str]
) -> bool:
    """Whether the topic is there now; the embedded broker creates none, its topics appear by themselves."""
    topic = NewTopic(name, partitions, replication_factor, topic_configs=dict(settings))
    try:
        answer = await admin.create_topics([topic])
    except IncompatibleBrokerVersion:
        return False
    except (KafkaError, TimeoutError, OSError) as error:
        raise UnavailableError(f"topic {name}: {error!r}") from error
    for _, code, message in answer.topic_errors:
        if code != TopicAlreadyExistsError.errno:
            _raise_for(code, name, message)
    return True


def _raise_for(code: int, name: str, message: str | None) -> None:
    if code == 0:
        return
    error = for_code(code)
    if error.retriable:
        raise UnavailableError(f"topic {name}: {error.__name__}")
    raise OperatorError(f"topic {name}", message or error.description or error.__name__)


async def _compare_partitions(admin: AIOKafkaAdminClient, topics: Sequence[WantedTopic]) -> None:
    if not topics:
        return
    described = await admin.describe_topics([topic.name for topic in topics])
    counts = {entry["topic"]: len(entry["partitions"]) for entry in described}
    differing = [
        f"{topic.name} has {counts[topic.name]} partitions, wanted {topic.partitions}"
        for topic in topics
        if counts[topic.name] != topic.partitions
    ]
    if differing:
        raise OperatorError(
            "topics", f"{'; '.join(differing)}; partition counts are never changed, use another broker"
        )


async def _differing_settings(
    admin: AIOKafkaAdminClient, topics: Sequence[WantedTopic]
) -> dict[str, dict[str, str]]:
    """For each topic whose settings differ, all it should have: AlterConfigs forgets what it does not name."""
    changes: dict[str, dict[str, str]] = {}
    for topic in topics:
        resource = ConfigResource(ConfigResourceType.TOPIC, topic.name)
        try:
            answers = await admin.describe_configs([resource])
        except IncompatibleBrokerVersion:
            return {}
        _, _, _, _, entries = answers[0].resources[0]
        current = {key: value for key, value, _, source, *_ in entries if source == _SET_ON_TOPIC}
        if topic.configs().items() - current.items():
            changes[topic.name] = current | topic.configs()
    return changes


async def _alter(admin: AIOKafkaAdminClient, name: str, settings: Mapping[str, str]) -> None:
    resource = ConfigResource(ConfigResourceType.TOPIC, name, configs=dict(settings))
    for answer in await admin.alter_configs([resource]):
        for code, message, *_ in answer.resources:
            _raise_for(code, name, message)


async def _until_they_appear(admin: AIOKafkaAdminClient, names: Sequence[str]) -> None:
    """A created topic is on the controller at once and on the brokers a moment later."""
    for _ in range(_LOOKS_TO_APPEAR):
        if set(names) <= set(await admin.list_topics()):
            return
        await asyncio.sleep(_LOOK_SECONDS)
    raise UnavailableError(f"topics {', '.join(names)} did not appear")


def _words(settings: Mapping[str, str]) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(settings.items()))


def _line(topic: WantedTopic, present: bool, created: bool, change: Mapping[str, str] | None) -> str:
    if created:
        return f"{topic.name}: created, {topic.partitions} partitions"
    if not present:
        return f"{topic.name}: this broker creates it with its first record"
    if change:
        return f"{topic.name}: set {_words(change)}"
    return f"{topic.name}: as wanted, {topic.partitions} partitions"
