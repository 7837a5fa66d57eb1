"""What the desk shows, to whom, and that what it shows stays text."""

from __future__ import annotations

import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from starlette.routing import Mount, Route

from services.contracts.codes import Role, Severity
from services.contracts.source import Health
from services.contracts.tagging import Facts
from services.notifier.desk.app import desk_routes
from services.notifier.desk.desk import POLICY
from services.notifier.tables import CORRECTION, MUTE
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from desk_builders import a_delivery, a_health, a_tagged, received
from house import House, a_house

NASTY = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_house(tmp_path) as made:
        yield made


async def fill(house: House) -> None:
    await house.intake.take_alerts([
        received(builders.an_alert()),
        received(builders.an_alert(
            incident_id="incident-2", severity=Severity.CRITICAL, places=(builders.a_place("KH-18", Role.EVENT),)
        )),
    ])  # fmt: skip
    await house.intake.take_stories([received(a_tagged())])
    await house.intake.take_sources([received(a_health())])


def csrf_of(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


async def test_nothing_is_seen_without_signing_in(house: House) -> None:
    await fill(house)
    seen = []
    mount, _ = desk_routes(house.desk)
    assert isinstance(mount, Mount)
    client = house.client()
    for route in mount.routes:
        if not isinstance(route, Route):
            continue
        path = "/desk" + route.path.replace("{incident_id}", "incident-1")
        for method in sorted((route.methods or set()) - {"HEAD"}):
            answer = await client.request(method, path)
            assert "incident-1" not in answer.text, path
            assert "Bolok" not in answer.text, path
            if not (path.startswith(("/desk/sign-in", "/desk/join")) or path == "/desk/land.svg"):
                assert answer.headers["location"] == "/desk/sign-in", (method, path)
                seen.append(path)
    assert len(seen) >= 6


async def test_the_official_sees_the_own_regions_first_and_others_when_asked(house: House) -> None:
    await fill(house)
    client = await house.sign_in("ppa-ppo-ntt")
    own = (await client.get("/desk/")).text
    assert "incident-1" in own
    assert "incident-2" not in own
    assert "antara-ntt" in own, "the dark source of the region"
    everywhere = (await client.get("/desk/?place=")).text
    assert "incident-1" in everywhere
    assert "incident-2" in everywhere
    assert "incident-1" not in (await client.get("/desk/?place=KH")).text


async def test_every_page_has_a_strict_policy_and_is_not_kept(house: House) -> None:
    await fill(house)
    client = await house.sign_in("ppa-ppo-ntt")
    for path in (
        "/desk/",
        "/desk/incident/incident-1",
        "/desk/search?words=atambua",
        "/desk/sources",
        "/desk/sign-in/code",
    ):
        answer = await client.get(path)
        assert answer.status_code == (303 if path.endswith("/code") else 200), path
        if answer.status_code == 200:
            assert answer.headers["content-security-policy"] == POLICY, path
            assert answer.headers["cache-control"] == "no-store", path
        assert "style=" not in answer.text, path
        assert "<script>" not in answer.text, path
    assert "unsafe" not in POLICY


async def test_the_page_asks_for_news_and_gets_none_until_there_is_some(house: House) -> None:
    await fill(house)
    client = await house.sign_in("ppa-ppo-ntt")
    found = re.search(r'hx-get="(/desk/live[^"]+)"', (await client.get("/desk/")).text)
    assert found
    again = found[1].replace("&amp;", "&")
    assert (await client.get(again)).status_code == 204
    await house.intake.take_alerts([received(builders.an_alert(incident_id="incident-3"))])
    answer = await client.get(again)
    assert answer.status_code == 200
    assert "incident-3" in answer.text
    assert "<html" not in answer.text


async def test_a_sources_reason_is_shown_where_it_says_more_than_its_health(house: House) -> None:
    client = await house.sign_in("ppa-ppo-ntt")
    await house.intake.take_sources([
        received(a_health("one", health=Health.FRESH, reason="new_stories")),
        received(a_health("two", health=Health.BROKEN, reason="server_error")),
        received(a_health("three", health=Health.FRESH, reason="fallback_after_gone; new_stories")),
    ])  # fmt: skip
    page = (await client.get("/desk/sources")).text
    assert "<small>new stories</small>" not in page
    assert "<small>server error</small>" in page
    assert "<small>fallback after gone; new stories</small>" in page


async def test_an_incident_shows_evidence_in_context_and_where_sources_disagree(house: House) -> None:
    other = "ppp:9"
    facts = Facts(victims=(builders.a_number(12, "victims"), builders.a_number(20, "victims", source=other)))
    sources = (builders.a_source(), builders.a_source(other, outlet="ppp"))
    await house.intake.take_alerts([received(builders.an_alert(facts=facts, sources=sources))])
    await house.intake.take_stories([received(a_tagged())])
    await house.intake.take_deliveries([received(a_delivery(official_id="somebody-else"))])
    client = await house.sign_in("ppa-ppo-ntt")
    page = (await client.get("/desk/incident/incident-1")).text
    assert re.search(r'<mark class="m-topic"[^>]*>Polres</mark>', page)
    assert "sumber berbeda" in page
    assert "1 lainnya" in page
    assert "somebody-else" not in page


async def test_sources_that_agree_are_not_said_to_disagree(house: House) -> None:
    facts = Facts(
        victims=(builders.a_number(12, "victims"), builders.a_number(10, "victims", high=15, source="ppp:9"))
    )
    sources = (builders.a_source(), builders.a_source("ppp:9", outlet="ppp"))
    await house.intake.take_alerts([received(builders.an_alert(facts=facts, sources=sources))])
    client = await house.sign_in("ppa-ppo-ntt")
    assert "sumber berbeda" not in (await client.get("/desk/incident/incident-1")).text


async def test_hostile_text_stays_text_on_every_page(house: House) -> None:
    title, body = f"Polisi {NASTY}", f"Dasar {NASTY} di Atambua javascript:alert(3)"
    place = builders.a_place(name=NASTY)
    source = builders.a_source(outlet=NASTY, url="javascript:alert(4)")
    await house.intake.take_alerts([received(builders.an_alert(places=(place,), sources=(source,)))])
    await house.intake.take_stories([received(a_tagged(title=title, text=body, outlet=NASTY))])
    await house.intake.take_sources([received(a_health(reason=NASTY, outlet=NASTY, source_id=NASTY))])
    client = await house.sign_in("ppa-ppo-ntt")
    for path in (
        "/desk/",
        "/desk/incident/incident-1",
        "/desk/search?words=atambua",
        f"/desk/search?words={NASTY}",
        "/desk/sources",
    ):
        answer = await client.get(path)
        assert answer.status_code == 200, path
        page = answer.text
        assert "<script>alert" not in page, path
        assert "<img src=x" not in page, path
        assert 'href="javascript' not in page, path


async def test_a_button_stores_what_telegram_would_store(house: House) -> None:
    await fill(house)
    client = await house.sign_in("ppa-ppo-ntt")
    csrf = csrf_of((await client.get("/desk/incident/incident-1")).text)
    for what in ("not_relevant", "not_relevant", "wrong_place", "mute"):
        answer = await client.post("/desk/incident/incident-1/press", data={"csrf": csrf, "what": what})
        assert answer.headers["location"].endswith(f"?said=done_{what}")
    rows = await house.desk.people.read(lambda conn: conn.execute(sa.select(CORRECTION)).all())
    assert sorted((row.kind, row.version) for row in rows) == [("nr", 1), ("wr", 1)]
    assert len(await house.desk.people.read(lambda conn: conn.execute(sa.select(MUTE)).all())) == 1


@pytest.mark.parametrize(
    ("data", "headers"),
    [
        ({"what": "mute"}, {}),
        ({"what": "mute", "csrf": "x" * 32}, {}),
        ({"what": "mute", "csrf": "right"}, {"origin": "https://evil.example"}),
        ({"what": "mute", "csrf": "right"}, {"sec-fetch-site": "cross-site"}),
        ({"what": "mute", "csrf": "right"}, {"content-type": "text/plain"}),
    ],
)
async def test_a_button_pressed_from_elsewhere_does_nothing(
    house: House, data: dict[str, str], headers: dict[str, str]
) -> None:
    await fill(house)
    client = await house.sign_in("ppa-ppo-ntt")
    if data.get("csrf") == "right":
        data = data | {"csrf": csrf_of((await client.get("/desk/incident/incident-1")).text)}
    answer = await client.post("/desk/incident/incident-1/press", data=data, headers=headers)
    assert answer.headers["location"].endswith("?said=expired")
    assert await house.desk.people.read(lambda conn: conn.execute(sa.select(MUTE)).all()) == []


async def test_what_does_not_exist_is_said_in_words(house: House) -> None:
    client = await house.sign_in("ppa-ppo-ntt")
    answer = await client.get("/desk/incident/nothing")
    assert answer.status_code == 404
    assert "Halaman itu tidak ada" in answer.text


@pytest.mark.parametrize(
    "query", ["days=x&severity=99&page=-1", "place=%00&topic=%27&kind[]=1", "page=999999999999", "words=%00%ff"]
)
async def test_a_strange_link_is_a_page_all_the_same(house: House, query: str) -> None:
    await fill(house)
    client = await house.sign_in("ppa-ppo-ntt")
    for path in ("/desk/", "/desk/live", "/desk/search"):
        assert (await client.get(f"{path}?{query}")).status_code == 200


@pytest.mark.parametrize(("withdrawn", "found"), [(True, False), (False, True)])
async def test_a_story_that_its_outlet_took_back_is_not_found_by_its_words(
    house: House, withdrawn: bool, found: bool
) -> None:
    client = await house.sign_in("ppa-ppo-ntt")
    await house.intake.take_alerts([received(builders.an_alert())])
    told = [a_tagged(title="Rahasia keluarga Oesapa"), a_tagged(title="Rahasia keluarga Oesapa", version=2)]
    told[1] = told[1].model_copy(update={"withdrawn": withdrawn})
    await house.intake.take_stories([received(story) for story in told])
    for everything in ("", "&all=1"):
        page = (await client.get(f"/desk/search?words=oesapa{everything}")).text
        assert ("keluarga" in page, "/desk/incident/incident-1" in page) == (found, found)


@pytest.mark.parametrize(("query", "shown"), [("", False), ("?days=30", False), ("?words=atambua", True)])
async def test_stories_are_looked_for_by_words_alone(house: House, query: str, shown: bool) -> None:
    await fill(house)
    client = await house.sign_in("ppa-ppo-ntt")
    page = (await client.get(f"/desk/search{query}")).text
    assert ("<h2>Berita</h2>" in page) == shown
    assert "kejadian</h2>" in page
