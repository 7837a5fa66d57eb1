"""When an outlet changes its pages, its rules stop fitting: a metric, a line in the log and its health say so."""

from __future__ import annotations

import pytest
from structlog.testing import capture_logs

from services.ingest.core.rules_watch import RECENT, fit_share, remember_fits, rules_fail
from services.ingest.core.source import Outlet
from services.ingest.queries import list_sources
from tests.ingest.builders import a_feed, an_item
from tests.ingest.criteria.test_c51_c52_pages import PARAGRAPH, TITLE, tribun_page
from tests.ingest.world import FeedServer, Reply, World

#: The same story under a template our rules have never seen; the third rung still reads it.
NEW_TEMPLATE = Reply(
    (
        f"<html><body><nav><a href=/>Home</a></nav><article class='new-2027'><h1>{TITLE}</h1>"
        + "".join(f"<p>{PARAGRAPH}{n}.</p>" for n in range(8))
        + "</article></body></html>"
    ).encode(),
    headers={"Content-Type": "text/html"},
)
EMPTY = Reply(b"<html><body><div id=app></div></body></html>", headers={"Content-Type": "text/html"})


@pytest.mark.parametrize("recent", ["", "0", "00", "1" * 20, "10" + "1" * 18, "11" * 9 + "00", "1" * 30])
def test_a_gallery_now_and_then_is_no_alarm(recent: str) -> None:
    assert not rules_fail(recent[-RECENT:])


@pytest.mark.parametrize("recent", ["000", "1000", "1" * 17 + "000"])
def test_three_in_twenty_are(recent: str) -> None:
    assert rules_fail(recent)


def test_what_was_no_page_with_rules_does_not_count() -> None:
    assert remember_fits("1", [None, False, None]) == "10"
    assert fit_share("") is None
    assert len(remember_fits("1" * RECENT, [False])) == RECENT


async def show(world: World, server: FeedServer, page: Reply, numbers: range, shape: str = "tribun") -> None:
    """A feed with these stories, each on a page like this one."""
    outlet = Outlet("desk", "The Desk", 420, shape, ("desk.localhost",))  # type: ignore[arg-type]
    await world.watch(world.watch_at(server.port, outlet=outlet, fulltext="allowed"))
    server.pages = {f"/kota/12345{number}/x": page for number in numbers}
    items = [an_item(number, link=f"/kota/12345{number}/x", title=TITLE) for number in numbers]
    server.answer(Reply(a_feed(items)))
    await world.poll()


async def health(world: World) -> list[str]:
    return [one["reason"] for one in await world.events() if one["event"] == "SourceHealthChanged"]


@pytest.mark.parametrize("page", [NEW_TEMPLATE, EMPTY], ids=["read by the third rung", "not read at all"])
async def test_rules_that_no_longer_fit_raise_the_alarm_once(
    world: World, server: FeedServer, page: Reply
) -> None:
    await show(world, server, tribun_page(PARAGRAPH * 2, PARAGRAPH), range(10, 14))
    with capture_logs() as logs:
        await show(world, server, page, range(20, 23))
        await show(world, server, page, range(30, 32))
    assert [one["log_level"] for one in logs if one["event"] == "rules do not fit"] == ["warning"]
    assert world.counted("siaga_ingest_rules_fail", source="desk-all") == 1
    assert world.counted("siaga_ingest_rules_fit_ratio", source="desk-all") == pytest.approx(4 / 9)
    assert await health(world) == ["new_stories", "rules_do_not_fit; new_stories"]
    (source,) = await world.store.read(list_sources)
    assert source.rules_fit == pytest.approx(4 / 9)


async def test_rules_that_fit_raise_none(world: World, server: FeedServer) -> None:
    with capture_logs() as logs:
        await show(world, server, tribun_page(PARAGRAPH * 2, PARAGRAPH), range(10, 20))
    assert not [one for one in logs if one["event"] == "rules do not fit"]
    assert world.counted("siaga_ingest_rules_fit_ratio", source="desk-all") == 1
    assert world.counted("siaga_ingest_rules_fail", source="desk-all") == 0
    assert await health(world) == ["new_stories"]


async def test_rules_that_fit_again_end_it(world: World, server: FeedServer) -> None:
    await show(world, server, NEW_TEMPLATE, range(10, 13))
    for start in (20, 40):
        await show(world, server, tribun_page(PARAGRAPH * 2, PARAGRAPH), range(start, start + 10))
    assert world.counted("siaga_ingest_rules_fail", source="desk-all") == 0
    assert await health(world) == ["rules_do_not_fit; new_stories", "new_stories"]


async def test_an_outlet_without_rules_raises_none(world: World, server: FeedServer) -> None:
    await show(world, server, NEW_TEMPLATE, range(10, 15), shape="plain")
    assert await health(world) == ["new_stories"]


@pytest.mark.parametrize("status", [403, 404, 503])
async def test_a_page_that_did_not_come_says_nothing_about_rules(
    world: World, server: FeedServer, status: int
) -> None:
    await show(world, server, Reply(status=status), range(10, 15))
    assert await health(world) == ["new_stories"]
