"""Answer with JSON: a mark of what it says, so that the same need not be sent twice, and where a list goes on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from services.notifier.desk.api.problems import ProblemError, faults_of

LARGEST = 16 * 1024
GEOJSON = "application/geo+json"
#: Asked again each time, kept by the reader alone: another token sees something else.
_KEPT = {"cache-control": "private, no-cache", "vary": "Authorization"}
M = TypeVar("M", bound=BaseModel)


class WrongBodyError(Exception):
    """The body cannot be meant; ``answer`` says why."""

    def __init__(self, answer: Response) -> None:
        self.answer = answer
        super().__init__()


def answer(
    request: Request, said: BaseModel, *, more: str | None = None, media_type: str = "application/json"
) -> Response:
    """What was asked for, or 304 where the asker has it already (RFC 9110, 13.1.2).

    Args:
        request: may name in If-None-Match what the asker has.
        said: the whole answer.
        more: the cursor of the part after this one.
        media_type: of the answer.
    """
    return _answer(request, said.model_dump_json().encode(), more, media_type)


def answer_list(request: Request, said: Iterable[BaseModel]) -> Response:
    """The same for a list that is answered whole."""
    return _answer(request, b"[" + b",".join(one.model_dump_json().encode() for one in said) + b"]", None, None)


def mark_of(body: bytes) -> str:
    """A weak mark: the same bytes may travel compressed or not."""
    return f'W/"{hashlib.sha256(body).hexdigest()[:32]}"'


def _answer(request: Request, body: bytes, more: str | None, media_type: str | None) -> Response:
    mark = mark_of(body)
    headers = {"etag": mark} | _KEPT
    if more is not None:
        headers["link"] = f'<{address(request, more)}>; rel="next"'
    if has_mark(request.headers.get("if-none-match", ""), mark):
        return Response(status_code=304, headers=headers)
    return Response(body, 200, headers, media_type or "application/json")


def has_mark(given: str, mark: str) -> bool:
    """Whether a list of marks holds this one, compared weakly."""
    wanted = mark.removeprefix("W/")
    marks = [one.strip().removeprefix("W/") for one in given.split(",")]
    return "*" in marks or wanted in marks


def address(request: Request, cursor: str) -> str:
    """The same question from this place on; a path without a host, since a proxy may stand before us."""
    asked = request.url.include_query_params(cursor=cursor)
    return f"{asked.path}?{asked.query}"


async def read_body(request: Request, model: type[M]) -> M:
    """The body of a request.

    Raises:
        ProblemError: it is no JSON by its type, or too large.
        WrongBodyError: it does not say what it should.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ProblemError(415, "the body must be application/json")
    body = b""
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > LARGEST:
                raise ProblemError(413, f"the body is longer than {LARGEST} bytes")
    except ClientDisconnect:
        raise ProblemError(400, "the body did not come whole") from None
    try:
        return TypeAdapter(model).validate_json(body)
    except ValidationError as error:
        raise WrongBodyError(faults_of(error)) from None


async def say_wrong_body(_: Request, error: Exception) -> Response:
    """The answer for a body that cannot be meant."""
    assert isinstance(error, WrongBodyError)
    return error.answer
