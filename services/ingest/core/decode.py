"""Undo Content-Encoding bit by bit, and stop at a size no feed needs."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Protocol

import brotli  # type: ignore[import-untyped]
from backports import zstd

GZIP_MAGIC = b"\x1f\x8b"
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
#: What the Accept-Encoding of our requests says.
ACCEPTED = "gzip, deflate, br, zstd"
#: Decoded at most this much at a time: a bomb is noticed before it fills the memory.
_STEP = 256 * 1024


class TooLargeError(ValueError):
    """The body is larger than allowed, as sent or once decoded."""


class BadEncodingError(ValueError):
    """The body is not what its Content-Encoding says, or in one we did not ask for."""


class _Inflater(Protocol):
    """One compression, undone a step at a time."""

    @property
    def ended(self) -> bool: ...

    def feed(self, chunk: bytes, keep: Callable[[bytes], None]) -> None: ...


class Decoder:
    """Takes the bytes of a response as they come.

    ``truncated`` after ``finish`` where a compressed body ended before its end.
    """

    def __init__(self, encoding: str, limit: int) -> None:
        names = [name.strip().lower() for name in encoding.split(",") if name.strip()]
        names = [name for name in names if name != "identity"]
        if len(names) > 1 or any(name not in ("gzip", "x-gzip", "deflate", "br", "zstd") for name in names):
            raise BadEncodingError(f"Content-Encoding {encoding[:60]!r} was not asked for")
        self._name = names[0] if names else ""
        self._limit = limit
        self._inflater: _Inflater | None = None
        self._parts: list[bytes] = []
        self._size = 0
        self._begun = False
        self.truncated = False

    def feed(self, chunk: bytes) -> None:
        """Add bytes as received.  Raises TooLargeError, BadEncodingError."""
        if not chunk:
            return
        if not self._begun:
            self._begun = True
            self._inflater = _inflater_for(self._name, chunk)
        if self._inflater is None:
            self._keep(chunk)
            return
        try:
            self._inflater.feed(chunk, self._keep)
        except (zlib.error, brotli.error, zstd.ZstdError, EOFError) as error:
            raise BadEncodingError(str(error)) from None

    def finish(self) -> bytes:
        """The whole body."""
        self.truncated = self._inflater is not None and not self._inflater.ended
        return b"".join(self._parts)

    def _keep(self, piece: bytes) -> None:
        self._size += len(piece)
        if self._size > self._limit:
            raise TooLargeError(f"more than {self._limit} bytes")
        if piece:
            self._parts.append(piece)


class _Zlib:
    def __init__(self, wbits: int) -> None:
        self._inner = zlib.decompressobj(wbits=wbits)

    @property
    def ended(self) -> bool:
        return self._inner.eof

    def feed(self, chunk: bytes, keep: Callable[[bytes], None]) -> None:
        while chunk and not self._inner.eof:
            keep(self._inner.decompress(chunk, _STEP))
            chunk = self._inner.unconsumed_tail


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    @property
    def ended(self) -> bool:
        return bool(self._inner.is_finished())

    def feed(self, chunk: bytes, keep: Callable[[bytes], None]) -> None:
        keep(self._inner.process(chunk, output_buffer_limit=_STEP))
        while not self._inner.can_accept_more_data():
            keep(self._inner.process(b"", output_buffer_limit=_STEP))


class _Zstd:
    def __init__(self) -> None:
        self._inner = zstd.ZstdDecompressor()

    @property
    def ended(self) -> bool:
        return self._inner.eof

    def feed(self, chunk: bytes, keep: Callable[[bytes], None]) -> None:
        if self._inner.eof:
            return
        keep(self._inner.decompress(chunk, _STEP))
        while not self._inner.eof and not self._inner.needs_input:
            keep(self._inner.decompress(b"", _STEP))


def _inflater_for(name: str, chunk: bytes) -> _Inflater | None:
    """What undoes a body called ``name`` that begins with ``chunk``; None where it is not compressed.

    Bytes are believed before names: Antara has sent gzip that was not declared, and some proxies unpack a
    body and leave the header.
    """
    if chunk.startswith(GZIP_MAGIC):
        return _Zlib(31)
    if chunk.startswith(ZSTD_MAGIC):
        return _Zstd()
    if name == "deflate":
        # RFC 9110 section 8.4.1.2 means the zlib form, but some servers send the raw one.
        zlib_form = chunk[0] & 0x0F == 8 and len(chunk) > 1 and (chunk[0] * 256 + chunk[1]) % 31 == 0
        return _Zlib(15 if zlib_form else -15)
    if name == "br" and not chunk.lstrip().startswith(b"<"):
        return _Brotli()
    return None
