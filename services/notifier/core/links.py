"""Make a source's address safe to show: web only, no user part, and its real host in plain letters."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

_UNSAFE = frozenset("<>\"'`{}|\\^ \t\r\n")


def safe_link(url: str) -> str | None:
    """The address without user, password and fragment; None if it is not an ordinary web address."""
    if any(c in _UNSAFE or not c.isprintable() for c in url):
        return None
    try:
        parts = urlsplit(url)
        host = shown_host(url)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in {"http", "https"} or not host:
        return None
    netloc = host if port is None else f"{host}:{port}"
    return urlunsplit((parts.scheme, netloc, parts.path or "/", parts.query, ""))


def shown_host(url: str) -> str:
    """The host a link really leads to, in ASCII (``xn--`` for others); "" if none."""
    try:
        host = (urlsplit(url).hostname or "").encode("idna").decode("ascii")
    except (ValueError, UnicodeError):
        return ""
    return host
