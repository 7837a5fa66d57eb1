"""Post one message to one target: bounded in time, never redirected, never behind our own walls."""

from __future__ import annotations

import asyncio
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from services.notifier.core.outlets.webhook import headers
from services.notifier.outlets.targets import Target, Targets
from services.runtime.address import is_loopback
from services.runtime.connect_guard import AddressRefusedError, open_local, open_public_or_within

TOTAL_S = 15.0
CONNECT_S = 5.0
_HEADER_BYTES = 8_190


class Posted(StrEnum):
    """What became of a try: ledger word and metric label."""

    ACCEPTED = "accepted"
    GONE = "gone"
    REFUSED = "refused"
    REDIRECTED = "redirected"
    BUSY = "busy"
    SERVER_ERROR = "server_error"
    TIMED_OUT = "timed_out"
    ADDRESS_REFUSED = "address_refused"
    BAD_CERTIFICATE = "bad_certificate"
    NOT_CONNECTED = "not_connected"


@dataclass(frozen=True)
class Result:
    """The outcome, the status if there was one, and the wait that was asked for."""

    posted: Posted
    status: int | None = None
    retry_after_s: float | None = None


class Poster:
    """One session for the open internet, and one for this machine where that is allowed."""

    def __init__(
        self, targets: Targets, *, resolver: AbstractResolver | None = None, total_s: float = TOTAL_S
    ) -> None:
        self._targets = targets
        self._resolver = resolver
        self._total_s = total_s
        self._sessions: dict[bool, aiohttp.ClientSession] = {}

    async def post(self, target: Target, sent_id: str, body: bytes) -> Result:
        """One try, signed as of now; never raises for what the other side does."""
        url = URL(target.url)
        signed = headers(target.keys, sent_id, datetime.now(UTC), body)
        session = self._session(local=self._targets.loopback and _is_here(url))
        try:
            async with session.post(url, data=body, headers=signed, allow_redirects=False) as response:
                # Nothing of the body is read: it says nothing we need, and may be endless.
                response.close()
                return _judge(response.status, response.headers.get("retry-after"))
        except TimeoutError:
            return Result(Posted.TIMED_OUT)
        except (aiohttp.ClientError, OSError, ValueError, asyncio.IncompleteReadError) as error:
            return Result(_why(error))

    async def close(self) -> None:
        """Close the connections."""
        for session in self._sessions.values():
            await session.close()

    def _session(self, *, local: bool) -> aiohttp.ClientSession:
        if local not in self._sessions:
            guard = open_local if local else open_public_or_within(self._targets.networks)
            connector = aiohttp.TCPConnector(
                limit=32,
                resolver=self._resolver,
                # Asked with each address a name resolved to, right before the connect: DNS cannot lie in between.
                socket_factory=guard,
                ssl=ssl.create_default_context(cafile=self._targets.ca_file),
                ttl_dns_cache=60,
            )
            self._sessions[local] = aiohttp.ClientSession(
                connector=connector,
                timeout=aiohttp.ClientTimeout(total=self._total_s, connect=CONNECT_S),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers={"User-Agent": "Siaga-Webhooks"},
                auto_decompress=False,
                trust_env=False,
                max_line_size=_HEADER_BYTES,
                max_field_size=_HEADER_BYTES,
            )
        return self._sessions[local]


def _is_here(url: URL) -> bool:
    host = url.host or ""
    return host == "localhost" or is_loopback(host)


def _judge(status: int, retry_after: str | None) -> Result:
    if 200 <= status < 300:
        return Result(Posted.ACCEPTED, status)
    if status == 410:
        return Result(Posted.GONE, status)
    if status in {408, 425, 429, 503}:
        return Result(Posted.BUSY, status, _seconds(retry_after))
    if status >= 500:
        return Result(Posted.SERVER_ERROR, status, _seconds(retry_after))
    return Result(Posted.REDIRECTED if 300 <= status < 400 else Posted.REFUSED, status)


def _seconds(text: str | None) -> float | None:
    """Retry-After in seconds; a date is left to our own schedule, since their clock is not ours."""
    if text is None or not text.strip().isascii() or not text.strip().isdigit():
        return None
    return float(text.strip()[:9])


def _why(error: BaseException) -> Posted:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, AddressRefusedError):
            return Posted.ADDRESS_REFUSED
        if isinstance(cause, ssl.SSLError | ssl.CertificateError | aiohttp.ClientConnectorCertificateError):
            return Posted.BAD_CERTIFICATE
        nested = getattr(cause, "os_error", None)
        cause = nested if isinstance(nested, BaseException) and nested is not cause else cause.__cause__
    return Posted.NOT_CONNECTED
