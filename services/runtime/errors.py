"""The errors that cross a boundary, and what each means for whoever catches it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import NoReturn

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError

#: Exit status of a mistake the operator can mend: configuration, a missing secret, a port in use.
EXIT_OPERATOR = 2


class OperatorError(Exception):
    """Something the operator must mend: printed as one line, exit status 2, never a traceback."""

    def __init__(self, where: str, reason: str) -> None:
        self.where = one_line(where)
        self.reason = one_line(reason)
        super().__init__(f"{self.where}: {self.reason}")


class UnavailableError(Exception):
    """A store or a broker does not answer: the record is good, try again later, never a dead letter."""


def one_line(text: str, limit: int = 500) -> str:
    """The text without control characters or line breaks, cut at ``limit`` characters."""
    flat = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return flat if len(flat) <= limit else flat[: limit - 1] + "…"


def told(error: BaseException) -> str:
    """What an exception says, without the input it was made from: that may be a story or a name."""
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the whole"
        return f"{type(error).__name__}: {error.error_count()} wrong, first {where}: {first['type']}"
    if isinstance(error, DBAPIError):
        return f"{type(error).__name__}: {one_line(str(error.orig), 200)}"
    return f"{type(error).__name__}: {one_line(str(error), 200)}"


def end_with(error: OperatorError, program: str) -> NoReturn:
    """Print the error's one line on stderr and end the process with status 2."""
    sys.stderr.write(f"{program}: {error}\n")
    sys.stderr.flush()
    raise SystemExit(EXIT_OPERATOR)


def guarded(program: str, main: Callable[[], int]) -> int:
    """Run ``main``; an operator's mistake becomes one line and status 2."""
    try:
        return main()
    except OperatorError as error:
        end_with(error, program)
    except KeyboardInterrupt:
        return 130
