"""The page of a story that matters is read again: a correction revises, a vanished page withdraws."""

from __future__ import annotations

from html import escape
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from services.contracts.codes import Kind, Topic
from services.contracts.tagging import Evidence, KindLabel, StoryTagged, TopicLabel, Trigger
from services.ingest.core.looking import SCHEDULE, LookReason, Others, Plan, after_look, how_others_do
from services.ingest.core.source import Outlet
from services.ingest.looks import remember_tags
from services.ingest.tables import looks
from tests.ingest.builders import NOW, a_feed, an_item
from tests.ingest.world import Answerer, FeedServer, Reply, World

TITLE = "Petugas mencegah calon pekerja di pelabuhan"
TEXT = (
    "Petugas mencegah keberangkatan dua belas calon pekerja di pelabuhan pada pagi hari sebelum kapal berangkat."
)
OTHERS = (
    ("Panen raya di lembah itu naik dua kali lipat karena hujan turun tepat waktu sejak awal musim tanam lalu.",)
    * 2,
    ("Jembatan gantung yang putus akibat banjir bandang pekan lalu diperbaiki warga bersama para prajurit.",) * 2,
    ("Tim bulu tangkis putri melaju ke babak semifinal setelah menang dua gim langsung atas unggulan pertama.",)
    * 2,
    ("Museum di kota lama itu memamerkan keramik dan naskah kuno yang selama ini disimpan di ruang bawah tanah.",)
    * 2,
    ("Nelayan melepas penyu hijau yang tersangkut jaring ke laut lepas setelah dirawat dokter hewan setempat.",)
    * 2,
)
PATH = "/kota/1234561/x"


def page(*paragraphs: str, **headers: str) -> Reply:
    body = "".join(f"<p>{escape(one)}</p>" for one in paragraphs)
    html = f"<html><body><div class='side-article txt-article'>{body}</div></body></html>"
    return Reply(html.encode(), headers={"Content-Type": "text/html"} | headers)


def tagged(story: dict[str, Any], *, relevant: bool = True) -> StoryTagged:
    evidence = (Evidence(start=0, end=7, text=story["title"][:7], rule="test"),)
    labels: dict[str, Any] = {}
    if relevant:
        labels = {
            "topics": (TopicLabel(code=Topic.ILLEGAL_LABOUR_PLACEMENT, score=1, evidence=evidence),),
            "kind": KindLabel(code=Kind.ENFORCEMENT, evidence=evidence),
            "triggers": (Trigger(code="test", evidence=evidence),),
            "incident_id": "incident-1",
        }
    kept = {
        name: story[name] for name in ("story_id", "version", "outlet", "url", "language", "published_at", "title")
    }
    return StoryTagged.model_validate(
        kept
        | {"occurred_at": NOW, "fetched_at": NOW, "text": story["text"], "relevant": relevant, "reason": "test"}
        | {"tagger_version": "1"}
        | labels
    )


async def a_known_story(
    world: World, server: FeedServer, *, relevant: bool = True, beside: int = 0
) -> dict[str, Any]:
    """A story read from its page, and what the tagger said of it; so many others were published beside it."""
    outlet = Outlet("desk", "The Desk", 420, "tribun", ("desk.localhost",))
    await world.watch(world.watch_at(server.port, outlet=outlet, fulltext="allowed"))
    server.pages.setdefault(PATH, page(TEXT, TEXT, ETag='"one"'))
    others = [an_item(n, link=f"/kota/12345{n}/y", title=f"Kabar lain nomor {n}") for n in range(2, 2 + beside)]
    for number in range(2, 2 + beside):
        server.pages.setdefault(f"/kota/12345{number}/y", page(*OTHERS[number - 2]))
    feed = a_feed([an_item(1, link=PATH, title=TITLE), *others])
    server.answer(Reply(feed, headers={"ETag": '"feed"'}), Reply(status=304))
    await world.poll()
    story = next(one for one in await world.stories() if one["title"] == TITLE)
    # The others are there to be asked, and are not looked at themselves.
    await world.store.write(lambda conn: conn.execute(sa.delete(looks)))
    await world.store.write(
        lambda conn: remember_tags(conn, [tagged(story, relevant=relevant)], world.sources, world.now)
    )
    return story


async def look(world: World, **later: float) -> LookReason | None:
    world.pass_time(**later)
    return await world.poller.looks.step("desk.localhost", world.sources)


async def test_a_corrected_page_is_a_revision(world: World, server: FeedServer) -> None:
    await a_known_story(world, server)
    server.pages[PATH] = page(TEXT, TEXT.replace("dua belas", "dua puluh satu"))
    assert await look(world, hours=2) is LookReason.READ
    last = (await world.stories())[-1]
    assert (last["event"], last["version"], last["changed"]) == ("StoryRevised", 2, ["text"])
    assert "dua puluh satu" in last["text"]


async def test_a_correction_on_the_second_page_of_a_split_story_is_a_revision(
    world: World, server: FeedServer
) -> None:
    def split(last: str) -> dict[str, Reply]:
        first = page(TEXT, TEXT).body.replace(
            b"</div></body>", b"<div class='paging'>Halaman 1/2</div></div></body>"
        )
        html = {"Content-Type": "text/html"}
        return {PATH: Reply(first, headers=html), f"{PATH}?page=2": page(last)}

    server.pages = dict(split("Korban dipulangkan ke tiga kabupaten."))
    story = await a_known_story(world, server)
    assert (story["text"].splitlines()[-1], story["extraction"]["truncated"]) == (
        "Korban dipulangkan ke tiga kabupaten.",
        False,
    )
    server.pages = dict(split("Korban dipulangkan ke empat kabupaten."))
    assert await look(world, hours=2) is LookReason.READ
    last = (await world.stories())[-1]
    assert (last["version"], last["text"].splitlines()[-1]) == (2, "Korban dipulangkan ke empat kabupaten.")


async def test_an_unchanged_page_is_asked_for_conditionally_and_tells_nothing(
    world: World, server: FeedServer
) -> None:
    await a_known_story(world, server)
    assert await look(world, hours=2) is LookReason.READ
    server.pages[PATH] = Reply(status=304)
    assert await look(world, hours=6) is LookReason.UNCHANGED
    assert server.asked[-1].headers["if-none-match"] == '"one"'
    assert len(await world.stories()) == 1


async def withdrawals(world: World) -> list[dict[str, Any]]:
    return [one for one in await world.stories() if one["event"] == "StoryWithdrawn"]


async def test_a_page_missing_twice_within_an_hour_withdraws_nothing(world: World, server: FeedServer) -> None:
    await a_known_story(world, server, beside=2)
    server.pages[PATH] = Reply(status=404)
    assert await look(world, hours=2) is LookReason.MISSING
    assert await look(world, minutes=50) is None
    assert await look(world, minutes=10) is LookReason.MISSING
    assert await withdrawals(world) == []


async def test_a_page_missing_for_hours_while_those_beside_it_stand_is_a_withdrawal(
    world: World, server: FeedServer
) -> None:
    await a_known_story(world, server, beside=2)
    server.pages[PATH] = Reply(status=404)
    for hours in (2, 1):
        assert await look(world, hours=hours) is LookReason.MISSING
    assert await look(world, hours=5) is LookReason.WITHDRAWN
    [told] = await withdrawals(world)
    assert (told["reason"], told["version"]) == ("not_found", 2)
    assert await look(world, days=9) is None


async def test_a_site_whose_pages_are_all_missing_withdraws_nothing(world: World, server: FeedServer) -> None:
    await a_known_story(world, server, beside=2)
    server.pages = {}
    seen = [await look(world, hours=hours) for hours in (2, 1, 5, 12, 12)]
    assert seen == [LookReason.MISSING, LookReason.MISSING, *[LookReason.HELD] * 3]
    assert await withdrawals(world) == []
    assert world.counted("siaga_ingest_looks_total", source="desk-all", reason="held") == 3


async def test_a_site_that_comes_back_after_an_outage_is_read_on(world: World, server: FeedServer) -> None:
    await a_known_story(world, server, beside=2)
    kept, server.pages = server.pages, {}
    for hours in (2, 1, 5):
        await look(world, hours=hours)
    server.pages = kept
    assert await look(world, hours=12) is LookReason.READ
    assert await withdrawals(world) == []


async def test_a_page_missing_where_no_other_can_be_asked_withdraws_nothing(
    world: World, server: FeedServer
) -> None:
    await a_known_story(world, server)
    server.pages[PATH] = Reply(status=404)
    seen = [await look(world, hours=hours) for hours in (2, 1, 5)]
    assert seen[-1] is LookReason.HELD
    assert [await look(world, days=1) for _ in range(9)][-1] is None, "a page that stays away is let go"
    assert await withdrawals(world) == []


async def test_a_page_that_is_gone_twice_is_a_withdrawal_after_an_hour(world: World, server: FeedServer) -> None:
    await a_known_story(world, server)
    server.pages[PATH] = Reply(status=410)
    assert await look(world, hours=2) is LookReason.MISSING
    assert await look(world, hours=1) is LookReason.WITHDRAWN
    assert (await world.stories())[-1]["reason"] == "gone"


async def test_a_site_that_says_gone_of_every_page_withdraws_nothing(world: World, server: FeedServer) -> None:
    await a_known_story(world, server, beside=2)
    server.pages = dict.fromkeys(server.pages, Reply(status=410))
    assert [await look(world, hours=hours) for hours in (2, 1)] == [LookReason.MISSING, LookReason.HELD]
    assert await withdrawals(world) == []


async def cut_off(request: web.Request) -> web.StreamResponse:
    """The connection ends before an answer."""
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


UNASKED: list[Reply | Answerer] = [*(Reply(status=status) for status in (403, 429, 500, 503)), cut_off]


@pytest.mark.parametrize("trouble", UNASKED, ids=["403", "429", "500", "503", "cut off"])
async def test_pages_beside_it_that_cannot_be_asked_are_not_missing(
    world: World, server: FeedServer, trouble: Reply | Answerer
) -> None:
    await a_known_story(world, server, beside=2)
    server.pages[PATH] = Reply(status=410)
    server.pages |= dict.fromkeys(("/kota/123452/y", "/kota/123453/y"), trouble)
    assert await look(world, hours=2) is LookReason.MISSING
    assert await look(world, hours=1) is LookReason.WITHDRAWN, "nobody can be asked, and 410 is said on purpose"


@pytest.mark.parametrize(
    "gone", [Reply(status=404), Reply(status=410), Reply(status=302, headers={"Location": "/"})]
)
async def test_pages_beside_it_that_are_not_there_are_missing(
    world: World, server: FeedServer, gone: Reply
) -> None:
    await a_known_story(world, server, beside=2)
    server.pages[PATH] = Reply(status=410)
    server.pages |= dict.fromkeys(("/kota/123452/y", "/kota/123453/y"), gone)
    server.pages["/"] = page(*OTHERS[0])
    assert [await look(world, hours=hours) for hours in (2, 1)] == [LookReason.MISSING, LookReason.HELD]


@pytest.mark.parametrize(
    ("first", "last"), [(Reply(status=500), LookReason.WITHDRAWN), (Reply(status=404), LookReason.HELD)]
)
async def test_where_those_nearest_cannot_be_asked_the_next_are_and_where_two_are_missing_no_more_are(
    world: World, server: FeedServer, first: Reply, last: LookReason
) -> None:
    await a_known_story(world, server, beside=5)
    server.pages[PATH] = Reply(status=404)
    server.pages |= dict.fromkeys([f"/kota/12345{n}/y" for n in range(2, 6)], first)
    assert [await look(world, hours=hours) for hours in (2, 1, 5)][-1] is last
    asked = {one.path for one in server.asked[-5:]}
    assert ("/kota/123456/y" in asked) is (last is LookReason.WITHDRAWN)


async def test_pages_beside_it_that_robots_keep_from_us_are_not_missing(world: World, server: FeedServer) -> None:
    rules = b"User-agent: *\nDisallow: /kota/123452/\nDisallow: /kota/123453/\n"
    server.pages["/robots.txt"] = Reply(rules, headers={"Content-Type": "text/plain"})
    await a_known_story(world, server, beside=3)
    server.pages[PATH] = Reply(status=404)
    assert [await look(world, hours=hours) for hours in (2, 1, 5)][-1] is LookReason.WITHDRAWN
    assert not {"/kota/123452/y", "/kota/123453/y"} & {one.path for one in server.asked}


async def test_a_page_that_sends_us_home_is_no_revision(world: World, server: FeedServer) -> None:
    await a_known_story(world, server, beside=2)
    server.pages[PATH] = Reply(status=302, headers={"Location": "/"})
    server.pages["/"] = page(f"{TEXT} Baca selengkapnya tentang {TITLE.lower()}.", *OTHERS[0], ETag='"home"')
    assert [await look(world, hours=hours) for hours in (2, 1)] == [LookReason.MISSING] * 2
    assert [one["event"] for one in await world.stories() if one["title"] == TITLE] == ["StoryPublished"]
    assert server.asked[-1].headers.get("if-none-match") != '"home"', "what was read there is not the story's"
    assert await look(world, hours=5) is LookReason.WITHDRAWN


async def test_a_page_that_sends_us_to_its_new_address_is_a_revision(world: World, server: FeedServer) -> None:
    await a_known_story(world, server, beside=2)
    server.pages[PATH] = Reply(status=302, headers={"Location": "/kota/moved"})
    server.pages["/kota/moved"] = page(TEXT, TEXT, *OTHERS[0])
    assert await look(world, hours=2) is LookReason.READ
    assert (await world.stories())[-1]["changed"] == ["text"]


@pytest.mark.parametrize(("elsewhere", "others"), [(2, Others.STAND), (3, Others.MISSING)])
def test_many_missing_pages_of_a_host_are_its_own_trouble(elsewhere: int, others: Others) -> None:
    assert how_others_do(2, 2, elsewhere) is others


async def test_a_page_that_comes_back_is_no_withdrawal(world: World, server: FeedServer) -> None:
    await a_known_story(world, server)
    server.pages[PATH] = Reply(status=404)
    await look(world, hours=2)
    server.pages[PATH] = page(TEXT, TEXT)
    assert await look(world, hours=1) is LookReason.READ
    assert len(await world.stories()) == 1


@pytest.mark.parametrize("status", [403, 429, 500, 503])
async def test_a_server_in_trouble_withdraws_nothing(world: World, server: FeedServer, status: int) -> None:
    await a_known_story(world, server)
    server.pages[PATH] = Reply(status=status)
    for _ in range(3):
        assert await look(world, hours=2) is LookReason.FAILED
    assert len(await world.stories()) == 1


async def test_a_story_that_does_not_matter_is_not_looked_at(world: World, server: FeedServer) -> None:
    await a_known_story(world, server, relevant=False)
    assert await look(world, hours=2) is None


async def test_a_page_is_not_looked_at_before_its_time(world: World, server: FeedServer) -> None:
    await a_known_story(world, server)
    assert await look(world, minutes=59) is None


async def test_looking_ends_after_its_schedule(world: World, server: FeedServer) -> None:
    story = await a_known_story(world, server)
    for _ in SCHEDULE:
        assert await look(world, days=3) is LookReason.READ
    assert await look(world, days=30) is None
    await world.store.write(lambda conn: remember_tags(conn, [tagged(story)], world.sources, world.now))
    assert await look(world, days=30) is None, "a story that is tagged again is not looked at for ever"


def test_a_page_that_sends_us_home_is_missing() -> None:
    assert after_look(200, True, Plan(), NOW).reason is LookReason.MISSING
    assert after_look(200, False, Plan(), NOW).reason is LookReason.READ
