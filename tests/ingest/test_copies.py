"""A copy is one source more on the story it copies."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa

from services.ingest.core.source import Outlet
from services.ingest.tables import copies
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


async def test_a_story_that_is_taken_back_names_the_copy_that_stands(world: World, server: FeedServer) -> None:
    await two_desks(world, server, ORIGINAL)
    server.answer(Reply(a_feed([an_item(1, title="[DICABUT] Calon pekerja dicegah"), an_item(2)])))
    await world.poll("desk-all")
    told = (await world.stories())[-1]
    assert (told["event"], told["version"]) == ("StoryWithdrawn", 3)
    heir = told["heir"]
    assert (heir["event"], heir["version"], heir["source_id"], heir["copies"]) == ("StoryPublished", 1, "two", [])
    assert heir["url"].endswith("/story/71")
    assert heir["title"] == "Another desk's own heading"
    count = len(await world.stories())
    server.pages = {"/two": Reply(a_feed([an_item(71, title="Another desk's own heading", summary=ORIGINAL)]))}
    await world.poll("two")
    assert len(await world.stories()) == count, "it is known by now as a story"


async def test_a_heir_that_is_taken_back_too_leaves_nobody(world: World, server: FeedServer) -> None:
    await two_desks(world, server, ORIGINAL)
    server.answer(Reply(a_feed([an_item(1, title="[DICABUT] Calon pekerja dicegah"), an_item(2)])))
    await world.poll("desk-all")
    server.pages = {"/two": Reply(a_feed([an_item(71, title="[DICABUT] Another desk's own heading")]))}
    await world.poll("two")
    told = (await world.stories())[-1]
    assert (told["event"], told["version"], told["heir"]) == ("StoryWithdrawn", 2, None)


async def take_back_the_original(world: World, server: FeedServer) -> Any:
    """The first desk takes its story back; returns the event."""
    server.answer(Reply(a_feed([an_item(1, title="[DICABUT] Calon pekerja dicegah"), an_item(2)])))
    await world.poll("desk-all")
    told = (await world.stories())[-1]
    assert told["event"] == "StoryWithdrawn"
    return told


@pytest.mark.parametrize("text", [ORIGINAL, "Berita ini tidak berlaku lagi."], ids=["in full", "in short"])
async def test_a_copy_that_was_taken_back_first_is_no_heir(world: World, server: FeedServer, text: str) -> None:
    count = len(await two_desks(world, server, ORIGINAL))
    notice = an_item(71, title="[DICABUT] Another desk's own heading", summary=text)
    server.pages = {"/two": Reply(a_feed([notice]))}
    await world.poll("two")
    assert len(await world.stories()) == count, "nobody was told of it as a story"
    assert (await take_back_the_original(world, server))["heir"] is None


async def test_a_copy_that_was_taken_back_and_shown_again_is_the_heir(world: World, server: FeedServer) -> None:
    await two_desks(world, server, ORIGINAL)
    for title in ("[DICABUT] Another desk's own heading", "Another desk's own heading"):
        server.pages = {"/two": Reply(a_feed([an_item(71, title=title, summary=ORIGINAL)]))}
        await world.poll("two")
    assert (await take_back_the_original(world, server))["heir"]["url"].endswith("/story/71")


async def test_the_heir_carries_the_last_words_of_the_copy(world: World, server: FeedServer) -> None:
    await two_desks(world, server, ORIGINAL)
    corrected = ORIGINAL.replace("dua belas", "sembilan")
    items = [an_item(1, title="Calon pekerja dicegah", summary=corrected), an_item(2)]
    server.answer(Reply(a_feed(items)))
    await world.poll("desk-all")
    server.pages = {"/two": Reply(a_feed([an_item(71, title="Corrected heading", summary=corrected)]))}
    await world.poll("two")
    heir = (await take_back_the_original(world, server))["heir"]
    assert (heir["title"], "dua belas" in heir["text"]) == ("Corrected heading", False)


async def test_a_copy_kept_before_heirs_were_is_one_when_it_is_read_again(
    world: World, server: FeedServer
) -> None:
    await two_desks(world, server, ORIGINAL)
    await world.store.write(lambda conn: conn.execute(sa.update(copies).values(event=None)))
    server.pages = {"/two": Reply(a_feed([an_item(71, title="A third heading", summary=ORIGINAL)]))}
    await world.poll("two")
    assert (await take_back_the_original(world, server))["heir"]["title"] == "A third heading"


async def test_the_first_copy_seen_is_the_heir_though_another_was_read_later(
    world: World, server: FeedServer
) -> None:
    await two_desks(world, server, ORIGINAL)
    world.pass_time(hours=1)
    for title in ("A heading", "Its second heading"):
        items = [an_item(n, title=title, summary=ORIGINAL) for n in (72, 71)]
        server.pages = {"/two": Reply(a_feed(items))}
        await world.poll("two")
        world.pass_time(hours=1)
    heir = (await take_back_the_original(world, server))["heir"]
    assert (heir["title"], heir["url"].endswith("/story/71")) == ("Its second heading", True)


async def show_a_third_copy(world: World, server: FeedServer) -> None:
    await world.watch(world.watch_at(server.port, id="three", url=f"http://desk.localhost:{server.port}/three"))
    server.pages["/three"] = Reply(a_feed([an_item(81, title="A third desk's heading", summary=ORIGINAL)]))
    await world.poll("three")


async def test_a_story_that_returns_does_not_count_its_heir_among_its_copies(
    world: World, server: FeedServer
) -> None:
    await two_desks(world, server, ORIGINAL)
    await show_a_third_copy(world, server)
    await take_back_the_original(world, server)
    server.answer(Reply(a_feed([an_item(1, title="Calon pekerja dicegah", summary=ORIGINAL), an_item(2)])))
    await world.poll("desk-all")
    last = (await world.stories())[-1]
    assert last["changed"] == ["withdrawn"]
    assert [one["url"].rpartition("/")[2] for one in last["copies"]] == ["81"]


async def test_a_story_that_returns_and_left_no_heir_keeps_its_copies(world: World, server: FeedServer) -> None:
    await two_desks(world, server, ORIGINAL)
    await world.store.write(lambda conn: conn.execute(sa.update(copies).values(event=None)))
    assert (await take_back_the_original(world, server))["heir"] is None
    server.answer(Reply(a_feed([an_item(1, title="Calon pekerja dicegah", summary=ORIGINAL), an_item(2)])))
    await world.poll("desk-all")
    assert len((await world.stories())[-1]["copies"]) == 1


async def test_a_copy_that_became_a_story_since_is_no_heir(world: World, server: FeedServer) -> None:
    await two_desks(world, server, ORIGINAL)
    text = ORIGINAL + " Jumlahnya kini 21 orang setelah sebuah rumah penampungan digeledah polisi pada malam hari."
    server.pages = {"/two": Reply(a_feed([an_item(71, title="Now 21", summary=text)]))}
    await world.poll("two")
    server.answer(Reply(a_feed([an_item(1, title="[DICABUT] Calon pekerja dicegah"), an_item(2)])))
    await world.poll("desk-all")
    told = (await world.stories())[-1]
    assert (told["event"], told["heir"]) == ("StoryWithdrawn", None)


async def test_a_story_about_something_withdrawn_is_not_withdrawn(world: World, server: FeedServer) -> None:
    await world.poll()
    server.answer(Reply(a_feed([an_item(1, title="Izin agen penyalur pekerja dicabut"), an_item(2), an_item(3)])))
    await world.poll()
    assert (await world.stories())[-1]["event"] == "StoryRevised"


EDITED = ". ".join(ORIGINAL.split(". ")[:2]) + ". Redaksi menambahkan kalimat yang tidak ada pada naskah asli itu."


def antara_page(text: str, footer: str = "") -> Reply:
    lines = "".join(f"<p>{line}</p>" for line in [*text.split(". "), footer] if line)
    body = f"<html><body><div class='wrap__article-detail-content post-content'>{lines}</div></body></html>"
    return Reply(body.encode(), headers={"Content-Type": "text/html; charset=utf-8"})


async def a_desk_that_repeats(world: World, server: FeedServer, text: str, footer: str) -> list[Any]:
    """The national desk's story 100, and a regional desk's page that may say it repeats it; returns the events."""
    outlet = Outlet("desk", "The Desk", 420, "antara", ("desk.localhost",))
    base = f"http://desk.localhost:{server.port}"
    given: dict[str, Any] = {"outlet": outlet, "fulltext": "allowed"}
    two = world.watch_at(server.port, id="two", url=f"{base}/two", **given)
    await world.watch(world.watch_at(server.port, **given), two)
    heading = "Calon pekerja dicegah di pelabuhan"
    server.answer(Reply(a_feed([an_item(1, link="/berita/100/judul", title=heading)])))
    server.pages = {
        "/two": Reply(a_feed([an_item(71, link="/berita/7/lain", title="Judul desk lain tentang calon pekerja")])),
        "/berita/100/judul": antara_page(ORIGINAL),
        "/berita/7/lain": antara_page(text, footer),
    }
    await world.poll("desk-all")
    await world.poll("two")
    return await world.stories()


@pytest.mark.parametrize(
    "footer",
    [
        "Berita ini telah tayang di Antaranews.com dengan judul: <a href='{0}'>Calon pekerja dicegah</a>",
        "Artikel ini telah tayang di Desk.com dengan judul Calon pekerja dicegah, {0}",
    ],
)
async def test_an_edited_copy_that_names_its_original_is_a_copy(
    world: World, server: FeedServer, footer: str
) -> None:
    first = f"http://desk.localhost:{server.port}/berita/100/judul"
    events = await a_desk_that_repeats(world, server, EDITED, footer.format(first))
    assert [one["event"] for one in events] == ["StoryPublished", "StoryRevised"]
    assert events[-1]["changed"] == ["copies"]


@pytest.mark.parametrize(
    ("text", "footer"),
    [
        (EDITED, ""),
        (EDITED.replace("dua belas", "dua puluh satu"), "Berita ini telah tayang di Desk: <a href='{0}'>x</a>"),
        (EDITED, "Berita ini telah tayang di Desk: <a href='https://elsewhere.example/berita/100/judul'>x</a>"),
        (EDITED, "Berita ini telah tayang di Desk: <a href='javascript:alert(1)'>x</a>"),
        (
            "Sebuah laporan lain sama sekali tentang kebakaran di pasar. " * 6,
            "telah tayang di <a href='{0}'>x</a>",
        ),
    ],
    ids=["it names none", "it has another count", "it names another outlet", "it names no address", "it is none"],
)
async def test_what_names_an_original_and_is_no_copy_is_a_story(
    world: World, server: FeedServer, text: str, footer: str
) -> None:
    first = f"http://desk.localhost:{server.port}/berita/100/judul"
    events = await a_desk_that_repeats(world, server, text, footer.format(first))
    assert [one["event"] for one in events] == ["StoryPublished"] * 2
