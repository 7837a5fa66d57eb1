"""One story that cannot be told holds up no other, and what is stored can be asked for."""

from __future__ import annotations

import sqlalchemy as sa

from services.ingest.archive import Reading, write_readings
from services.ingest.core.revision import Reason
from services.ingest.queries import find_story, list_sources, recent_stories
from services.ingest.tables import stories
from tests.ingest.builders import NOW, a_draft, a_source
from tests.ingest.world import FeedServer, World


async def test_a_story_the_contract_refuses_holds_up_no_other(world: World) -> None:
    drafts = [
        a_draft(story_id="desk:1"),
        a_draft(story_id="desk:2", language="Klingon"),
        a_draft(story_id="desk:3"),
    ]
    readings = [Reading(draft, "hash") for draft in (drafts[0], drafts[1])]
    readings.append(Reading(a_draft(story_id="desk:3", title="Something else"), "hash"))
    written = await world.store.write(
        lambda conn: write_readings(conn, a_source(), readings, NOW, first_poll=False)
    )
    assert written.reasons == (Reason.NEW, Reason.UNPUBLISHABLE, Reason.NEW)
    assert [one["story_id"] for one in await world.stories()] == ["desk:1", "desk:3"]


async def test_a_row_that_cannot_be_read_holds_up_no_other(world: World, server: FeedServer) -> None:
    await world.poll()
    here = stories.c.story_id.like("%/story/1")
    await world.store.write(lambda conn: conn.execute(sa.update(stories).where(here).values(event=b"broken")))
    drafts = [
        a_draft(story_id=f"desk:desk.localhost:/story/{n}", title=f"New heading {n}", method="feed")
        for n in (1, 2)
    ]
    readings = [Reading(draft, "new") for draft in drafts]
    written = await world.store.write(
        lambda conn: write_readings(conn, a_source(), readings, NOW, first_poll=False)
    )
    assert Reason.UNPUBLISHABLE in written.reasons
    assert (await world.stories())[-1]["title"] == "New heading 2"


async def test_what_is_known_of_stories_and_sources_can_be_asked_for(world: World, server: FeedServer) -> None:
    await world.poll()
    (source,) = await world.store.read(list_sources)
    assert (source.source_id, source.health, source.last_reason) == ("desk-all", "fresh", "new_body")
    recent = await world.store.read(recent_stories)
    assert {row.story.title for row in recent} == {"Story number 1", "Story number 2", "Story number 3"}
    found = await world.store.read(lambda conn: find_story(conn, recent[0].story.story_id))
    assert found == recent[0]
    assert await world.store.read(lambda conn: find_story(conn, "nobody:knows")) is None
