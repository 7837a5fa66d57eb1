"""Read the list of sources, and name every mistake in it by file, line and key."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from tldextract import TLDExtract

from services.ingest.core.identity import belongs, is_local
from services.ingest.core.source import Fallback, Format, Fulltext, Outlet, Shape, Source
from services.runtime.errors import OperatorError

FORMATS = {"rss2": "rss", "rss2_wordpress": "rss", "atom": "rss", "gnews": "rss", "news_sitemap": "news_sitemap"}
_DEFAULTS = {"accept", "min_interval_s", "max_interval_s", "per_key_min_gap_s", "fulltext"}
_OUTLET = {"name", "utc_offset", "shape", "hosts"}
_FEED = {
    "id", "outlet", "section", "url", "kind", "language", "default_region", "enabled", "min_interval_s",
    "max_interval_s", "confidence", "fulltext", "notes", "fallback",
}  # fmt: skip
_FALLBACK = {"url", "kind"}
_TOP = {"version", "defaults", "outlets", "feeds"}

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,99}")
_LANGUAGE = re.compile(r"[a-z]{2,3}")
#: Printable ASCII: what is to stand in a request as it stands in the file.
_CLEAN = re.compile(r"[!-~]{1,2000}")
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
    reader = _Reader(path)
    document = reader.mapping(_parse(path), "the file", _TOP)
    if document.get("version") != 1:
        raise reader.wrong(document, "version", "must be 1")
    defaults = reader.mapping(document.get("defaults", CommentedMap()), "defaults", _DEFAULTS)
    outlets = {
        str(key): _outlet(reader, str(key), reader.mapping(value, f"outlets.{key}", _OUTLET))
        for key, value in reader.mapping(document.get("outlets"), "outlets").items()
    }
    feeds = document.get("feeds")
    if not isinstance(feeds, list) or not feeds:
        raise reader.wrong(document, "feeds", "must be a list with at least one source")
    sources: dict[str, Source] = {}
    for raw in feeds:
        source = _source(reader, reader.mapping(raw, "a source", _FEED), defaults, outlets, loopback_port)
        if source.id in sources:
            raise reader.wrong(raw, "id", f"{source.id} is there twice")
        sources[source.id] = source
    return tuple(sources.values())


def politeness_key(url: str) -> str:
    """The registrable domain: all that shares one owner's servers shares one budget."""
    host = urlsplit(url).hostname or ""
    if is_local(host):
        return ".".join(host.split(".")[-2:])
    return _suffixes(host).top_domain_under_public_suffix or host


class _Reader:
    """Knows the file's name, so that every mistake can say where it is."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def wrong(self, where: Any, key: str, reason: str) -> OperatorError:
        """The error for ``key`` of ``where``; the line is that of the key, else that of its mapping."""
        line = 0
        if isinstance(where, CommentedMap):
            try:
                line = where.lc.key(key)[0] + 1
            except (KeyError, TypeError, AttributeError):
                line = (where.lc.line or 0) + 1
        at = f"{self._path}:{line}" if line else str(self._path)
        return OperatorError(at, f"{key}: {reason}")

    def mapping(self, value: Any, name: str, known: set[str] | None = None) -> CommentedMap:
        if not isinstance(value, CommentedMap):
            raise OperatorError(str(self._path), f"{name} must be a mapping of keys to values")
        unknown = sorted(str(key) for key in value if known is not None and key not in known)
        if unknown:
            raise self.wrong(
                value, unknown[0], f"is not a key of {name}; known are {', '.join(sorted(known or ()))}"
            )
        return value

    def text(self, where: CommentedMap, key: str, default: str | None = None) -> str:
        value = where.get(key, default)
        if not isinstance(value, str) or not value:
            raise self.wrong(where, key, "is missing" if value is None else "must be a text")
        return str(value)

    def form(self, where: CommentedMap, key: str, form: re.Pattern[str]) -> str:
        value = self.text(where, key)
        if not form.fullmatch(value):
            raise self.wrong(where, key, f"{value!r} is not of the form {form.pattern}")
        return value

    def one_of(self, where: CommentedMap, key: str, choices: tuple[str, ...], default: str | None = None) -> str:
        value = self.text(where, key, default)
        if value not in choices:
            raise self.wrong(where, key, f"{value!r} is none of {', '.join(choices)}")
        return value

    def seconds(self, where: CommentedMap, key: str, default: Any = None) -> float:
        value = where.get(key, default)
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 7 * 86400:
            raise self.wrong(where, key, "must be a number of seconds, at most a week")
        return float(value)


def _parse(path: Path) -> Any:
    try:
        return YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise OperatorError(str(path), f"cannot be read: {error.strerror}") from None
    except UnicodeDecodeError:
        raise OperatorError(str(path), "is not UTF-8 text") from None
    except MarkedYAMLError as error:
        line = f":{error.problem_mark.line + 1}" if error.problem_mark else ""
        raise OperatorError(f"{path}{line}", f"is not YAML: {error.problem}") from None
    except YAMLError as error:
        raise OperatorError(str(path), f"is not YAML: {error}") from None


def _outlet(reader: _Reader, key: str, raw: CommentedMap) -> Outlet:
    hosts = raw.get("hosts")
    if not isinstance(hosts, list) or not hosts or not all(isinstance(host, str) for host in hosts):
        raise reader.wrong(raw, "hosts", "must be a list of host names")
    return Outlet(
        key=key,
        name=reader.text(raw, "name"),
        utc_offset_min=_offset(reader, raw),
        shape=reader.one_of(raw, "shape", get_args(Shape), "plain"),  # type: ignore[arg-type]
        hosts=tuple(str(host).lower() for host in hosts),
    )


def _offset(reader: _Reader, raw: CommentedMap) -> int:
    value = reader.text(raw, "utc_offset")
    sign, _, rest = value[:1], value[1:], value[1:]
    hours, colon, minutes = rest.partition(":")
    if sign not in "+-" or not colon or not (hours + minutes).isdecimal() or int(hours) > 14 or int(minutes) > 59:
        raise reader.wrong(raw, "utc_offset", f'{value!r} is not an offset such as "+07:00"')
    return (int(hours) * 60 + int(minutes)) * (-1 if sign == "-" else 1)


def _source(
    reader: _Reader,
    raw: CommentedMap,
    defaults: Mapping[str, Any],
    outlets: Mapping[str, Outlet],
    loopback_port: int | None,
) -> Source:
    outlet = outlets.get(reader.text(raw, "outlet"))
    if outlet is None:
        raise reader.wrong(raw, "outlet", f"{raw['outlet']} is not among outlets")
    if not isinstance(raw.get("enabled"), bool):
        raise reader.wrong(raw, "enabled", "must be true or false")
    url, local = _url(reader, raw, outlet, loopback_port)
    shortest = reader.seconds(raw, "min_interval_s", defaults.get("min_interval_s"))
    longest = reader.seconds(raw, "max_interval_s", defaults.get("max_interval_s"))
    gap = reader.seconds(CommentedMap(), "per_key_min_gap_s", defaults.get("per_key_min_gap_s"))
    if longest < shortest:
        raise reader.wrong(raw, "min_interval_s", f"is longer than max_interval_s ({longest:g})")
    if not local and (shortest < 60 or gap < 1):
        raise reader.wrong(raw, "min_interval_s", "a live source needs at least 60 s, and per_key_min_gap_s 1 s")
    return Source(
        id=reader.form(raw, "id", _ID),
        outlet=outlet,
        section=reader.text(raw, "section", "all"),
        url=url,
        format=_format(reader, raw),
        language=reader.form(raw, "language", _LANGUAGE),
        default_region=reader.form(raw, "default_region", _REGION) if raw.get("default_region") else "",
        enabled=raw["enabled"],
        min_interval_s=shortest,
        max_interval_s=longest,
        min_gap_s=gap,
        fulltext=reader.one_of(raw, "fulltext", get_args(Fulltext), str(defaults.get("fulltext", "feed_only"))),  # type: ignore[arg-type]
        loopback=local,
        politeness_key=politeness_key(url),
        accept=str(defaults.get("accept", "*/*")),
        fallback=_fallback(reader, raw, outlet, url, loopback_port),
    )


def _fallback(
    reader: _Reader, raw: CommentedMap, outlet: Outlet, own: str, loopback_port: int | None
) -> Fallback | None:
    """Where the source is read while its own address is gone or forbidden."""
    if "fallback" not in raw:
        return None
    if not isinstance(raw["fallback"], CommentedMap):
        raise reader.wrong(raw, "fallback", "must be a mapping with url and kind")
    there = reader.mapping(raw["fallback"], "fallback", _FALLBACK)
    url, _ = _url(reader, there, outlet, loopback_port)
    if url == own:
        raise reader.wrong(there, "url", "is the source's own address")
    if politeness_key(url) != politeness_key(own):
        raise reader.wrong(there, "url", f"must be of the source's own domain, {politeness_key(own)}")
    return Fallback(url, _format(reader, there))


def _format(reader: _Reader, raw: CommentedMap) -> Format:
    return FORMATS[reader.one_of(raw, "kind", tuple(FORMATS))]  # type: ignore[return-value]


def _url(reader: _Reader, raw: CommentedMap, outlet: Outlet, loopback_port: int | None) -> tuple[str, bool]:
    url = reader.text(raw, "url")
    try:
        split = urlsplit(url)
        host, port = (split.hostname or "").lower(), split.port
    except ValueError:
        raise reader.wrong(raw, "url", "is not an address") from None
    local = is_local(host)
    if (
        split.scheme != ("http" if local else "https")
        or not host
        or "@" in split.netloc
        or not _CLEAN.fullmatch(url)
    ):
        raise reader.wrong(
            raw, "url", "must be an https address without a user name or spaces (http only on localhost)"
        )
    if not belongs(host, outlet.hosts) and raw.get("kind") != "gnews":
        raise reader.wrong(raw, "url", f"{host} is not among the hosts of outlet {outlet.key}")
    if local and loopback_port and port:
        url = url.replace(f"{host}:{port}", f"{host}:{loopback_port}", 1)
    return url, local


__all__ = ["FORMATS", "Format", "load_sources", "politeness_key"]
