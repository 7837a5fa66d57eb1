"""Get one address politely and safely: bounded in time, bytes and hops, and never behind our own walls."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from services.ingest.core.conditional import NONE, Validators, request_headers
from services.ingest.core.decode import ACCEPTED, BadEncodingError, Decoder, TooLargeError
from services.ingest.core.identity import ADDRESS_MAX, is_local, sendable, shown
from services.ingest.core.outcome import PollReason
from services.ingest.core.redirect import HOPS_MAX, PERMANENT, REDIRECTS, RedirectError, follow
from services.runtime.address import is_loopback, is_public
from services.runtime.connect_guard import AddressRefusedError, SocketFactory, open_local, open_public

TOTAL_S = 30.0
CONNECT_S = 10.0
FEED_BYTES = 5 * 1024 * 1024
PAGE_BYTES = 3 * 1024 * 1024
CHUNK = 16 * 1024


@dataclass(frozen=True)
class Answer:
    """A response read to its end.  ``moved_to``: where permanent redirects alone led, if any did."""

    status: int
    url: str
    headers: Mapping[str, str]
    raw_headers: tuple[tuple[bytes, bytes], ...] = ()
    body: bytes = b""
    moved_to: str | None = None
    truncated: bool = False

    @property
    def challenged(self) -> bool:
        """Whether a wall asks for a browser; Cloudflare says so in a header."""
        return self.headers.get("cf-mitigated", "").lower() == "challenge"

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")

    @property
    def charset(self) -> str | None:
        """The charset of the Content-Type, or None."""
        message = Message()
        message["content-type"] = self.content_type or "text/html"
        return message.get_content_charset()


class FetchError(Exception):
    """No usable answer; ``reason`` says why."""

    def __init__(self, reason: PollReason, detail: str = "") -> None:
        self.reason = reason
        self.detail = detail[:300]
        super().__init__(f"{reason}: {self.detail}" if detail else str(reason))


@dataclass(frozen=True)
class Limits:
    """Seconds and bytes."""

    total_s: float = TOTAL_S
    connect_s: float = CONNECT_S
    feed_bytes: int = FEED_BYTES
    page_bytes: int = PAGE_BYTES


class Fetcher:
    """Two sessions: one that only reaches the open internet, one that only reaches this machine."""

    def __init__(
        self,
        user_agent: str,
        limits: Limits | None = None,
        resolver: AbstractResolver | None = None,
        outer_socket: SocketFactory = open_public,
        dns_s: int = 60,
    ) -> None:
        """``outer_socket`` has the last word on each address; ``dns_s``: how long a name's answer is kept."""
        self._user_agent = user_agent
        self.limits = limits or Limits()
        self._resolver = resolver
        self._outer_socket = outer_socket
        self._dns_s = dns_s
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def get(
        self,
        url: str,
        *,
        hosts: tuple[str, ...],
        accept: str,
        loopback: bool = False,
        validators: Validators = NONE,
        limit: int | None = None,
    ) -> Answer:
        """GET ``url``, following only redirects that stay on ``hosts``.

        Raises:
            FetchError: refused address or redirect, time out, network fault, body too large or mislabelled.
        """
        headers = {"User-Agent": self._user_agent, "Accept": accept, "Accept-Encoding": ACCEPTED}
        headers |= request_headers(validators)
        limit = limit or self.limits.feed_bytes
        try:
            # One deadline for all hops: six servers that take their time are still one poll.
            async with asyncio.timeout(self.limits.total_s):
                return await self._hop_by_hop(url, hosts, headers, loopback, limit)
        except RedirectError as error:
            raise FetchError(PollReason.REDIRECT_REFUSED, f"{error.reason} {shown(error.target)}") from None
        except TooLargeError as error:
            raise FetchError(PollReason.TOO_LARGE, str(error)) from None
        except BadEncodingError as error:
            raise FetchError(PollReason.BAD_ENCODING, str(error)) from None
        except TimeoutError as error:
            raise FetchError(PollReason.TIMEOUT, type(error).__name__) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise _network_error(error) from None

    async def close(self) -> None:
        """Close both sessions."""
        for session in self._sessions.values():
            await session.close()

    async def _hop_by_hop(
        self, url: str, hosts: tuple[str, ...], headers: dict[str, str], loopback: bool, limit: int
    ) -> Answer:
        permanent = True
        here = url
        for _ in range(HOPS_MAX + 1):
            answer, location = await self._once(here, headers, loopback, limit)
            if answer.status not in REDIRECTS:
                moved = here if permanent and here != url else None
                return Answer(
                    answer.status, here, answer.headers, answer.raw_headers, answer.body, moved, answer.truncated
                )
            permanent = permanent and answer.status in PERMANENT
            here = follow(here, location, hosts)
            if is_local(URL(here).host or "") and not loopback:
                raise FetchError(PollReason.ADDRESS_REFUSED, shown(here))
            # A validator belongs to the address it came from.
            headers = {k: v for k, v in headers.items() if k not in ("If-None-Match", "If-Modified-Since")}
        raise FetchError(PollReason.TOO_MANY_REDIRECTS, shown(here))

    async def _once(self, url: str, headers: dict[str, str], loopback: bool, limit: int) -> tuple[Answer, str]:
        refused = _refused_literal(url, loopback)
        if refused:
            raise FetchError(PollReason.ADDRESS_REFUSED, refused)
        session = self._session(loopback)
        async with session.get(
            URL(sendable(url), encoded=True), headers=headers, allow_redirects=False
        ) as response:
            plain = {name.lower(): value for name, value in response.headers.items()}
            if response.status != 200:
                return Answer(response.status, url, plain, response.raw_headers), plain.get("location", "")
            decoder = Decoder(plain.get("content-encoding", ""), limit)
            broken = False
            try:
                async for chunk in response.content.iter_chunked(CHUNK):
                    decoder.feed(chunk)
            except aiohttp.ClientPayloadError:
                broken = True
            body = decoder.finish()
            return Answer(200, url, plain, response.raw_headers, body, None, broken or decoder.truncated), ""

    def _session(self, loopback: bool) -> aiohttp.ClientSession:
        if loopback not in self._sessions:
            connector = aiohttp.TCPConnector(
                limit=32,
                resolver=_LocalResolver() if loopback else self._resolver,
                socket_factory=open_local if loopback else self._outer_socket,
                use_dns_cache=self._dns_s > 0,
                ttl_dns_cache=self._dns_s,
            )
            self._sessions[loopback] = aiohttp.ClientSession(
                connector=connector,
                # The whole request: a per-read limit never stops a server that sends two bytes a second.
                timeout=aiohttp.ClientTimeout(total=self.limits.total_s, connect=self.limits.connect_s),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                max_line_size=16_384,
                max_field_size=16_384,
            )
        return self._sessions[loopback]


class _LocalResolver(AbstractResolver):
    """``*.localhost`` is this machine by definition (RFC 6761); not every libc knows."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        if not is_local(host):
            raise OSError(f"{host} is not on this machine")
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing to close."""


def _refused_literal(url: str, loopback: bool) -> str:
    """Why an address written as numbers, or the name of this machine, is refused; empty where it is not."""
    if len(url) > ADDRESS_MAX:
        return "an address too long"
    host = (URL(url, encoded=True).host or "").lower()
    if not host:
        return "no host"
    if not loopback and is_local(host):
        return host
    # inet_aton also reads 0x7f.1 and 2130706433, which ipaddress does not.
    try:
        literal = socket.inet_ntoa(socket.inet_aton(host))
    except (OSError, ValueError):
        literal = host.strip("[]") if ":" in host else ""
    if literal and not (is_loopback(literal) if loopback else is_public(literal)):
        return literal
    return ""


def _network_error(error: Exception) -> FetchError:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefusedError):
            return FetchError(PollReason.ADDRESS_REFUSED, str(cause))
        if isinstance(cause, ssl.SSLCertVerificationError | aiohttp.ClientConnectorCertificateError):
            return FetchError(PollReason.BAD_CERTIFICATE, str(cause))
        nested = getattr(cause, "os_error", None)
        cause = nested if isinstance(nested, BaseException) and nested is not cause else cause.__cause__
    # An address that aiohttp cannot use stands in its message, with whatever secret it carries.
    told = "" if isinstance(error, aiohttp.InvalidURL | ValueError) else f": {error}"
    return FetchError(PollReason.NETWORK, f"{type(error).__name__}{told}")
