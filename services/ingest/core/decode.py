"""Undo Content-Encoding bit by bit, and stop at a size no feed needs."""

from __future__ import annotations

import zlib

GZIP_MAGIC = b"\x1f\x8b"
#: What the Accept-Encoding of our requests says; we decode nothing we did not ask for, but for mislabelled gzip.
ACCEPTED = "gzip, deflate"


class TooLargeError(ValueError):
    """The body is larger than allowed, as sent or once decoded."""


class BadEncodingError(ValueError):
    """The body is not what its Content-Encoding says, or in one we did not ask for."""


class Decoder:
    """Takes the bytes of a response as they come.

    ``truncated`` after ``finish`` where a compressed body ended before its end.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        self._names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
        self._names = [name for name in self._names if name != "identity"]
        self._limit = limit
        self._inflate: zlib._Decompress | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._begun = False
        self.truncated = False
        if len(self._names) > 1 or any(name not in ("gzip", "x-gzip", "deflate") for name in self._names):
            raise BadEncodingError(f"Content-Encoding {encoding[:60]!r} was not asked for")

    def feed(self, chunk: bytes) -> None:
        """Add bytes as received.  Raises TooLargeError, BadEncodingError."""
        if not chunk:
            return
        if not self._begun:
            self._begin(chunk)
        if self._inflate is None:
            self._keep(chunk)
            return
        try:
            while chunk and not self._inflate.eof:
                self._keep(self._inflate.decompress(chunk, self._limit - self._size + 1))
                chunk = self._inflate.unconsumed_tail
        except zlib.error as error:
            raise BadEncodingError(str(error)) from None

    def finish(self) -> bytes:
        """The whole body."""
        self.truncated = self._inflate is not None and not self._inflate.eof
        return b"".join(self._parts)

    def _begin(self, chunk: bytes) -> None:
        self._begun = True
        if chunk.startswith(GZIP_MAGIC):
            self._inflate = zlib.decompressobj(wbits=31)
        elif self._names == ["deflate"]:
            # RFC 9110 section 8.4.1.2: zlib form, but some servers send the raw one.
            zlib_form = chunk[0] & 0x0F == 8 and len(chunk) > 1 and (chunk[0] * 256 + chunk[1]) % 31 == 0
            self._inflate = zlib.decompressobj(wbits=15 if zlib_form else -15)
        # A body called gzip that is none: some proxies unpack it and leave the header.

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise TooLargeError(f"more than {self._limit} bytes")
        if piece:
            self._parts.append(piece)
