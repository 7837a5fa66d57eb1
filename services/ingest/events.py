"""Make the events of the topic of stories."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from services.contracts.story import (
    STORY_EVENT,
    Copy,
    Extraction,
    Story,
    StoryPublished,
    StoryRevised,
    StoryWithdrawn,
)
from services.contracts.topics import STORIES
from services.ingest.core.revision import Decision, Draft, Reason
from services.ingest.core.source import Source
from services.ingest.core.text import with_dateline
from services.runtime.outbox import Message

#: What was published longer ago than this when we first saw it is old news: told to nobody as new.
OLD_AT_FIRST_POLL = timedelta(hours=24)
OLD_EVER = timedelta(days=3)
COPIES_MAX = 50


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


def with_copy(before: Story, draft: Draft, source: Source, version: int, now: datetime) -> StoryRevised | None:
    """The story with one source more, or None where it lists that one already or as many as it may."""
    known = any(one.outlet == source.outlet.key and one.url == draft.url[:4096] for one in before.copies)
    if known or len(before.copies) >= COPIES_MAX:
        return None
    copy = Copy(outlet=source.outlet.key, url=draft.url[:4096], title=draft.title, seen_at=now)
    state = before.model_dump(exclude={"event", "changed"})
    state |= {"occurred_at": now, "version": version, "copies": (*before.copies, copy)}
    return StoryRevised(**state, changed=("copies",))


def withdrawal(
    before: Story, version: int, reason: str, now: datetime, heir: StoryPublished | None = None
) -> StoryWithdrawn:
    """The event of a story the outlet took back; ``heir``: the copy that stands for it now."""
    return StoryWithdrawn.model_validate(
        {
            "occurred_at": now,
            "story_id": before.story_id,
            "version": version,
            "outlet": before.outlet,
            "url": before.url,
            "reason": reason,
            "heir": heir,
        }
    )


def heir_of(before: Story, copy: StoryPublished, now: datetime) -> StoryPublished:
    """A copy as a story of its own; the others are its copies now."""
    others = tuple(one for one in before.copies if (one.outlet, one.url) != (copy.outlet, copy.url))
    return copy.model_copy(update={"occurred_at": now, "copies": others})


def message_of(event: Story | StoryWithdrawn, trace: str) -> Message:
    """The event as a record of the topic of stories."""
    name = f"{type(event).__name__}/{event.schema_version}"
    return Message(STORIES, event.story_id, event.model_dump_json().encode(), schema=name, trace=trace)


def last_event(row: sa.Row[Any]) -> Story:
    """The story as it was last published.

    Raises:
        ValueError, TypeError: the stored bytes are no story.
    """
    event = STORY_EVENT.validate_json(row.event)
    if not isinstance(event, Story):
        raise TypeError(f"{row.story_id} is stored as {type(event).__name__}")
    return event


def is_old(draft: Draft, now: datetime, first_poll: bool) -> bool:
    """Whether a story that is new to us is old news: the archive a new source shows, or a migrated one."""
    if draft.published_at_source == "assumed":
        return first_poll
    return now - draft.published_at > (OLD_AT_FIRST_POLL if first_poll else OLD_EVER)
