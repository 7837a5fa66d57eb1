"""The process that touches hostile bytes: reads a request on stdin, answers on stdout, may be killed at any time.

A frame is four bytes of length, big-endian, and that many bytes.  A request is two frames, a JSON header
and the body; the answer is one JSON frame.
"""

from __future__ import annotations

import contextlib
import copy
import json
import resource
import struct
import sys
import warnings
from collections.abc import Callable
from dataclasses import asdict
from typing import Any, BinaryIO

from services.ingest.body import EntitiesRefusedError
from services.ingest.core.extract import by_rules, parse_page
from services.ingest.feed_reader import guard_feedparser, read_feed
from services.ingest.generic_extract import by_trafilatura
from services.ingest.sitemap_reader import read_sitemap

#: An expansion that got past every guard ends here.
MEMORY_BYTES = 1024 * 1024 * 1024


def main() -> int:
    """Answer until stdin ends."""
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    warnings.simplefilter("ignore")
    guard_feedparser()
    stdin, stdout = sys.stdin.buffer, sys.stdout.buffer
    write_frame(stdout, b'{"ready": true}')
    while True:
        header = read_frame(stdin)
        body = read_frame(stdin)
        if header is None or body is None:
            return 0
        write_frame(stdout, json.dumps(answer(json.loads(header), body)).encode())


def answer(header: dict[str, Any], body: bytes) -> dict[str, Any]:
    """What a request comes to; an exception becomes an error the parent can name."""
    try:
        return WORK[header["kind"]](header, body)
    except EntitiesRefusedError:
        return {"error": "entities_refused"}
    except Exception as error:  # noqa: BLE001 - the parsers raise anything on hostile bytes
        return {"error": "unreadable", "detail": f"{type(error).__name__}: {str(error)[:200]}"}


def _feed(header: dict[str, Any], body: bytes) -> dict[str, Any]:
    feed = asdict(read_feed(body, header["content_type"], header["url"]))
    return _sorted_sets(feed)


def _sitemap(header: dict[str, Any], body: bytes) -> dict[str, Any]:
    return _sorted_sets(asdict(read_sitemap(body, header["url"])))


def _page(header: dict[str, Any], body: bytes) -> dict[str, Any]:
    tree = parse_page(body, header["charset"])
    page = None
    if tree is not None and header["part"]:
        page = by_rules(tree, header["shape"], "", part=True)
    elif tree is not None:
        # The rules take elements out of the tree, so the third rung gets a copy.
        page = by_rules(copy.deepcopy(tree), header["shape"], header["title"]) or by_trafilatura(
            tree, header["title"]
        )
    return {"page": asdict(page) if page else None}


def _sorted_sets(feed: dict[str, Any]) -> dict[str, Any]:
    return feed | {name: sorted(feed[name]) for name in ("skip_hours", "skip_days")}


WORK: dict[str, Callable[[dict[str, Any], bytes], dict[str, Any]]] = {
    "feed": _feed,
    "sitemap": _sitemap,
    "page": _page,
}


def read_frame(stream: BinaryIO) -> bytes | None:
    """The next frame, or None at the end."""
    head = stream.read(4)
    if len(head) < 4:
        return None
    (length,) = struct.unpack(">I", head)
    body = stream.read(length)
    return body if len(body) == length else None


def write_frame(stream: BinaryIO, body: bytes) -> None:
    """Write one frame and flush it."""
    stream.write(struct.pack(">I", len(body)) + body)
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
