"""After a restore ingest knows again what it published, so that no version is given twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.contracts.story import StoryRevised, StoryWithdrawn
from services.ingest.app import MIGRATIONS
from services.ingest.restore import complete
from services.ingest.tables import anchors, stories
from services.runtime.store import Store
from tests.tagger.builders import a_story

LONG = [f"kata-{number}" for number in range(120)]
NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(f"sqlite:///{tmp_path / 'ingest.sqlite3'}", MIGRATIONS)


def revised(version: int, text: str) -> StoryRevised:
    state = a_story(published_at=NOW).model_dump(exclude={"event"})
    return StoryRevised.model_validate({**state, "version": version, "text": text, "changed": ("text",)})


def withdrawn(version: int) -> StoryWithdrawn:
    story = a_story(published_at=NOW)
    return StoryWithdrawn.model_validate({
        "occurred_at": NOW + timedelta(hours=2), "story_id": story.story_id, "version": version,
        "outlet": story.outlet, "url": story.url, "reason": "removal_notice",
    })  # fmt: skip


async def rows(store: Store) -> list[sa.Row[tuple[object, ...]]]:
    found = await store.read(lambda conn: conn.execute(sa.select(stories)).all())
    await store.close()
    return list(found)


async def test_a_story_published_since_is_known_with_its_newest_text(store: Store) -> None:
    first, second = a_story(published_at=NOW), revised(2, " ".join(LONG))
    assert await store.write(lambda conn: complete(conn, [(first, "trace-1"), (second, "trace-1")])) == 2
    assert await store.read(lambda conn: conn.execute(sa.select(sa.func.count()).select_from(anchors)).scalar())
    (row,) = await rows(store)
    assert (row.version, row.trace, row.source_id) == (2, "trace-1", first.source_id)
    assert b"kata-119" in row.event


async def test_a_story_the_store_knows_as_well_or_better_is_left_alone(store: Store) -> None:
    newer, older = revised(3, "newer"), revised(2, "older")
    await store.write(lambda conn: complete(conn, [(newer, None)]))
    assert await store.write(lambda conn: complete(conn, [(older, None), (revised(3, "other"), None)])) == 0
    (row,) = await rows(store)
    assert b'"newer"' in row.event


async def test_a_story_taken_back_since_is_taken_back(store: Store) -> None:
    await store.write(lambda conn: complete(conn, [(a_story(published_at=NOW), None), (withdrawn(2), None)]))
    (row,) = await rows(store)
    assert (row.version, row.withdrawn) == (2, True)


async def test_the_end_of_a_story_never_seen_is_no_story(store: Store) -> None:
    assert await store.write(lambda conn: complete(conn, [(withdrawn(2), None)])) == 0
    assert await rows(store) == []
