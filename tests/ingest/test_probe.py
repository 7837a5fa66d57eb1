"""`siaga feeds probe` says what a source is worth, and a bad one is told in the exit status."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.cli.demo.feeds import SeedFeeds
from services.cli.feeds import Prober
from services.ingest.sources import load_sources
from tests.ingest.builders import a_feed, an_item
from tests.ingest.world import AGENT, FeedServer, RawServer, Reply, World

ROOT = Path(__file__).resolve().parents[2]


async def probe(world: World, server: FeedServer, reply: Reply, **given: object) -> object:
    server.answer(reply)
    prober = Prober(AGENT)
    try:
        return await prober.probe(world.watch_at(server.port, **given))
    finally:
        await prober.close()


async def test_a_good_source_is_usable(world: World, server: FeedServer) -> None:
    report = await probe(world, server, Reply(a_feed(5), headers={"ETag": '"x"', "Cache-Control": "max-age=60"}))
    assert (report.verdict, report.good, report.items, report.dated) == ("usable", True, 5, 5)  # type: ignore[attr-defined]
    assert (report.etag, report.max_age_s, report.window_h) == ('"x"', 60, 4.0)  # type: ignore[attr-defined]
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("reply", "verdict"),
    [
        (Reply(status=403), "blocked"),
        (Reply(status=404), "not_found"),
        (Reply(b"<html>x</html>"), "not_a_feed"),
        (Reply(a_feed([an_item(n, link="/") for n in range(5)])), "links_not_distinct"),
        (Reply(status=302, headers={"Location": "https://evil.example/"}), "redirect_refused"),
    ],
)
async def test_a_bad_source_is_not(world: World, server: FeedServer, reply: Reply, verdict: str) -> None:
    report = await probe(world, server, reply)
    assert (report.verdict, report.good) == (verdict, False)  # type: ignore[attr-defined]


async def test_a_source_nobody_answers_for_is_a_network_failure(world: World) -> None:
    gone = RawServer(_never)
    await gone.start()
    await gone.stop()
    prober = Prober(AGENT)
    report = await prober.probe(world.watch_at(gone.port))
    await prober.close()
    assert report.verdict == "network"


async def test_every_source_of_the_demo_is_usable() -> None:
    demo = SeedFeeds(ROOT / "seeds" / "stories", scene_every_s=0)
    port = await demo.start()
    prober = Prober(AGENT)
    sources = load_sources(ROOT / "seeds" / "feeds.demo.yaml", loopback_port=port)
    verdicts = {source.id: (await prober.probe(source)).verdict for source in sources}
    await prober.close()
    await demo.stop()
    assert verdicts == {source.id: "usable" for source in sources}
    json.dumps(verdicts)


async def _never(*_: object) -> None:
    raise AssertionError("nobody connects here")
