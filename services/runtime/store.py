"""One service's database: SQLite with group commit, or PostgreSQL; every piece of work is one transaction."""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import zlib
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from services.runtime import engine as engines
from services.runtime.engine import connect_to_write, make_engine
from services.runtime.errors import OperatorError, UnavailableError
from services.runtime.leads import Leads
from services.runtime.outages import first_line, is_outage, told_apart
from services.runtime.schema import current, migration_heads, need_head, shown, upgrade
from services.runtime.silence import SILENT_AFTER_S, SilenceGuard

T = TypeVar("T")
Work = Callable[[sa.Connection], T]

#: SQLite commits at most this many pieces of work together; one fsync serves them all.
GROUP_COMMIT = 200
ANSWER_WITHIN_S = 2.0
_SERIAL_LOCK = zlib.crc32(b"siaga-serial")


@dataclass(frozen=True)
class _Queued:
    work: Work[Any]
    done: Future[Any]


class Store:
    """A service's tables behind threads.

    Writers of a SQLite store form one queue whose members commit together, each in a savepoint of
    its own where there are several, so one failing piece of work takes no other with it.  PostgreSQL
    runs them in parallel; ``serial=True`` takes the store-wide lock (an advisory lock held to the end
    of the transaction).
    """

    def __init__(
        self, engine: sa.Engine, *, silent_after_s: float = SILENT_AFTER_S, schema: str | None = None
    ) -> None:
        """``schema``: the revision this program is made for; None where nobody migrates under it."""
        self.engine = engine
        self._schema = schema
        self.is_sqlite = engine.dialect.name == "sqlite"
        self._silence = None if self.is_sqlite else SilenceGuard(engine, silent_after_s)
        self._threads = ThreadPoolExecutor(max_workers=4, thread_name_prefix="store")
        self._queue: queue.SimpleQueue[_Queued | None] = queue.SimpleQueue()
        self._leads = Leads(engine)
        self._closed = False
        self._writing: sa.Connection | None = None
        self._writer: threading.Thread | None = None
        if self.is_sqlite:
            self._writer = threading.Thread(target=self._write_groups, name="store-writer", daemon=True)
            self._writer.start()

    @classmethod
    def open(cls, url: str, migrations: Path, *, migrate: bool = True) -> Store:
        """Connect, bring the schema up to date, and return the store.

        Args:
            url: SQLite or PostgreSQL.
            migrations: the folder of the service's migrations.
            migrate: False where `siaga migrate` does that before services start.

        Raises:
            OperatorError: the URL is malformed, the server does not answer, the folder is missing
                or the schema is newer than this program; without ``migrate`` also if it is older.
        """
        engine = make_engine(url)
        try:
            if migrate:
                upgrade(engine, migrations)
            else:
                need_head(engine, migrations)
        except DBAPIError as error:
            engine.dispose()
            raise OperatorError(f"store {shown(engine)}", first_line(error)) from None
        except OperatorError:
            engine.dispose()
            raise
        return cls(engine, schema=migration_heads(migrations)[0])

    async def read(self, work: Work[T]) -> T:
        """Run ``work`` in a read transaction of its own.

        Raises:
            UnavailableError: the database does not answer.
        """
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._read, work)

    async def write(self, work: Work[T], *, serial: bool = False) -> T:
        """Run ``work`` in a transaction and return once it is durable.

        Args:
            work: gets the connection; what it raises rolls back this piece of work alone.
            serial: no other serial work of any replica runs at the same time.

        Raises:
            UnavailableError: the database does not answer.
        """
        if self.is_sqlite:
            if self._closed:
                raise UnavailableError("the store is closed")
            done: Future[T] = Future()
            self._queue.put(_Queued(work, done))
            return await asyncio.wrap_future(done)
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._write_one, work, serial)

    async def lead(self, name: str) -> bool:
        """Whether this process holds the one place ``name`` of this store; it keeps it to its end."""
        if self._leads.keep(name):
            return True
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._try_lead, name)

    async def answers(self) -> bool:
        """Whether the database can be read now, within two seconds: who asks has a time limit too."""
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self.read(lambda conn: conn.execute(sa.text("SELECT 1")).scalar())
        except (UnavailableError, TimeoutError):
            return False
        return True

    async def works(self) -> bool:
        """Whether it can be read and written now: a writer that hangs still lets others read."""
        if not await self.answers():
            return False
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await self.write(_write_nothing)
        except (UnavailableError, TimeoutError, DBAPIError):
            return False
        return True

    async def close(self) -> None:
        """Finish queued work and give everything back."""
        self._closed = True
        if self._writer:
            self._queue.put(None)
            await asyncio.to_thread(self._writer.join)
        self._leads.close()
        self._threads.shutdown(wait=True)
        if self._silence:
            self._silence.stop()
        self.engine.dispose()

    def _read(self, work: Work[T]) -> T:
        try:
            with (
                self._watched(),
                self.engine.connect().execution_options(siaga_read=True) as conn,
                conn.begin(),
            ):
                return work(conn)
        except DBAPIError as error:
            raise self._told_apart(error) from error

    def _write_one(self, work: Work[T], serial: bool) -> T:
        try:
            with self._watched(), self.engine.begin() as conn:
                if not self.is_sqlite:
                    conn.execute(sa.text(f"SET LOCAL lock_timeout = {engines.LOCK_WAIT_MS}"))
                if serial:
                    conn.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": _SERIAL_LOCK})
                return work(conn)
        except DBAPIError as error:
            raise self._told_apart(error) from error

    def _write_groups(self) -> None:
        while True:
            first = self._queue.get()
            if first is None:
                break
            group = [first]
            last = False
            while len(group) < GROUP_COMMIT and not self._queue.empty():
                more = self._queue.get()
                if more is None:
                    last = True
                    break
                group.append(more)
            self._commit(group)
            if last:
                break
        self._let_go()

    def _own(self) -> sa.Connection:
        """The writer's own connection, taken once.

        SQLite empties a connection's cache of pages once another one has written: writing by whichever is free
        reads the same pages again and again, into every connection's cache.
        """
        if self._writing is None:
            self._writing = connect_to_write(self.engine)
        return self._writing

    def _let_go(self) -> None:
        """Close it; what comes next takes another one."""
        held, self._writing = self._writing, None
        if held is not None:
            held.invalidate()  # closed and not put back in order: what is broken may refuse that
            held.close()

    def _commit(self, group: list[_Queued]) -> None:
        # Who waits no more has nothing begun, so it never happened.  Once begun it cannot be called off.
        begun = [queued for queued in group if queued.done.set_running_or_notify_cancel()]
        results: list[tuple[_Queued, Any, BaseException | None]] = []
        try:
            conn = self._own()
            with conn.begin():
                for queued in begun:
                    try:
                        with _undone_alone(conn, among=len(begun)):
                            results.append((queued, queued.work(conn), None))
                    except Exception as error:
                        if len(begun) == 1 or is_outage(error):
                            raise
                        results.append((queued, None, error))
        except Exception as error:  # noqa: BLE001 - the thread must live, and whoever waits must hear
            # Nothing of the group is durable: everyone who waits hears so.
            told = self._told_apart(error) if isinstance(error, DBAPIError) else error
            for queued in begun:
                queued.done.set_exception(told)
            self._let_go()  # nobody knows what state the connection is in
            return
        for queued, value, failure in results:
            if failure is None:
                queued.done.set_result(value)
            else:
                queued.done.set_exception(
                    self._told_apart(failure) if isinstance(failure, DBAPIError) else failure
                )

    def _try_lead(self, name: str) -> bool:
        with self._watched():
            return self._leads.take(name)

    def _told_apart(self, error: DBAPIError) -> Exception:
        """Also, what fails on a schema that changed under this program is no fault of the work.

        While an upgrade migrates, the version before still runs: its records wait for the next one.
        """
        if self._schema is None or is_outage(error):
            return told_apart(error)
        try:
            now = current(self.engine)
        except DBAPIError:
            return error
        if now == self._schema:
            return error
        return UnavailableError(
            f"the store's schema is {now} by now and this program is made for {self._schema}: {first_line(error)}"
        )

    def _watched(self) -> contextlib.AbstractContextManager[None]:
        return self._silence.watching() if self._silence else contextlib.nullcontext()


def _write_nothing(conn: sa.Connection) -> None:
    """As much as tells whether others can write; SQLite's BEGIN IMMEDIATE is enough.

    PostgreSQL hears of an empty transaction nothing at all, and waits for disk and standby only where something
    was logged; a message for nobody is, and read-only transactions may send one.
    """
    if conn.dialect.name == "postgresql":
        if conn.execute(sa.text("SHOW transaction_read_only")).scalar() == "on":
            raise UnavailableError("the store is read-only")
        conn.execute(sa.text("SELECT pg_logical_emit_message(true, 'siaga', '')"))


def _undone_alone(conn: sa.Connection, *, among: int) -> contextlib.AbstractContextManager[object]:
    """What keeps a piece of work's failure to itself.

    SQLite copies every page that is changed under a savepoint: a piece that stands alone goes without, and is
    undone with its transaction.
    """
    return conn.begin_nested() if among > 1 else contextlib.nullcontext()


__all__ = ["GROUP_COMMIT", "Store", "Work", "first_line", "migration_heads"]
