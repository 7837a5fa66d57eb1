"""C43-C50: one story stays one story, has a date that can be trusted, and leads only where it may."""

from __future__ import annotations

import contextlib
import socket
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from structlog.testing import capture_logs

from services.ingest import tables
from services.ingest.core.identity import AddressError, canonical, story_id
from services.ingest.core.outcome import PollReason
from services.ingest.fetch import Fetcher, FetchError
from services.ingest.queries import find_story
from services.runtime.address import is_public
from services.runtime.connect_guard import open_public
from tests.ingest.builders import ACCEPT, NOW, a_feed, an_item, antara
from tests.ingest.world import AGENT, FeedServer, Reply, World


async def test_c43_a_new_guid_each_time_is_still_one_story(world: World, server: FeedServer) -> None:
    for turn in range(3):
        server.answer(Reply(a_feed([an_item(1, guid=f"random-{turn}"), an_item(2, guid=f"other-{turn}")])))
        await world.poll()
    assert len(await world.stories()) == 2


async def test_c43_an_edited_slug_with_the_same_guid_is_still_one_story(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed([an_item(1, link="/story/first-slug"), an_item(2)])))
    await world.poll()
    server.answer(Reply(a_feed([an_item(1, link="/story/better-slug"), an_item(2)])))
    await world.poll()
    assert len({one["story_id"] for one in await world.stories()}) == 2


async def test_c43_guids_that_repeat_name_nothing(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed([an_item(n, guid="same") for n in (1, 2, 3)])))
    await world.poll()
    server.answer(Reply(a_feed([an_item(n, guid="same") for n in (2, 3, 4)])))
    await world.poll()
    assert len({one["story_id"] for one in await world.stories()}) == 4


async def test_c43_guids_that_number_the_places_of_a_feed_name_no_story(world: World, server: FeedServer) -> None:
    for turn in range(4):  # the newest is always number 1; after three turns the first ones are gone
        shown = [an_item(turn + 3 - place, guid=f"{place}") for place in (1, 2, 3)]
        server.answer(Reply(a_feed(shown)))
        await world.poll()
    told = await world.stories()
    assert len(told) == len({one["story_id"] for one in told}) == 6


async def test_c43_a_guid_moved_to_another_story_takes_none_over(world: World, server: FeedServer) -> None:
    for shown in ([(1, "a-guid"), (2, "b-guid")], [(3, "a-guid"), (1, "b-guid"), (2, "c-guid")]):
        server.answer(Reply(a_feed([an_item(number, guid=guid) for number, guid in shown])))
        await world.poll()
    told = await world.stories()
    assert len(told) == len({one["story_id"] for one in told}) == 3


async def test_c43_a_tracking_parameter_is_not_a_new_story(world: World, server: FeedServer) -> None:
    for link in ("/story/1", "/story/1?utm_source=rss&utm_medium=feed", "/story/1?fbclid=x#top"):
        server.answer(Reply(a_feed([an_item(1, link=link, guid="")])))
        await world.poll()
    assert len(await world.stories()) == 1


@pytest.mark.parametrize(
    "url",
    [
        "http://kupang.antaranews.com/berita/113955/slug",
        "https://kupang.antaranews.com/berita/113955/an-edited-slug",
        "https://kupang.antaranews.com/berita/113955",
        "https://kupang.antaranews.com/amp/berita/113955/slug",
        "https://kupang.antaranews.com/berita/113955/slug?utm_source=antaranews&page=all#x",
    ],
)
def test_c43_every_dress_of_an_address_is_the_same_story(url: str) -> None:
    assert story_id(antara(), canonical(url, antara())) == "antara:kupang.antaranews.com:113955"


async def test_c44_a_story_in_two_channels_is_published_once_and_both_are_noted(
    world: World, server: FeedServer
) -> None:
    base = f"http://desk.localhost:{server.port}"
    server.pages = {"/law": Reply(a_feed([an_item(1), an_item(9)]))}
    await world.watch(world.watch_at(server.port, id="law", section="law", url=f"{base}/law"))
    await world.poll("desk-all")
    await world.poll("law")
    assert sorted(await world.titles()) == ["Story number 1", "Story number 2", "Story number 3", "Story number 9"]
    name = next(one["story_id"] for one in await world.stories() if one["title"] == "Story number 1")
    found = await world.store.read(lambda conn: find_story(conn, name))
    assert found is not None
    assert found.seen_in == ("desk-all", "law")
    sections = sa.select(tables.sightings.c.section).where(tables.sightings.c.story_id == name)
    assert set(await world.store.read(lambda conn: conn.execute(sections).scalars().all())) == {"all", "law"}


async def test_c45_an_edited_story_is_a_revision_and_never_new(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed([an_item(1, title="Twelve stopped"), an_item(2)])))
    await world.poll()
    server.answer(Reply(a_feed([an_item(1, title="Twenty-one stopped"), an_item(2)])))
    await world.poll()
    *_, last = await world.stories()
    assert (last["event"], last["version"], last["changed"]) == ("StoryRevised", 2, ["title"])
    assert [one["event"] for one in await world.stories()].count("StoryPublished") == 2


async def test_c45_a_change_of_punctuation_alone_is_no_revision(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed([an_item(1, title="Twelve stopped at port")])))
    await world.poll()
    server.answer(Reply(a_feed([an_item(1, title="TWELVE stopped - at port!")])))
    await world.poll()
    assert len(await world.stories()) == 1


async def test_c46_a_story_that_returns_is_not_published_again(world: World, server: FeedServer) -> None:
    for items in ([1, 2, 3], [2, 3], [1, 2, 3], [3, 2, 1]):
        server.answer(Reply(a_feed([an_item(n) for n in items])))
        await world.poll()
        world.pass_time(days=1)
    assert len(await world.stories()) == 3


async def test_c46_an_archive_that_appears_later_is_flagged_as_old(world: World, server: FeedServer) -> None:
    await world.poll()
    items = [an_item(1), an_item(50, age=timedelta(days=4)), an_item(51, age=timedelta(hours=2))]
    server.answer(Reply(a_feed(items)))
    await world.poll()
    flags = {one["title"]: one["backfill"] for one in await world.stories()}
    assert (flags["Story number 50"], flags["Story number 51"]) == (True, False)


WIB_NOON = datetime(2026, 3, 4, 5, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("raw", "at", "source"),
    [
        ("Wed, 04 Mar 2026 12:00:00 +0700", WIB_NOON, "feed"),
        ("Wed, 04 Mar 2026 12:00:00 WIB", WIB_NOON, "feed"),
        ("Wed, 04 Mar 2026 13:00:00 WITA", WIB_NOON, "feed"),
        ("Rabu, 4 Maret 2026 14:00 WIT", WIB_NOON, "feed"),
        ("2026-03-04T12:00:00", WIB_NOON, "feed"),
        ("Wed, 04 Mar 26 05:00:00 GMT", WIB_NOON, "feed"),
        ("", NOW, "assumed"),
        ("Thu, 01 Jan 1970 00:00:00 GMT", NOW, "assumed"),
        ("yesterday", NOW, "assumed"),
        (format_datetime(NOW + timedelta(hours=7)), NOW, "assumed"),
        (format_datetime(NOW + timedelta(minutes=10)), NOW + timedelta(minutes=10), "feed"),
    ],
)
async def test_c47_dates_are_right_or_said_to_be_assumed(
    world: World, server: FeedServer, raw: str, at: datetime, source: str
) -> None:
    server.answer(Reply(a_feed([an_item(1, date=raw)])))
    await world.poll()
    (story,) = await world.stories()
    assert (datetime.fromisoformat(story["published_at"]), story["published_at_source"]) == (at, source)


INNER = [
    "127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "192.0.2.1", "198.18.0.1", "224.0.0.1", "255.255.255.255", "240.0.0.1", "::", "::1", "::ffff:127.0.0.1",
    "::ffff:10.0.0.1", "fe80::1", "fd00::1", "fc00::1", "ff02::1", "64:ff9b::7f00:1", "64:ff9b:1::1",
    "2002:7f00:1::", "fec0::1", "fe80::1%eth0", "not an address", "",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_c48_an_address_behind_our_walls_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["1.1.1.1", "103.10.1.2", "2606:4700::1111", "64:ff9b::101:101"])
def test_c48_an_address_on_the_internet_is_public(address: str) -> None:
    assert is_public(address)


class Names(AbstractResolver):
    """A name server in our hands: each name has its answers, the last one again and again.

    It also says the port, so that addresses need none and look like those of the internet.
    """

    def __init__(self, port: int, **answers: list[str]) -> None:
        self.port = port
        self.answers = {f"{name}.desk.example": list(given) for name, given in answers.items()}

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        given = self.answers[host]
        address = given.pop(0) if len(given) > 1 else given[0]
        kind = socket.AF_INET6 if ":" in address else socket.AF_INET
        return [ResolveResult(hostname=host, host=address, port=self.port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing to close."""


def as_if_public(info: tuple[Any, ...]) -> socket.socket:
    """What connects to the internet, with 127.0.0.1, where the test's server is, taken for a part of it."""
    if info[4][0] != "127.0.0.1":
        return open_public(info)
    made = socket.socket(info[0], info[1], info[2])
    made.setblocking(False)
    return made


INNER_ADDRESSES = ["10.1.2.3", "127.0.0.2", "169.254.169.254", "100.64.0.1", "::1", "::ffff:127.0.0.1", "fd00::1"]


@pytest.mark.parametrize("address", INNER_ADDRESSES)
async def test_c48_a_redirect_to_a_name_behind_our_walls_is_refused_before_connecting(
    server: FeedServer, address: str
) -> None:
    server.pages = {"/moved": Reply(status=302, headers={"Location": "//inner.desk.example/feed"})}
    names = Names(server.port, outer=["127.0.0.1"], inner=[address])
    fetcher = Fetcher(AGENT, resolver=names, outer_socket=as_if_public)
    base = "http://outer.desk.example"
    hosts = ("desk.example",)
    assert (await fetcher.get(f"{base}/feed", hosts=hosts, accept=ACCEPT)).status == 200
    with pytest.raises(FetchError) as refused:
        await fetcher.get(f"{base}/moved", hosts=hosts, accept=ACCEPT)
    await fetcher.close()
    assert refused.value.reason is PollReason.ADDRESS_REFUSED
    assert [one.host for one in server.asked] == ["outer.desk.example", "outer.desk.example"]


async def test_c48_a_redirect_to_another_public_name_of_the_outlet_is_followed(server: FeedServer) -> None:
    server.pages = {"/moved": Reply(status=302, headers={"Location": "//second.desk.example/feed"})}
    names = Names(server.port, outer=["127.0.0.1"], second=["127.0.0.1"])
    fetcher = Fetcher(AGENT, resolver=names, outer_socket=as_if_public)
    answer = await fetcher.get("http://outer.desk.example/moved", hosts=("desk.example",), accept=ACCEPT)
    await fetcher.close()
    assert (answer.status, answer.url) == (200, "http://second.desk.example/feed")


@pytest.mark.parametrize("address", INNER_ADDRESSES)
async def test_c48_a_name_that_moves_behind_our_walls_later_is_refused_then(
    server: FeedServer, address: str
) -> None:
    async def once(_: web.Request) -> web.StreamResponse:
        return web.Response(body=a_feed(), headers={"Connection": "close"})

    server.pages = {"/once": once}
    fetcher = Fetcher(
        AGENT, resolver=Names(server.port, turns=["127.0.0.1", address]), outer_socket=as_if_public, dns_s=0
    )
    url = "http://turns.desk.example/once"
    assert (await fetcher.get(url, hosts=("desk.example",), accept=ACCEPT)).status == 200
    with pytest.raises(FetchError) as refused:
        await fetcher.get(url, hosts=("desk.example",), accept=ACCEPT)
    await fetcher.close()
    assert refused.value.reason is PollReason.ADDRESS_REFUSED
    assert len(server.asked) == 1


class Rebinding(AbstractResolver):
    """Answers every name with one address, as a hostile name server does."""

    def __init__(self, address: str) -> None:
        self._address = address
        self.asked: list[str] = []

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        self.asked.append(host)
        kind = socket.AF_INET6 if ":" in self._address else socket.AF_INET
        return [ResolveResult(hostname=host, host=self._address, port=port, family=kind, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing to close."""


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "10.1.2.3", "::1", "::ffff:127.0.0.1"])
async def test_c48_a_name_that_resolves_behind_our_walls_is_refused_before_connecting(
    server: FeedServer, address: str
) -> None:
    resolver = Rebinding(address)
    fetcher = Fetcher(AGENT, resolver=resolver)
    with pytest.raises(FetchError) as refused:
        await fetcher.get(f"http://desk.example:{server.port}/feed", hosts=("desk.example",), accept=ACCEPT)
    await fetcher.close()
    assert refused.value.reason is PollReason.ADDRESS_REFUSED
    assert resolver.asked == ["desk.example"]
    assert server.asked == []


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0x7f.1", "2130706433", "017700000001", "169.254.169.254",
     "[64:ff9b::7f00:1]", "localhost", "desk.localhost", "100.64.0.1", "[fd00::1]"],
)  # fmt: skip
async def test_c48_an_address_written_out_is_refused(server: FeedServer, host: str) -> None:
    fetcher = Fetcher(AGENT)
    with pytest.raises(FetchError) as refused:
        await fetcher.get(f"http://{host}:{server.port}/feed", hosts=(host.strip("[]"),), accept=ACCEPT)
    await fetcher.close()
    assert refused.value.reason is PollReason.ADDRESS_REFUSED
    assert server.asked == []


async def test_c48_the_demo_s_session_reaches_nothing_but_this_machine() -> None:
    fetcher = Fetcher(AGENT)
    for url in ("http://1.1.1.1/feed", "http://10.0.0.1/feed"):
        with pytest.raises(FetchError) as refused:
            await fetcher.get(url, hosts=("1.1.1.1", "10.0.0.1"), accept=ACCEPT, loopback=True)
        assert refused.value.reason is PollReason.ADDRESS_REFUSED
    await fetcher.close()


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("javascript:alert(1)", "scheme_refused"),
        ("file:///etc/passwd", "scheme_refused"),
        ("data:text/html,x", "scheme_refused"),
        ("ftp://www.antaranews.com/berita/1/x", "scheme_refused"),
        ("whatsapp://send?text=x", "scheme_refused"),
        ("https://user:pass@www.antaranews.com/berita/1/x", "credentials_in_link"),
        ("https://@www.antaranews.com/berita/1/x", "credentials_in_link"),
        ("https://www.antaranews.com:22/berita/1/x", "odd_port"),
        ("https://www.tribunnews.com/berita/1/x", "other_host"),
        ("https://antaranews.com.evil.example/berita/1/x", "other_host"),
        ("https://evilantaranews.com/berita/1/x", "other_host"),
        ("https://127.0.0.1/berita/1/x", "other_host"),
        ("https://[::1/berita", "bad_address"),
        ("https:///berita/1", "other_host"),
        ("", "scheme_refused"),
        ("https://www.antaranews.com/berita/" + "x" * 5000, "too_long"),
        ("https://www.antaranews.com/berita/" + "\u4e00" * 1500, "too_long"),
    ],
)
def test_c49_a_link_that_leads_elsewhere_is_refused(link: str, reason: str) -> None:
    with pytest.raises(AddressError, match=reason):
        canonical(link, antara())


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/a b", "/a%20b"),
        ("/caf\u00e9", "/caf%C3%A9"),
        ("/100%25", "/100%25"),
        ("/x#top", "/x"),
        ("/x?a=[1]", "/x?a=[1]"),
    ],
)
async def test_c49_an_untidy_address_is_sent_as_a_request_must_have_it(
    server: FeedServer, path: str, sent: str
) -> None:
    fetcher = Fetcher(AGENT)
    url = f"http://desk.localhost:{server.port}{path}"
    await fetcher.get(url, hosts=("desk.localhost",), accept=ACCEPT, loopback=True)
    await fetcher.close()
    assert [one.path for one in server.asked] == [sent]


@pytest.mark.parametrize("path", ["/a\x00b", "/a\x7f", "/\r\nX-Own: 1", "/\ud800", "/" + "x" * 5000])
async def test_c49_an_address_made_to_deceive_sends_no_header_of_its_own(server: FeedServer, path: str) -> None:
    fetcher = Fetcher(AGENT)
    url = f"http://desk.localhost:{server.port}{path}"
    with contextlib.suppress(FetchError):
        await fetcher.get(url, hosts=("desk.localhost",), accept=ACCEPT, loopback=True)
    await fetcher.close()
    assert all("x-own" not in one.headers and one.path.isprintable() for one in server.asked)


SECRET = "hunter2"


@pytest.mark.parametrize(
    "reply",
    [
        Reply(status=302, headers={"Location": f"https://evil.example/feed?token={SECRET}"}),
        Reply(status=302, headers={"Location": f"https://me:{SECRET}@desk.localhost/feed"}),
        Reply(status=302, headers={"Location": f"/feed?token={SECRET}"}),
        Reply(status=302, headers={"Location": f"https://[{SECRET}/"}),
        Reply(status=500),
        Reply(b"<html>"),
    ],
    ids=["elsewhere", "credentials", "loop", "no address", "error", "no feed"],
)
async def test_a_key_in_a_feed_s_address_is_in_no_log_no_event_and_no_reason(
    world: World, server: FeedServer, reply: Reply
) -> None:
    await world.watch(world.watch_at(server.port, url=f"http://desk.localhost:{server.port}/feed?token={SECRET}"))
    server.pages = {f"/feed?token={SECRET}": reply}
    with capture_logs() as logs:
        row = await world.poll()
    assert server.asked
    assert row.last_reason not in ("new_body", "")
    assert SECRET not in f"{logs}{await world.events()}{row.last_detail}"


async def test_c49_a_refused_link_costs_only_its_own_item(world: World, server: FeedServer) -> None:
    bad = [an_item(7, link="javascript:alert(1)"), an_item(8, link="http://evil.example/8"), an_item(9, link="/")]
    server.answer(Reply(a_feed([*bad, an_item(1)])))
    await world.poll()
    assert await world.titles() == ["Story number 1"]
    assert world.counted("siaga_ingest_refused_links_total", source="desk-all", reason="other_host") == 1


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("story/1", "/story/1"),
        ("/story/1", "/story/1"),
        ("\n   /story/\n1  ", "/story/1"),
        ("/story?id=1&amp;x=2", "/story?id=1&x=2"),
        ("?id=7", "/feed?id=7"),
    ],
)
async def test_c50_a_relative_or_untidy_link_is_resolved(
    world: World, server: FeedServer, link: str, path: str
) -> None:
    item = an_item(1, link="LINK").replace("LINK", link)
    server.answer(Reply(a_feed([item])))
    await world.poll()
    (story,) = await world.stories()
    assert story["url"] == f"http://desk.localhost:{server.port}{path}"
