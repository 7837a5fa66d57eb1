"""Where the groups of our services stand on their topics, and how they are set back to an earlier place."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from services.contracts.topics import DEAD, GROUP_TAGGER, TOPICS, desk_group
from services.runtime.broker import admin_client, client_options
from services.runtime.errors import OperatorError
from services.runtime.settings import ServiceSettings

#: Group, topic, partition as text, offset: JSON has no numbers as keys.
Offsets = dict[str, dict[str, dict[str, int]]]
#: Group and topic.  The tagger is not set back: it completes its store from the topics themselves.
READING = tuple(
    (group, spec.name)
    for spec in TOPICS.values()
    for group in (*spec.readers, *((desk_group(DEAD),) if spec.name == DEAD else ()))
    if group != GROUP_TAGGER
)
_IDLE = {"Empty", "Dead"}


async def committed(settings: ServiceSettings) -> Offsets:
    """What every group has committed; a partition nobody read is left out.

    Raises:
        OperatorError: the broker does not answer, refuses, or cannot list what a group has committed.
    """
    found: Offsets = {}
    async with admin_client(settings) as admin:
        for group, topic in READING:
            try:
                offsets = await _asked(settings, admin.list_consumer_group_offsets(group))
            except TypeError:  # aiokafka iterates over a list that such a broker answers with null
                raise OperatorError(
                    f"SIAGA_KAFKA {settings.kafka}",
                    "lists no offsets of groups, as the in-memory broker does: use --without-broker",
                ) from None
            of_topic = {str(tp.partition): at.offset for tp, at in offsets.items() if tp.topic == topic}
            kept = {number: offset for number, offset in of_topic.items() if offset >= 0}
            if kept:
                found.setdefault(group, {})[topic] = kept
    return found


async def need_idle(settings: ServiceSettings) -> None:
    """Refuse to go on while a service is in its group.

    Raises:
        OperatorError: a group has members, or the broker does not answer or refuses.
    """
    async with admin_client(settings) as admin:
        for group in (GROUP_TAGGER, *dict.fromkeys(group for group, _ in READING)):
            if (state := await _state(settings, admin, group)) not in _IDLE:
                raise OperatorError(
                    f"group {group}", f"is {state}: stop the services before their stores are restored"
                )


def everywhere(offsets: Mapping[str, Mapping[str, Mapping[str, int]]]) -> Offsets:
    """These offsets, and the beginning wherever a group had committed nothing yet.

    What came to such a partition since the backup was read into stores that are lost.
    """
    return {
        group: {
            topic: {
                str(number): offsets.get(group, {}).get(topic, {}).get(str(number), 0)
                for number in range(TOPICS[topic].partitions)
            }
            for reader, topic in READING
            if reader == group
        }
        for group in dict.fromkeys(group for group, _ in READING)
    }


async def rewind(settings: ServiceSettings, offsets: Mapping[str, Mapping[str, Mapping[str, int]]]) -> int:
    """Set the groups to these offsets; how many records they will read again.

    Raises:
        OperatorError: the broker does not answer or refuses.
    """
    again = 0
    for group, topics in offsets.items():
        for topic, partitions in topics.items():
            again += await _asked(settings, _rewind_one(settings, group, topic, partitions))
    return again


async def _rewind_one(settings: ServiceSettings, group: str, topic: str, partitions: Mapping[str, int]) -> int:
    consumer = AIOKafkaConsumer(**client_options(settings), group_id=group, enable_auto_commit=False)
    try:
        await consumer.start()
        parts = {TopicPartition(topic, int(number)): offset for number, offset in partitions.items()}
        consumer.assign(list(parts))
        ends = await consumer.end_offsets(list(parts))
        begins = await consumer.beginning_offsets(list(parts))
        # A topic that is shorter than it was is another one: it is read from its beginning.
        wanted = {
            part: max(begins[part], offset) if offset <= ends[part] else begins[part]
            for part, offset in parts.items()
        }
        await consumer.commit(wanted)
        return sum(ends[part] - offset for part, offset in wanted.items())
    finally:
        await _stop(consumer)


async def _state(settings: ServiceSettings, admin: AIOKafkaAdminClient, group: str) -> str:
    answers = await _asked(settings, admin.describe_consumer_groups([group]))
    for answer in answers:
        for _code, name, state, *_ in answer.groups:
            if name == group:
                return str(state)
    return "Dead"


async def _stop(consumer: AIOKafkaConsumer) -> None:
    # aiokafka's stop fails if one of its tasks has not had its first turn yet.
    await asyncio.sleep(0)
    await consumer.stop()


async def _asked(settings: ServiceSettings, question: Any) -> Any:
    try:
        return await question
    except (KafkaError, OSError) as error:
        raise OperatorError(f"SIAGA_KAFKA {settings.kafka}", repr(error)) from None
