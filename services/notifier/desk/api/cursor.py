"""Where a list goes on: a place in its order, so that what is added meanwhile neither repeats nor hides a line."""

from __future__ import annotations

import base64
import binascii
import json
import math

from services.notifier.desk.api.problems import ProblemError

LONGEST = 4_000
_HIGHEST = 2**63 - 1


def write_cursor(*place: float | str) -> str:
    """A place as text that fits into an address."""
    return base64.urlsafe_b64encode(json.dumps(place, ensure_ascii=False).encode()).decode().rstrip("=")


def read_moment(cursor: str) -> tuple[float, str]:
    """A place in a list that is ordered by an instant and an id.

    Raises:
        ProblemError: it is none of ours.
    """
    match _read(cursor):
        case [int() | float() as at, str() as name] if not isinstance(at, bool) and math.isfinite(at):
            return float(at), name.replace("\x00", "")
    raise ProblemError(422, "cursor: is not one that this list gave")


def read_number(cursor: str) -> int:
    """A place in a list that is ordered by a running number.

    Raises:
        ProblemError: it is none of ours.
    """
    match _read(cursor):
        case [int() as number] if not isinstance(number, bool) and 0 <= number <= _HIGHEST:
            return number
    raise ProblemError(422, "cursor: is not one that this list gave")


def _read(cursor: str) -> object:
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        found = json.loads(text)
        # A number too long for a float is an OverflowError further on; a lone surrogate cannot be sent to a store.
        json.dumps(found, ensure_ascii=False).encode()
        if isinstance(found, list) and found and isinstance(found[0], int):
            float(found[0])
    except (binascii.Error, ValueError, RecursionError, OverflowError):
        return None
    return found
