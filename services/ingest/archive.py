"""The stories we know, and the transaction that makes events of what a poll read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.contracts.story import STORY_EVENT, Extraction, Story, StoryPublished, StoryRevised
from services.contracts.topics import STORIES
from services.ingest.core.revision import Decision, Draft, Known, Reason, decide
from services.ingest.core.source import Source
from services.ingest.core.text import with_dateline, without_dateline
from services.ingest.tables import aliases, outbox, sightings, stories
from services.runtime.outbox import Message, enqueue
from services.runtime.trace import new_trace

#: What was published longer ago than this when we first saw it is old news: told to nobody as new.
OLD_AT_FIRST_POLL = timedelta(hours=24)
OLD_EVER = timedelta(days=3)


@dataclass(frozen=True)
class Reading:
    """One entry as a poll read it, and the hash by which it is recognised next time."""

    draft: Draft
    entry_hash: str


@dataclass(frozen=True)
class Sighting:
    """What a source showed of a story the last time."""

    story_id: str
    entry_hash: str


@dataclass(frozen=True)
class Written:
    """What a transaction did."""

    reasons: tuple[Reason, ...]
    outbox_ids: tuple[int, ...]

    @property
    def new(self) -> int:
        """How many stories were new."""
        return sum(reason is Reason.NEW for reason in self.reasons)


def sightings_of(conn: sa.Connection, source_id: str, story_ids: Sequence[str]) -> dict[str, str]:
    """The entry hashes under which a source showed these stories before."""
    wanted = sa.select(sightings.c.story_id, sightings.c.entry_hash).where(
        sightings.c.source_id == source_id, sightings.c.story_id.in_(story_ids)
    )
    return {row.story_id: row.entry_hash for row in conn.execute(wanted)}


def resolve_aliases(conn: sa.Connection, names: Iterable[str]) -> dict[str, str]:
    """The stories behind further names."""
    rows = conn.execute(sa.select(aliases).where(aliases.c.alias.in_(list(names))))
    return {row.alias: row.story_id for row in rows}


def write_readings(
    conn: sa.Connection, source: Source, readings: Sequence[Reading], now: datetime, *, first_poll: bool
) -> Written:
    """Decide on each reading, store what changed and put its event into the outbox; one transaction."""
    reasons: list[Reason] = []
    messages: list[Message] = []
    for reading in readings:
        row = conn.execute(
            sa.select(stories).where(stories.c.story_id == reading.draft.story_id).with_for_update()
        ).one_or_none()
        event = last_event(row) if row is not None else None
        known = _known(conn, row, event) if row is not None and event is not None else None
        decision = decide(known, reading.draft, source.id)
        reasons.append(decision.reason)
        if decision.publishes:
            message = _store(
                conn, source, reading.draft, decision, before=event, row=row, now=now, first_poll=first_poll
            )
            messages.append(message)
        if decision.reason is not Reason.NO_TITLE:
            _sight(conn, source, reading, now)
    return Written(tuple(reasons), tuple(enqueue(conn, outbox, messages)))


def last_event(row: sa.Row[Any]) -> Story:
    """The story as it was last published.

    Raises:
        ValueError: the stored bytes are no story.
    """
    event = STORY_EVENT.validate_json(row.event)
    if not isinstance(event, Story):
        raise TypeError(f"{row.story_id} is stored as {type(event).__name__}")
    return event


def _known(conn: sa.Connection, row: sa.Row[Any], event: Story) -> Known:
    channels = conn.execute(sa.select(sightings.c.source_id).where(sightings.c.story_id == row.story_id)).scalars()
    return Known(
        version=row.version,
        title=event.title,
        text=without_dateline(event.dateline, event.text),
        method=event.extraction.method,
        truncated=event.extraction.truncated,
        published_at=event.published_at,
        channels=frozenset(channels),
        withdrawn=row.withdrawn,
    )


def _store(
    conn: sa.Connection,
    source: Source,
    draft: Draft,
    decision: Decision,
    *,
    before: Story | None,
    row: sa.Row[Any] | None,
    now: datetime,
    first_poll: bool,
) -> Message:
    trace = str(row.trace) if row is not None else new_trace()
    event = event_of(draft, decision, source, before, now, backfill=is_old(draft, now, first_poll))
    values = {
        "url": event.url,
        "version": event.version,
        "event": event.model_dump_json().encode(),
        "changed_at": now.timestamp(),
        "withdrawn": False,
    }
    if row is None:
        conn.execute(
            sa.insert(stories).values(
                story_id=draft.story_id,
                source_id=source.id,
                outlet=source.outlet.key,
                trace=trace,
                published_at=draft.published_at.timestamp(),
                first_seen_at=now.timestamp(),
                **values,
            )
        )
        for alias in set(draft.aliases) - resolve_aliases(conn, draft.aliases).keys():
            conn.execute(sa.insert(aliases).values(alias=alias, story_id=draft.story_id))
    else:
        conn.execute(sa.update(stories).where(stories.c.story_id == draft.story_id).values(**values))
    return message_of(event, trace)


def message_of(event: Story, trace: str) -> Message:
    """The event as a record of the topic of stories."""
    name = f"{type(event).__name__}/{event.schema_version}"
    return Message(STORIES, event.story_id, event.model_dump_json().encode(), schema=name, trace=trace)


def event_of(
    draft: Draft, decision: Decision, source: Source, before: Story | None, now: datetime, *, backfill: bool
) -> StoryPublished | StoryRevised:
    """The event of a decision; what a revision leaves open stays as it was published first."""
    common: dict[str, Any] = {
        "occurred_at": now,
        "story_id": draft.story_id,
        "version": decision.version,
        "source_id": before.source_id if before else source.id,
        "outlet": source.outlet.key,
        "section": before.section if before else draft.section,
        "url": draft.url[:4096],
        "title": draft.title,
        "text": with_dateline(draft.dateline, draft.text),
        "language": draft.language,
        "published_at": before.published_at if before else draft.published_at,
        "published_at_source": before.published_at_source if before else draft.published_at_source,
        "fetched_at": now,
        "dateline": draft.dateline,
        "byline": draft.byline,
        "default_region": before.default_region if before else source.default_region,
        "extraction": Extraction.model_validate(
            {"method": draft.method, "extractor": draft.extractor, "truncated": draft.truncated}
        ),
        "copies": before.copies if before else (),
        "backfill": before.backfill if before else backfill,
    }
    if decision.reason is Reason.NEW:
        return StoryPublished(**common)
    return StoryRevised(**common, changed=decision.changed)


def is_old(draft: Draft, now: datetime, first_poll: bool) -> bool:
    """Whether a story that is new to us is old news: the archive a new source shows, or a migrated one."""
    age = now - draft.published_at
    if draft.published_at_source == "assumed":
        return first_poll
    return age > (OLD_AT_FIRST_POLL if first_poll else OLD_EVER)


def touch_sightings(conn: sa.Connection, source_id: str, story_ids: Sequence[str], now: datetime) -> None:
    """Remember that these stories are still in the feed; once a day is enough."""
    yesterday = (now - timedelta(days=1)).timestamp()
    conn.execute(
        sa.update(sightings)
        .where(
            sightings.c.source_id == source_id,
            sightings.c.story_id.in_(story_ids),
            sightings.c.last_seen_at < yesterday,
        )
        .values(last_seen_at=now.timestamp())
    )


def _sight(conn: sa.Connection, source: Source, reading: Reading, now: datetime) -> None:
    here = (sightings.c.source_id == source.id) & (sightings.c.story_id == reading.draft.story_id)
    values = {"entry_hash": reading.entry_hash, "last_seen_at": now.timestamp(), "section": source.section}
    if conn.execute(sa.update(sightings).where(here).values(**values)).rowcount == 0:
        conn.execute(
            sa.insert(sightings).values(
                source_id=source.id, story_id=reading.draft.story_id, first_seen_at=now.timestamp(), **values
            )
        )
