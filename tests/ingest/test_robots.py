"""What hosts let us read is kept for a day, for as many hosts as there is room."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.ingest.core.outcome import PollReason
from services.ingest.fetch import Answer, Fetcher, FetchError
from services.ingest.pacer import Pacer
from services.ingest.robots import ASKED_AGAIN_AFTER, KEPT_CHARACTERS, KEPT_FOR, KEPT_HOSTS, ROBOTS_BYTES, Robots
from tests.ingest.builders import a_source

SOURCE = a_source(min_gap_s=0.0)


class FakeFetcher(Fetcher):
    """Answers every robots.txt alike, and remembers which hosts were asked."""

    def __init__(self, body: bytes) -> None:
        self.asked: list[str] = []
        self.body = body
        self.fails: FetchError | int | None = None
        self.headers: dict[str, str] = {}

    async def get(self, url: str, **_: Any) -> Answer:
        self.asked.append(urlsplit(url).netloc)
        if isinstance(self.fails, FetchError):
            raise self.fails
        return Answer(self.fails or 200, url, self.headers, body=self.body)


class World:
    """Hosts with rules, and a clock that stands."""

    def __init__(self, body: bytes = b"User-agent: *\nDisallow: /private\n") -> None:
        self.fetcher, self.now = FakeFetcher(body), datetime(2026, 1, 1, tzinfo=UTC)
        self.robots = Robots(self.fetcher, Pacer(lambda: 0.0), lambda: self.now)

    async def asks(self, host: str, path: str = "/x") -> bool:
        return await self.robots.allows(SOURCE, f"https://{host}{path}")


async def test_no_number_of_sub_domains_is_kept_for_ever() -> None:
    world = World()
    for number in range(KEPT_HOSTS + 50):
        await world.asks(f"a{number}.desk.example")
    await world.asks(f"a{KEPT_HOSTS + 49}.desk.example")
    assert len(world.fetcher.asked) == KEPT_HOSTS + 50
    await world.asks("a0.desk.example")
    assert world.fetcher.asked[-1] == "a0.desk.example"


async def test_long_rules_of_many_hosts_are_not_all_kept() -> None:
    world = World(b"User-agent: *\nDisallow: /private\n".ljust(ROBOTS_BYTES, b"#"))
    hosts = [f"a{number}.desk.example" for number in range(KEPT_CHARACTERS // ROBOTS_BYTES + 1)]
    for host in (*hosts, *hosts[1:]):
        assert not await world.asks(host, "/private")
    assert world.fetcher.asked == hosts
    await world.asks(hosts[0])
    assert world.fetcher.asked == [*hosts, hosts[0]]


async def test_rules_are_asked_for_once_a_day_and_again_the_next() -> None:
    world = World()
    for _ in range(3):
        assert await world.asks("desk.example")
        assert not await world.asks("desk.example", "/private")
    assert len(world.fetcher.asked) == 1
    world.now += KEPT_FOR - timedelta(seconds=1)
    await world.asks("desk.example")
    assert len(world.fetcher.asked) == 1
    world.now += timedelta(seconds=1)
    await world.asks("desk.example")
    assert len(world.fetcher.asked) == 2


@pytest.mark.parametrize("fails", [FetchError(PollReason.TIMEOUT), 503, 429], ids=str)
async def test_rules_that_could_not_be_had_forbid_everything_for_an_hour_and_not_for_a_day(
    fails: FetchError | int,
) -> None:
    world = World()
    world.fetcher.fails = fails
    assert not await world.asks("desk.example")
    world.fetcher.fails = None
    world.now += ASKED_AGAIN_AFTER - timedelta(seconds=1)
    assert not await world.asks("desk.example")
    world.now += timedelta(seconds=1)
    assert await world.asks("desk.example")


async def test_a_host_that_names_a_longer_wait_is_not_asked_before() -> None:
    world = World()
    world.fetcher.fails, world.fetcher.headers = 503, {"retry-after": "7200"}
    assert not await world.asks("desk.example")
    world.now += timedelta(seconds=7199)
    assert not await world.asks("desk.example")
    assert len(world.fetcher.asked) == 1
    world.now += timedelta(seconds=1)
    await world.asks("desk.example")
    assert len(world.fetcher.asked) == 2


async def test_no_rules_are_rules_for_a_day() -> None:
    world = World()
    world.fetcher.fails = 404
    assert await world.asks("desk.example", "/private")
    world.now += KEPT_FOR - timedelta(seconds=1)
    await world.asks("desk.example")
    assert len(world.fetcher.asked) == 1
