"""Serve feeds of a typical size to the cost measurement, from a process of its own.

``/<source>/<stories>`` is a feed of that many stories, about 2.5 KB each, with an ETag; ``/turn`` publishes one
story more in every feed.
"""

from __future__ import annotations

import asyncio
import random
import sys
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

_BASE = datetime.now(UTC)
_WORDS = [
    a + b + c for a in "bdgklmnprst" for b in ("a", "i", "u", "e", "ang", "ung") for c in ("ka", "ri", "ma", "tu")
]


class FeedServer:
    """Counts turns; knows nothing else."""

    def __init__(self) -> None:
        self.turn = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, kept alive."""
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                writer.write(self.answer(head))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    def answer(self, head: bytes) -> bytes:
        """The response to a request's head."""
        path = head.split(b" ", 2)[1].decode()
        if path == "/turn":
            self.turn += 1
            return b"HTTP/1.1 204 No Content\r\n\r\n"
        _, source, stories = path.split("/")
        etag = f'"{source}-{self.turn}"'
        if f"If-None-Match: {etag}".encode() in head:
            return f"HTTP/1.1 304 Not Modified\r\nETag: {etag}\r\n\r\n".encode()
        body = feed(source, int(stories), self.turn)
        return (
            f"HTTP/1.1 200 OK\r\nETag: {etag}\r\nContent-Type: application/rss+xml\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body


def feed(source: str, stories: int, turn: int) -> bytes:
    """The newest ``stories`` of a source; each turn adds one."""
    items = "".join(_item(source, number) for number in range(turn + stories, turn, -1))
    return (
        f'<?xml version="1.0"?><rss version="2.0"><channel><title>{source}</title>{items}</channel></rss>'.encode()
    )


def _item(source: str, number: int) -> str:
    dice = random.Random(f"{source} {number}")
    title, text = " ".join(dice.choices(_WORDS, k=9)), " ".join(dice.choices(_WORDS, k=400))
    date = format_datetime(_BASE - timedelta(hours=200) + timedelta(minutes=30 * number))
    return (
        f"<item><title>{title}</title><link>/{source}/story/{number}</link><guid>{source}-{number}</guid>"
        f"<pubDate>{date}</pubDate><description><![CDATA[<p>{text}</p>]]></description></item>"
    )


async def serve() -> None:
    """Listen, say where, serve until stdin ends."""
    server = await asyncio.start_server(FeedServer().talk, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    asyncio.run(serve())
