"""The process that reads hostile bytes ends when it is told to, whatever of its answer is still on the way."""

from __future__ import annotations

import asyncio
import json
import struct

import pytest

from services.ingest.parser import Parser


def a_feed(stories: int) -> bytes:
    items = "".join(
        f"<item><title>{n}</title><link>http://a.example/{n}</link><description>{'kata ' * 800}</description></item>"
        for n in range(stories)
    )
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode()


async def asked(parser: Parser, body: bytes) -> asyncio.subprocess.Process:
    """The worker, with a question whose answer nobody has read yet."""
    worker = await parser._worker()
    assert worker.stdin is not None
    header = json.dumps(
        {"kind": "feed", "content_type": "application/rss+xml", "url": "http://a.example/"}
    ).encode()
    for frame in (header, body):
        worker.stdin.write(struct.pack(">I", len(frame)) + frame)
    await worker.stdin.drain()
    return worker


async def until_the_pipe_is_full(worker: asyncio.subprocess.Process) -> None:
    pipe = worker._transport.get_pipe_transport(1)  # type: ignore[attr-defined]
    while pipe.is_reading():
        await asyncio.sleep(0.01)


async def test_a_worker_ends_while_an_answer_larger_than_the_pipe_is_unread() -> None:
    parser = Parser()
    worker = await asked(parser, a_feed(120))
    await until_the_pipe_is_full(worker)
    await parser.close()
    assert worker.returncode is not None


async def test_asyncio_by_itself_waits_for_such_a_worker_for_ever() -> None:
    parser = Parser()
    worker = await asked(parser, a_feed(120))
    await until_the_pipe_is_full(worker)
    worker.kill()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.0):
            await worker.wait()
    await parser.close()


async def test_after_a_worker_was_ended_another_one_reads() -> None:
    parser = Parser()
    await until_the_pipe_is_full(await asked(parser, a_feed(120)))
    await parser.close()
    assert len((await parser.feed(a_feed(2), "application/rss+xml", "http://a.example/")).entries) == 2
    await parser.close()
