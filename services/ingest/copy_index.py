"""Find the story a new one was copied from, among those of the last three days."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa

from services.contracts.story import STORY_EVENT, Story, StoryPublished
from services.ingest.core.copies import CANDIDATE_SHARE, Print, is_copy, print_of
from services.ingest.events import last_event
from services.ingest.tables import anchors, copies, stories

#: Syndication takes hours; the same words a week later are somebody's archive.
WITHIN = timedelta(hours=72)
CANDIDATES_MAX = 5
#: What so many stories of these days say is how outlets sign off, not where a copy comes from.  Were all of them
#: looked up, each new story would cost as much as there are stories.
COMMON = 50
#: Of a long text the first so many anchors are looked up.
ANCHORS_MAX = 400


def find_original(
    conn: sa.Connection, story_id: str, newer: Print, now: datetime, *, stated: str = ""
) -> str | None:
    """The story that holds all of this one's words and numbers: the one it names, else the best match."""
    if stated and _holds(conn, stated, newer, stated=True):
        return stated
    wanted = sorted(newer.anchors)[:ANCHORS_MAX]
    known = _how_many_have(conn, wanted)
    telling = [one for one in wanted if known.get(one, 0) < COMMON] or wanted
    if not known.keys() & set(telling):
        return None
    hits = sa.func.count()
    found = conn.execute(
        sa.select(anchors.c.story_id)
        .where(
            anchors.c.anchor.in_(telling),
            anchors.c.seen_at > (now - WITHIN).timestamp(),
            anchors.c.story_id != story_id,
        )
        .group_by(anchors.c.story_id)
        .having(hits >= max(1, int(CANDIDATE_SHARE * len(telling))))
        .order_by(hits.desc(), sa.func.min(anchors.c.seen_at))
        .limit(CANDIDATES_MAX)
    ).scalars()
    return next((str(candidate) for candidate in found if _holds(conn, candidate, newer)), None)


def _how_many_have(conn: sa.Connection, wanted: Collection[int]) -> dict[int, int]:
    """In how many stories each anchor is found; left out where in none."""
    if not wanted:
        return {}
    counts = sa.select(anchors.c.anchor, sa.func.count()).where(anchors.c.anchor.in_(wanted))
    return {row[0]: row[1] for row in conn.execute(counts.group_by(anchors.c.anchor))}


def _holds(conn: sa.Connection, candidate: str, newer: Print, *, stated: bool = False) -> bool:
    row = conn.execute(sa.select(stories).where(stories.c.story_id == candidate)).one_or_none()
    if row is None or row.withdrawn:
        return False
    event = last_event(row)
    return is_copy(newer, print_of(event.title, event.text), stated=stated)


def index_story(conn: sa.Connection, story_id: str, own: Print, now: datetime) -> None:
    """Make a story findable by its present text, as far as that is its own."""
    conn.execute(sa.delete(anchors).where(anchors.c.story_id == story_id))
    known = _how_many_have(conn, own.anchors)
    telling = [one for one in own.anchors if known.get(one, 0) < COMMON]
    rows = [{"anchor": one, "story_id": story_id, "seen_at": now.timestamp()} for one in telling]
    if rows:
        conn.execute(sa.insert(anchors), rows)


def remember_copy(conn: sa.Connection, copy: Story, original_id: str, now: datetime) -> bool:
    """Note a copy, as the story it would be on its own, by its last words; False where it was known already."""
    known = conn.execute(sa.select(copies.c.original_id).where(copies.c.story_id == copy.story_id)).scalar()
    if known == original_id:
        last = {"url": copy.url, "event": copy.model_dump_json().encode()}
        conn.execute(sa.update(copies).where(copies.c.story_id == copy.story_id).values(**last))
        return False
    forget_copy(conn, copy.story_id)
    conn.execute(
        sa.insert(copies).values(
            story_id=copy.story_id,
            original_id=original_id,
            url=copy.url,
            seen_at=now.timestamp(),
            event=copy.model_dump_json().encode(),
        )
    )
    return True


def forget_copy(conn: sa.Connection, story_id: str) -> None:
    """This one is nobody's copy any more."""
    conn.execute(sa.delete(copies).where(copies.c.story_id == story_id))


def take_heir(conn: sa.Connection, original: Story) -> StoryPublished | None:
    """The copy that stands when its original is taken back: the first seen, of another outlet if there is one."""
    query = (
        sa.select(copies.c.event)
        .where(copies.c.original_id == original.story_id, copies.c.event.is_not(None))
        .order_by(copies.c.seen_at, copies.c.story_id)
    )
    standing = [STORY_EVENT.validate_json(event) for event in conn.execute(query).scalars()]
    found = [one for one in standing if isinstance(one, StoryPublished) and not _is_known(conn, one.story_id)]
    heir = min(found, key=lambda one: one.outlet == original.outlet, default=None)
    if heir is None:
        return None
    pass_copies_on(conn, original.story_id, heir.story_id)
    return heir


def pass_copies_on(conn: sa.Connection, original_id: str, heir_id: str) -> None:
    """The heir is a copy no more, and the others are copies of it."""
    forget_copy(conn, heir_id)
    here = copies.c.original_id == original_id
    conn.execute(sa.update(copies).where(here).values(original_id=heir_id))


def without_own(conn: sa.Connection, story: Story) -> Story:
    """The story without those of its copies that have become stories of their own since."""
    if not story.copies:
        return story
    since = min(one.seen_at for one in story.copies).timestamp()
    query = sa.select(stories.c.outlet, stories.c.url).where(
        stories.c.first_seen_at >= since, stories.c.url.in_([one.url for one in story.copies])
    )
    own = {(row.outlet, row.url) for row in conn.execute(query)}
    left = tuple(one for one in story.copies if (one.outlet, one.url) not in own)
    return story.model_copy(update={"copies": left})


def _is_known(conn: sa.Connection, story_id: str) -> bool:
    """Whether a copy has become a story of its own since, by words that are no longer the original's."""
    return conn.execute(sa.select(stories.c.story_id).where(stories.c.story_id == story_id)).first() is not None
