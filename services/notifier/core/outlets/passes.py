"""Signed tickets: one address for one reader, or one channel of one official; nothing is read from them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass

#: Makes the mark of a text for a purpose that only the installation's key can make, as hexadecimal.
Sign = Callable[[str, str], str]
#: Characters of a mark that are kept, 128 bits: nobody finds one by trying.
_KEPT = 32
_LONGEST = 400


def hash_token(token: str) -> str:
    """How a token is kept: it is 256 random bits, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def make_pass(sign: Sign, reader_id: str, path: str) -> str:
    """Lets the reader ask for one path without the token: safe to stand in a feed that is copied."""
    return f"{reader_id}.{_mark(sign, 'pass', reader_id, path)}"


def read_pass(sign: Sign, given: str, path: str) -> str | None:
    """The reader a pass was made for; None if it is not ours or for another path."""
    reader_id, _, mark = given.partition(".")
    if len(given) > _LONGEST or not reader_id:
        return None
    return reader_id if _same(mark, _mark(sign, "pass", reader_id, path)) else None


@dataclass(frozen=True)
class Stop:
    """Which channel of which official a ticket claims to stop; ``mark`` is still to be checked."""

    official_id: str
    channel: str
    mark: str


def make_stop(sign: Sign, official_id: str, channel: str, fingerprint: str) -> str:
    """The ticket in a mail.  ``fingerprint`` is of the address: a ticket dies with the address it went to."""
    body = base64.urlsafe_b64encode(f"{channel}:{official_id}".encode()).decode().rstrip("=")
    return f"{body}.{_mark(sign, 'one-click', official_id, channel, fingerprint)}"


def read_stop(ticket: str) -> Stop | None:
    """What a ticket claims; None if it has not the form of one."""
    body, _, mark = ticket.partition(".")
    if len(ticket) > _LONGEST or not mark or not ticket.isascii():
        return None
    try:
        text = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        return None
    channel, _, official_id = text.partition(":")
    return Stop(official_id, channel, mark) if channel and official_id else None


def is_genuine(sign: Sign, stop: Stop, fingerprint: str) -> bool:
    """Whether we made it, for the address that is known now."""
    return _same(stop.mark, _mark(sign, "one-click", stop.official_id, stop.channel, fingerprint))


def _mark(sign: Sign, purpose: str, *parts: str) -> str:
    return sign(purpose, "\0".join(parts))[:_KEPT]


def _same(given: str, ours: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "replace"), ours.encode())
