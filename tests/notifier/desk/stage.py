"""A desk with ten thousand incidents on a port of this machine, and a real browser to look at it."""

from __future__ import annotations

import asyncio
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from bench.desk.filling import fill_store
from services.notifier.desk import sessions
from services.runtime.listener import make_server
from tests.notifier.desk.house import ROOT, House, a_house

CHROMIUM = shutil.which("chromium")
AXE = files("axe_playwright_python") / "axe.min.js"
SHOTS = ROOT / "build" / "desk"
SIZES = {"phone": (360, 740), "desktop": (1280, 900)}
STORED = 10_000
#: What our own pages make the policy refuse, noted before any of their scripts runs.
WATCH = """
window.refused = [];
document.addEventListener('securitypolicyviolation', e => window.refused.push(e.violatedDirective + ' ' + e.blockedURI));
"""


@dataclass
class Stage:
    """The desk under test, and what its pages complained of."""

    house: House
    base: str
    browser: Browser
    complaints: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def look(self, size: str, scheme: str = "light", ref: str = "", **more: bool) -> AsyncIterator[Page]:
        """A fresh browser window; ``ref`` is signed in already.

        Args:
            size: of the window.
            scheme: light or dark.
            ref: which official, else nobody.
            more: what Playwright's context takes.
        """
        width, height = SIZES[size]
        context = await self.browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="id-ID",
            **more,  # type: ignore[arg-type]
        )
        self._listen(context)
        if ref:
            await context.add_cookies([{"name": "siaga", "value": await self.session(ref), "url": self.base}])
        try:
            yield await context.new_page()
        finally:
            await context.close()

    def _listen(self, context: BrowserContext) -> None:
        context.set_default_timeout(60_000)
        context.on(
            "console",
            lambda said: self.complaints.append(said.text) if said.type in {"error", "warning"} else None,
        )
        context.on("weberror", lambda error: self.complaints.append(str(error.error)))
        context.on("dialog", lambda dialog: self.complaints.append(f"dialog {dialog.message}"))

    async def session(self, ref: str) -> str:
        """The cookie of an official who signed in just now."""
        now, official_id = self.house.clock().timestamp(), self.house.officials[ref]
        return await self.house.desk.store.write(lambda conn: sessions.open_session(conn, official_id, now))


@asynccontextmanager
async def a_stage(folder: Path, stored: int = STORED) -> AsyncIterator[Stage]:
    """Everything at once; a browser and a desk are too slow to start for every test."""
    expect.set_options(timeout=60_000)
    SHOTS.mkdir(parents=True, exist_ok=True)
    async with a_house(folder) as house, async_playwright() as playwright:
        fill_store(house.desk.store, stored, house.clock())
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        async with served(house) as base:
            yield Stage(house, base, browser)
        await browser.close()


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


async def look_at(page: Page, name: str) -> list[str]:
    """Keep a picture of the page; what keeps people out of it, by axe-core and by its width."""
    picture = SHOTS / f"{name}.png"
    # Hiding the caret would put a style of the test's own into the page.
    await page.screenshot(path=picture, full_page=True, caret="initial")
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found = await page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
    wide = await page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    faults = [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found if one["impact"] in _SERIOUS]
    return [f"{name}: {fault}" for fault in faults + (["wider than the screen"] if wide > 0 else [])]


_SERIOUS = frozenset({"serious", "critical"})
