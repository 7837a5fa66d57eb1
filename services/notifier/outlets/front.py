"""The notifier's door to the outside: the same headers on every answer, and no word of what failed."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.notifier.outlets.answers import failed, not_found, not_now
from services.notifier.outlets.metrics import OutletMetrics
from services.runtime.errors import UnavailableError, told

log = structlog.get_logger(__name__)

_HEADERS = {
    "referrer-policy": "no-referrer",  # an address may hold a token
    "x-content-type-options": "nosniff",
    "x-robots-tag": "noindex, nofollow, noarchive",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-store",
}
_HSTS = "max-age=31536000"


def create_front(routes: Sequence[BaseRoute], metrics: OutletMetrics, *, https: bool) -> Starlette:
    """The application; ``https``: it is reached by HTTPS alone, so browsers are told to keep to it."""
    headers = _HEADERS | ({"strict-transport-security": _HSTS} if https else {})
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(_Guarded, headers=headers, metrics=metrics),
            Middleware(GZipMiddleware, minimum_size=1024),
        ],
        exception_handlers={HTTPException: _refuse},
    )
    # A redirect to the path with a slash would carry the token along into one more log.
    app.router.redirect_slashes = False
    return app


async def _refuse(request: Request, error: Exception) -> Response:
    if isinstance(error, HTTPException) and error.status_code == 405:
        return PlainTextResponse("Method not allowed\n", 405, headers=error.headers)
    return not_found()


class _Guarded:
    """Puts the headers on, counts, and turns whatever is raised into an answer without a traceback."""

    def __init__(self, app: ASGIApp, headers: dict[str, str], metrics: OutletMetrics) -> None:
        self._app = app
        self._headers = headers
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        began = False

        async def guarded_send(message: Message) -> None:
            nonlocal began
            if message["type"] == "http.response.start":
                began = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                self._metrics.requests.labels(_outlet(scope["path"]), f"{message['status'] // 100}xx").inc()
            await send(message)

        try:
            await self._app(scope, receive, guarded_send)
        except UnavailableError as error:
            log.warning("request not answered", reason=str(error))
            if not began:
                await not_now()(scope, receive, guarded_send)
        except Exception as error:
            # The path is not logged: it may hold a token.
            log.exception("request failed", outlet=_outlet(scope["path"]), reason=told(error))
            if not began:
                await failed()(scope, receive, guarded_send)


def _outlet(path: str) -> str:
    first = path.split("/", 2)[1] if path.startswith("/") else ""
    return {"feeds": "feed", "cap": "cap", "u": "stop"}.get(first, "other")
