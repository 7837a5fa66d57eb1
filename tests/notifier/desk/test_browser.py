"""The desk in a real browser: an official signs in, sees an incident arrive, corrects it, searches and saves.

Screenshots of every page, at phone and desktop width, are kept in ``build/desk``.
"""

from __future__ import annotations

import asyncio
import shutil
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from playwright.async_api import BrowserContext, Page, async_playwright, expect

from services.contracts.codes import Severity
from services.contracts.tagging import Facts
from services.notifier.tables import CORRECTION
from services.runtime.listener import make_server
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from desk_builders import a_delivery, a_health, a_tagged, received
from house import ROOT, House, a_house

CHROMIUM = shutil.which("chromium")
AXE = files("axe_playwright_python") / "axe.min.js"
SHOTS = ROOT / "build" / "desk"
SIZES = {"phone": (390, 800), "desktop": (1280, 900)}
NASTY = "<img src=x onerror=document.body.dataset.hit=1><script>document.body.dataset.hit=1</script>"
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: chromium)"),
    pytest.mark.timeout(300),
]


@asynccontextmanager
async def served(house: House) -> AsyncIterator[str]:
    """The desk on a port of this machine."""
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(16)
    server = make_server(house.app)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    try:
        yield f"http://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def browsing(size: str, complaints: list[str], state: Any = None) -> AsyncIterator[BrowserContext]:
    """A fresh browser; what its console complains of is collected."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        width, height = SIZES[size]
        context = await browser.new_context(viewport={"width": width, "height": height}, storage_state=state)
        context.set_default_timeout(60_000)
        expect.set_options(timeout=60_000)
        context.on(
            "console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None
        )
        context.on("weberror", lambda error: complaints.append(str(error.error)))
        try:
            yield context
        finally:
            await browser.close()


async def sign_in(page: Page, base: str, house: House) -> None:
    """By the pages themselves, with the code that was sent."""
    await page.goto(f"{base}/desk/")
    await page.fill("input[name=address]", "ppa-ppo-ntt@example.org")
    await page.click("button")
    code, _ = await house.code()
    await page.fill("input[name=code]", code)
    await page.click("button")
    await expect(page.locator("header .brand")).to_be_visible()


async def fill(house: House) -> None:
    facts = Facts(victims=(builders.a_number(12, "victims"), builders.a_number(20, "victims", source="ppp:9")))
    sources = (builders.a_source(), builders.a_source("ppp:9", outlet="ppp"))
    await house.intake.take_alerts([
        received(builders.an_alert(facts=facts, sources=sources)),
        received(builders.an_alert(
            incident_id="incident-2", severity=Severity.CRITICAL, places=(builders.a_place("KH-18"),)
        )),
    ])  # fmt: skip
    await house.intake.take_stories([received(a_tagged())])
    await house.intake.take_sources([received(a_health())])
    await house.intake.take_deliveries([received(a_delivery(official_id=house.officials["ppa-ppo-ntt"]))])


async def serious_faults(page: Page) -> list[str]:
    """What axe-core finds that keeps people out."""
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{one['id']}: {one['nodes'][0]['html'][:120]}"
        for one in found
        if one["impact"] in {"serious", "critical"}
    ]


@pytest.mark.parametrize("size", list(SIZES))
async def test_an_official_signs_in_sees_news_arrive_corrects_searches_and_saves(
    tmp_path: Path, size: str
) -> None:
    SHOTS.mkdir(parents=True, exist_ok=True)
    complaints: list[str] = []
    async with a_house(tmp_path) as house, served(house) as base, browsing(size, complaints) as context:
        await fill(house)
        page = await context.new_page()
        await page.goto(f"{base}/desk/sign-in")
        assert await serious_faults(page) == []
        await sign_in(page, base, house)

        await expect(page.locator("li.line")).to_have_count(1)
        await house.intake.take_alerts([received(builders.an_alert(incident_id="incident-3"))])
        await expect(page.locator("li.line")).to_have_count(2)  # by itself
        faults = {"now": await serious_faults(page)}
        await page.screenshot(path=SHOTS / f"{size}-now.png", full_page=True)

        await page.click('a[href="/desk/incident/incident-1"]')
        await expect(page.locator("mark").first).to_be_visible()
        await expect(page.locator("tr.apart")).to_have_count(1)
        faults["incident"] = await serious_faults(page)
        await page.screenshot(path=SHOTS / f"{size}-incident.png", full_page=True)
        await page.click("button[value=not_relevant]")
        await expect(page.locator(".said")).to_be_visible()
        rows = await house.desk.people.read(lambda conn: conn.execute(sa.select(CORRECTION)).all())
        assert [row.kind for row in rows] == ["nr"]

        await page.goto(f"{base}/desk/search")
        await page.fill("input[name=words]", "atambua")
        await page.press("input[name=words]", "Enter")
        await expect(page.locator(".hits mark")).to_have_count(1)
        faults["search"] = await serious_faults(page)
        await page.screenshot(path=SHOTS / f"{size}-search.png", full_page=True)
        async with page.expect_download() as download:
            await page.click("a[download]")
        assert b"incident-1" in Path(await (await download.value).path()).read_bytes()

        for name in ("sources", "subscription"):
            await page.goto(f"{base}/desk/{name}")
            faults[name] = await serious_faults(page)
            await page.screenshot(path=SHOTS / f"{size}-{name}.png", full_page=True)
        width = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert width <= 0, "the page is wider than the screen"
    assert {name: found for name, found in faults.items() if found} == {}
    assert complaints == []


async def test_text_of_a_story_runs_no_script_and_no_page_needs_one_to_be_read(tmp_path: Path) -> None:
    complaints: list[str] = []
    async with a_house(tmp_path) as house, served(house) as base:
        source = builders.a_source(outlet=NASTY)
        alert = builders.an_alert(places=(builders.a_place(name=NASTY),), sources=(source,))
        await house.intake.take_alerts([received(alert)])
        await house.intake.take_stories([received(a_tagged(title=f"Polisi {NASTY}", text=f"Dasar {NASTY}"))])
        async with browsing("phone", complaints) as context:
            page = await context.new_page()
            await sign_in(page, base, house)
            for path in ("", "incident/incident-1", "search?words=onerror", f"search?words={NASTY}"):
                await page.goto(f"{base}/desk/{path}")
                assert await page.evaluate("document.body.dataset.hit ?? ''") == "", path
            state = await context.storage_state()
            plain = await context.browser.new_context(java_script_enabled=False, storage_state=state)  # type: ignore[union-attr]
            page = await plain.new_page()
            for path in ("", "incident/incident-1", "search?words=onerror", "sources"):
                await page.goto(f"{base}/desk/{path}")
                await expect(page.locator("main")).not_to_be_empty()
    assert complaints == []


async def test_the_first_page_stays_small_with_ten_thousand_incidents(tmp_path: Path) -> None:
    async with a_house(tmp_path) as house, served(house) as base:
        for start in range(0, 10_000, 500):
            batch = [builders.an_alert(incident_id=f"incident-{start + n}") for n in range(500)]
            await house.intake.take_alerts([received(alert) for alert in batch])
        sizes: list[int] = []
        async with browsing("phone", []) as context:
            page = await context.new_page()
            await sign_in(page, base, house)
            await page.goto("about:blank")
            session = await context.new_cdp_session(page)
            await session.send("Network.enable")
            await session.send("Network.setCacheDisabled", {"cacheDisabled": True})
            session.on("Network.loadingFinished", lambda done: sizes.append(int(done["encodedDataLength"])))
            await page.goto(f"{base}/desk/", wait_until="networkidle")
            await expect(page.locator("li.line").first).to_be_visible()
        assert 10_000 < sum(sizes) < 150 * 1024
