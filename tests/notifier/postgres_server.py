"""A PostgreSQL of one's own for proofs and measurements outside a test run."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg

from services.runtime.apache import HOST, free_port
from tests.conftest import _connect, _postgres_binaries, _until_accepted


@contextlib.contextmanager
def postgres_server() -> Iterator[Callable[[], str]]:
    """Gives a function that makes an empty database and returns its address; durable settings, as delivered."""
    binaries, port = _postgres_binaries(), free_port()
    folder = Path(tempfile.mkdtemp(prefix="siaga-postgres-"))
    tied = ["setpriv", "--pdeathsig", "QUIT"]
    if os.geteuid() == 0:  # initdb refuses root
        tied += ["--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
        shutil.chown(folder, "nobody", "nogroup")
    data = folder / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", "siaga", "-A", "trust", "-E", "UTF8", "--no-locale", "-N"]
    subprocess.run([*tied, *initdb], check=True, capture_output=True, cwd=folder)
    options = {"port": port, "listen_addresses": HOST, "unix_socket_directories": ""}
    server = [binaries / "postgres", "-D", data, *(f"--{key}={value}" for key, value in options.items())]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*tied, *server], cwd=folder, stdout=log, stderr=log)

    def database() -> str:
        name = f"proof_{uuid.uuid4().hex}"
        connection: psycopg.Connection
        with _connect(port) as connection:
            connection.execute(f"CREATE DATABASE {name}")  # type: ignore[arg-type]
        return f"postgresql+psycopg://siaga@{HOST}:{port}/{name}"

    try:
        _until_accepted(port, process, folder / "log")
        yield database
    finally:
        process.send_signal(signal.SIGQUIT)
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)
