"""Stored stories can be put through again, and say that they are."""

from __future__ import annotations

import json
from datetime import timedelta

import sqlalchemy as sa

from services.ingest.replay import HEADER, replay_since
from services.ingest.tables import outbox
from tests.ingest.builders import a_feed, an_item
from tests.ingest.world import FeedServer, Reply, World


async def replayed(world: World, **ago: float) -> list[tuple[str, int]]:
    """Empty the outbox, replay, and return what is in it; every record must carry the mark."""
    await world.store.write(lambda conn: conn.execute(sa.delete(outbox)))
    since = world.now - timedelta(**ago)
    count, after = await world.store.write(lambda conn: replay_since(conn, since))
    assert await world.store.write(lambda conn: replay_since(conn, since, after)) == (0, after)
    headers = await world.store.read(lambda conn: conn.execute(sa.select(outbox.c.headers)).scalars().all())
    assert all(json.loads(one)[HEADER] == "1" for one in headers)
    told = await world.stories()
    assert len({one["story_id"] for one in told}) == count
    return [(one["event"], one["version"]) for one in told]


async def test_the_last_state_of_each_story_is_told_again(world: World, server: FeedServer) -> None:
    await world.poll()
    server.answer(Reply(a_feed([an_item(1, title="A better heading"), an_item(2), an_item(3)])))
    await world.poll()
    assert sorted(await replayed(world, hours=1)) == [
        ("StoryPublished", 1),
        ("StoryPublished", 1),
        ("StoryRevised", 2),
    ]


async def test_what_did_not_change_since_is_not_told(world: World, server: FeedServer) -> None:
    await world.poll()
    world.pass_time(days=2)
    assert await replayed(world, days=1) == []


async def test_a_withdrawn_story_is_told_with_its_withdrawal(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed(1)))
    await world.poll()
    server.answer(Reply(a_feed([an_item(1, title="[DICABUT] Story number 1")])))
    await world.poll()
    assert await replayed(world, hours=1) == [("StoryPublished", 1), ("StoryWithdrawn", 2)]
