"""What holds on SQLite holds on PostgreSQL, with several ingest processes at once."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from services.ingest import claims, tables
from services.ingest.archive import Reading, Written, write_readings
from services.ingest.core.looking import LookReason
from services.ingest.core.revision import Reason
from services.ingest.core.source import Fallback
from services.ingest.queries import find_story, list_sources
from services.ingest.replay import replay_since
from services.ingest.retention import forget_old
from tests.ingest.builders import NOW, a_draft, a_feed, a_source, an_item
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
    # The story that was taken back, and its copy, which is a story of its own since.
    assert (await world.store.write(lambda conn: replay_since(conn, since)))[0] == 2
    world.pass_time(days=200)
    forgotten = await world.store.write(lambda conn: forget_old(conn, world.now, timedelta(days=90)))
    assert forgotten == 2
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


async def while_it_waits(
    world: World, first: Callable[[sa.Connection], object], second: Callable[[sa.Connection], Written]
) -> Written:
    """What the second transaction writes that comes upon a row of the first before that is committed."""
    waiting = sa.text(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE NOT granted AND datname = current_database()"
    )

    def held_up() -> bool:
        with world.store.engine.connect() as conn:
            return bool(conn.execute(waiting).scalar_one())

    with world.store.engine.connect() as conn:
        await asyncio.to_thread(first, conn)
        work = asyncio.create_task(world.store.write(second))
        while not work.done() and not await asyncio.to_thread(held_up):
            await asyncio.sleep(0.01)
        assert not work.done(), "it waited for nothing"
        await asyncio.to_thread(conn.commit)
    return await work


def read_of(source_id: str, **given: Any) -> Callable[[sa.Connection], Written]:
    """A transaction that writes down one story as this source shows it."""
    reading = Reading(a_draft(aliases=("desk:guid-1",), **given), "hash")
    source = a_source(id=source_id, politeness_key=f"{source_id}.localhost")
    return lambda conn: write_readings(conn, source, [reading], NOW, first_poll=False)


@pytest.mark.parametrize(
    ("seconds", "reason", "events"),
    [
        ({}, Reason.UNCHANGED, ["StoryPublished"]),
        ({"title": "Another heading", "published_at": NOW}, Reason.REVISED, ["StoryPublished", "StoryRevised"]),
        ({"story_id": "desk:2", "title": "Nine", "text": "Other."}, Reason.NEW, ["StoryPublished"] * 2),
    ],
    ids=["the same story", "its later words", "another story of the same further name"],
)
async def test_a_story_two_processes_bring_at_once_is_new_to_the_first_alone(
    postgres: str, seconds: dict[str, Any], reason: Reason, events: list[str]
) -> None:
    world = World(postgres)
    written = await while_it_waits(world, read_of("one"), read_of("two", **seconds))
    assert written.reasons == (reason,)
    assert [one["event"] for one in await world.stories()] == events
    await world.close()


async def test_a_copy_two_processes_bring_at_once_is_told_once(postgres: str) -> None:
    world = World(postgres)
    await world.store.write(read_of("desk-all", text=ORIGINAL))
    copy = {"story_id": "two:1", "text": ORIGINAL}
    written = await while_it_waits(world, read_of("one", **copy), read_of("two", **copy))
    assert written.reasons == (Reason.COPY,)
    assert [one["event"] for one in await world.stories()] == ["StoryPublished", "StoryRevised"]
    await world.close()


async def test_a_copy_of_what_is_taken_back_meanwhile_is_a_story(postgres: str) -> None:
    world = World(postgres)
    await world.store.write(read_of("desk-all", text=ORIGINAL))
    taken_back = read_of("desk-all", title="[DICABUT] Twelve workers stopped at the port", text=ORIGINAL)
    written = await while_it_waits(world, taken_back, read_of("two", story_id="two:1", text=ORIGINAL))
    assert written.reasons == (Reason.NEW,)
    assert [one["event"] for one in await world.stories()] == [
        "StoryPublished",
        "StoryWithdrawn",
        "StoryPublished",
    ]
    await world.close()


async def test_a_copy_of_what_is_revised_meanwhile_is_a_copy(postgres: str) -> None:
    world = World(postgres)
    await world.store.write(read_of("desk-all", text=ORIGINAL))
    revised = read_of("desk-all", title="Another heading", text=ORIGINAL)
    written = await while_it_waits(world, revised, read_of("two", story_id="two:1", text=ORIGINAL))
    assert written.reasons == (Reason.COPY,)
    last = (await world.stories())[-1]
    assert (last["title"], last["version"], len(last["copies"])) == ("Another heading", 3, 1)
    await world.close()


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
