"""Answer for feeds and CAP messages."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.contracts.codes import Topic
from services.notifier.core.outlets import atom, cap, json_feed
from services.notifier.core.outlets.conditional import has_it, last_modified
from services.notifier.core.outlets.entry import ALL
from services.notifier.core.outlets.feed import EVERY, Addresses, Feed
from services.notifier.core.outlets.passes import Sign, make_pass
from services.notifier.outlets import keep
from services.notifier.outlets.answers import not_found, too_often
from services.notifier.outlets.gate import Asked, Gate
from services.notifier.outlets.keep import Wanted
from services.notifier.outlets.pages import Page, Pages
from services.notifier.outlets.readers import Reader
from services.runtime.store import Store

#: Entries on a page; readers fetch a few hundred kilobytes at most, and the next page where there is one.
PAGE = 100
_BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
_FORMATS: dict[str, tuple[Callable[[Feed], bytes], str]] = {
    "atom": (atom.write_atom, f"{atom.MEDIA_TYPE}; charset=utf-8"),
    "json": (json_feed.write_json_feed, f"{json_feed.MEDIA_TYPE}; charset=utf-8"),
}
_KEPT = {"cache-control": "private, no-cache", "vary": "Authorization"}


@dataclass(frozen=True)
class Outlet:
    """What the routes share; ``base`` is the public address without a slash at its end, or empty."""

    store: Store
    gate: Gate
    sign: Sign
    base: str
    sender: str
    clock: Callable[[], datetime]
    pages: Pages = field(default_factory=Pages)


def feed_routes(outlet: Outlet) -> list[Route]:
    """Feeds by region and topic, and the CAP message of each version of an incident."""
    return [
        Route("/feeds/{region}/{name}", partial(_feed, outlet), methods=["GET"], name="feed"),
        Route("/cap/{name:path}", partial(_cap, outlet), methods=["GET"], name="cap"),
    ]


async def _feed(outlet: Outlet, request: Request) -> Response:
    region, topic, form = _asked(request)
    reader = await _reader(outlet, request)
    if reader is None or form not in _FORMATS or topic is None or not reader.may_read(region, topic):
        return not_found()
    before = request.query_params.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) <= 18):
        return not_found()
    wait = outlet.gate.wait_for(reader)
    if wait:
        return too_often(wait)
    mark = int(before) if before else None
    wanted = Wanted(region, topic, PAGE)
    marks = await outlet.store.read(lambda conn: keep.marks_of(conn, wanted, mark))
    key = (reader, form, request.url.path, mark, tuple(marks))
    page = outlet.pages.get(key) or outlet.pages.keep(key, await _page(outlet, reader, request, wanted, mark))
    return _conditional(request, page, outlet.clock())


async def _page(outlet: Outlet, reader: Reader, request: Request, wanted: Wanted, mark: int | None) -> Page:
    entries, following = await outlet.store.read(lambda conn: keep.page_of(conn, wanted, mark))
    feed = Feed(
        region=wanted.region,
        topic=wanted.topic,
        language=reader.language,
        zone=reader.zone,
        entries=tuple(entries),
        addresses=_addresses(outlet, reader),
        path=request.url.path,
        made_at=_BEGAN,
        following=following,
    )
    write, media_type = _FORMATS[request.url.path.rpartition(".")[2]]
    # A hundred entries take long enough to write that everybody else would wait.
    body = await asyncio.to_thread(write, feed)
    return Page(body, media_type, feed.updated_at)


async def _cap(outlet: Outlet, request: Request) -> Response:
    reader = await _reader(outlet, request)
    incident_id, _, number = request.path_params["name"].removesuffix(".xml").rpartition(".")
    if reader is None or not incident_id or not (number.isascii() and number.isdigit() and len(number) <= 9):
        return not_found()
    wait = outlet.gate.wait_for(reader)
    if wait:
        return too_often(wait)
    pairs = await outlet.store.read(lambda conn: keep.pairs_of(conn, incident_id))
    if not any(reader.may_read(region, topic) for region, topic in pairs):
        return not_found()
    history = await outlet.store.read(lambda conn: keep.events_of(conn, incident_id))
    message = cap.find_message(history, int(number))
    if message is None:
        return not_found()
    body = cap.write_cap(message, outlet.sender)
    page = Page(body, f"{cap.MEDIA_TYPE}; charset=utf-8", message.event.occurred_at)
    return _conditional(request, page, outlet.clock())


def _asked(request: Request) -> tuple[str, str | None, str]:
    region = request.path_params["region"]
    name, _, form = request.path_params["name"].rpartition(".")
    topic = ALL if name == EVERY else name if name in set(Topic) else None
    return (ALL if region == EVERY else region.upper()), topic, form


async def _reader(outlet: Outlet, request: Request) -> Reader | None:
    query = request.query_params
    authorization = request.headers.get("authorization")
    return await outlet.gate.who(Asked(request.url.path, authorization, query.get("token"), query.get("for")))


def _addresses(outlet: Outlet, reader: Reader) -> Addresses:
    def grant(path: str) -> str:
        return f"{path}?for={make_pass(outlet.sign, reader.reader_id, unquote(path))}"

    return Addresses(outlet.base, outlet.sender, grant)


def _conditional(request: Request, page: Page, now: datetime) -> Response:
    modified = last_modified(page.changed_at, now)
    headers = _KEPT | {"etag": page.etag} | ({"last-modified": modified} if modified else {})
    asked = request.headers
    if has_it(page.etag, modified, asked.get("if-none-match"), asked.get("if-modified-since")):
        return Response(status_code=304, headers=headers)
    return Response(page.body, media_type=page.media_type, headers=headers)
