"""Complete a restored store from the topic of stories: what was published since the backup is known again.

Without it a story changed since would get a version number for the second time, and the tagger would take the
new text for a record it has seen.
"""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa

from services.contracts.story import Story, StoryEvent, StoryWithdrawn
from services.ingest.copy_index import index_story, pass_copies_on
from services.ingest.core.copies import print_of
from services.ingest.core.text import without_dateline
from services.ingest.tables import sightings, stories
from services.runtime.trace import new_trace


def complete(conn: sa.Connection, events: Iterable[tuple[StoryEvent, str | None]]) -> int:
    """Take over every event newer than what the store holds; how many there were.

    Args:
        events: each with its traceparent, a story's in the order they were published.
    """
    taken = 0
    for event, trace in events:
        here = stories.c.story_id == event.story_id
        known = conn.execute(sa.select(stories.c.version).where(here)).scalar()
        if known is not None and known >= event.version:
            continue
        if isinstance(event, StoryWithdrawn):
            values = {"version": event.version, "withdrawn": True, "changed_at": event.occurred_at.timestamp()}
            taken += conn.execute(sa.update(stories).where(here).values(**values)).rowcount
            if event.heir:
                pass_copies_on(conn, event.story_id, event.heir.story_id)
                taken += complete(conn, [(event.heir, trace)])
            continue
        _keep(conn, event, trace or new_trace(), is_new=known is None)
        taken += 1
    return taken


def _keep(conn: sa.Connection, story: Story, trace: str, *, is_new: bool) -> None:
    at = story.occurred_at.timestamp()
    values = {
        "url": story.url,
        "version": story.version,
        "event": story.model_dump_json().encode(),
        "changed_at": at,
        "withdrawn": False,
    }
    if is_new:
        values |= {
            "story_id": story.story_id,
            "source_id": story.source_id,
            "outlet": story.outlet,
            "trace": trace,
            "published_at": story.published_at.timestamp(),
            "first_seen_at": at,
        }
        conn.execute(sa.insert(stories).values(**values))
        _note_sighting(conn, story, at)
    else:
        conn.execute(sa.update(stories).where(stories.c.story_id == story.story_id).values(**values))
    own = print_of(story.title, without_dateline(story.dateline, story.text))
    index_story(conn, story.story_id, own, story.occurred_at)


def _note_sighting(conn: sa.Connection, story: Story, at: float) -> None:
    """The source that published it shows it: else its next wording passes for another channel's, and is lost."""
    conn.execute(
        sa.delete(sightings).where(
            sightings.c.source_id == story.source_id, sightings.c.story_id == story.story_id
        )
    )
    conn.execute(
        sa.insert(sightings).values(
            source_id=story.source_id,
            story_id=story.story_id,
            section=story.section,
            entry_hash="",  # of no entry: the next look reads it
            first_seen_at=at,
            last_seen_at=at,
        )
    )
