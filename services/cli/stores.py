"""Ask the services' stores, read-only, and the one way the command line changes those of a `siaga run`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import sqlalchemy as sa

from services.runtime.engine import make_engine
from services.runtime.errors import OperatorError

T = TypeVar("T")
Question = Callable[[sa.Connection], T]
SERVICES = ("ingest", "tagger", "notifier")
#: A service may hold the write lock for as long as it commits a large batch.
_BUSY_S = 20.0


@dataclass(frozen=True)
class Stores:
    """The three stores, each asked by a question of its own service."""

    folder: Path
    #: Where a store is that is not in the folder, by service.
    urls: Mapping[str, str] = field(default_factory=dict)

    def path(self, service: str) -> Path:
        """The file of one service's store."""
        url = self.urls.get(service, "")
        database = sa.make_url(url).database if url.startswith("sqlite") else None
        return Path(database) if database else self.folder / f"{service}.sqlite3"

    def present(self) -> tuple[str, ...]:
        """The services whose store is there."""
        return tuple(service for service in SERVICES if self.path(service).exists())

    def ask(self, service: str, question: Question[T]) -> T:
        """Ask one store; it is opened for reading alone.

        Raises:
            OperatorError: it is not there, is no database, or its service is just making it.
        """
        if self.urls.get(service, "sqlite").startswith("sqlite"):
            return self._work(service, "ro", question)
        with _reading(service, self.urls[service]) as conn:
            return question(conn)

    def ask_if_ready(self, service: str, question: Question[T]) -> T | None:
        """The same for who looks again soon: None while the store cannot be asked."""
        try:
            return self.ask(service, question)
        except OperatorError:
            return None

    def change(self, service: str, work: Question[T]) -> T:
        """Do ``work`` in one durable transaction, while the service runs or not.

        Raises:
            OperatorError: as in ``ask``; nothing has changed then.
        """

        def transaction(conn: sa.Connection) -> T:
            conn.exec_driver_sql("PRAGMA synchronous=FULL")
            # A read that turns into a write fails at once when the service writes: the lock comes first.
            conn.exec_driver_sql("BEGIN IMMEDIATE")
            result = work(conn)  # what it raises closes the connection, and with it the transaction
            conn.exec_driver_sql("COMMIT")
            return result

        return self._work(service, "rw", transaction)

    def _work(self, service: str, mode: str, work: Question[T]) -> T:
        path = self.path(service)
        if not path.exists():
            raise OperatorError(
                str(path),
                "is not there; --data names the folder of a `siaga run`, SIAGA_…_STORE another store",
            )
        url = sa.URL.create("sqlite", database=f"file:{quote(str(path))}", query={"mode": mode, "uri": "true"})
        engine = sa.create_engine(
            url,
            poolclass=sa.NullPool,
            isolation_level="AUTOCOMMIT",  # BEGIN is ours
            connect_args={"timeout": _BUSY_S},
            hide_parameters=True,
        )
        try:
            with engine.connect() as conn:
                return work(conn)
        except sa.exc.DBAPIError as error:
            doing = "read" if mode == "ro" else "changed"
            raise OperatorError(str(path), f"cannot be {doing}: {error.orig}") from None
        finally:
            engine.dispose()


@contextmanager
def _reading(service: str, url: str) -> Iterator[sa.Connection]:
    """A server's store, in a transaction that can change nothing."""
    engine = make_engine(url)
    try:
        with engine.connect().execution_options(postgresql_readonly=True) as conn:
            yield conn
    except sa.exc.DBAPIError as error:
        first = str(error.orig).strip().splitlines()[:1]
        raise OperatorError(f"store of {service}", f"cannot be read: {' '.join(first)}") from None
    finally:
        engine.dispose()
