"""Open connections to SQLite or PostgreSQL, as durable and as patient as a service's store has to be."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError

from services.runtime.errors import OperatorError

#: A lock that others hold for longer is an outage, said before a handler's own limit makes it the record's fault.
LOCK_WAIT_MS = 10_000
#: Prepared statements that each SQLite connection keeps, 5 to 20 KB each.  A service has some fifty; every length
#: of a list that is asked for is another one, and twice as many would be an hour in filling up.
KEPT_STATEMENTS = 64
#: What a connection that only reads keeps of the pages it read: the next write by another one makes it worthless,
#: and yet it stays.  Who writes all the time has a cache that lasts, of SQLite's own size.
READ_CACHE_KIB, WRITE_CACHE_KIB = 256, 2000
#: libpq: a server that does not answer is an outage after seconds, not after the kernel's minutes.
_PATIENCE = {
    "connect_timeout": 5,
    "tcp_user_timeout": 15_000,
    "keepalives_idle": 10,
    "keepalives_interval": 5,  # the kernel's 75 s would ask once in 85 s
}


def make_engine(url: str) -> sa.Engine:
    """The connections to a store; none is opened yet.

    Raises:
        OperatorError: the URL is malformed, or the folder of a SQLite store cannot be made.
    """
    try:
        parsed = sa.make_url(url)
    except ArgumentError:
        raise OperatorError("store URL", "is not a database URL; e.g. sqlite:///var/tagger.sqlite3") from None
    if parsed.get_backend_name() == "sqlite":
        return _sqlite_engine(parsed)
    if parsed.drivername in {"postgresql", "postgresql+psycopg"}:
        return sa.create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            connect_args=_PATIENCE,
            pool_size=8,
            pool_pre_ping=True,
            hide_parameters=True,
        )
    raise OperatorError("store URL", f"{parsed.drivername} is neither sqlite nor postgresql+psycopg")


def connect_to_write(engine: sa.Engine) -> sa.Connection:
    """A connection to SQLite on which everything is written from now on.

    Pages as they were before a savepoint, names and all, it keeps in memory until the end of the transaction, and
    not in a file in the system's folder for temporary ones.
    """
    conn = engine.connect()
    try:
        cursor = conn.connection.cursor()  # not by SQLAlchemy: it would begin a transaction
        cursor.execute(f"PRAGMA cache_size={-WRITE_CACHE_KIB}")
        cursor.execute("PRAGMA temp_store=MEMORY")
        cursor.close()
    except BaseException:
        conn.close()
        raise
    return conn


def _sqlite_engine(url: sa.URL) -> sa.Engine:
    if url.database and url.database != ":memory:":
        folder = Path(url.database).parent
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OperatorError(f"store folder {folder}", f"cannot be made: {error.strerror}") from None
    kept = {"timeout": LOCK_WAIT_MS / 1000, "check_same_thread": False, "cached_statements": KEPT_STATEMENTS}
    # The one used last, so that as few as possible keep anything.
    turns = {"pool_use_lifo": True} if url.database and url.database != ":memory:" else {}
    engine = sa.create_engine(url, connect_args=kept, hide_parameters=True, **turns)

    @sa.event.listens_for(engine, "connect")
    def _prepare(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # BEGIN is ours, below
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",  # what is dropped is raw text with names in it: gone, not left in free pages
            f"busy_timeout={LOCK_WAIT_MS}",
            f"cache_size={-READ_CACHE_KIB}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @sa.event.listens_for(engine, "begin")
    def _begin(conn: sa.Connection) -> None:
        # A read that turns into a write fails at once and ignores busy_timeout: ask for the lock first.
        reading = conn.get_execution_options().get("siaga_read")
        conn.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    return engine
