"""The stories we know, and the transaction that makes events of what a poll read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects import postgresql, sqlite

from services.contracts.story import Story
from services.ingest.copy_index import (
    find_original,
    forget_copy,
    index_story,
    remember_copy,
    take_heir,
    without_own,
)
from services.ingest.core.copies import print_of
from services.ingest.core.looking import look_for_missing_text
from services.ingest.core.revision import Decision, Draft, Known, Reason, decide, is_removal_notice
from services.ingest.core.source import Source
from services.ingest.core.text import without_dateline
from services.ingest.events import event_of, heir_of, is_old, last_event, message_of, with_copy, withdrawal
from services.ingest.tables import aliases, looks, outbox, sightings, stories
from services.runtime.errors import told
from services.runtime.outbox import Message, enqueue
from services.runtime.trace import child, new_trace, trace_id

log = structlog.get_logger(__name__)

#: Two processes may bring a story at once, each from a feed of its own: the second waits and finds it known.
_DIALECTS = (("sqlite", sqlite), ("postgresql", postgresql))
_ADD_STORY = {
    name: dialect.insert(stories).on_conflict_do_nothing().returning(stories.c.story_id)
    for name, dialect in _DIALECTS
}
_ADD_ALIAS = {name: dialect.insert(aliases).on_conflict_do_nothing() for name, dialect in _DIALECTS}


@dataclass(frozen=True)
class Reading:
    """One entry as a poll read it, and the hash by which it is recognised next time.

    ``fits``: whether its page was read by the outlet's rules; None where no page was, or there are no rules.
    """

    draft: Draft
    entry_hash: str
    fits: bool | None = None


@dataclass(frozen=True)
class Announced:
    """One story that goes out: its span's ``traceparent``, and how old its news was, where that can be told."""

    story_id: str
    reason: Reason
    trace: str | None
    age_s: float | None = None


@dataclass(frozen=True)
class Written:
    """What a transaction did."""

    reasons: tuple[Reason, ...]
    outbox_ids: tuple[int, ...]
    announced: tuple[Announced, ...] = ()

    @property
    def new(self) -> int:
        """How many stories were new to us, copies included: a source that shows one is not silent."""
        return sum(reason in (Reason.NEW, Reason.COPY) for reason in self.reasons)


def sightings_of(conn: sa.Connection, source_id: str, story_ids: Sequence[str]) -> dict[str, str]:
    """The entry hashes under which a source showed these stories before."""
    wanted = sa.select(sightings.c.story_id, sightings.c.entry_hash).where(
        sightings.c.source_id == source_id, sightings.c.story_id.in_(story_ids)
    )
    return {row.story_id: row.entry_hash for row in conn.execute(wanted)}


def seen_by(conn: sa.Connection, source_id: str, story_ids: Sequence[str], at: datetime) -> bool:
    """Whether a source had shown one of these stories by then."""
    before = sa.and_(sightings.c.story_id.in_(story_ids), sightings.c.first_seen_at <= at.timestamp())
    found = sa.select(sightings.c.story_id).where(sightings.c.source_id == source_id, before).limit(1)
    return conn.execute(found).first() is not None


def resolve_aliases(conn: sa.Connection, names: Iterable[str]) -> dict[str, str]:
    """The stories behind further names."""
    rows = conn.execute(sa.select(aliases).where(aliases.c.alias.in_(list(names))))
    return {row.alias: row.story_id for row in rows}


def which_are_stored(conn: sa.Connection, story_ids: Sequence[str]) -> set[str]:
    """Those that are stories of their own."""
    return set(conn.execute(sa.select(stories.c.story_id).where(stories.c.story_id.in_(story_ids))).scalars())


def write_readings(
    conn: sa.Connection, source: Source, readings: Sequence[Reading], now: datetime, *, first_poll: bool
) -> Written:
    """Decide on each reading, store what changed and put its event into the outbox; one transaction."""
    reasons: list[Reason] = []
    messages: list[Message] = []
    announced: list[Announced] = []
    for reading in readings:
        try:
            reason, message = _write(conn, source, reading.draft, now, first_poll)
        except (ValueError, TypeError) as error:  # one story the contract refuses must not hold up the others
            log.warning("story refused", story_id=reading.draft.story_id, reason=told(error))
            reason, message = Reason.UNPUBLISHABLE, None
        reasons.append(reason)
        if message is not None:
            messages.append(message)
            age = _age(reading.draft, now, first_poll) if reason is Reason.NEW else None
            # Of a copy the event is its original's.
            announced.append(Announced(str(message.key), reason, message.trace, age))
            log.info(
                "decided", story_id=reading.draft.story_id, reason=str(reason), trace_id=trace_id(message.trace)
            )
        if reason is not Reason.NO_TITLE:
            _sight(conn, source, reading, now)
    return Written(tuple(reasons), tuple(enqueue(conn, outbox, messages)), tuple(announced))


def _age(draft: Draft, now: datetime, first_poll: bool) -> float | None:
    """How long ago the outlet says it published; an archive, or a time we made up, tells nothing of the outlet."""
    if draft.published_at_source == "assumed" or is_old(draft, now, first_poll):
        return None
    return max(0.0, (now - draft.published_at).total_seconds())


def story_row(conn: sa.Connection, story_id: str) -> sa.Row[Any] | None:
    """A story's row, locked to the end of the transaction."""
    return conn.execute(sa.select(stories).where(stories.c.story_id == story_id).with_for_update()).one_or_none()


def _write(
    conn: sa.Connection, source: Source, draft: Draft, now: datetime, first_poll: bool
) -> tuple[Reason, Message | None]:
    row = story_row(conn, draft.story_id)
    if row is None:
        return _write_new(conn, source, draft, now, first_poll)
    before = last_event(row)
    decision = decide(known_of(conn, row, before), draft, source.id)
    if decision.reason is Reason.WITHDRAWN:
        return decision.reason, withdraw(conn, row, "removal_notice", now)
    if not decision.publishes:
        return decision.reason, None
    return decision.reason, revise(conn, source, draft, decision, row=row, now=now)


def _write_new(
    conn: sa.Connection, source: Source, draft: Draft, now: datetime, first_poll: bool
) -> tuple[Reason, Message | None]:
    decision = decide(None, draft, source.id)
    if not decision.publishes:
        return decision.reason, None
    if is_removal_notice(draft.title):
        forget_copy(conn, draft.story_id)  # what its outlet took back stands for nobody's story
        return Reason.WITHDRAWN, None
    own = print_of(draft.title, draft.text)
    event = event_of(draft, decision, source, None, now, backfill=is_old(draft, now, first_poll))
    original = find_original(conn, draft.story_id, own, now, stated=draft.original_id)
    if original is not None:
        row = story_row(conn, original)
        if row is None or row.withdrawn:  # taken back while we waited for it: another may stand for it now
            return _write(conn, source, draft, now, first_poll)
        return Reason.COPY, _write_copy(conn, source, draft, event, row)
    trace = new_trace()
    if not _insert(conn, event, trace, now):
        return _write(conn, source, draft, now, first_poll)
    for alias in sorted(set(draft.aliases)):
        conn.execute(_ADD_ALIAS[conn.dialect.name], {"alias": alias, "story_id": draft.story_id})
    index_story(conn, draft.story_id, own, now)
    if source.fulltext == "allowed" and draft.method == "summary" and not event.backfill:
        conn.execute(
            sa.insert(looks).values(
                story_id=draft.story_id,
                source_id=source.id,
                domain=source.politeness_key,
                due_at=look_for_missing_text(now).timestamp(),
            )
        )
    return decision.reason, message_of(event, trace)


def _insert(conn: sa.Connection, event: Story, trace: str, now: datetime) -> bool:
    """Add a story; False where another transaction has added it meanwhile."""
    values = {
        "story_id": event.story_id,
        "source_id": event.source_id,
        "outlet": event.outlet,
        "trace": trace,
        "published_at": event.published_at.timestamp(),
        "first_seen_at": now.timestamp(),
        **_state(event, now),
    }
    return conn.execute(_ADD_STORY[conn.dialect.name], values).first() is not None


def _write_copy(
    conn: sa.Connection, source: Source, draft: Draft, alone: Story, row: sa.Row[Any]
) -> Message | None:
    """A copy is one source more on the story it copies, and a story of its own only when that is taken back.

    ``row``: the original's, locked.
    """
    now = alone.occurred_at
    if not remember_copy(conn, alone, row.story_id, now):
        return None
    event = with_copy(last_event(row), draft, source, row.version + 1, now)
    if event is None:
        return None
    conn.execute(sa.update(stories).where(stories.c.story_id == row.story_id).values(**_state(event, now)))
    return message_of(event, child(row.trace))


def revise(
    conn: sa.Connection, source: Source, draft: Draft, decision: Decision, *, row: sa.Row[Any], now: datetime
) -> Message:
    """Store a story's new state and return its event."""
    before = last_event(row)
    if decision.reason is Reason.RETURNED:
        before = without_own(conn, before)
    event = event_of(draft, decision, source, before, now, backfill=False)
    conn.execute(sa.update(stories).where(stories.c.story_id == row.story_id).values(**_state(event, now)))
    index_story(conn, row.story_id, print_of(event.title, without_dateline(event.dateline, event.text)), now)
    return message_of(event, child(row.trace))


def withdraw(conn: sa.Connection, row: sa.Row[Any], reason: str, now: datetime) -> Message:
    """Mark a story as taken back and return its event; its last text stays for whoever must know what it was.

    What was told of it stands as long as a copy of it does: that becomes a story of its own, in the same event.
    """
    before, trace = last_event(row), child(row.trace)
    copy = take_heir(conn, before)
    heir = heir_of(before, copy, now) if copy else None
    if heir and not _insert(conn, heir, trace, now):
        heir = None  # it has become a story of its own meanwhile
    event = withdrawal(before, row.version + 1, reason, now, heir)
    values = {"version": event.version, "withdrawn": True, "changed_at": now.timestamp()}
    conn.execute(sa.update(stories).where(stories.c.story_id == row.story_id).values(**values))
    if heir:
        index_story(conn, heir.story_id, print_of(heir.title, without_dateline(heir.dateline, heir.text)), now)
    return message_of(event, trace)


def known_of(conn: sa.Connection, row: sa.Row[Any], event: Story) -> Known:
    """A story as the core compares it."""
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


def _state(event: Story, now: datetime) -> dict[str, Any]:
    return {
        "url": event.url,
        "version": event.version,
        "event": event.model_dump_json().encode(),
        "changed_at": now.timestamp(),
        "withdrawn": False,
    }


def _sight(conn: sa.Connection, source: Source, reading: Reading, now: datetime) -> None:
    here = (sightings.c.source_id == source.id) & (sightings.c.story_id == reading.draft.story_id)
    values = {"entry_hash": reading.entry_hash, "last_seen_at": now.timestamp(), "section": source.section}
    if conn.execute(sa.update(sightings).where(here).values(**values)).rowcount == 0:
        conn.execute(
            sa.insert(sightings).values(
                source_id=source.id, story_id=reading.draft.story_id, first_seen_at=now.timestamp(), **values
            )
        )
