"""Ask only for what changed: which validators to send back, what to keep of an answer (RFC 9110 section 8.8)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

_LIMIT = 1024


@dataclass(frozen=True)
class Validators:
    """ETag and Last-Modified exactly as received, quotes and all: they are opaque and never re-formatted."""

    etag: str | None = None
    last_modified: str | None = None

    def __bool__(self) -> bool:
        return self.etag is not None or self.last_modified is not None


NONE = Validators()


def validators_of(raw_headers: Iterable[tuple[bytes, bytes]]) -> Validators:
    """The validators of a response; one with bytes we could not send back byte for byte is dropped."""
    found: dict[bytes, str] = {}
    for name, value in raw_headers:
        text = _sendable(value)
        if text is not None:
            found.setdefault(name.lower(), text)
    return Validators(found.get(b"etag"), found.get(b"last-modified"))


def request_headers(kept: Validators) -> dict[str, str]:
    """Both validators where we have both: some servers look at one, some at the other."""
    headers: dict[str, str] = {}
    if kept.etag is not None:
        headers["If-None-Match"] = kept.etag
    if kept.last_modified is not None:
        headers["If-Modified-Since"] = kept.last_modified
    return headers


def after_not_modified(kept: Validators, sent: Validators) -> Validators:
    """A 304 may carry new validators; what it leaves out stays (RFC 9111 section 4.3.4)."""
    return Validators(sent.etag or kept.etag, sent.last_modified or kept.last_modified)


def _sendable(value: bytes) -> str | None:
    text = value.strip(b" \t")
    if not text or len(text) > _LIMIT or any(byte < 0x20 or byte > 0x7E for byte in text):
        return None
    return text.decode("ascii")
