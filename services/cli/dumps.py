"""Put one store into a file and back: SQLite by its online backup, PostgreSQL by pg_dump and pg_restore."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

import sqlalchemy as sa

from services.cli.holdings import Holding
from services.runtime.errors import OperatorError, one_line
from services.runtime.jars import need_command

_CHUNK = 1024 * 1024


def file_name(holding: Holding) -> str:
    """The store's file in a backup."""
    return f"{holding.name}.sqlite3" if holding.is_sqlite else f"{holding.name}.pgdump"


def exists(holding: Holding) -> bool:
    """Whether there is a store to put away; a PostgreSQL that is named is one."""
    return not holding.is_sqlite or holding.file.exists()


def dump(holding: Holding, target: Path) -> None:
    """A consistent copy of the store as of one moment, while its service runs or not.

    Raises:
        OperatorError: the store cannot be read, or the copy cannot be written.
    """
    if holding.is_sqlite:
        _copy_sqlite(holding.file, target)
    else:
        _run(holding, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={target}")
    target.chmod(0o600)


def need_empty(holding: Holding) -> None:
    """Refuse a target that holds anything: a restore never overwrites.

    Raises:
        OperatorError: there is something, or PostgreSQL does not answer.
    """
    if holding.is_sqlite:
        beside = [holding.file, *(Path(f"{holding.file}{end}") for end in ("-wal", "-shm", "-journal"))]
        if found := next((path for path in beside if path.exists()), None):
            raise OperatorError(str(found), "is there already: a restore never overwrites; move it away first")
        return
    engine = holding.engine()
    try:
        tables = sa.inspect(engine).get_table_names()
    except sa.exc.DBAPIError as error:
        raise OperatorError(f"{holding.name} store", one_line(str(error.orig), 200)) from None
    finally:
        engine.dispose()
    if tables:
        raise OperatorError(
            f"{holding.name} store", f"holds {len(tables)} tables already: a restore never overwrites"
        )


def load(holding: Holding, source: Path) -> None:
    """Make the empty store what the file holds; all of it or nothing.

    Raises:
        OperatorError: it cannot be written, or PostgreSQL refuses it.
    """
    if not holding.is_sqlite:
        _run(holding, "pg_restore", "--exit-on-error", "--single-transaction", "--no-owner", str(source))
        return
    try:
        holding.file.parent.mkdir(parents=True, exist_ok=True)
        fresh = holding.file.with_name(holding.file.name + ".restoring")
        shutil.copyfile(source, fresh)
        with fresh.open("rb") as written:
            os.fsync(written.fileno())
        fresh.replace(holding.file)
    except OSError as error:
        raise OperatorError(str(holding.file), f"cannot be written: {error.strerror}") from None


def digest(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        OperatorError: it cannot be read.
    """
    sum_ = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK):
                sum_.update(chunk)
    except OSError as error:
        raise OperatorError(str(path), f"cannot be read: {error.strerror}") from None
    return sum_.hexdigest()


def _copy_sqlite(source: Path, target: Path) -> None:
    try:
        with (
            contextlib.closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as store,
            contextlib.closing(sqlite3.connect(target)) as copy,
        ):
            store.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            (verdict,) = copy.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.Error as error:
        raise OperatorError(str(source), f"cannot be copied: {error}") from None
    if verdict != "ok":
        raise OperatorError(str(source), f"is damaged: {one_line(str(verdict), 200)}")


def _run(holding: Holding, program: str, *arguments: str) -> None:
    url = sa.make_url(holding.url)
    where = url.set(drivername="postgresql", password=None).render_as_string()
    command = [need_command(program, "postgresql-client"), "--no-password", f"--dbname={where}", *arguments]
    environment = os.environ | ({"PGPASSWORD": str(url.password)} if url.password else {})
    done = subprocess.run(  # noqa: S603 (no shell, own words)
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        raise OperatorError(f"{holding.name} store", one_line(lines[0] if lines else f"{program} failed", 300))
