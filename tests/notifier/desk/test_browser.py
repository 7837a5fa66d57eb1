"""The desk in a real browser: somebody joins, signs in, subscribes, sees an incident arrive, corrects and saves it.

Pictures of every page, at phone and desktop width, are kept in ``build/desk``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import sqlalchemy as sa
from playwright.async_api import Page, expect

from services.contracts.codes import Role, Severity
from services.contracts.tagging import Facts
from services.notifier import alert_log
from services.notifier.desk import sessions
from services.notifier.tables import CORRECTION
from tests.notifier import builders
from tests.notifier.desk.desk_builders import a_delivery, a_health, a_tagged, received
from tests.notifier.desk.stage import CHROMIUM, Stage, a_stage, look_at

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: chromium)"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
]
LONG = "Pelabuhan Penyeberangan Internasional Bolok-Tenau Lama Kupang Barat"
#: Bytes over the wire for somebody who has nothing of it yet.
FIRST_PAGE = 150 * 1024


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with a_stage(tmp_path_factory.mktemp("desk")) as made:
        await made.house.intake.take_sources([received(a_health())])
        await made.house.give_role("ppa-ppo-ntt", sessions.Role.ADMIN)
        yield made


def news(incident_id: str) -> list[Any]:
    """An incident of which two outlets tell different things."""
    other = f"ppp:{incident_id}"
    facts = Facts(
        victims=(builders.a_number(12, "victims"), builders.a_number(20, "victims", source=other)),
        agencies=(builders.a_term("migrant worker agency"),),
        route=(builders.a_term("origin: Malaka"), builders.a_term("destination: Sabah", other)),
    )
    places = (
        builders.a_place(name=LONG, district="Kab. Timor Tengah Selatan"),
        builders.a_place("MY-12", Role.DESTINATION, name="Sabah"),
    )
    sources = (builders.a_source(), builders.a_source(other, outlet="ppp", language="en"))
    return [
        received(
            builders.an_alert(
                incident_id=incident_id, facts=facts, places=places, sources=sources, severity=Severity.CRITICAL
            )
        )
    ]


async def join(stage: Stage, page: Page, size: str, address: str) -> list[str]:
    """By invitation, to the point where somebody else has approved."""
    invitation = await stage.house.invite()
    await page.goto(f"{stage.base}/desk/join/{invitation.token}")
    assert invitation.token not in page.url
    faults = await look_at(page, f"{size}-join")
    await page.fill("input[name=address]", address)
    await page.click("button")
    code = await code_that_comes(stage)
    faults += await look_at(page, f"{size}-join-code")
    await page.fill("input[name=code]", code)
    await page.click("button")
    await expect(page.locator("h1")).to_have_text("Menunggu persetujuan")
    faults += await look_at(page, f"{size}-join-waiting")
    await stage.house.approve(invitation.official_id)
    stage.house.officials[size] = invitation.official_id
    return faults


async def code_that_comes(stage: Stage) -> str:
    """A browser is shown the next page first and its code is made then."""
    for _ in range(400):
        with contextlib.suppress(ValueError):
            return (await stage.house.code())[0]
        await asyncio.sleep(0.05)
    raise AssertionError("no code, or more than one, is on its way")


async def sign_in(stage: Stage, page: Page, size: str, address: str) -> list[str]:
    await page.click('a[href="/desk/sign-in"]')
    faults = await look_at(page, f"{size}-sign-in")
    await page.fill("input[name=address]", address)
    await page.click("button")
    code = await code_that_comes(stage)
    faults += await look_at(page, f"{size}-sign-in-code")
    await page.fill("input[name=code]", code)
    await page.click("button")
    await expect(page.locator("li.line").first).to_be_visible()
    return faults


async def subscribe(stage: Stage, page: Page, size: str) -> list[str]:
    await page.goto(f"{stage.base}/desk/subscription")
    await page.uncheck('input[name="topic:wildlife_timber"]')
    await page.fill("input[name=quiet_from]", "21:00")
    await page.fill("input[name=quiet_to]", "05:30")
    await page.click("button[value=preview]")
    await expect(page.locator(".figures")).to_contain_text("pesan sehari")
    await expect(page.locator(".held li")).to_have_count(1)
    faults = await look_at(page, f"{size}-subscription")
    await page.click("button[value=save]")
    await expect(page.locator(".said")).to_contain_text("Disimpan")
    return faults


async def see_it_arrive(stage: Stage, page: Page, size: str) -> list[str]:
    """An open page learns of an incident by itself; the browser's clock is put forward, not waited for."""
    await page.goto(f"{stage.base}/desk/")
    await page.evaluate("window.neverLeft = true")
    link = page.locator(f'li.line a[href="/desk/incident/live-{size}"]')
    await expect(link).to_have_count(0)
    await stage.house.intake.take_alerts(news(f"live-{size}"))
    await page.clock.fast_forward(16_000)
    await expect(link).to_have_count(1)
    assert await page.evaluate("window.neverLeft"), "the page was loaded anew"
    return await look_at(page, f"{size}-now")


async def correct_it(stage: Stage, page: Page, size: str) -> list[str]:
    house, incident_id = stage.house, f"live-{size}"
    await house.intake.take_stories([received(a_tagged(f"antara:{size}", incident_id=incident_id))])
    told = a_delivery(official_id=house.officials[size], incident_id=incident_id, subject=f"{incident_id}.1")
    await house.intake.take_deliveries([received(told)])
    await page.click(f'a[href="/desk/incident/{incident_id}"]')
    await expect(page.locator("mark").first).to_be_visible()
    await expect(page.locator("tr.apart")).to_have_count(1)
    await expect(page.locator("polyline.way")).to_have_count(1)
    faults = await look_at(page, f"{size}-incident")
    await page.click("button[value=not_relevant]")
    await expect(page.locator(".said")).to_be_visible()
    mine = sa.select(CORRECTION.c.kind).where(CORRECTION.c.incident_id == incident_id)
    assert await house.desk.people.read(lambda conn: conn.execute(mine).scalars().all()) == ["nr"]
    return faults


async def search_and_save(stage: Stage, page: Page, size: str) -> list[str]:
    await page.click('header a[href="/desk/search"]')
    await page.fill("input[name=words]", "polres gagalkan")
    await page.press("input[name=words]", "Enter")
    await expect(page.locator(".hits mark").first).to_be_visible()
    faults = await look_at(page, f"{size}-search")
    saved = []
    for form in ("csv", "geojson"):
        async with page.expect_download() as download:
            await page.click(f'a[download][href*="search.{form}"]')
        saved.append(Path(await (await download.value).path()).read_bytes())
    assert f"live-{size}".encode() in saved[0]
    assert f"live-{size}" in {one["properties"]["incident_id"] for one in json.loads(saved[1])["features"]}
    return faults


async def keep_alerts(stage: Stage) -> None:
    """What the back-test plays: one alert by day and one by night."""

    def work(conn: sa.Connection) -> None:
        for name, hours in (("by-day", 4), ("by-night", 14)):
            at = stage.house.clock() - timedelta(hours=hours)
            times = dict.fromkeys(("occurred_at", "first_seen_at", "last_changed_at", "published_at"), at)
            alert = builders.an_alert(incident_id=name, **times)
            alert_log.keep_alert(conn, alert, replayed=False, now=at.timestamp())

    await stage.house.desk.people.write(work)


@pytest.mark.parametrize(("size", "scheme"), [("phone", "light"), ("desktop", "dark")])
async def test_an_official_joins_signs_in_subscribes_sees_news_arrive_corrects_searches_and_saves(
    stage: Stage, size: str, scheme: str
) -> None:
    address = f"polres-{size}@example.org"
    await keep_alerts(stage)
    async with stage.look(size, scheme) as page:
        await page.clock.install()
        faults = await join(stage, page, size, address)
        faults += await sign_in(stage, page, size, address)
        faults += await subscribe(stage, page, size)
        faults += await see_it_arrive(stage, page, size)
        faults += await correct_it(stage, page, size)
        faults += await search_and_save(stage, page, size)
    assert faults == []
    assert stage.complaints == []


@pytest.mark.parametrize(("size", "scheme"), [("phone", "dark"), ("desktop", "light")])
async def test_the_other_pages_keep_nobody_out(stage: Stage, size: str, scheme: str) -> None:
    faults = []
    async with stage.look(size, scheme, "ppa-ppo-ntt") as page:
        for name, path in (
            ("office", "office"),
            ("sources", "sources"),
            ("empty", "?place=MM"),
            ("join-over", "join"),
            ("missing", "incident/none"),
        ):
            await page.goto(f"{stage.base}/desk/{path}")
            faults += await look_at(page, f"{size}-{name}")
    assert faults == []
    expected = "Failed to load resource: the server responded with a status of 404 (Not Found)"
    assert {said for said in stage.complaints if said != expected} == set()
    stage.complaints.clear()


async def test_no_page_needs_a_script_to_be_read(stage: Stage) -> None:
    async with stage.look("phone", ref="ppa-ppo-ntt", java_script_enabled=False) as page:
        for path in ("", "incident/incident-1", "search?words=atambua", "sources", "subscription", "office"):
            await page.goto(f"{stage.base}/desk/{path}")
            await expect(page.locator("main")).to_be_visible()
            await expect(page.locator("main h1, main h2").first).not_to_be_empty()
        await page.goto(f"{stage.base}/desk/")
        await expect(page.locator("li.line")).to_have_count(30)
        await page.click("a[rel=next]")
        await expect(page.locator("li.line")).to_have_count(30)
    assert stage.complaints == []


async def test_the_first_page_stays_small_with_ten_thousand_incidents(stage: Stage) -> None:
    sizes: list[int] = []
    async with stage.look("phone", ref="ppa-ppo-ntt") as page:
        session = await page.context.new_cdp_session(page)
        await session.send("Network.enable")
        session.on("Network.loadingFinished", lambda done: sizes.append(int(done["encodedDataLength"])))
        await page.goto(f"{stage.base}/desk/?place=", wait_until="networkidle")
        await expect(page.locator(".glance b").first).not_to_have_text("0")
    assert 10_000 < sum(sizes) < FIRST_PAGE
