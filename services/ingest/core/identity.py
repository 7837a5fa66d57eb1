"""Tell which story an address leads to, however it was dressed up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import xxhash

from services.ingest.core.source import Outlet

#: Parameters that say where the reader came from, not what is read: the idea is Miniflux, the rest our outlets.
TRACKING = frozenset(
    (
        "fbclid", "gclid", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ysclid", "twclid", "mc_cid", "mc_eid",
        "srsltid", "igshid", "_ga", "_gl", "s", "page", "pgrelated", "ref", "source", "fb_action_ids", "jxrecoid",
    )
)  # fmt: skip
#: Longest name of a story; contracts allow 500 characters.
NAME_MAX = 400
#: Longer than any address an outlet ever gave a story; servers commonly refuse twice as much.
ADDRESS_MAX = 4096
TRACKING_PREFIXES = ("utm_", "mtm_", "pk_", "hsa_", "jx")

_AMP_VIEWER = re.compile(r"^/(?:amp/s|v/s|c/s)/(.+)$")
_ANTARA = re.compile(r"^/(?:berita|news|foto|video)/(?P<number>\d+)(?:/|$)")
_TRIBUN = re.compile(r"^/(?:[a-z0-9-]+/)?(?P<number>\d{5,})(?:/|$)")
_TRIBUN_DATED = re.compile(r"^(?:/[a-z0-9-]+)?(?P<rest>/\d{4}/\d{2}/\d{2}/[^/]+)")


@dataclass(frozen=True)
class Address:
    """A story's address without its dress.  ``number`` is the outlet's own article number, if the URL has it."""

    url: str
    host: str
    path: str
    number: str | None


class AddressError(ValueError):
    """The link leads nowhere we may go; the text is the reason."""


def canonical(url: str, outlet: Outlet) -> Address:
    """The one form of ``url`` for ``outlet``.

    Raises AddressError for a scheme other than http(s), credentials, an odd port or a host of somebody else.
    """
    if len(url) > ADDRESS_MAX:
        raise AddressError("too_long")
    try:
        return _canonical(url, outlet)
    except AddressError:
        raise
    except ValueError:
        raise AddressError("bad_address") from None


def _canonical(url: str, outlet: Outlet) -> Address:
    split = urlsplit(_unwrapped(url.strip().replace("\n", "").replace("\t", "").replace("\r", "")))
    _refuse(split.scheme, split.netloc, split.username is not None)
    host = _host(split.hostname or "", outlet)
    local = is_local(host)
    if not belongs(host, outlet.hosts):
        raise AddressError("other_host")
    port = _port(split.netloc)
    if port not in (None, 80, 443) and not local:
        raise AddressError("odd_port")
    path = _path(split.path, outlet)
    netloc = f"{host}:{port}" if local and port else host
    kept = urlencode([(k, v) for k, v in parse_qsl(split.query) if not _tracks(k)])
    clean = urlunsplit(("http" if local else "https", netloc, path, kept, ""))
    if len(clean) > ADDRESS_MAX:
        raise AddressError("too_long")
    return Address(clean, host, path + (f"?{kept}" if kept else ""), _number(path, outlet))


def story_id(outlet: Outlet, address: Address) -> str:
    """Outlet, host and the article's number; without a number the whole path.

    Every regional host counts its articles by itself, so the host is part of the name.
    """
    place = address.number or address.path
    if not address.number and outlet.shape == "tribun":
        dated = _TRIBUN_DATED.match(address.path)
        place = dated["rest"] if dated else place
    name = f"{outlet.key}:{address.host}:{place}"
    if len(name) <= NAME_MAX:
        return name
    # Two long addresses may differ in their last letter only.
    return f"{name[: NAME_MAX - 17]}~{xxhash.xxh3_64_hexdigest(name.encode())}"


def sendable(url: str) -> str:
    """The address as it may stand in a request: spaces and other scripts as percent codes, no fragment."""
    return quote(url.partition("#")[0], safe="%/:@!$&'()*+,;=~-._?[]")


def shown(url: str) -> str:
    """The address as it may stand in a log: without user name and query, where feeds carry their keys."""
    try:
        split = urlsplit(url)
    except ValueError:
        return "an address that cannot be read"
    query = "..." if split.query else ""
    return urlunsplit((split.scheme, split.netloc.rpartition("@")[2], split.path, query, ""))[:300]


def is_homepage(address: Address) -> bool:
    """Whether the link names a site and no story in it."""
    return address.path.strip("/") in ("", "index.html", "index.php")


def is_local(host: str) -> bool:
    """Whether the host can only be this machine (RFC 6761): the demo's outlets live there."""
    return host == "localhost" or host.endswith(".localhost") or host == "127.0.0.1"


def belongs(host: str, hosts: tuple[str, ...]) -> bool:
    """Whether ``host`` is one of ``hosts`` or below one."""
    return any(host == own or host.endswith("." + own) for own in hosts)


def _refuse(scheme: str, netloc: str, credentials: bool) -> None:
    if scheme.lower() not in ("http", "https"):
        raise AddressError("scheme_refused")
    if credentials or "@" in netloc:
        raise AddressError("credentials_in_link")


def _port(netloc: str) -> int | None:
    found = re.search(r":(\d+)$", netloc)
    return int(found[1]) if found else None


def _host(host: str, outlet: Outlet) -> str:
    host = host.lower().rstrip(".")
    if host.startswith("m."):
        host = "www." + host[2:]
    if outlet.shape == "wordpress" and host.startswith("www."):
        host = host[4:]
    if outlet.shape in ("antara", "tribun") and host in outlet.hosts and host.count(".") == 1:
        host = "www." + host
    return host


def _path(path: str, outlet: Outlet) -> str:
    path = quote(unquote(re.sub(r"/{2,}", "/", path or "/")), safe="/:@!$&'()*+,;=~-._")
    path = re.sub(r"/amp(?=/|$)", "", path, count=1) or "/"
    if outlet.shape == "wordpress" and not path.endswith("/") and "." not in path.rsplit("/", 1)[-1]:
        return path + "/"
    if outlet.shape in ("antara", "tribun") and len(path) > 1:
        return path.rstrip("/")
    return path


def _unwrapped(url: str) -> str:
    """Undo the AMP viewers of Google and the AMP cache."""
    split = urlsplit(url)
    host = (split.hostname or "").lower()
    if host in ("google.com", "www.google.com") or host.endswith(".cdn.ampproject.org"):
        inner = _AMP_VIEWER.match(split.path)
        if inner:
            return "https://" + inner[1]
    return url


def _tracks(name: str) -> bool:
    name = name.lower()
    return name in TRACKING or name.startswith(TRACKING_PREFIXES)


def _number(path: str, outlet: Outlet) -> str | None:
    pattern = {"antara": _ANTARA, "tribun": _TRIBUN}.get(outlet.shape)
    found = pattern.match(path) if pattern else None
    return found["number"] if found else None
