"""The application for programs: its routes, one form for every error, and how often somebody may ask."""

from __future__ import annotations

import re
from typing import Any

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.notifier.desk.api.description import PARAMETERS, TAGS, describe
from services.notifier.desk.api.incidents import incident_routes
from services.notifier.desk.api.office import office_routes
from services.notifier.desk.api.own import own_routes
from services.notifier.desk.api.problems import (
    ProblemError,
    not_now,
    say_failed,
    say_problem,
    say_refusal,
    say_what_is_wrong,
)
from services.notifier.desk.api.reply import WrongBodyError, say_wrong_body
from services.notifier.desk.api.stories import story_routes
from services.notifier.desk.desk import Desk
from services.notifier.outlets.gate import Gate, Limits
from services.runtime.errors import UnavailableError, told

log = structlog.get_logger(__name__)

PREFIX = "/api/v1"


class _Whole(Mount):
    """A mount that also takes paths with a line break in them, so that they too are answered in our form."""

    def __init__(self, path: str, app: ASGIApp) -> None:
        super().__init__(path, app)
        self.path_regex = re.compile(self.path_regex.pattern, re.DOTALL)


def mount_api(desk: Desk, gate: Gate) -> Mount:
    """The application at ``PREFIX``."""
    return _Whole(PREFIX, create_api(desk, gate))


def create_api(desk: Desk, gate: Gate) -> FastAPI:
    """The application, to be mounted at ``PREFIX``."""
    api = FastAPI(
        title="Siaga desk",
        version="1",
        summary="Incidents of human trafficking and border crime, as reported by the press",
        description="A token sees its own regions and topics alone.  Labels are made by a machine.",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        openapi_tags=TAGS,
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
        generate_unique_id_function=_name_of,
        redirect_slashes=False,
    )
    api.state.desk, api.state.gate = desk, gate
    for routes in (incident_routes, story_routes, own_routes, office_routes):
        api.include_router(routes(desk))
    api.add_exception_handler(ProblemError, say_problem)
    api.add_exception_handler(WrongBodyError, say_wrong_body)
    api.add_exception_handler(HTTPException, say_refusal)
    api.add_exception_handler(RequestValidationError, say_what_is_wrong)
    api.add_exception_handler(UnavailableError, _say_unavailable)
    api.add_exception_handler(Exception, say_failed)
    api.add_middleware(_Counted)
    api.openapi = lambda: _described(api)  # type: ignore[method-assign]
    return api


def _name_of(route: APIRoute) -> str:
    return route.name


def _described(api: FastAPI) -> dict[str, Any]:
    if api.openapi_schema is None:
        made = get_openapi(
            title=api.title, version=api.version, summary=api.summary, description=api.description,
            routes=api.routes, tags=api.openapi_tags, servers=api.servers,
        )  # fmt: skip
        described = describe(api, made)
        described["components"]["parameters"] = PARAMETERS
        api.openapi_schema = described
    return api.openapi_schema


async def _say_unavailable(_: Request, error: Exception) -> Response:
    log.warning("request not answered", reason=told(error))
    return not_now()


class _Counted:
    """Tells on every answer how many requests are left (IETF draft RateLimit header fields)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        state: dict[str, Any] = dict(scope.get("state") or {})
        scope["state"] = state

        async def counted(message: Message) -> None:
            limits: Limits | None = state.get("limits")
            if message["type"] == "http.response.start" and limits is not None:
                headers = MutableHeaders(scope=message)
                window = round(limits.rate.burst * 60 / limits.rate.per_minute)
                headers["ratelimit-policy"] = f'"default";q={limits.rate.burst:.0f};w={window}'
                headers["ratelimit"] = f'"default";r={limits.left};t={limits.full_in_s}'
            await send(message)

        await self._app(scope, receive, counted)
