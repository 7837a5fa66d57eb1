"""Say what is wrong in one form for every error: RFC 9457, application/problem+json."""

from __future__ import annotations

import json
import math
from http import HTTPStatus
from typing import Any

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from services.runtime.errors import one_line

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"
_SHOWN_AT_MOST = 20


class Fault(BaseModel):
    """One thing that is wrong, and where."""

    model_config = ConfigDict(frozen=True)

    where: str = Field(description="the parameter, or the path to the field, parts joined by a dot")
    what: str


class Problem(BaseModel):
    """Why there is no answer (RFC 9457).  ``type`` is about:blank: the status says what sort of problem it is."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "type": "about:blank", "title": "Unprocessable Content", "status": 422,
                    "detail": "days: Input should be greater than or equal to 1",
                    "errors": [{"where": "days", "what": "Input should be greater than or equal to 1"}],
                }
            ]
        },
    )  # fmt: skip

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[Fault] = []


class ProblemError(Exception):
    """There is no answer; ``status`` is HTTP's, ``headers`` go along."""

    def __init__(self, status: int, detail: str, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.detail = detail
        self.headers = headers
        super().__init__(detail)


def problem(
    status: int, detail: str, headers: dict[str, str] | None = None, errors: list[Fault] | None = None
) -> Response:
    """The answer for a problem."""
    said = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, errors=errors or [])
    return Response(said.model_dump_json(), status, headers, MEDIA_TYPE)


def not_now(wait_s: float = 10) -> Response:
    """The store does not answer."""
    return problem(503, "the store does not answer now", {"retry-after": str(math.ceil(wait_s))})


async def say_problem(request: Request, error: Exception) -> Response:
    """Ours."""
    assert isinstance(error, ProblemError)
    if error.status in {401, 403}:
        # Never the token, nor the path, which may hold one: the reader's id where there is a reader.
        log.info("request refused", status=error.status, reader_id=getattr(request.state, "reader_id", ""))
    return problem(error.status, error.detail, error.headers)


async def say_refusal(_: Request, error: Exception) -> Response:
    """The router's: no such address, or not this method."""
    assert isinstance(error, HTTPException)
    return problem(error.status_code, error.detail, dict(error.headers or {}))


async def say_what_is_wrong(_: Request, error: Exception) -> Response:
    """A parameter that cannot be meant."""
    assert isinstance(error, RequestValidationError)
    return faulty([(one["loc"][1:] or one["loc"], str(one["msg"])) for one in error.errors()])


async def say_failed(_: Request, __: Exception) -> Response:
    """A mistake of ours; what it was stands in the log."""
    return problem(500, "a mistake of ours; it was logged")


def faults_of(error: ValidationError) -> Response:
    """A body that cannot be meant."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    return faulty([(one["loc"], str(one["msg"])) for one in found])


def faulty(found: list[tuple[tuple[int | str, ...], str]]) -> Response:
    """422 with each thing that is wrong; what was given is cut, and never more than a line of it comes back."""
    faults = [
        Fault(where=one_line(".".join(str(part) for part in where), 200) or "body", what=one_line(what, 200))
        for where, what in found[:_SHOWN_AT_MOST]
    ]
    return problem(422, f"{faults[0].where}: {faults[0].what}", errors=faults)


def example() -> dict[str, Any]:
    """A problem as the description shows it."""
    shown: dict[str, Any] = json.loads(Problem(title="Forbidden", status=403, detail="why").model_dump_json())
    return shown
