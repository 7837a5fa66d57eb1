"""The answers everybody gets alike: one 404 for all that is not there or not yours, no word of why."""

from __future__ import annotations

import math

from starlette.responses import PlainTextResponse, Response

#: Never kept by anybody in between.
_NOT_KEPT = {"cache-control": "no-store"}


def not_found() -> Response:
    """Unknown, forbidden, expired, revoked or misspelt: who asks cannot tell which."""
    return PlainTextResponse("Not found\n", 404, headers=_NOT_KEPT)


def too_often(wait_s: float) -> Response:
    """Come back in so many seconds."""
    return PlainTextResponse("Too many requests\n", 429, headers=_NOT_KEPT | _after(wait_s))


def not_now() -> Response:
    """The store does not answer."""
    return PlainTextResponse("Not available now\n", 503, headers=_NOT_KEPT | _after(10))


def failed() -> Response:
    """A mistake of ours; what it was stands in the log."""
    return PlainTextResponse("Internal error\n", 500, headers=_NOT_KEPT)


def _after(seconds: float) -> dict[str, str]:
    return {"retry-after": str(max(1, math.ceil(seconds)))}
