"""Tell an outage of a database from a fault of the work that was asked of it."""

from __future__ import annotations

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from services.runtime.errors import UnavailableError, one_line

# sqlite.org/rescode.html: busy, locked, out of memory, read-only, I/O, full, cannot open, protocol.
_SQLITE_OUTAGES = frozenset({5, 6, 7, 8, 10, 13, 14, 15})
#: PostgreSQL: a transaction that may only read; psycopg counts it among its internal errors.  Locks not had in
#: time, deadlocks, full disks and servers going down are operational errors.
_READ_ONLY = "25006"


def is_outage(error: BaseException) -> bool:
    """Whether the database could not be asked at all; tried again, the same work may succeed."""
    if not isinstance(error, DBAPIError):
        return False
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return (code & 0xFF) in _SQLITE_OUTAGES
    if getattr(error.orig, "sqlstate", None) == _READ_ONLY:
        return True
    return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated


def told_apart(error: DBAPIError) -> Exception:
    """An outage as ``UnavailableError``; anything else is a fault of the work and stays what it is."""
    return UnavailableError(first_line(error)) if is_outage(error) else error


def first_line(error: DBAPIError) -> str:
    """What the database says, without the statement."""
    return one_line(str(error.orig or error).strip().splitlines()[0], 300)
