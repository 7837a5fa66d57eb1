"""The places of a store that one process of all holds at a time: a file's lock, or PostgreSQL's."""

from __future__ import annotations

import fcntl
import zlib
from pathlib import Path
from typing import IO

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from services.runtime.errors import UnavailableError
from services.runtime.outages import told_apart


class Leads:
    """What this process holds of them."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine
        self._is_sqlite = engine.dialect.name == "sqlite"
        self._held: dict[str, IO[str] | sa.Connection] = {}

    def keep(self, name: str) -> bool:
        """Whether this place is surely still ours without a look at the database; the relay asks at each round."""
        return self._is_sqlite and name in self._held  # a file's lock is ours until we let it go

    def take(self, name: str) -> bool:
        """Whether this place is ours now; it stays so until ``close``, or until the server drops the session.

        Raises:
            UnavailableError: the database does not answer, or the file cannot be made.
        """
        if name in self._held:
            return self._still_held(name)
        return self._by_file(name) if self._is_sqlite else self._by_session(name)

    def close(self) -> None:
        """Let all of them go."""
        for held in self._held.values():
            held.close()

    def _by_session(self, name: str) -> bool:
        try:
            conn = self._engine.connect()
            try:
                locked = conn.execute(
                    sa.text("SELECT pg_try_advisory_lock(:key)"), {"key": zlib.crc32(name.encode())}
                )
                if locked.scalar():
                    conn.commit()
                    self._held[name] = conn
                    return True
            finally:
                if name not in self._held:
                    conn.close()
        except DBAPIError as error:
            raise told_apart(error) from error
        return False

    def _still_held(self, name: str) -> bool:
        held = self._held[name]
        if not isinstance(held, sa.Connection):
            return True
        try:
            held.execute(sa.text("SELECT 1"))
            held.commit()
        except DBAPIError:  # the server dropped the session, and the lock with it
            del self._held[name]
            held.close()
            return False
        return True

    def _by_file(self, name: str) -> bool:
        database = self._engine.url.database
        if not database or database == ":memory:":
            return True
        try:
            handle = Path(f"{database}.{name}.lock").open("w")  # noqa: SIM115 - held as long as we lead
        except OSError as error:
            raise UnavailableError(f"{name}.lock: {error.strerror}") from error
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            handle.close()
            return False
        self._held[name] = handle
        return True
