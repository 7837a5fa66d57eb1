"""Make a story of a feed's entry, and of its page where we may have it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from datetime import datetime

from services.ingest.core import identity
from services.ingest.core.dates import date_story
from services.ingest.core.feed import Entry
from services.ingest.core.language import language_of
from services.ingest.core.revision import Draft
from services.ingest.core.source import Source
from services.ingest.core.text import CleanText, clean, one_line, plain

#: A feed's own body at least this long is the story and not its teaser (notes: WordPress feeds carry it whole).
BODY_MIN = 600
#: A body that ends a feed's excerpt: WordPress writes it below the excerpt.
_WP_TAIL = re.compile(r"\n?The post .{1,300} appeared first on .{1,120}\.?\s*$", re.IGNORECASE)
_WP_TAIL_MAX = 500
_TITLE_TAIL = re.compile(
    r"\s+[-|\u2013\u2014]\s+(?:Berita\s+)?[\w.]+\.(?:com|co\.id|id|net)\s*(?:-->)?\s*$", re.IGNORECASE
)
#: A guid that only counts the entries of a feed: it goes on to the next story.
_PLACE_IN_FEED = re.compile(r"\d{1,3}")
#: Not stories in words.
_PICTURES = re.compile(r"^/(?:[a-z-]+/)?(?:foto|video|photo|infografis|infografik|podcast|live|iklan-online)/")


@dataclass(frozen=True)
class Page:
    """What extraction won from an article's page.

    ``parts``: how many pages the outlet split it into.  ``original``: the address it says it took the story from.
    """

    text: str
    method: str
    extractor: str
    truncated: bool = False
    published: str = ""
    parts: int = 1
    original: str = ""


@dataclass(frozen=True)
class Named:
    """An entry whose address is known to be a story of this outlet."""

    entry: Entry
    address: identity.Address
    story_id: str
    aliases: tuple[str, ...]


def name_entry(entry: Entry, source: Source, guids_distinct: bool) -> Named:
    """Find the story an entry is about.

    Raises AddressError where the link leads elsewhere, to the homepage, or to pictures.
    """
    address = identity.canonical(entry.link, source.outlet)
    if identity.is_homepage(address):
        raise identity.AddressError("homepage_link")
    if _PICTURES.match(address.path):
        raise identity.AddressError("not_text")
    named = identity.story_id(source.outlet, address)
    # A guid outlives an edited slug, but only where guids are told apart and the address has no number of its own.
    guid = entry.guid.strip()
    tells = guids_distinct and guid and not _PLACE_IN_FEED.fullmatch(guid)
    aliases = (f"guid:{source.outlet.key}:{guid[:400]}",) if tells and not address.number else ()
    return Named(entry, address, named, aliases)


def same_story(one: Named, by_alias: Mapping[str, str], stored: Set[str], shown: Set[str]) -> str:
    """The id of the story an entry is: its own, or that of the story its guid named before.

    A feed that gives a guid to another story must neither have that one revised nor lose the new one.

    Args:
        stored: ids of stories that are known by their own address.
        shown: ids of the stories that the same body shows under their own address.
    """
    if one.story_id in stored:
        return one.story_id
    named = next((by_alias[alias] for alias in one.aliases if alias in by_alias), one.story_id)
    return one.story_id if named in shown else named


def compose(named: Named, source: Source, page: Page | None, fetched_at: datetime) -> Draft:
    """The story as this reading has it: the page's text, else the feed's body, else its summary."""
    entry = named.entry
    title = _TITLE_TAIL.sub("", one_line(entry.title))
    read, method, extractor, truncated = _read(entry, page, title)
    dating = date_story(entry.published, entry.updated, fetched_at, source.outlet.utc_offset_min)
    assumed = "assumed" if dating.assumed else "feed"
    if dating.assumed and page and page.published:
        dating = date_story(page.published, "", fetched_at, source.outlet.utc_offset_min)
        assumed = "assumed" if dating.assumed else "page"
    text = read.text
    return Draft(
        story_id=named.story_id,
        aliases=named.aliases,
        url=named.address.url,
        title=title,
        text=text,
        language=language_of(f"{title}\n{text}", source.language),
        section=source.section,
        published_at=dating.at,
        published_at_source=assumed,
        dateline=read.dateline,
        byline=read.byline or one_line(entry.author, 200),
        method=method,
        extractor=extractor,
        truncated=truncated,
        flags=dating.flags,
        original_id=_original(page.original, source, named.story_id) if page else "",
    )


def needs_page(entry: Entry) -> bool:
    """Whether the feed itself does not hold the story."""
    return len(plain(entry.content_html)) < BODY_MIN


def _read(entry: Entry, page: Page | None, title: str) -> tuple[CleanText, str, str, bool]:
    if page is not None:
        read = clean(page.text, title)
        return read, page.method, page.extractor, page.truncated or read.cut_short
    body = clean(_without_tail(plain(entry.content_html)), title)
    summary = clean(_without_tail(plain(entry.summary_html)), title)
    if len(body.text) >= BODY_MIN or (len(body.text) > len(summary.text) and not body.cut_short):
        return body, "feed", "feed-body/1", body.cut_short
    best = max(body, summary, key=lambda one: len(one.text))
    return best, "summary", "feed-summary/1", True


def _without_tail(text: str) -> str:
    """Looked for at the end only: over a whole text the pattern's time grows with its square."""
    return text[:-_WP_TAIL_MAX] + _WP_TAIL.sub("", text[-_WP_TAIL_MAX:])


def _original(url: str, source: Source, own: str) -> str:
    """The story that a page names as the one it repeats; empty where it names none of this outlet but itself."""
    try:
        address = identity.canonical(url, source.outlet)
    except identity.AddressError:
        return ""
    found = identity.story_id(source.outlet, address)
    return "" if identity.is_homepage(address) or found == own else found
