"""Decide whether a redirect may be followed, and whether it means that a feed has moved for good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from urllib.parse import urljoin, urlsplit

from services.ingest.core.identity import ADDRESS_MAX, belongs, is_local

HOPS_MAX = 5
PERMANENT = frozenset((301, 308))
REDIRECTS = frozenset((301, 302, 303, 307, 308))
#: A move counts once it was seen this often over this long: one bad deployment must not cost us a feed.
SEEN_MIN = 3
LASTED_MIN = timedelta(hours=24)


class RedirectReason(StrEnum):
    """Why a redirect is not followed."""

    NO_LOCATION = "no_location"
    DOWNGRADE = "https_to_http"
    OTHER_HOST = "other_host"
    BAD_ADDRESS = "bad_address"
    ODD_PORT = "odd_port"


class RedirectError(ValueError):
    """The redirect is refused."""

    def __init__(self, reason: RedirectReason, target: str = "") -> None:
        self.reason = reason
        self.target = target[:200]
        super().__init__(str(reason))


def follow(url: str, location: str, hosts: tuple[str, ...]) -> str:
    """The address a redirect leads to.  Raises RedirectError where it leaves the outlet or loses encryption."""
    if not location.strip():
        raise RedirectError(RedirectReason.NO_LOCATION)
    try:
        target = urljoin(url, location.strip())
        old, new = urlsplit(url), urlsplit(target)
        host, port = (new.hostname or "").lower(), new.port
    except ValueError:
        raise RedirectError(RedirectReason.BAD_ADDRESS, location) from None
    if new.scheme not in ("http", "https") or "@" in new.netloc or not host or len(target) > ADDRESS_MAX:
        raise RedirectError(RedirectReason.BAD_ADDRESS, target)
    if old.scheme == "https" and new.scheme == "http":
        raise RedirectError(RedirectReason.DOWNGRADE, target)
    if not belongs(host, hosts):
        raise RedirectError(RedirectReason.OTHER_HOST, target)
    if port not in (None, 80, 443) and not is_local(host):
        raise RedirectError(RedirectReason.ODD_PORT, target)
    return target


@dataclass(frozen=True)
class Move:
    """A permanent redirect as it was seen so far."""

    to: str
    seen: int
    since: datetime


def after_permanent(known: Move | None, target: str | None, now: datetime) -> Move | None:
    """What is known of a move after a poll that ended at ``target`` by permanent redirects alone, or at home."""
    if target is None:
        return None
    if known is None or known.to != target:
        return Move(target, 1, now)
    return Move(target, known.seen + 1, known.since)


def has_moved(move: Move | None, now: datetime) -> bool:
    """Whether the feed's stored address should become the new one."""
    return move is not None and move.seen >= SEEN_MIN and now - move.since >= LASTED_MIN
