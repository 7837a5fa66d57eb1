"""C27-C37: what we send, how much we take, how long we wait, and that one bad host stops no other."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import ssl
import sys
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import brotli
import pytest
from aiohttp import web
from backports import zstd
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from services.ingest.core.decode import BadEncodingError, Decoder
from services.ingest.core.outcome import PollReason
from services.ingest.fetch import Fetcher, FetchError, Limits
from services.ingest.pacer import Pacer
from tests.ingest.builders import ACCEPT, a_feed
from tests.ingest.world import AGENT, FeedServer, RawServer, Reply, World

ROOT = Path(__file__).resolve().parents[3]
MEGABYTE = 1024 * 1024
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def raw_server(talk: Talk) -> AsyncIterator[RawServer]:
    server = RawServer(talk)
    await server.start()
    try:
        yield server
    finally:
        await server.stop()


@asynccontextmanager
async def a_fetcher(**limits: float) -> AsyncIterator[Fetcher]:
    fetcher = Fetcher(AGENT, Limits(**limits))  # type: ignore[arg-type]
    try:
        yield fetcher
    finally:
        await fetcher.close()


async def get(fetcher: Fetcher, port: int, path: str = "/feed") -> bytes:
    url = f"http://desk.localhost:{port}{path}"
    return (await fetcher.get(url, hosts=("desk.localhost",), accept=ACCEPT, loopback=True)).body


async def test_c27_no_cookie_is_ever_sent(world: World, server: FeedServer) -> None:
    cookie = {"Set-Cookie": "id=1; Path=/; Domain=desk.localhost"}
    server.answer(Reply(status=302, headers={"Location": "/second"} | cookie))
    server.pages = {"/second": Reply(a_feed(), headers=cookie)}
    await world.poll()
    await world.poll()
    assert len(server.asked) == 4
    assert all("cookie" not in one.headers for one in server.asked)


async def test_c28_a_request_says_who_asks_and_what_for_and_nothing_else(world: World, server: FeedServer) -> None:
    server.answer(Reply(status=302, headers={"Location": "/feed?id=1"}), Reply(a_feed()))
    server.pages = {"/feed?id=1": Reply(a_feed())}
    await world.poll()
    for one in server.asked:
        assert one.headers["user-agent"] == AGENT
        assert "+https://" in one.headers["user-agent"]
        assert one.headers["accept"].startswith("application/rss+xml")
        assert one.headers.keys() == {"host", "user-agent", "accept", "accept-encoding"}
    assert [one.path for one in server.asked] == ["/feed", "/feed?id=1"]


PACKED = {
    "gzip": gzip.compress(a_feed()),
    "x-gzip": gzip.compress(a_feed()),
    "deflate": zlib.compress(a_feed()),
    "br": brotli.compress(a_feed()),
    "zstd": zstd.compress(a_feed()),
}


@pytest.mark.parametrize("name", PACKED)
async def test_c29_each_encoding_we_ask_for_is_decoded(world: World, server: FeedServer, name: str) -> None:
    server.answer(Reply(PACKED[name], headers={"Content-Encoding": name}))
    assert (await world.poll()).last_reason == "new_body"
    assert len(await world.stories()) == 3


async def test_c29_raw_deflate_is_decoded(world: World, server: FeedServer) -> None:
    packer = zlib.compressobj(wbits=-15)
    server.answer(Reply(packer.compress(a_feed()) + packer.flush(), headers={"Content-Encoding": "deflate"}))
    assert (await world.poll()).last_reason == "new_body"


async def test_c29_gzip_that_is_not_declared_is_noticed(world: World, server: FeedServer) -> None:
    server.answer(Reply(PACKED["gzip"]))
    assert (await world.poll()).last_reason == "new_body"


async def test_c29_a_plain_body_called_gzip_is_read_as_it_is(world: World, server: FeedServer) -> None:
    server.answer(Reply(a_feed(), headers={"Content-Encoding": "gzip"}))
    assert (await world.poll()).last_reason == "new_body"


@pytest.mark.parametrize("name", ["compress", "gzip, br", "aes128gcm"])
async def test_c29_an_encoding_we_did_not_ask_for_is_refused(world: World, server: FeedServer, name: str) -> None:
    server.answer(Reply(PACKED["gzip"], headers={"Content-Encoding": name}))
    assert (await world.poll()).last_reason == "bad_encoding"


def two_gigabytes_of_zeros() -> Iterator[bytes]:
    """A gzip body that grows a thousandfold; each piece can be undone by itself, so one is enough."""
    packer = zlib.compressobj(9, wbits=31)
    yield packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    piece = packer.compress(bytes(MEGABYTE)) + packer.flush(zlib.Z_FULL_FLUSH)
    yield from [piece] * 2047


BOMBS: dict[str, Callable[[], Iterable[bytes]]] = {
    "gzip": two_gigabytes_of_zeros,
    "br": lambda: [brotli.compress(bytes(200 * MEGABYTE), quality=1)],
    "zstd": lambda: [zstd.compress(bytes(200 * MEGABYTE))],
}


@pytest.mark.parametrize("name", BOMBS)
async def test_c30_a_bomb_is_stopped_before_the_process_grows(server: FeedServer, name: str) -> None:
    """By the resident memory of the fetching process: brotli and zstd allocate where tracemalloc sees nothing."""

    async def bomb(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Encoding": name})
        await response.prepare(request)
        for piece in BOMBS[name]():
            await response.write(piece)
        return response

    server.pages = {"/bomb": bomb, "/small": Reply(PACKED[name], headers={"Content-Encoding": name})}
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.ingest.bomb_eater", f"http://desk.localhost:{server.port}"),
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    told, _ = await process.communicate()
    reason, grown = told.decode().split()
    assert reason == "too_large"
    assert float(grown) < 50


async def test_c30_a_bomb_over_the_wire_is_a_failed_poll(world: World, server: FeedServer) -> None:
    server.answer(Reply(gzip.compress(bytes(100 * MEGABYTE), 1), headers={"Content-Encoding": "gzip"}))
    assert (await world.poll()).last_reason == "too_large"


def test_c30_bytes_that_are_not_what_they_are_called_are_refused() -> None:
    with pytest.raises(BadEncodingError):
        Decoder("gzip", MEGABYTE).feed(b"\x1f\x8b\x08\x00 and then nonsense, nonsense, nonsense")


async def test_c31_a_body_without_end_is_cut_at_the_cap() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
        while True:
            writer.write(piece)
            await writer.drain()

    async with raw_server(talk) as server, a_fetcher(feed_bytes=MEGABYTE) as fetcher:
        with pytest.raises(FetchError) as failed:
            await get(fetcher, server.port)
    assert failed.value.reason is PollReason.TOO_LARGE


async def test_c31_a_length_that_promises_too_much_is_a_cut_body(world: World) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = a_feed()
        writer.write(b'HTTP/1.1 200 OK\r\nETag: "x"\r\nContent-Length: %d\r\n\r\n' % (len(body) + 500) + body)
        await writer.drain()

    async with raw_server(talk) as raw:
        await world.watch(world.watch_at(raw.port))
        row = await world.poll()
    assert (row.last_reason, row.etag) == ("partial_body", None), "it is asked for again, from the start"
    assert len(await world.stories()) == 3, "what came whole is published"


async def test_c31_a_length_that_promises_too_little_is_refused() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<rss>and a lot more")
        await writer.drain()

    async with raw_server(talk) as server, a_fetcher() as fetcher:
        with pytest.raises(FetchError) as failed:
            await get(fetcher, server.port)
    assert failed.value.reason is PollReason.NETWORK


async def test_c32_a_slow_drip_ends_at_the_total_deadline() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
        while True:
            writer.write(b"xx")
            await writer.drain()
            await asyncio.sleep(0.05)

    async with raw_server(talk) as server, a_fetcher(total_s=0.6) as fetcher:
        with pytest.raises(FetchError) as failed:
            await get(fetcher, server.port)
    assert failed.value.reason is PollReason.TIMEOUT


async def test_c32_the_deadline_is_one_for_all_hops() -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(0.25)  # each hop by itself is within the limit
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()

    async with raw_server(talk) as server, a_fetcher(total_s=0.6) as fetcher:
        with pytest.raises(FetchError) as failed:
            await get(fetcher, server.port)
    assert failed.value.reason is PollReason.TIMEOUT


def test_c32_the_deadline_is_thirty_seconds_in_all_and_ten_to_connect() -> None:
    assert (Limits().total_s, Limits().connect_s) == (30, 10)


async def test_c33_a_refused_connection_is_a_network_failure(world: World) -> None:
    async with raw_server(_hang_up) as gone:
        port = gone.port
    await world.watch(world.watch_at(port))
    assert (await world.poll()).last_reason == "network"


async def test_c33_a_host_that_takes_no_connection_is_given_up_after_the_connect_limit() -> None:
    with socket.socket() as full, contextlib.ExitStack() as waiting:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for _ in range(4):  # the queue of connections nobody accepts is full: further ones are not answered
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(full.getsockname())
        async with a_fetcher(total_s=20, connect_s=0.3) as fetcher:
            with pytest.raises(FetchError) as failed:
                await get(fetcher, full.getsockname()[1])
    assert failed.value.reason is PollReason.TIMEOUT


async def test_c33_a_name_that_does_not_resolve_is_a_network_failure() -> None:
    async with a_fetcher() as fetcher:
        with pytest.raises(FetchError) as failed:
            await fetcher.get("https://desk.invalid/feed", hosts=("desk.invalid",), accept=ACCEPT)
    assert failed.value.reason is PollReason.NETWORK


async def test_c33_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    context = _self_signed(tmp_path)
    server = await asyncio.start_server(_hang_up, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    async with a_fetcher() as fetcher:
        with pytest.raises(FetchError) as failed:
            await fetcher.get(
                f"https://desk.localhost:{port}/feed", hosts=("desk.localhost",), accept=ACCEPT, loopback=True
            )
    server.close()
    assert failed.value.reason is PollReason.BAD_CERTIFICATE


async def test_c34_a_restart_asks_nobody_before_its_time(world: World, server: FeedServer, tmp_path: Path) -> None:
    await world.poll()
    due_in = await world.due_in()
    await world.close()  # the lead of the domain ends with its process
    for _ in range(3):
        again = World(tmp_path, owner="another")
        await again.watch(*world.sources.values())
        assert await again.step() == pytest.approx(due_in)
        await again.close()
    assert len(server.asked) == 1
    late = World(tmp_path, owner="late")
    late.pass_time(seconds=due_in)
    await late.watch(*world.sources.values())
    assert await late.step() == 0
    await late.close()
    assert len(server.asked) == 2, "and asks when it is due"


@pytest.mark.parametrize("back", [{"seconds": 20}, {"hours": 1}, {"days": 400}], ids=str)
async def test_c35_a_clock_set_back_does_not_stop_the_polling(
    world: World, server: FeedServer, back: dict[str, float]
) -> None:
    await world.poll()
    usual = await world.due_in()
    world.now -= timedelta(**back)
    assert 0 < await world.step() <= usual
    assert await world.due_in() == pytest.approx(usual)
    world.pass_time(seconds=usual)
    assert await world.step() == 0
    assert len(server.asked) == 2


async def test_c35_a_clock_set_back_makes_no_wait_that_was_asked_for_shorter(
    world: World, server: FeedServer
) -> None:
    server.answer(Reply(status=429, headers={"Retry-After": "7200"}))
    await world.poll()
    world.now -= timedelta(hours=1)
    assert await world.step() > 0
    world.pass_time(seconds=7100)
    assert await world.step() > 0
    assert len(server.asked) == 1
    world.pass_time(seconds=1000)
    assert await world.step() == 0
    assert len(server.asked) == 2


async def test_c35_a_clock_set_forward_asks_each_source_once(world: World, server: FeedServer) -> None:
    await world.poll()
    world.pass_time(days=400)
    assert await world.step() == 0
    assert await world.step() > 0
    assert len(server.asked) == 2


async def test_c36_requests_to_one_domain_never_overlap_and_keep_their_distance() -> None:
    pacer = Pacer(time.monotonic)
    spans: list[tuple[float, float]] = []

    async def request() -> None:
        async with pacer.turn("desk.example", 0.02):
            began = time.monotonic()
            await asyncio.sleep(0.001)
            spans.append((began, time.monotonic()))

    await asyncio.gather(*(request() for _ in range(25)))
    assert len(spans) == 25
    assert all(later[0] - earlier[1] >= 0.02 for earlier, later in pairwise(spans))


async def test_c36_twenty_five_feeds_due_at_once_are_asked_one_after_the_other(
    world: World, server: FeedServer
) -> None:
    """As the server sees it: never two at a time, each once, and the pause from the end of one to the next."""
    running, most, spans = 0, 0, list[tuple[float, float]]()

    async def answer(_: web.Request) -> web.StreamResponse:
        nonlocal running, most
        began, running = time.monotonic(), running + 1
        most = max(most, running)
        await asyncio.sleep(0.005)
        running -= 1
        spans.append((began, time.monotonic()))
        return web.Response(body=a_feed(), content_type="application/rss+xml", headers={"ETag": '"x"'})

    names = [f"s{number}" for number in range(25)]
    server.pages = {f"/{name}": answer for name in names}
    base = f"http://desk.localhost:{server.port}"
    sources = [world.watch_at(server.port, id=name, url=f"{base}/{name}", min_gap_s=0.02) for name in names]
    await world.watch(*sources)
    own = {source.id: source for source in sources}
    while len(spans) < 25:
        world.now = datetime.now(UTC)
        await asyncio.sleep(min(await world.poller.step("desk.localhost", own), 0.02))
    assert most == 1
    assert sorted(one.path for one in server.asked) == sorted(f"/{name}" for name in names)
    assert all(later[0] - earlier[1] >= 0.02 for earlier, later in pairwise(spans))


async def test_c36_the_distance_holds_between_processes_too(world: World, server: FeedServer) -> None:
    base = f"http://desk.localhost:{server.port}"
    sources = [world.watch_at(server.port, id=f"s{n}", url=f"{base}/feed?{n}", min_gap_s=0.2) for n in range(5)]
    await world.watch(*sources)
    by_id = {source.id: source for source in sources}
    assert await world.poller.step("desk.localhost", by_id) == 0
    assert await world.poller.step("desk.localhost", by_id) == pytest.approx(0.2)
    world.pass_time(seconds=0.2)
    assert await world.poller.step("desk.localhost", by_id) == 0


async def test_c37_a_host_that_hangs_holds_up_no_other(world: World, server: FeedServer) -> None:
    never = asyncio.Event()

    async def hang(_: web.Request) -> web.StreamResponse:
        await never.wait()
        raise AssertionError("nobody answers here")

    server.pages = {"/hangs": hang}
    slow = world.watch_at(
        server.port, id="slow", url=f"http://slow.localhost:{server.port}/hangs", politeness_key="slow.localhost"
    )
    await world.watch(slow)
    hanging = asyncio.create_task(world.poller.run("slow.localhost", [slow]))
    while not server.asked:
        await asyncio.sleep(0.01)
    assert (await world.poll()).last_reason == "new_body"
    assert not hanging.done()
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


async def _hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


def _self_signed(folder: Path) -> ssl.SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "desk.localhost")])
    today = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("desk.localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = folder / "server.pem"
    path.write_bytes(key.private_bytes(*plain) + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context
