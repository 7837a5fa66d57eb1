"""What we know of a source before we ever asked it: its outlet, its address, how often and how far we may go."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Shape = Literal["antara", "tribun", "wordpress", "blogger", "plain"]
Format = Literal["rss", "news_sitemap"]
Fulltext = Literal["feed_only", "allowed"]


@dataclass(frozen=True)
class Outlet:
    """Who publishes; ``hosts`` are the only hosts its links may lead to (a host covers its sub-domains)."""

    key: str
    name: str
    utc_offset_min: int
    shape: Shape
    hosts: tuple[str, ...]


@dataclass(frozen=True)
class Fallback:
    """Where a source is read while its own address is gone, forbids us or leads nowhere."""

    url: str
    format: Format


@dataclass(frozen=True)
class Source:
    """One feed or news sitemap of an outlet.  Intervals and gaps are seconds."""

    id: str
    outlet: Outlet
    section: str
    url: str
    format: Format
    language: str
    default_region: str
    enabled: bool
    min_interval_s: float
    max_interval_s: float
    min_gap_s: float
    fulltext: Fulltext
    loopback: bool
    politeness_key: str
    accept: str
    fallback: Fallback | None = None
