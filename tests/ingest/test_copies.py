"""A copy is one source more on the story it copies."""

from __future__ import annotations

from typing import Any

from tests.ingest.builders import a_feed, an_item
from tests.ingest.core.test_copies import ORIGINAL
from tests.ingest.world import FeedServer, Reply, World


async def two_desks(
    world: World, server: FeedServer, copy: str, title: str = "Another desk's own heading"
) -> list[Any]:
    """Desk one publishes the original, desk two the copy; returns the events."""
    await world.watch(world.watch_at(server.port, id="two", url=f"http://desk.localhost:{server.port}/two"))
    server.answer(Reply(a_feed([an_item(1, title="Calon pekerja dicegah", summary=ORIGINAL), an_item(2)])))
    server.pages = {"/two": Reply(a_feed([an_item(71, title=title, summary=copy)]))}
    await world.poll("desk-all")
    await world.poll("two")
    return await world.stories()


async def test_a_copy_is_a_source_more_and_no_story_of_its_own(world: World, server: FeedServer) -> None:
    events = await two_desks(world, server, ORIGINAL)
    assert [one["event"] for one in events] == ["StoryPublished", "StoryPublished", "StoryRevised"]
    last = events[-1]
    assert (last["title"], last["version"], last["changed"]) == ("Calon pekerja dicegah", 2, ["copies"])
    (copy,) = last["copies"]
    assert copy["url"].endswith("/story/71")
    assert copy["title"] == "Another desk's own heading"


async def test_a_changed_count_is_a_story_of_its_own(world: World, server: FeedServer) -> None:
    events = await two_desks(world, server, ORIGINAL.replace("dua belas", "dua puluh satu"))
    assert [one["event"] for one in events] == ["StoryPublished"] * 3


async def test_a_copy_seen_again_is_told_once(world: World, server: FeedServer) -> None:
    before = len(await two_desks(world, server, ORIGINAL))
    server.pages = {"/two": Reply(a_feed([an_item(71, title="A third heading", summary=ORIGINAL)]))}
    await world.poll("two")
    assert len(await world.stories()) == before


async def test_a_copy_that_later_says_something_new_becomes_a_story(world: World, server: FeedServer) -> None:
    await two_desks(world, server, ORIGINAL)
    text = ORIGINAL + " Jumlahnya kini 21 orang setelah sebuah rumah penampungan digeledah polisi pada malam hari."
    server.pages = {"/two": Reply(a_feed([an_item(71, title="Now 21", summary=text)]))}
    await world.poll("two")
    last = (await world.stories())[-1]
    assert (last["event"], last["title"], last["version"]) == ("StoryPublished", "Now 21", 1)


async def test_a_revised_story_keeps_its_copies(world: World, server: FeedServer) -> None:
    await two_desks(world, server, ORIGINAL)
    server.answer(Reply(a_feed([an_item(1, title="Another heading", summary=ORIGINAL), an_item(2)])))
    await world.poll("desk-all")
    last = (await world.stories())[-1]
    assert (last["version"], last["changed"], len(last["copies"])) == (3, ["title"], 1)


async def test_words_of_a_week_ago_are_no_copy(world: World, server: FeedServer) -> None:
    await two_desks(world, server, "Entirely different words for the first time around, long enough to be read.")
    world.pass_time(days=7)
    server.pages = {"/two": Reply(a_feed([an_item(72, title="Again", summary=ORIGINAL)]))}
    await world.poll("two")
    assert (await world.stories())[-1]["event"] == "StoryPublished"


async def test_a_removal_notice_withdraws_the_story_and_its_return_is_a_revision(
    world: World, server: FeedServer
) -> None:
    await world.poll()
    server.answer(Reply(a_feed([an_item(1, title="[DICABUT] Story number 1"), an_item(2), an_item(3)])))
    await world.poll()
    last = (await world.stories())[-1]
    assert (last["event"], last["reason"], last["version"]) == ("StoryWithdrawn", "removal_notice", 2)
    server.answer(Reply(a_feed([an_item(1), an_item(2), an_item(3)])))
    await world.poll()
    last = (await world.stories())[-1]
    assert (last["event"], last["changed"], last["version"]) == ("StoryRevised", ["withdrawn"], 3)


async def test_a_story_about_something_withdrawn_is_not_withdrawn(world: World, server: FeedServer) -> None:
    await world.poll()
    server.answer(Reply(a_feed([an_item(1, title="Izin agen penyalur pekerja dicabut"), an_item(2), an_item(3)])))
    await world.poll()
    assert (await world.stories())[-1]["event"] == "StoryRevised"
