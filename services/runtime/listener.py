"""Listen on a port and answer HTTP with an ASGI application until told to end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Any

import uvicorn

from services.runtime.errors import OperatorError

#: An answer that is being written when the service stops may take this long.
GRACE_S = 3


class Server(uvicorn.Server):
    """uvicorn raises a caught signal again when it ends, which would hide our exit status."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def make_server(app: Any, **changes: Any) -> Server:
    """A server without an access log: addresses of readers and their tokens stand in request lines."""
    given: dict[str, Any] = {
        # The broker is started and stopped by the service and not by the app's lifespan, where a failure
        # would go unseen.
        "lifespan": "off",
        "log_config": None,
        "access_log": False,
        "timeout_graceful_shutdown": GRACE_S,
    }
    return Server(uvicorn.Config(app, **(given | changes)))


def bind(host: str, port: int, variable: str = "SIAGA_HTTP_PORT") -> socket.socket:
    """A listening socket; port 0 takes a free one.

    Raises:
        OperatorError: the port is in use, or not ours to take.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
        sock.listen(128)
    except OSError as error:
        sock.close()
        raise OperatorError(f"{variable} {host}:{port}", f"cannot be listened on: {error.strerror}") from None
    return sock


class Front:
    """A second door of a service, for people and programs outside: health and metrics are not behind it."""

    def __init__(self, app: Any, sock: socket.socket, stopping: asyncio.Event) -> None:
        # A slow or silent client holds a connection, so their number and the waiting are bounded.
        self._server = make_server(
            app,
            limit_concurrency=200,
            timeout_keep_alive=10,
            h11_max_incomplete_event_size=16 * 1024,
            server_header=False,
            date_header=True,
            proxy_headers=False,
        )
        self._sock = sock
        self._stopping = stopping

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        host, port = self._sock.getsockname()[:2]
        return str(host), int(port)

    async def run(self) -> None:
        """Answer until the service stops."""
        serving = asyncio.create_task(self._server.serve(sockets=[self._sock]))
        stopped = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({serving, stopped}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopped.cancel()
            self._server.should_exit = True
            await serving
