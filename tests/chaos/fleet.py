"""The services as processes: started, killed, paused, and started again when they die, as an orchestrator would."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.runtime.tied import tied

ROOT = Path(__file__).resolve().parents[2]
#: An orchestrator needs a moment to see a death.
RESTART_S = 0.5


@dataclass
class Member:
    """One replica of a service."""

    name: str
    service: str
    port: int
    environment: Mapping[str, str]
    process: subprocess.Popen[bytes] | None = None
    paused: bool = False
    wanted: bool = True

    @property
    def is_dead(self) -> bool:
        return self.process is None or self.process.poll() is not None


@dataclass
class Fleet:
    """Every replica of every service."""

    folder: Path
    members: dict[str, Member] = field(default_factory=dict)
    #: Exit status of those that ended without being killed, by name.
    ended_by_themselves: Counter[str] = field(default_factory=Counter)
    _watching: asyncio.Task[None] | None = None

    def add(self, name: str, service: str, port: int, environment: Mapping[str, str]) -> None:
        """A replica to be started."""
        self.members[name] = Member(name, service, port, environment)

    def start(self, name: str) -> None:
        """Begin a life."""
        member = self.members[name]
        with self.log_of(name).open("ab") as log:
            member.process = subprocess.Popen(
                tied([sys.executable, "-m", f"services.{member.service}"]),
                env={**os.environ, "SIAGA_HTTP_PORT": str(member.port), **member.environment},
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        member.paused = False

    def log_of(self, name: str) -> Path:
        """What it wrote."""
        return self.folder / f"{name}.log"

    def watch(self) -> None:
        """Start again what dies, from now on."""
        self._watching = asyncio.create_task(self._watch(), name="fleet")

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(RESTART_S)
            for member in self.members.values():
                if member.wanted and member.is_dead:
                    status = member.process.returncode if member.process else None
                    if status not in {None, -signal.SIGKILL}:
                        self.ended_by_themselves[f"{member.name}: {status}"] += 1
                    self.start(member.name)

    def kill(self, name: str) -> None:
        """kill -9; the orchestrator starts it again."""
        process = self.members[name].process
        if process is not None and process.poll() is None:
            process.kill()

    def signal(self, name: str, what: signal.Signals) -> None:
        """SIGSTOP or SIGCONT."""
        process = self.members[name].process
        if process is not None and process.poll() is None:
            process.send_signal(what)

    async def restart_in_order(self, name: str, within_s: float = 200.0) -> int:
        """SIGTERM, wait for the end, start, wait until it is ready; the exit status."""
        member = self.members[name]
        member.wanted = False
        assert member.process is not None
        member.process.send_signal(signal.SIGTERM)
        try:
            status = await asyncio.to_thread(member.process.wait, 30)
        except subprocess.TimeoutExpired:
            member.process.kill()
            status = member.process.wait()
        self.start(name)
        member.wanted = True
        await self.until_ready(name, within_s)
        return status

    async def until_ready(self, name: str, within_s: float = 60.0) -> None:
        """Wait until its readiness page says so."""
        deadline = time.monotonic() + within_s
        while not await asyncio.to_thread(_is_ready, self.members[name].port):
            if time.monotonic() > deadline:
                raise TimeoutError(f"{name} is not ready\n{self.log_of(name).read_text(errors='replace')[-2000:]}")
            await asyncio.sleep(0.1)

    async def end(self) -> None:
        """kill -9 of everything."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        for member in self.members.values():
            if member.process is not None:
                member.process.kill()
                member.process.wait()


def _is_ready(port: int) -> bool:
    with (
        contextlib.suppress(OSError),
        urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=3) as page,
    ):
        return bool(page.status == 200)
    return False
