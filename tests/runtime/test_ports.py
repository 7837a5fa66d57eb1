"""A port that one run holds for a server is no other run's, before that server starts and after it died."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from services.runtime.ports import HOST, hold_port

ROOT = Path(__file__).resolve().parents[2]
#: Holds ports, tells them, and keeps them until its input ends.
A_RUN = (
    "import sys; from services.runtime.ports import hold_port\n"
    "print(*(hold_port() for _ in range(200)), flush=True); sys.stdin.read()"
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux lets a server in on a held port")


async def serve(port: int) -> asyncio.Server:
    return await asyncio.start_server(lambda _, writer: writer.close(), HOST, port)


def test_ports_of_runs_at_the_same_time_differ() -> None:
    command = [sys.executable, "-c", A_RUN]
    runs = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        told = [set(run.stdout.readline().split()) for run in runs if run.stdout]
    finally:
        for run in runs:
            run.communicate()
    assert [len(ports) for ports in told] == [200, 200] and not told[0] & told[1]


def test_a_held_port_is_not_held_twice() -> None:
    with pytest.raises(OSError, match="in use"):
        hold_port(hold_port())


async def test_a_port_that_is_listened_on_is_not_held() -> None:
    async with await serve(0) as server:
        with pytest.raises(OSError, match="in use"):
            hold_port(server.sockets[0].getsockname()[1])


def test_nobody_answers_on_a_held_port() -> None:
    with pytest.raises(ConnectionRefusedError), socket.create_connection((HOST, hold_port())):
        pass


async def test_a_server_listens_on_a_held_port_again_after_it_ended_and_nobody_else_between() -> None:
    port = hold_port()
    for _ in range(2):
        async with await serve(port):
            reader, writer = await asyncio.open_connection(HOST, port)
            assert await reader.read() == b""
            writer.close()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind((HOST, port))
