"""What holds on SQLite holds on PostgreSQL, with several ingest processes at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import sqlalchemy as sa

from services.ingest import claims, tables
from services.ingest.core.looking import LookReason
from services.ingest.core.source import Fallback
from services.ingest.queries import find_story, list_sources
from services.ingest.replay import replay_since
from services.ingest.retention import forget_old
from tests.ingest.builders import a_feed, an_item
from tests.ingest.core.test_copies import ORIGINAL
from tests.ingest.test_looks import PATH, a_known_story, look, page
from tests.ingest.test_sitemaps import index, news
from tests.ingest.world import FeedServer, Reply, World


async def test_a_story_s_whole_life(postgres: str, server: FeedServer) -> None:
    world = World(postgres)
    await world.watch(
        world.watch_at(server.port),
        world.watch_at(server.port, id="two", url=f"http://desk.localhost:{server.port}/two"),
    )
    server.pages = {"/two": Reply(a_feed([an_item(71, title="Another heading", summary=ORIGINAL)]))}
    server.answer(
        Reply(a_feed([an_item(1, title="Calon pekerja dicegah", summary=ORIGINAL)]), headers={"ETag": '"x"'})
    )
    assert (await world.poll()).etag == '"x"'
    await world.poll("two")
    server.answer(Reply(a_feed([an_item(1, title="[DICABUT] Calon pekerja dicegah", summary=ORIGINAL)])))
    await world.poll()
    told = [(one["event"], one["version"], one.get("changed")) for one in await world.stories()]
    assert told == [
        ("StoryPublished", 1, None),
        ("StoryRevised", 2, ["copies"]),
        ("StoryWithdrawn", 3, None),
    ]
    found = await world.store.read(lambda conn: find_story(conn, "desk:desk.localhost:/story/1"))
    assert found is not None
    assert found.withdrawn
    assert len(await world.store.read(list_sources)) == 2
    since = world.now - timedelta(days=1)
    assert (await world.store.write(lambda conn: replay_since(conn, since)))[0] == 1
    world.pass_time(days=200)
    forgotten = await world.store.write(lambda conn: forget_old(conn, world.now, timedelta(days=90)))
    assert forgotten == 1
    await world.close()


async def test_a_corrected_page_is_a_revision(postgres: str, server: FeedServer) -> None:
    world = World(postgres)
    story = await a_known_story(world, server)
    server.pages[PATH] = page(
        str(story["text"]).split("\n")[0], "Sebuah kalimat yang baru dan cukup panjang. " * 4
    )
    assert await look(world, hours=2) is LookReason.READ
    assert (await world.stories())[-1]["changed"] == ["text"]
    await world.close()


async def test_two_processes_poll_each_source_once(postgres: str, server: FeedServer) -> None:
    one, two = World(postgres, owner="one"), World(postgres, owner="two")
    names = [f"s{number}" for number in range(12)]
    server.pages = {f"/{name}": Reply(a_feed(), headers={"ETag": '"x"'}) for name in names}
    sources = [
        one.watch_at(
            server.port,
            id=name,
            url=f"http://desk.localhost:{server.port}/{name}",
            politeness_key=f"{int(name[1:]) % 3}.localhost",
        )
        for name in names
    ]
    await asyncio.gather(one.watch(*sources), two.watch(*sources))

    async def work(world: World, domain: str) -> None:
        by_id = {source.id: source for source in sources if source.politeness_key == domain}
        for _ in range(40):
            if await world.poller.step(domain, by_id) > 10:
                return
            await asyncio.sleep(0.001)

    domains = sorted({source.politeness_key for source in sources})
    await asyncio.gather(*(work(world, domain) for world in (one, two) for domain in domains))
    assert Counter(asked.path for asked in server.asked) == {f"/{name}": 1 for name in names}
    await one.close()
    await two.close()


async def test_the_tables_are_what_the_migrations_make(postgres: str) -> None:
    """A column that only one of the two has would fail on the first insert, at an operator's."""
    world = World(postgres)
    inspector = sa.inspect(world.store.engine)
    for name, table in claims.polls.metadata.tables.items():
        made = {column["name"] for column in inspector.get_columns(name)}
        assert made == {column.name for column in table.columns}, name
    await world.close()


async def test_an_index_a_fallback_and_pages_that_do_not_fit(postgres: str, server: FeedServer) -> None:
    world = World(postgres)
    fallback = Fallback(f"http://desk.localhost:{server.port}/second", "rss")
    await world.watch(world.watch_at(server.port, format="news_sitemap", fallback=fallback))
    server.answer(
        index(["/1.xml", "/gone.xml"], ETag='"i"'), Reply(status=304), index(["/2.xml"]), Reply(status=410)
    )
    server.pages = {"/1.xml": index(["/2.xml"]), "/2.xml": news(1, 2), "/second": Reply(a_feed(4))}
    for reason in ("new_body", "not_modified", "same_body", "gone", "new_body"):
        row = await world.poll()
        assert row.last_reason == reason
    assert (row.standby_reason, len({one["story_id"] for one in await world.stories()})) == ("gone", 4)
    left = sa.select(sa.func.count()).select_from(tables.sitemaps)
    assert await world.store.read(lambda conn: conn.execute(left).scalar()) == 0
    await world.close()
