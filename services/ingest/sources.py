"""Read the list of sources, and name every mistake in it by file, line and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args
from urllib.parse import urlsplit

from ruamel.yaml.comments import CommentedMap, CommentedSeq
from tldextract import TLDExtract

from services.ingest.core.identity import belongs, is_local
from services.ingest.core.source import Fallback, Format, Fulltext, Outlet, Shape, Source
from services.ingest.yaml_file import YamlFile

FORMATS = {"rss2": "rss", "rss2_wordpress": "rss", "atom": "rss", "gnews": "rss", "news_sitemap": "news_sitemap"}
_DEFAULTS = {"accept", "min_interval_s", "max_interval_s", "per_key_min_gap_s", "fulltext"}
_OUTLET = {"name", "utc_offset", "shape", "hosts"}
_FEED = {
    "id", "outlet", "section", "url", "kind", "language", "default_region", "enabled", "min_interval_s",
    "max_interval_s", "confidence", "fulltext", "notes", "fallback",
}  # fmt: skip
_FALLBACK = {"url", "kind"}
_TOP = {"version", "defaults", "outlets", "feeds"}

#: Seconds; what no outlet would call polite is refused whatever the file says.
LIVE_INTERVAL_MIN_S = 60
LIVE_GAP_MIN_S = 1

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
#: Printable ASCII: what is to stand in a request as it stands in the file.
_CLEAN = re.compile(r"[!-~]{1,2000}")
#: What a header may carry.
_HEADER = re.compile(r"[ -~]{1,500}")
_HOST = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}")
_OFFSET = re.compile(r"([+-])(\d{2}):([0-5]\d)")
_REGION = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")

#: The built-in list only: nothing is downloaded to learn what a registrable domain is.
_suffixes = TLDExtract(suffix_list_urls=(), cache_dir=None, include_psl_private_domains=False)


def load_sources(path: Path, *, loopback_port: int | None = None) -> tuple[Source, ...]:
    """Every source of the file, enabled or not.

    Args:
        loopback_port: where the demo's outlets listen now; replaces the port in ``*.localhost`` addresses.

    Raises:
        OperatorError: the file cannot be read, or something in it is wrong, missing, unknown or double.
    """
    file = YamlFile(path)
    document = file.document(_TOP)
    if document.get("version") != 1:
        raise file.wrong(document, "version", "must be 1")
    listing = _Listing(file, _defaults(file, document), _outlets(file, document), loopback_port)
    feeds = document.get("feeds")
    if not isinstance(feeds, CommentedSeq) or not feeds:
        raise file.wrong(document, "feeds", "must be a list with at least one source")
    sources: dict[str, Source] = {}
    for number in range(len(feeds)):
        raw = file.mapping(feeds, number, "a source", _FEED)
        source = listing.source(raw)
        if source.id in sources:
            raise file.wrong(raw, "id", f"{source.id} is there twice")
        sources[source.id] = source
    return tuple(sources.values())


def politeness_key(url: str) -> str:
    """The registrable domain: all that shares one owner's servers shares one budget."""
    host = urlsplit(url).hostname or ""
    if is_local(host):
        return ".".join(host.split(".")[-2:])
    return _suffixes(host).top_domain_under_public_suffix or host


@dataclass(frozen=True)
class _Defaults:
    """What holds for every source that says nothing else."""

    accept: str
    min_interval_s: float
    max_interval_s: float
    min_gap_s: float
    fulltext: Fulltext


def _defaults(file: YamlFile, document: CommentedMap) -> _Defaults:
    raw = file.mapping(document, "defaults", "defaults", _DEFAULTS)
    shortest, longest = file.seconds(raw, "min_interval_s"), file.seconds(raw, "max_interval_s")
    if longest < shortest:
        raise file.wrong(raw, "min_interval_s", f"is longer than max_interval_s ({longest:g})")
    return _Defaults(
        accept=file.form(raw, "accept", _HEADER),
        min_interval_s=shortest,
        max_interval_s=longest,
        min_gap_s=file.seconds(raw, "per_key_min_gap_s"),
        fulltext=file.one_of(raw, "fulltext", get_args(Fulltext), "feed_only"),  # type: ignore[arg-type]
    )


def _outlets(file: YamlFile, document: CommentedMap) -> dict[str, Outlet]:
    raw = file.mapping(document, "outlets", "outlets")
    return {str(key): _outlet(file, str(key), file.mapping(raw, key, "an outlet", _OUTLET)) for key in raw}


def _outlet(file: YamlFile, key: str, raw: CommentedMap) -> Outlet:
    hosts = raw.get("hosts")
    if not isinstance(hosts, list) or not hosts:
        raise file.wrong(raw, "hosts", "must be a list of host names")
    for host in hosts:
        # One label would stand for a whole top-level domain: links could lead anywhere below it.
        if not isinstance(host, str) or not (_HOST.fullmatch(host) or is_local(host)):
            raise file.wrong(raw, "hosts", f"{host!r} is not a host name such as antaranews.com")
    return Outlet(
        key=key,
        name=file.text(raw, "name"),
        utc_offset_min=_offset(file, raw),
        shape=file.one_of(raw, "shape", get_args(Shape), "plain"),  # type: ignore[arg-type]
        hosts=tuple(hosts),
    )


def _offset(file: YamlFile, raw: CommentedMap) -> int:
    value = file.text(raw, "utc_offset")
    found = _OFFSET.fullmatch(value)
    if not found or int(found[2]) > 14:
        raise file.wrong(raw, "utc_offset", f'{value!r} is not an offset such as "+07:00"')
    return (int(found[2]) * 60 + int(found[3])) * (-1 if found[1] == "-" else 1)


@dataclass(frozen=True)
class _Listing:
    """Reads one entry after the other."""

    file: YamlFile
    defaults: _Defaults
    outlets: Mapping[str, Outlet]
    loopback_port: int | None

    def source(self, raw: CommentedMap) -> Source:
        """The source of an entry."""
        file, defaults = self.file, self.defaults
        outlet = self.outlets.get(file.text(raw, "outlet"))
        if outlet is None:
            raise file.wrong(raw, "outlet", f"{raw['outlet']} is not among outlets")
        if not isinstance(raw.get("enabled"), bool):
            raise file.wrong(raw, "enabled", "must be true or false")
        url, local = self._url(raw, outlet)
        shortest, longest = self._interval(raw, local)
        return Source(
            id=file.form(raw, "id", _ID),
            outlet=outlet,
            section=file.text(raw, "section", "all")[:200],
            url=url,
            format=self._format(raw),
            language=file.form(raw, "language", _LANGUAGE),
            default_region=file.form(raw, "default_region", _REGION) if "default_region" in raw else "",
            enabled=raw["enabled"],
            min_interval_s=shortest,
            max_interval_s=longest,
            min_gap_s=defaults.min_gap_s,
            fulltext=file.one_of(raw, "fulltext", get_args(Fulltext), defaults.fulltext),  # type: ignore[arg-type]
            loopback=local,
            politeness_key=politeness_key(url),
            accept=defaults.accept,
            fallback=self._fallback(raw, outlet, url),
        )

    def _interval(self, raw: CommentedMap, local: bool) -> tuple[float, float]:
        file, defaults = self.file, self.defaults
        own_min, own_max = "min_interval_s" in raw, "max_interval_s" in raw
        shortest = file.seconds(raw, "min_interval_s") if own_min else defaults.min_interval_s
        longest = file.seconds(raw, "max_interval_s") if own_max else defaults.max_interval_s
        if longest < shortest:
            named = "min_interval_s" if own_min else "max_interval_s"
            raise file.wrong(
                raw, named, f"min_interval_s ({shortest:g}) is longer than max_interval_s ({longest:g})"
            )
        if not local and (shortest < LIVE_INTERVAL_MIN_S or defaults.min_gap_s < LIVE_GAP_MIN_S):
            reason = "a live source needs at least 60 s, and defaults.per_key_min_gap_s 1 s"
            raise file.wrong(raw, "min_interval_s", reason)
        return shortest, longest

    def _fallback(self, raw: CommentedMap, outlet: Outlet, own: str) -> Fallback | None:
        """Where the source is read while its own address is gone or forbidden."""
        if "fallback" not in raw:
            return None
        there = self.file.mapping(raw, "fallback", "fallback", _FALLBACK)
        url, _ = self._url(there, outlet)
        if url == own:
            raise self.file.wrong(there, "url", "is the source's own address")
        if politeness_key(url) != politeness_key(own):
            raise self.file.wrong(there, "url", f"must be of the source's own domain, {politeness_key(own)}")
        return Fallback(url, self._format(there))

    def _format(self, raw: CommentedMap) -> Format:
        return FORMATS[self.file.one_of(raw, "kind", tuple(FORMATS))]  # type: ignore[return-value]

    def _url(self, raw: CommentedMap, outlet: Outlet) -> tuple[str, bool]:
        """The address, and whether it is on this machine.  It may hold a key, so no message repeats it."""
        file, url = self.file, self.file.text(raw, "url")
        try:
            split = urlsplit(url)
            host, port = (split.hostname or "").lower(), split.port
        except ValueError:
            raise file.wrong(raw, "url", "is not an address") from None
        local = is_local(host)
        clean = _CLEAN.fullmatch(url) and "@" not in split.netloc and not split.fragment
        if split.scheme != ("http" if local else "https") or not host or not clean:
            reason = "must be an https address without user name, spaces or # (http only on localhost)"
            raise file.wrong(raw, "url", reason)
        if port not in (None, 443) and not local:
            raise file.wrong(raw, "url", f"port {port} is not one an outlet uses")
        if not belongs(host, outlet.hosts) and raw.get("kind") != "gnews":
            raise file.wrong(raw, "url", f"{host} is not among the hosts of outlet {outlet.key}")
        if local and self.loopback_port and port:
            url = url.replace(f"{host}:{port}", f"{host}:{self.loopback_port}", 1)
        return url, local


__all__ = ["FORMATS", "Format", "load_sources", "politeness_key"]
