"""Make a lost store anew from what was told: labels from ``stories.tagged``, incidents from ``alerts``.

Runs before the first story is handled, in a store that never was complete or was put back from a backup.  What
the lost store had decided and not yet published is in neither topic; so the stories that are still on
``stories`` and that the topics do not know are decided once more.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

import sqlalchemy as sa
import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from services.contracts.alert import (
    ALERT_EVENT,
    Alert,
    AlertEvent,
    AlertWithdrawn,
    IncidentMerged,
)
from services.contracts.story import STORY_EVENT, StoryEvent
from services.contracts.tagging import STORY_TAGGED, StoryTagged
from services.contracts.topics import ALERTS, STORIES, STORIES_TAGGED, TOPICS
from services.runtime.broker import client_options
from services.runtime.errors import UnavailableError
from services.runtime.records import Received, text_headers
from services.runtime.settings import ServiceSettings
from services.runtime.store import Store
from services.tagger import memory
from services.tagger.core.boilerplate import blank
from services.tagger.core.duplicates import read_pieces
from services.tagger.tables import meta, stories

log = structlog.get_logger(__name__)

REASON = "read_back_from_what_was_told"
_COMPLETE = "complete"
#: A backup was put back: what was told since is not in the store.
_RESTORED = "restored"
_POLL_MS = 500
_AT_ONCE = 500
Decide = Callable[[Sequence[Received[StoryEvent]]], Any]


class Rebuilder:
    """Reads the topics once in the life of a store."""

    def __init__(self, settings: ServiceSettings, store: Store, decide: Decide) -> None:
        self._settings = settings
        self._store = store
        self._decide = decide
        self._done = False
        self._lock = asyncio.Lock()

    async def __call__(self) -> None:
        """Rebuild if the store was never complete; at once otherwise.

        Raises:
            UnavailableError: the broker does not answer; what was read so far is read again.
        """
        async with self._lock:
            if self._done:
                return
            if not await self._store.read(_is_complete):
                try:
                    await self._rebuild()
                except KafkaError as error:
                    raise UnavailableError(f"broker: {error}") from error
                await self._store.write(_set_complete)
            self._done = True

    async def _rebuild(self) -> None:
        read = 0
        async for records in self._all(STORIES_TAGGED):
            labels = _decoded(records, STORY_TAGGED.validate_json)
            read += len(labels)
            await self._store.write(lambda conn, these=labels: keep_labels(conn, these), serial=True)  # type: ignore[misc]
        async for records in self._all(ALERTS):
            events = _decoded(records, ALERT_EVENT.validate_json)
            await self._store.write(lambda conn, these=events: keep_incidents(conn, these), serial=True)  # type: ignore[misc]
        if not read:
            return
        log.warning("store rebuilt from what was told", stories=read)
        async for records in self._all(STORIES):
            unknown = await self._unknown(records)
            if unknown:
                log.warning("stories decided that were never told", stories=len(unknown))
                await self._decide(unknown)

    async def _unknown(self, records: Sequence[Any]) -> list[Received[StoryEvent]]:
        found = []
        for record in records:
            try:
                event = STORY_EVENT.validate_json(record.value or b"")
            except ValueError:
                continue  # the consumer puts it among the dead letters, or has done so
            received = Received(
                event,
                record.key or b"",
                record.topic,
                record.partition,
                record.offset,
                record.timestamp,
                text_headers(record),
            )
            found.append(received)
        versions = await self._store.read(
            lambda conn: memory.versions_of(conn, [one.value.story_id for one in found])
        )
        return [one for one in found if one.value.version > versions.get(one.value.story_id, 0)]

    async def _all(self, topic: str) -> AsyncIterator[Sequence[Any]]:
        """Every record that is on a topic now, partition by partition in order."""
        options = client_options(self._settings)
        consumer = AIOKafkaConsumer(**options, enable_auto_commit=False, auto_offset_reset="earliest")
        await consumer.start()
        try:
            parts = [TopicPartition(topic, number) for number in range(TOPICS[topic].partitions)]
            consumer.assign(parts)
            await consumer.seek_to_beginning(*parts)
            ends = await consumer.end_offsets(parts)
            while any([await consumer.position(part) < end for part, end in ends.items()]):
                for records in (await consumer.getmany(timeout_ms=_POLL_MS, max_records=_AT_ONCE)).values():
                    yield records
        finally:
            # aiokafka's stop fails if one of its tasks has not had its first turn yet.
            await asyncio.sleep(0)
            await consumer.stop()


def keep_labels(conn: sa.Connection, labels: Iterable[StoryTagged]) -> None:
    """Take over what was told of stories; the last word on the highest version holds."""
    for tagged in labels:
        known = memory.find_story(conn, tagged.story_id)
        if known and known.version > tagged.version:
            continue
        pieces = read_pieces(blank(tagged.title, tagged.text)) if tagged.relevant else ()
        memory.save_story(
            conn,
            tagged,
            b"",  # the raw text is in ingest's store; here nothing reads it again
            reason=REASON,
            pieces=pieces,
            backfill=False,
            at=tagged.occurred_at.timestamp(),
        )


def keep_incidents(conn: sa.Connection, events: Iterable[AlertEvent]) -> None:
    """Take over what was told of incidents; versions go on from there."""
    for event in events:
        known = memory.find_incident(conn, event.incident_id)
        if known and known.version >= event.version:
            continue
        alert = event if isinstance(event, Alert) else known.alert if known else None
        if alert is None:
            continue
        memory.save_incident(
            conn,
            event.incident_id,
            event.version,
            alert.model_dump_json().encode(),
            withdrawn=isinstance(event, AlertWithdrawn | IncidentMerged),
            into=event.into if isinstance(event, IncidentMerged) else None,
            at=event.occurred_at.timestamp(),
        )
        if isinstance(event, Alert) and event.backfill:
            memory.mark_backfill(conn, event.incident_id)


def _decoded(records: Iterable[Any], decode: Callable[[bytes], Any]) -> list[Any]:
    found = []
    for record in records:
        try:
            found.append(decode(record.value or b""))
        except ValueError:
            log.warning("record passed over", topic=record.topic, offset=record.offset)
    return found


def _is_complete(conn: sa.Connection) -> bool:
    """A store that holds stories and was never being rebuilt is an old one and complete."""
    states = set(conn.execute(sa.select(meta.c.name)).scalars())
    if _RESTORED in states:
        return False
    if _COMPLETE in states:
        return True
    return (
        conn.execute(sa.select(stories.c.story_id).where(stories.c.reason != REASON).limit(1)).first() is not None
    )


def mark_restored(conn: sa.Connection) -> None:
    """Have the store completed from the topics before the next story is decided."""
    conn.execute(sa.delete(meta).where(meta.c.name == _RESTORED))
    conn.execute(sa.insert(meta).values(name=_RESTORED))


def _set_complete(conn: sa.Connection) -> None:
    conn.execute(sa.delete(meta).where(meta.c.name.in_([_COMPLETE, _RESTORED])))
    conn.execute(sa.insert(meta).values(name=_COMPLETE))
