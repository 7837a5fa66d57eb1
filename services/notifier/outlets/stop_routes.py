"""Answer for the page that stops mails: opening it changes nothing, since mail scanners open every link."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from functools import partial
from urllib.parse import parse_qs

import structlog
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route

from services.notifier.core.outlets.stop_page import (
    FIELD,
    POLICY,
    STOP,
    UNDO,
    ask_page,
    back_page,
    done_page,
    held_page,
)
from services.notifier.core.outlets.stop_words import stop_words
from services.notifier.core.outlets.throttle import Bucket, Rate, take
from services.notifier.mail_answers import STOPPED_BY_MAIL
from services.notifier.outlets import stops
from services.notifier.outlets.answers import not_found, too_often
from services.notifier.outlets.metrics import OutletMetrics
from services.notifier.outlets.stops import Deed, Owner
from services.notifier.vault import Vault
from services.runtime.store import Store

log = structlog.get_logger(__name__)

_RATE = Rate(per_minute=12, burst=20)
_LARGEST = 4_096
_TYPE = re.compile(r"multipart/form-data;[ -~]{1,200}", re.IGNORECASE)


@dataclass
class StopDesk:
    """What the route works with; the buckets are of genuine tickets only, so there are few."""

    store: Store
    vault: Vault
    metrics: OutletMetrics
    clock: Callable[[], float]
    steady: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self.buckets: dict[str, Bucket] = {}


def stop_routes(desk: StopDesk) -> list[Route]:
    """``/u/<ticket>``: GET asks, POST does."""
    return [
        Route("/u/{ticket}", partial(_ask, desk), methods=["GET"], name="stop"),
        Route("/u/{ticket}", partial(_act, desk), methods=["POST"], name="stop"),
    ]


async def _ask(desk: StopDesk, request: Request) -> Response:
    owner, refusal = await _owner(desk, request)
    if owner is None:
        return refusal
    desk.metrics.stops.labels(Deed.ASKED).inc()
    if owner.suspended is None:
        return _page(ask_page(stop_words(owner.language)))
    return _page(_stopped_page(owner, owner.suspended))


async def _act(desk: StopDesk, request: Request) -> Response:
    owner, refusal = await _owner(desk, request)
    if owner is None:
        return refusal
    wish = _wish(request.headers.get("content-type", ""), await _body(request))
    if wish not in {STOP, UNDO}:
        return PlainTextResponse("Bad request\n", 400)
    work = stops.stop_mails if wish == STOP else stops.resume_mails
    done = await desk.store.write(lambda conn: work(conn, desk.vault, request.path_params["ticket"], desk.clock()))
    if done is None:
        return not_found()
    desk.metrics.stops.labels(done.deed).inc()
    if done.deed is Deed.STOPPED and not owner.reachable:
        log.warning("official has no channel left", official_id=owner.official_id)
    if done.suspended is None:
        return _page(back_page(stop_words(owner.language)))
    return _page(_stopped_page(owner, done.suspended))


def _stopped_page(owner: Owner, suspended: str) -> str:
    words = stop_words(owner.language)
    return done_page(words, reachable=owner.reachable) if suspended == STOPPED_BY_MAIL else held_page(words)


async def _owner(desk: StopDesk, request: Request) -> tuple[Owner | None, Response]:
    ticket = request.path_params["ticket"]
    owner = await desk.store.read(lambda conn: stops.find_owner(conn, desk.vault, ticket))
    if owner is None:
        return None, not_found()
    bucket, wait = take(desk.buckets.get(owner.official_id), _RATE, desk.steady())
    desk.buckets[owner.official_id] = bucket
    return (None, too_often(wait)) if wait else (owner, not_found())


async def _body(request: Request) -> bytes:
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > _LARGEST:
                return b""
    except ClientDisconnect:
        return b""
    return body


def _wish(content_type: str, body: bytes) -> str:
    """What the form says.  RFC 8058 prefers multipart/form-data, browsers send the other one."""
    if content_type.partition(";")[0].strip().lower() == "application/x-www-form-urlencoded":
        found = parse_qs(body.decode("ascii", "replace"), max_num_fields=20).get(FIELD, [])
        return found[0] if len(found) == 1 else ""
    if not _TYPE.fullmatch(content_type):
        return ""
    form = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    for part in form.iter_parts() if form.is_multipart() else ():
        if part.get_param("name", header="content-disposition") == FIELD:
            return str(part.get_payload()).strip()
    return ""


def _page(html: str) -> Response:
    return HTMLResponse(html, headers={"content-security-policy": POLICY, "cache-control": "no-store"})
