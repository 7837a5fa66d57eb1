"""Any number of ingest processes poll each source once, and one that died is replaced."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.ingest import claims, tables
from services.ingest.retention import forget_old
from tests.ingest.builders import a_feed
from tests.ingest.world import FeedServer, Reply, World


async def test_two_processes_poll_each_source_once(server: FeedServer, tmp_path: Path) -> None:
    one, two = World(tmp_path, owner="one"), World(tmp_path, owner="two")
    names = [f"s{number}" for number in range(20)]
    server.pages = {f"/{name}": Reply(a_feed(), headers={"ETag": '"x"'}) for name in names}
    base = f"http://desk.localhost:{server.port}"
    sources = [one.watch_at(server.port, id=name, url=f"{base}/{name}") for name in names]
    by_id = {source.id: source for source in sources}
    await one.watch(*sources)

    async def work(world: World) -> None:
        for _ in range(200):
            if await world.poller.step("desk.localhost", by_id) > 10:
                return
            await asyncio.sleep(0.001)

    await asyncio.gather(work(one), work(two))
    asked = Counter(request.path for request in server.asked)
    assert asked == {f"/{name}": 1 for name in names}
    await one.close()
    await two.close()


async def test_while_one_process_leads_a_domain_the_other_waits(server: FeedServer, tmp_path: Path) -> None:
    one, two = World(tmp_path, owner="one"), World(tmp_path, owner="two")
    for world in (one, two):
        await world.watch(world.watch_at(server.port))
    assert await one.step() == 0
    two.pass_time(days=2)
    assert await two.step() > 0
    await one.close()
    assert await two.step() == 0, "the lead ends with the process"
    await two.close()
    assert len(server.asked) == 2


async def test_what_a_dead_process_had_claimed_is_free_at_once(world: World, server: FeedServer) -> None:
    at = world.now.timestamp()
    claimed = await world.store.write(lambda conn: claims.claim(conn, "desk.localhost", ["desk-all"], "dead", at))
    assert isinstance(claimed, claims.Claim)
    assert await world.step() == 0
    assert (await world.row()).last_reason == "new_body"


async def test_a_process_that_lost_its_claim_stores_nothing(world: World, server: FeedServer) -> None:
    at = world.now.timestamp()
    claimed = await world.store.write(lambda conn: claims.claim(conn, "desk.localhost", ["desk-all"], "one", at))
    assert isinstance(claimed, claims.Claim)
    await world.store.write(lambda conn: conn.execute(sa.update(tables.polls).values(claimed_by="two")))
    with pytest.raises(claims.ClaimLostError):
        await world.poller.poll(world.sources["desk-all"], claimed.state)
    assert await world.stories() == []
    assert (await world.row()).last_polled_at is None


async def test_a_source_the_file_no_longer_has_is_not_polled(world: World, server: FeedServer) -> None:
    source = world.sources.pop("desk-all")
    other = replace(source, id="other")
    await world.watch(other)
    assert await world.poller.step("desk.localhost", {"other": other}) == 0
    assert await world.poller.step("desk.localhost", {"other": other}) > 0
    assert len(server.asked) == 1


async def test_old_stories_are_forgotten_once_their_feed_has_forgotten_them(
    world: World, server: FeedServer
) -> None:
    async def forget() -> int:
        return await world.store.write(lambda conn: forget_old(conn, world.now, timedelta(days=90)))

    await world.poll()
    assert await forget() == 0
    world.pass_time(days=80)
    server.answer(Reply(a_feed(1)))
    await world.poll()
    world.pass_time(days=20)
    assert await forget() == 2, "the one that the feed still showed is kept"
    assert await forget() == 0
    await world.poll()
    assert len(await world.stories()) == 3, "and is not published again"
