"""Mail servers that fail at a chosen step: aiosmtpd with hooks, and Postfix's own smtp-sink."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import SMTP

from services.runtime.ports import hold_port


class Hooks:
    """What a scripted server does at each step; ``stored`` holds what it keeps."""

    def __init__(self, **answers: str) -> None:
        self.answers = answers
        self.stored: list[tuple[list[str], bytes]] = []

    async def _meet(self, server: SMTP, step: str) -> str | None:
        answer = self.answers.get(step)
        if answer == "hang":
            await asyncio.sleep(3600)
        if answer == "drop":
            server.transport.abort()
            await asyncio.sleep(3600)
        return answer

    async def handle_MAIL(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = await self._meet(server, "mail")
        if answer is None:
            envelope.mail_from = address
        return answer or "250 OK"

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        answer = await self._meet(server, "rcpt")
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        if not (self.answers.get("data") or "").startswith(("4", "5")):
            self.stored.append((list(envelope.rcpt_tos), envelope.content))
        return await self._meet(server, "data") or "250 stored"


@contextlib.asynccontextmanager
async def scripted(hooks: Hooks, **options: Any) -> AsyncIterator[int]:
    """A server with these hooks; its port."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(hooks, **options), "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@contextlib.contextmanager
def smtp_sink(folder: Path, *options: str) -> Iterator[int]:
    """Postfix's test server, which nobody here wrote; its port.  Each mail becomes a file of ``folder``."""
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/local/sbin")
    if program is None:
        pytest.skip("smtp-sink is not installed; Debian has it in the package postfix")
    port = hold_port()
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o777)
    command = [program, "-u", "nobody", "-R", str(folder), "-d", "mail.%M.", *options, f"127.0.0.1:{port}", "100"]
    sink = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for _ in range(200):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
                break
            time.sleep(0.05)
        yield port
    finally:
        sink.terminate()
        sink.wait()
