"""After a restore ingest knows again what it published, so that no version is given twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.contracts.story import StoryRevised, StoryWithdrawn
from services.ingest.app import MIGRATIONS
from services.ingest.archive import Reading, sightings_of, write_readings
from services.ingest.copy_index import remember_copy
from services.ingest.core.revision import Reason
from services.ingest.restore import complete
from services.ingest.tables import anchors, copies, stories
from services.runtime.store import Store
from tests.ingest.builders import a_draft, a_source
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


@pytest.mark.parametrize(
    ("has_heir", "originals"),
    [(True, {"three:1": "two:1"}), (False, {"two:1": "antara:1", "three:1": "antara:1"})],
)
async def test_the_copies_of_a_story_taken_back_since_are_its_heirs_where_it_has_one(
    store: Store, has_heir: bool, originals: dict[str, str]
) -> None:
    original = a_story(published_at=NOW)
    assert original.story_id == "antara:1"
    end = withdrawn(2)
    if has_heir:
        heir = a_story(story_id="two:1", outlet="two", published_at=NOW)
        end = end.model_copy(update={"heir": heir})

    def backed_up(conn: sa.Connection) -> None:
        complete(conn, [(original, None)])
        for story_id in ("two:1", "three:1"):
            copy = a_story(story_id=story_id, published_at=NOW)
            remember_copy(conn, copy, original.story_id, NOW)

    await store.write(backed_up)
    assert await store.write(lambda conn: complete(conn, [(end, None)])) == 1 + has_heir
    found = await store.read(lambda conn: conn.execute(sa.select(copies.c.story_id, copies.c.original_id)).all())
    assert {row.story_id: row.original_id for row in found} == originals
    await store.close()


async def test_the_end_of_a_story_never_seen_is_no_story(store: Store) -> None:
    assert await store.write(lambda conn: complete(conn, [(withdrawn(2), None)])) == 0
    assert await rows(store) == []


async def first_look(store: Store, source_id: str, text: str) -> Reason:
    """What comes of the story as this source shows it in the first poll after the restore."""
    source = a_source(id=source_id)
    draft = a_draft(story_id="antara:1", title="Judul", text=text, published_at=NOW, method="feed")
    reading = Reading(draft, "hash")
    written = await store.write(lambda conn: write_readings(conn, source, [reading], NOW, first_poll=False))
    await store.close()
    return written.reasons[0]


async def test_a_revision_in_the_first_poll_after_a_restore_is_told(store: Store) -> None:
    story = a_story(title="Judul", published_at=NOW, source_id="antara-kupang")
    await store.write(lambda conn: complete(conn, [(story, None)]))
    shown = await store.read(lambda conn: sightings_of(conn, "antara-kupang", ["antara:1"]))
    assert list(shown) == ["antara:1"]  # else a feed that was read an hour ago passes for overrun
    assert (
        await first_look(store, "antara-kupang", "Polisi memperbaiki keterangannya soal jumlah korban.")
        is Reason.REVISED
    )


async def test_another_channels_wording_after_a_restore_is_no_revision(store: Store) -> None:
    story = a_story(title="Judul", published_at=NOW, source_id="antara-kupang")
    await store.write(lambda conn: complete(conn, [(story, None)]))
    assert await first_look(store, "antara-bali", "Ringkasan lain dari kanal lain.") is Reason.OTHER_CHANNEL
