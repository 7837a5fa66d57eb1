"""Make a feed's bytes safe to parse: no entities of their own, nothing before the document, no endless items."""

from __future__ import annotations

import re
from typing import TypeVar

ITEMS_MAX = 500
_ITEM_START = re.compile(rb"<(?:[\w.-]+:)?(?:item|entry|url)[\s>/]", re.IGNORECASE)
_ITEM_END = re.compile(rb"</(?:[\w.-]+:)?(?:item|entry|url|sitemap)\s*>", re.IGNORECASE)
_SUBSET = re.compile(rb"<!DOCTYPE[^>\[]{0,4000}\[|<!ENTITY", re.IGNORECASE)
_DOCUMENT = re.compile(rb"<\?xml\s|<(?:[\w.-]+:)?(?:rss|feed|rdf|urlset|sitemapindex)[\s>]", re.IGNORECASE)
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_BOM = b"\xef\xbb\xbf"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
T = TypeVar("T")


class EntitiesRefusedError(ValueError):
    """The body defines entities of its own: no feed needs to, every expansion attack does."""


def prepared(body: bytes) -> tuple[bytes, bool]:
    """Without what stands before the document, without attacks, and at most ITEMS_MAX items.

    Returns:
        The bytes to parse, and whether items were cut off.

    Raises:
        EntitiesRefusedError.
    """
    plain = body.decode("utf-16", "replace").encode() if body.startswith(_UTF16) else body
    if _SUBSET.search(plain.replace(b"\x00", b"")):
        raise EntitiesRefusedError("the body has a DOCTYPE with definitions of its own")
    if not body.startswith(_UTF16):
        body = _without_preamble(body)
    for number, start in enumerate(_ITEM_START.finditer(body)):
        if number == ITEMS_MAX:
            return body[: start.start()], True
    return body, False


def whole(entries: list[T], body: bytes) -> list[T]:
    """Of a body that was cut off, the entries that came to their end; half a story is worse than none."""
    return entries[: len(_ITEM_END.findall(body))] if ends_early(body) else entries


def ends_early(body: bytes) -> bool:
    """Whether the document's last closing tag is missing."""
    tail = body[-20_000:].replace(b"\x00", b"").lower().rstrip()
    # Caches sign their work below the document.
    while (comment := tail.rfind(b"<!--")) >= 0 and tail.endswith(b"-->"):
        tail = tail[:comment].rstrip()
    return not re.search(rb"</(?:[\w.-]+:)?(?:rss|feed|rdf|urlset|sitemapindex)\s*>", tail[-400:])


def _without_preamble(body: bytes) -> bytes:
    """Drop white space or a PHP notice that stands before the document; a BOM stays, it names the encoding."""
    # Comments may speak of tags, so they are blanked for the search.
    head = _COMMENT.sub(lambda found: b" " * len(found[0]), body[:4096])
    start = _DOCUMENT.search(head)
    if start is None:
        return body
    return (_BOM if body.startswith(_BOM) else b"") + body[start.start() :]
