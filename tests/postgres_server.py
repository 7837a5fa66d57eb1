"""A PostgreSQL of one's own, for a test run, a proof or a measurement."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import sql

from services.runtime.errors import OperatorError
from services.runtime.ports import HOST, hold_port


@dataclass(frozen=True)
class PostgresServer:
    """One that runs and answers."""

    port: int

    def database(self, prefix: str = "proof") -> str:
        """Make an empty database; its address, as SQLAlchemy wants it."""
        name = f"{prefix}_{uuid.uuid4().hex}"
        with _connect(self.port) as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
        return f"postgresql+psycopg://siaga@{HOST}:{self.port}/{name}"


@contextlib.contextmanager
def postgres_server() -> Iterator[PostgresServer]:
    """Start one with durable settings, as delivered; it is gone with all its data at the end.

    Raises:
        OperatorError: it is not installed or does not start.
    """
    binaries, port = _binaries(), hold_port()
    folder = Path(tempfile.mkdtemp(prefix="siaga-postgres-"))
    # QUIT ends PostgreSQL at once, also when who started it was killed.
    tied = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() == 0:  # initdb refuses root
        tied += ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
        shutil.chown(folder, "nobody", "nogroup")
    data = folder / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", "siaga", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    subprocess.run([*tied, *initdb], check=True, capture_output=True, cwd=folder)
    options = {"port": port, "listen_addresses": HOST, "unix_socket_directories": "", "max_connections": 100}
    server = [binaries / "postgres", "-D", data, *(f"--{key}={value}" for key, value in options.items())]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*tied, *server], cwd=folder, stdout=log, stderr=log)
    try:
        _until_accepted(port, process, folder / "log")
        yield PostgresServer(port)
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def _connect(port: int) -> psycopg.Connection:
    return psycopg.connect(host=HOST, port=port, user="siaga", dbname="postgres", autocommit=True)


def _until_accepted(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        with contextlib.suppress(psycopg.OperationalError):
            _connect(port).close()
            return
        time.sleep(0.1)
    raise OperatorError("PostgreSQL", f"did not start: {log.read_text()[-500:]}")


def _binaries() -> Path:
    """The folder of initdb and postgres: Debian keeps them out of the path."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("initdb")
    if not found and on_path is None:
        raise OperatorError("PostgreSQL", "initdb is not installed; Debian has it in the package postgresql")
    return found[-1].parent if found else Path(str(on_path)).resolve().parent
