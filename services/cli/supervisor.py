"""Keep the processes of `siaga run` alive, start them again when they die, and stop them in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from services.runtime.errors import EXIT_OPERATOR, OperatorError, one_line
from services.runtime.tied import tied

#: Waits before a process that died is started again.
RESTART_WAITS_S = (0.2, 0.5, 1.0, 2.0, 5.0, 10.0)
STOP_WITHIN_S = 12.0
LOG_LIMIT_BYTES = 20 * 1024 * 1024
LOOK_AT_LOGS_S = 10.0


@dataclass(frozen=True)
class Part:
    """One process: its name, what to run, and what it needs of the environment."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)
    probe: str | None = None

    @staticmethod
    def python(name: str, module: str, *arguments: str, env: Mapping[str, str], probe: str | None = None) -> Part:
        """A module of ours, in this interpreter."""
        return Part(name, [sys.executable, "-m", module, *arguments], env, probe)


@dataclass
class Running:
    """A part and the life it has had so far."""

    part: Part
    process: asyncio.subprocess.Process
    started_at: float
    restarts: int = 0

    @property
    def pid(self) -> int:
        """Process id of the present incarnation."""
        return self.process.pid


class Supervisor:
    """Runs parts; one that ends with an operator's mistake ends everything, any other death is mended."""

    def __init__(self, logs: Path, on_change: Callable[[str], None] = lambda _: None) -> None:
        self._logs = logs
        self._on_change = on_change
        self._watchers: dict[str, asyncio.Task[None]] = {}
        self._stopping: dict[str, asyncio.Event] = {}
        self._proven: set[str] = set()
        self.running: dict[str, Running] = {}
        self.failed: asyncio.Future[OperatorError] = asyncio.get_running_loop().create_future()
        self._trimming: asyncio.Task[None] | None = None
        logs.mkdir(parents=True, exist_ok=True)

    async def start(self, part: Part) -> None:
        """Start a part and watch over it."""
        if self._trimming is None:
            self._trimming = asyncio.create_task(self._trim_logs(), name="trim logs")
        self._stopping[part.name] = asyncio.Event()
        self.running[part.name] = await self._spawn(part)
        self._watchers[part.name] = asyncio.create_task(self._watch(part.name), name=f"watch {part.name}")

    async def stop(self, names: Sequence[str]) -> None:
        """Stop parts together by SIGTERM, then by SIGKILL."""
        await asyncio.gather(*(self._stop(name) for name in names if name in self.running))

    async def _stop(self, name: str) -> None:
        # The watcher may just be starting the part again: it is told, not cancelled, or the new process is lost.
        self._stopping[name].set()
        self._proven.add(name)
        await _end(self.running[name])
        await self._watchers.pop(name)
        await _end(self.running.pop(name))

    async def stop_all(self) -> None:
        """Stop every part, the last started first."""
        for name in reversed(list(self.running)):
            await self.stop([name])
        if self._trimming:
            self._trimming.cancel()
            await asyncio.gather(self._trimming, return_exceptions=True)
            self._trimming = None

    async def _trim_logs(self) -> None:
        while True:
            await asyncio.sleep(LOOK_AT_LOGS_S)
            for name in list(self.running):
                await asyncio.to_thread(trim, self.log_of(name), LOG_LIMIT_BYTES)

    def log_of(self, name: str) -> Path:
        """Where a part's output goes."""
        return self._logs / f"{name}.log"

    async def _spawn(self, part: Part) -> Running:
        path = self.log_of(part.name)
        trim(path, LOG_LIMIT_BYTES)
        with path.open("ab") as output:  # O_APPEND: after a cut the process goes on at the new end
            process = await asyncio.create_subprocess_exec(
                *tied(part.argv),
                env={**os.environ, **part.env},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,  # Ctrl-C reaches us alone; we stop the parts in order
            )
        return Running(part, process, time.monotonic())

    async def _watch(self, name: str) -> None:
        stopping = self._stopping[name]
        while not stopping.is_set():
            running = self.running[name]
            status = await running.process.wait()
            if stopping.is_set():
                return
            # A part that has worked with these settings only misses something that is away for now.
            if status == EXIT_OPERATOR and name not in self._proven:
                if not self.failed.done():
                    self.failed.set_result(OperatorError(name, _without_name(last_line(self.log_of(name)), name)))
                return
            self._proven.add(name)
            lived = time.monotonic() - running.started_at
            tries = 0 if lived > 60 else running.restarts
            self._on_change(f"{name} ended ({_told(status)}), starting again")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(RESTART_WAITS_S[min(tries, len(RESTART_WAITS_S) - 1)]):
                    await stopping.wait()
            if not stopping.is_set():
                self.running[name] = await self._spawn(running.part)
                self.running[name].restarts = running.restarts + 1


async def _end(running: Running) -> None:
    with contextlib.suppress(ProcessLookupError):
        running.process.send_signal(signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_WITHIN_S):
            await running.process.wait()
    except TimeoutError:
        with contextlib.suppress(ProcessLookupError):
            running.process.kill()
        await running.process.wait()


def trim(path: Path, limit: int) -> None:
    """Put a log that is too long aside as ``.log.1`` and empty it, under the hands of whoever writes it.

    Lines written in between are lost.  On a full disk the copy may fail; the log is emptied all the same.
    """
    with contextlib.suppress(FileNotFoundError):
        if path.stat().st_size > limit:
            with contextlib.suppress(OSError):
                shutil.copyfile(path, path.with_suffix(".log.1"))
            os.truncate(path, 0)


def last_line(path: Path) -> str:
    """The last line a process wrote before it gave up."""
    lines = path.read_text(encoding="utf-8", errors="replace").strip().splitlines()
    return one_line(lines[-1]) if lines else "ended without a word"


def _without_name(line: str, name: str) -> str:
    """A part's own line begins with its name, which whoever ends because of it says again."""
    return line.removeprefix("siaga-").removeprefix(f"{name}: ")


def _told(status: int) -> str:
    return f"signal {-status}" if status < 0 else f"status {status}"
