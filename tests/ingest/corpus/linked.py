"""Find the feeds that hold a titled entry, and give entries without an address one."""

from __future__ import annotations

import re

from lxml import etree

HOST = "corpus.example"
_ENTRY = re.compile(rb"<((?:[\w.-]+:)?)(item|entry)(\s(?:[^>\"']|\"[^\"]*\"|'[^']*')*)?(?<!/)>")
_DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"


def has_titled_entry(body: bytes) -> bool:
    """Whether an item or entry has a heading of words, by a reader that is not ours."""
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError:
        return False
    if root is None:
        return False
    entries = (node for node in root.iter() if isinstance(node.tag, str) and _local(node) in ("item", "entry"))
    return any(_titled(entry) for entry in entries)


def with_links(body: bytes) -> bytes:
    """The body with a link of ours as the first child of each entry."""
    number = 0

    def linked(found: re.Match[bytes]) -> bytes:
        nonlocal number
        number += 1
        prefix, kind = found[1], found[2]
        url = f"http://{HOST}/story/{number}".encode()
        if kind == b"entry":
            return found[0] + b"<" + prefix + b'link rel="alternate" href="' + url + b'"/>'
        return found[0] + b"<" + prefix + b"link>" + url + b"</" + prefix + b"link>"

    return _ENTRY.sub(linked, body)


def _titled(entry: etree._Element) -> bool:
    space = _space(entry)
    return any(
        isinstance(node.tag, str)
        and _local(node) == "title"
        and _space(node) in (space, "", _DUBLIN_CORE)
        # A heading of nothing but an <img> is none.
        and re.search(r"\w", re.sub(r"<[^>]*>?", "", "".join(node.itertext())))
        for node in entry
    )


def _local(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[2]


def _space(node: etree._Element) -> str:
    return str(node.tag).rpartition("}")[0].lstrip("{")
