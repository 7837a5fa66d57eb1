"""Read sitemap bytes with lxml, stories and indexes; only ever called inside the parse worker."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from lxml import etree

from services.ingest.body import ITEMS_MAX, ends_early, prepared, whole
from services.ingest.core.feed import Entry, ParsedFeed
from services.ingest.core.sitemap import CHILDREN_MAX, Child

FIELD_MAX = 20_000
#: Longer addresses do not fit into an index of PostgreSQL, and no sitemap of ours has one.
ADDRESS_MAX = 1000
_NEWS = "{http://www.google.com/schemas/sitemap-news/0.9}"


def read_sitemap(body: bytes, url: str) -> ParsedFeed:
    """What a sitemap lists.  Raises EntitiesRefusedError."""
    body, cut = prepared(body)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=True
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        return ParsedFeed(malformed=str(error)[:200])
    name = etree.QName(root).localname if root is not None else ""
    if name == "sitemapindex":
        return _index(root, body, url)
    if name != "urlset":
        return ParsedFeed(malformed="not a sitemap")
    entries = whole([_entry(node, url) for node in _named(root, "url")], body)[:ITEMS_MAX]
    usable = tuple(entry for entry in entries if entry.link and entry.title)
    return ParsedFeed(
        entries=usable,
        version="news_sitemap",
        cut=cut,
        unfinished=not cut and ends_early(body),
        dropped=len(entries) - len(usable),
    )


def _index(root: Any, body: bytes, url: str) -> ParsedFeed:
    """An index; of a very long one the children that changed last, since archives list the oldest first."""
    nodes = whole(list(root.iterchildren("{*}sitemap")), body)
    listed = [(node.findtext("{*}lastmod") or "", node.findtext("{*}loc") or "") for node in nodes]
    if len(listed) > CHILDREN_MAX:
        listed = sorted(listed, key=lambda one: one[0].strip(), reverse=True)[:CHILDREN_MAX]
    children = [Child(_address(loc, url), changed.strip()[:100]) for changed, loc in listed]
    distinct = {child.url: child for child in children if 0 < len(child.url) <= ADDRESS_MAX}
    return ParsedFeed(version="sitemapindex", unfinished=ends_early(body), children=tuple(distinct.values()))


def _entry(node: Any, url: str) -> Entry:
    link = _address(_text_of(node, "loc"), url)
    return Entry(
        link=link,
        guid=link,
        title=_news(node, "title"),
        published=_news(node, "publication_date")[:100],
        updated=_text_of(node, "lastmod")[:100],
    )


def _named(root: Any, name: str) -> list[Any]:
    return [one for one in root.iterchildren() if isinstance(one.tag, str) and etree.QName(one).localname == name]


def _text_of(node: Any, name: str) -> str:
    """The text of the last child of that name, CDATA or not."""
    found = _named(node, name)
    return "".join(found[-1].itertext()).strip() if found else ""


def _news(node: Any, name: str) -> str:
    found = next((one for one in node.iter(_NEWS + name)), None)
    return "".join(found.itertext()).strip()[:FIELD_MAX] if found is not None else ""


def _address(text: str, url: str) -> str:
    link = "".join(text.split())
    try:
        return urljoin(url, link) if link else ""
    except ValueError:
        return ""
