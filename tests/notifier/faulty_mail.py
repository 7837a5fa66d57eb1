"""A mail server on aiosmtpd that fails as often as it is told to, and keeps everything it took."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.smtp import SMTP

#: At which step, and what: a refusal for now, or the line cut; cut after the final dot nobody can tell.
FAULTS = (("rcpt", "451 4.3.0 try later"), ("rcpt", "drop"), ("data", "451 4.3.0 try later"), ("kept", "drop"))


@dataclass
class FaultyMail:
    """Listens on loopback; ``rate`` of the mails meet a fault."""

    dice: random.Random
    rate: float = 0.0
    port: int = 0
    kept: list[tuple[str, bytes]] = field(default_factory=list)
    _server: asyncio.Server | None = None
    _next: dict[int, tuple[str, str]] = field(default_factory=dict)

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: SMTP(self, enable_SMTPUTF8=False), "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()

    async def handle_RCPT(self, server: SMTP, session: Any, envelope: Any, address: str, options: Any) -> str:
        fault = self.dice.choice(FAULTS) if self.dice.random() < self.rate else ("", "")
        self._next[id(session)] = fault
        if fault[0] == "rcpt":
            return await _fail(server, fault[1])
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Any, envelope: Any) -> str:
        step, answer = self._next.pop(id(session), ("", ""))
        if step == "data":
            return await _fail(server, answer)
        self.kept += [(recipient, envelope.content) for recipient in envelope.rcpt_tos]
        return await _fail(server, answer) if step == "kept" else "250 2.0.0 kept"


async def _fail(server: SMTP, answer: str) -> str:
    if answer == "drop":
        server.transport.abort()
        await asyncio.sleep(3600)
    return answer
