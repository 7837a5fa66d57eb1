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
#: Half a character of UTF-16 each, as old blog programs write an emoji: together they are one.
_HALVES = re.compile(rb"&#([xX][dD][0-9a-fA-F]{3}|5[5-7]\d{3});&#([xX][dD][0-9a-fA-F]{3}|5[5-7]\d{3});")
_REFERENCE = re.compile(rb"&#([xX][0-9a-fA-F]{1,8}|\d{1,10});")
_HIGH, _LOW = range(0xD800, 0xDC00), range(0xDC00, 0xE000)
#: Bytes that no document may hold (XML 1.0, 2.2); escape may be part of an encoding.
_CONTROLS = bytes(code for code in range(32) if code not in b"\t\n\r\x1b")
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
    _refuse_entities(body.decode("utf-16", "replace").encode() if body.startswith(_UTF16) else body)
    if not body.startswith(_UTF16):
        legal = _legal(body)
        if legal != body:
            _refuse_entities(legal)  # what was taken out may have stood within "<!ENTITY"
        body = _without_preamble(legal)
    for number, start in enumerate(_ITEM_START.finditer(body)):
        if number == ITEMS_MAX:
            return body[: start.start()], True
    return body, False


def _refuse_entities(body: bytes) -> None:
    if _SUBSET.search(body.replace(b"\x00", b"")):
        raise EntitiesRefusedError("the body has a DOCTYPE with definitions of its own")


def _legal(body: bytes) -> bytes:
    """Without characters no document may have: one of them in one entry makes parsers give the whole feed up."""
    if b"\x00" not in body[:200]:  # else it is written in two or four bytes a character
        body = body.translate(None, _CONTROLS)
    return _REFERENCE.sub(_allowed, _HALVES.sub(_joined, body)) if b"&#" in body else body


def _joined(found: re.Match[bytes]) -> bytes:
    high, low = _code(found[1]), _code(found[2])
    if high not in _HIGH or low not in _LOW:
        return found[0]
    return b"&#%d;" % (0x10000 + (high - _HIGH.start) * 0x400 + low - _LOW.start)


def _allowed(found: re.Match[bytes]) -> bytes:
    code = _code(found[1])
    refused = code < 0x20 and code not in b"\t\n\r"
    return b"" if refused or _HIGH.start <= code < _LOW.stop or code > 0x10FFFF else found[0]


def _code(digits: bytes) -> int:
    return int(digits[1:], 16) if digits[:1] in b"xX" else int(digits)


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
