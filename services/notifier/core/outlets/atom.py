"""Write a feed as Atom (RFC 4287), paged by RFC 5005."""

from __future__ import annotations

from typing import Any

from lxml import etree

from services.notifier.core.outlets.entry import Entry
from services.notifier.core.outlets.feed import Feed, entry_id, rfc3339
from services.notifier.core.outlets.shown import Shown, show
from services.notifier.core.outlets.xml_text import xml_text
from services.notifier.core.words import words_for

ATOM = "http://www.w3.org/2005/Atom"
MEDIA_TYPE = "application/atom+xml"
CAP_TYPE = "application/cap+xml"
_NAMES: dict[Any, str] = {None: ATOM}
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def write_atom(feed: Feed) -> bytes:
    """The document in UTF-8."""
    root = etree.Element(f"{{{ATOM}}}feed", nsmap=_NAMES)
    root.set(_LANG, feed.language)
    _put(root, "id", feed.feed_id)
    _put(root, "title", feed.title)
    _put(root, "subtitle", feed.about)
    _put(root, "updated", rfc3339(feed.updated_at))
    _put(_put(root, "author"), "name", "Siaga")
    _put(root, "generator", "Siaga")
    _put(root, "rights", feed.about)
    if feed.addresses.base:
        _link(root, "self", feed.addresses.feed(feed.path), MEDIA_TYPE)
    if feed.following is not None:
        _link(root, "next", feed.addresses.following(feed.path, feed.following), MEDIA_TYPE)
    for entry in feed.entries:
        root.append(_entry(feed, entry))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))


def _entry(feed: Feed, entry: Entry) -> etree._Element:
    shown = show(entry, feed.language, feed.zone)
    node = etree.Element(f"{{{ATOM}}}entry")
    _put(node, "id", entry_id(entry.incident_id))
    _put(node, "title", shown.title)
    _put(node, "published", rfc3339(entry.first_at))
    _put(node, "updated", rfc3339(entry.updated_at))
    _links(node, feed, entry, shown)
    _categories(node, entry, feed.language)
    _put(node, "summary", shown.text)
    _put(node, "content", shown.html).set("type", "html")
    return node


def _links(node: etree._Element, feed: Feed, entry: Entry, shown: Shown) -> None:
    if shown.source is not None:
        # RFC 4287 4.1.1: of one type only one alternate; the other sources are counted in the text.
        _link(node, "alternate", shown.source, "text/html")
    _link(node, "alternate", feed.addresses.cap(entry), CAP_TYPE)
    for other in entry.others:
        _link(node, "related", entry_id(other))


def _categories(node: etree._Element, entry: Entry, language: str) -> None:
    words = words_for(language)
    alert = entry.alert
    found = [("topic", str(topic), words.topics[topic]) for topic in alert.topics]
    found += [("kind", str(alert.kind), words.kinds[alert.kind])]
    found += [("severity", str(int(alert.severity)), words.levels[alert.severity])]
    found += [("standing", str(entry.standing), str(entry.standing))]
    found += [("region", region, region) for region in alert.regions()]
    for scheme, term, label in found:
        category = _put(node, "category")
        category.set("scheme", f"urn:siaga:{scheme}")
        category.set("term", term)
        category.set("label", label)


def _put(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    child = etree.SubElement(parent, f"{{{ATOM}}}{name}")
    if text:
        child.text = xml_text(text)
    return child


def _link(parent: etree._Element, rel: str, href: str, media_type: str = "") -> None:
    link = _put(parent, "link")
    link.set("rel", rel)
    link.set("href", xml_text(href))
    if media_type:
        link.set("type", media_type)
