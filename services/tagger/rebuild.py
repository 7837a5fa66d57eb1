"""Make a lost store anew from what was told: labels from ``stories.tagged``, incidents from ``alerts``.

Runs before the first story is handled, in a store that never was complete or was put back from a backup.  What
the lost store had decided and not yet published is in neither topic; so the stories that are still on
``stories`` and that the topics do not know are decided once more.  Where the label of a story was told and its
incident's alert not, the alert is told now.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar

import sqlalchemy as sa
import structlog
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
from services.runtime.errors import UnavailableError
from services.runtime.outbox import Message, enqueue
from services.runtime.records import Received
from services.runtime.settings import ServiceSettings
from services.runtime.store import Store
from services.runtime.whole_topic import read_whole_topic
from services.tagger import memory
from services.tagger.core.alerts import Outgoing
from services.tagger.core.boilerplate import blank
from services.tagger.core.duplicates import read_pieces
from services.tagger.lives import refresh
from services.tagger.tables import incidents, meta, outbox, stories

log = structlog.get_logger(__name__)

REASON = "read_back_from_what_was_told"
_COMPLETE = "complete"
#: A backup was put back: what was told since is not in the store.
_RESTORED = "restored"
T = TypeVar("T")
Decide = Callable[[Sequence[Received[StoryEvent]]], Any]


class Rebuilder:
    """Reads the topics once in the life of a store."""

    def __init__(
        self, settings: ServiceSettings, store: Store, decide: Decide, now: Callable[[], datetime]
    ) -> None:
        self._settings = settings
        self._store = store
        self._decide = decide
        self._now = now
        self._done = False
        self._lock = asyncio.Lock()

    async def need_done(self) -> None:
        """Let no story be decided before; a handler does not wait for it, for it may take minutes.

        Raises:
            UnavailableError: the store is being read back, or will be.
        """
        self._done = self._done or await self._store.read(_is_complete)
        if not self._done:
            raise UnavailableError("the store is read back from what was told")

    async def __call__(self) -> None:
        """Rebuild if the store was never complete; at once otherwise.

        Raises:
            UnavailableError: the broker does not answer; what was read so far is read again.
        """
        async with self._lock:
            if self._done:
                return
            if not await self._store.read(_is_complete):
                # Until the end: what was decided on the way must not make it look complete after a crash.
                await self._store.write(mark_restored, serial=True)
                try:
                    await self._rebuild()
                except KafkaError as error:
                    raise UnavailableError(f"broker: {error}") from error
                await self._store.write(_set_complete, serial=True)
            self._done = True

    async def _rebuild(self) -> None:
        read = 0
        async for told in self._all(STORIES_TAGGED, STORY_TAGGED.validate_json):
            labels = [one.value for one in told]
            read += len(labels)
            await self._store.write(lambda conn, these=labels: keep_labels(conn, these), serial=True)  # type: ignore[misc]
        async for decided in self._all(ALERTS, ALERT_EVENT.validate_json):
            events = [one.value for one in decided]
            await self._store.write(lambda conn, these=events: keep_incidents(conn, these), serial=True)  # type: ignore[misc]
        if not read:
            return
        if untold := await self._store.write(lambda conn: tell_incidents(conn, self._now()), serial=True):
            log.warning("incidents whose alert was never told", alerts=untold)
        log.warning("store rebuilt from what was told", stories=read)
        async for heard in self._all(STORIES, STORY_EVENT.validate_json):
            unknown = await self._unknown(heard)
            if unknown:
                log.warning("stories decided that were never told", stories=len(unknown))
                await self._decide(unknown)

    async def _unknown(self, heard: Sequence[Received[StoryEvent]]) -> list[Received[StoryEvent]]:
        versions = await self._store.read(
            lambda conn: memory.versions_of(conn, [one.value.story_id for one in heard])
        )
        return [one for one in heard if one.value.version > versions.get(one.value.story_id, 0)]

    def _all(self, topic: str, decode: Callable[[bytes], T]) -> AsyncIterator[list[Received[T]]]:
        return read_whole_topic(self._settings, topic, TOPICS[topic].partitions, decode)


def keep_labels(conn: sa.Connection, labels: Iterable[StoryTagged]) -> None:
    """Take over what was told of stories; the last word on the highest version holds.

    What a store that was put back knows of a story beside its label stays: its text, and that it is old news.
    """
    for tagged in labels:
        known = memory.find_story(conn, tagged.story_id)
        if known and (known.version, known.tagged.occurred_at) > (tagged.version, tagged.occurred_at):
            continue
        if known and known.tagged == tagged:
            continue
        pieces = read_pieces(blank(tagged.title, tagged.text)) if tagged.relevant else ()
        memory.save_story(
            conn,
            tagged,
            known.raw if known else b"",  # else it is in ingest's store; here nothing reads it again
            reason=known.reason if known else REASON,
            pieces=pieces,
            backfill=known.backfill if known else False,
            at=tagged.occurred_at.timestamp(),
            why=known.why if known else "",
        )


def keep_incidents(conn: sa.Connection, events: Iterable[AlertEvent]) -> None:
    """Take over what was told of incidents; versions go on from there."""
    for event in events:
        if not _is_an_incident(event.incident_id):
            continue  # a canary of the notifier's
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


def tell_incidents(conn: sa.Connection, now: datetime) -> int:
    """Tell the incidents of which a story's label is younger than the last alert; how many events that took.

    A label and the alert that follows from it carry the same time, and nothing is told where the alert would
    say what it said.
    """
    told = sa.func.max(stories.c.decided_at)
    behind = (
        sa.select(stories.c.incident_id)
        .outerjoin(incidents, incidents.c.incident_id == stories.c.incident_id)
        .where(stories.c.incident_id.is_not(None))
        .group_by(stories.c.incident_id, incidents.c.changed_at)
        .having(sa.or_(incidents.c.changed_at.is_(None), told > incidents.c.changed_at))
    )
    found = dict.fromkeys(memory.resolve_alias(conn, one) for one in conn.execute(behind).scalars().all())
    outgoing = [event for one in found for event in refresh(conn, one, now, "not_relevant")]
    enqueue(conn, outbox, [_message(one) for one in outgoing])
    return len(outgoing)


def _message(one: Outgoing) -> Message:
    schema = f"{type(one.event).__name__}/{one.event.schema_version}"
    return Message(topic=one.topic, key=one.key, value=one.event.model_dump_json().encode(), schema=schema)


def _is_an_incident(incident_id: str) -> bool:
    try:
        uuid.UUID(incident_id)
    except ValueError:
        return False
    return True


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
