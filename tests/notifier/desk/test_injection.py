"""What others wrote stays text in a real browser: payloads by fields, stored and reflected.

No dialog opens, no script of theirs runs, and our own pages give the policy nothing to refuse.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import pytest
import pytest_asyncio
from playwright.async_api import Page

from services.contracts.delivery import Outcome
from services.contracts.source import Health
from services.contracts.tagging import Facts
from services.notifier.desk import sessions
from tests.notifier import builders
from tests.notifier.desk.desk_builders import a_delivery, a_health, a_tagged, received
from tests.notifier.desk.stage import CHROMIUM, WATCH, Stage, a_stage

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed (Debian: chromium)"),
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(300),
]
HIT = "document.documentElement.dataset.hit=1"
PAYLOADS = {
    "script": f"<script>{HIT}</script>",
    "image": f"<img src=x onerror={HIT}>",
    "attribute": f'"\' autofocus onfocus={HIT} x="',
    "breakout": f"</title></textarea></style></option></svg><svg onload={HIT}>",
    "address": f"javascript:{HIT}",
    "data": f"data:text/html,<script>{HIT}</script>",
    "template": "{{7*7}}${7*7}{%print(7*7)%}",
    "htmx": f"<b hx-get=/desk/sign-in hx-trigger=load hx-on::load={HIT}>",
    "style": "<style>main{display:none}</style><link rel=stylesheet href=//evil.test>",
    "frame": f"<iframe srcdoc='<script>parent.{HIT}</script>'></iframe><base href=//evil.test>",
    "encoded": f"%3Cscript%3E{HIT}%3C/script%3E&lt;script&gt;&#60;script&#62;",
    "direction": "\u202e<script>\u2028\u0000",
}
#: Elements that only a payload could have brought in.
BROUGHT = (
    "iframe, base, style, script:not([src^='/desk/static/htmx.min.js']), img:not([src^='/desk/']), [onerror], \
[onload], [onfocus], [hx-on\\:\\:load], a[href^='javascript:' i], a[href^='data:' i], link[href*='evil']"
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with a_stage(tmp_path_factory.mktemp("desk"), stored=0) as made:
        await made.house.give_role("ppa-ppo-ntt", sessions.Role.ADMIN)
        for number, (name, payload) in enumerate(PAYLOADS.items()):
            await store(made, name, payload, number)
        yield made


async def store(stage: Stage, name: str, payload: str, number: int) -> None:
    """One payload in every field that somebody else writes."""
    house, clear = stage.house, payload.replace("\0", "")
    term = (builders.a_term(clear[:120], f"s-{name}"),)
    count = (builders.a_number(3, clear, unit=clear, source=f"s-{name}"),)
    facts = Facts(agencies=term, route=(builders.a_term(f"origin: {clear}"[:120], f"s-{name}"),), quantities=count,
                  event_date=term, nationalities=term, case_stage=term, money=count)  # fmt: skip
    source = builders.a_source(f"s-{name}", outlet=clear, url=clear)
    linked = builders.a_source(f"t-{name}", outlet=clear, url=f"https://evil.test/{clear}")
    place = builders.a_place(name=clear, district=clear)
    incident_id = f"x-{name}"
    await house.intake.take_alerts([
        received(builders.an_alert(incident_id=incident_id, places=(place,), facts=facts, sources=(source, linked))),
        received(builders.an_update(incident_id=incident_id, places=(place,), facts=facts,
                                    sources=(source, linked), changed=(clear,))),
    ])  # fmt: skip
    title, text = f"Payload{name} {clear}", f"Atambua {clear}\n{clear}"
    story = a_tagged(f"s-{name}", incident_id=incident_id, title=title, text=text, outlet=clear, url=clear)
    await house.intake.take_stories([received(story)])
    health = a_health(clear, outlet=clear, reason=clear, health=Health.BROKEN)
    await house.intake.take_sources([received(health)])
    told = {"official_id": house.officials["ppa-ppo-ntt"], "incident_id": incident_id, "channel": clear[:40]}
    await house.intake.take_deliveries([received(a_delivery(Outcome.UNKNOWN, subject=f"{incident_id}.1", **told))])
    letter: dict[str, Any] = {"dead-reason": payload, "dead-topic": payload, "dead-service": payload}
    await house.intake.take_letters([received(b"", number, **letter)])
    await house.add(f"guest-{name}", title=clear)


async def visit(stage: Stage, page: Page, path: str) -> list[str]:
    """What a page brought in, ran or had refused."""
    await page.goto(f"{stage.base}{path}")
    brought = await page.evaluate(
        "s => [...document.querySelectorAll(s)].map(e => e.outerHTML.slice(0, 80))", BROUGHT
    )
    refused = await page.evaluate("window.refused")
    hit = await page.evaluate("document.documentElement.dataset.hit ?? ''")
    shown = await page.evaluate("getComputedStyle(document.querySelector('main')).display")
    return [f"{path}: {what}" for what in [*brought, *refused, *([hit] if hit else [])]] + (
        [] if shown == "block" else [f"{path}: main is {shown}"]
    )


def reflected(payload: str) -> list[str]:
    """Every address that takes something from outside, with the payload in each of its fields."""
    text = quote(payload, safe="")
    fields = ("words", "place", "topic", "kind", "role", "severity", "days", "page", "all")
    return [
        "/desk/search?" + "&".join(f"{name}={text}" for name in fields),
        "/desk/?" + "&".join(f"{name}={text}" for name in (*fields, "pulse")),
        f"/desk/office?said={text}",
    ]


async def test_what_is_stored_stays_text_on_every_page(stage: Stage) -> None:
    found: list[str] = []
    async with stage.look("phone", ref="ppa-ppo-ntt") as page:
        await page.add_init_script(WATCH)
        shared = ["/desk/", "/desk/sources", "/desk/office", "/desk/search?words=atambua", "/desk/subscription"]
        for path in [*shared, *(f"/desk/incident/x-{name}" for name in PAYLOADS)]:
            found += await visit(stage, page, path)
            if path == "/desk/sources":
                assert await page.locator("tbody tr").count() >= len(PAYLOADS) - 1, "the payloads are there"
    assert found == []
    assert stage.complaints == []


async def test_what_an_address_brings_stays_text(stage: Stage) -> None:
    found: list[str] = []
    async with stage.look("phone", ref="ppa-ppo-ntt") as page:
        await page.add_init_script(WATCH)
        for path in (path for payload in PAYLOADS.values() for path in reflected(payload)):
            found += await visit(stage, page, path)
    assert found == []
    assert stage.complaints == []


async def test_what_a_form_brings_stays_text(stage: Stage) -> None:
    async with stage.look("phone", ref="ppa-ppo-ntt") as page:
        await page.add_init_script(WATCH)
        await page.goto(f"{stage.base}/desk/office")
        await page.click("details.invite summary")
        await page.fill("details.invite input[name=title]", PAYLOADS["attribute"])
        await page.click("details.invite button")
        assert await visit(stage, page, "/desk/office") == []
        body = await page.locator("ul.people").inner_text()
        assert "autofocus" in body, "the title is shown, as text"
    assert stage.complaints == []


async def test_the_watch_itself_sees_a_script_that_runs(stage: Stage) -> None:
    """The twin: without escaping and without a policy every payload of the table would be seen."""
    async with stage.look("phone") as page:
        await page.set_content(f"<main>{PAYLOADS['image']}</main><script>window.refused = []</script>")
        await page.wait_for_function("document.documentElement.dataset.hit === '1'")
        assert await page.locator(BROUGHT).count() >= 2
    stage.complaints.clear()
