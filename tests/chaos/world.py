"""Everything around the services: outlets, a Bot API, a mail server, and the lines that lead to them."""

from __future__ import annotations

import asyncio
import random
import subprocess
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from services.cli.demo.botapi import BotApi
from services.runtime.ports import hold_port
from tests.chaos.outlet import Outlets
from tests.chaos.proxy import Line, Proxy, start_all
from tests.chaos.stories import Made
from tests.notifier.faulty_mail import FaultyMail


@dataclass
class World:
    """Servers and proxies on an event loop of their own: their clocks must not wait for what the judge does."""

    folder: Path
    dice: random.Random
    outlets: Outlets = field(default_factory=Outlets)
    lines: dict[str, Proxy] = field(default_factory=dict)
    bot: BotApi = field(init=False)
    mail: FaultyMail = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        self.bot = BotApi(self.folder / "telegram")
        self.mail = FaultyMail(random.Random(self.dice.random()))
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True, name="world")
        self._thread.start()

    def start(self, kafka: dict[tuple[str, int], Proxy], postgres: dict[str, int]) -> None:
        """Start servers and every proxy; ``postgres``: by service, the server's port."""
        self.run(self.outlets.start())
        self.run(self.bot.start())
        self.run(self.mail.start())
        self.lines = {
            "outlets": Proxy(self.outlets.port, hold_port()),
            "bot api": Proxy(self.bot.port, hold_port()),
            "mail": Proxy(self.mail.port, hold_port()),
            **{f"{service} to kafka-{number}": proxy for (service, number), proxy in kafka.items()},
            **{f"{service} to postgres": Proxy(port, hold_port()) for service, port in postgres.items()},
        }
        for proxy in self.lines.values():
            proxy.port = proxy.port or hold_port()
        self.run(start_all(self.lines.values()))

    def run(self, step: Coroutine[Any, Any, None]) -> None:
        """Do a step there and wait for it."""
        asyncio.run_coroutine_threadsafe(step, self._loop).result(30)

    def put(self, line: str, state: Line) -> None:
        """Change a line."""
        self._loop.call_soon_threadsafe(self.lines[line].put, state)

    def release(self, made: Made) -> None:
        """Put a story into its feed."""
        self._loop.call_soon_threadsafe(self.outlets.release, made)

    def end(self) -> None:
        """Stop everything."""
        for proxy in self.lines.values():
            self.run(proxy.stop())
        self.run(self.outlets.stop())
        self.run(self.bot.stop())
        self.run(self.mail.stop())
        self.run(_cancel_others())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


async def _cancel_others() -> None:
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for task in others:
        task.cancel()
    await asyncio.gather(*others, return_exceptions=True)


class SmallDisk:
    """A file system in memory that can be filled up; where mounting is not allowed there is none."""

    def __init__(self, folder: Path, megabytes: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        options = ["-t", "tmpfs", "-o", f"size={megabytes}m,mode=700", "none", str(folder)]
        self.mounted = subprocess.run(["mount", *options], capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        """Until not a byte is left."""
        with (self.folder / "ballast").open("wb", buffering=0) as ballast:
            for size in (1024 * 1024, 4096):
                try:
                    while True:
                        ballast.write(b"\0" * size)
                except OSError:
                    continue

    def clear(self) -> None:
        """Give the room back."""
        (self.folder / "ballast").unlink(missing_ok=True)

    def end(self) -> None:
        """Take it away."""
        if self.mounted:
            subprocess.run(["umount", "--lazy", str(self.folder)], capture_output=True, check=False)
