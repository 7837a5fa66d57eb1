"""Start notifier processes that have everything imported already: a fork instead of seconds of imports.

What is started is a process of its own, with its own descriptors and memory, and dies by SIGKILL like any other.
One command a line on standard input, one answer a line on standard output.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


@dataclass
class Nursery:
    """The process that forks."""

    _process: subprocess.Popen[str] = field(init=False)

    def __post_init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.notifier.nursery"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> Child:
        """Run ``tests.notifier.doomed`` with these arguments."""
        order = {"arguments": list(arguments), "environment": dict(environment), "log": str(log)}
        return Child(self, int(self._ask(order)))

    def status(self, pid: int) -> int | None:
        """How a child ended, as ``Popen.poll`` says it."""
        found = self._ask({"status": pid})
        return None if found is None else int(found)

    def end(self) -> None:
        """End it, and with it every child."""
        self._process.kill()
        self._process.communicate()

    def _ask(self, order: Mapping[str, Any]) -> Any:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


@dataclass
class Child:
    """One process, used like a ``Popen``."""

    nursery: Nursery
    pid: int
    status: int | None = None

    def poll(self) -> int | None:
        if self.status is None:
            self.status = self.nursery.status(self.pid)
        return self.status

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)

    def wait(self) -> int:
        while (status := self.poll()) is None:
            time.sleep(0.01)
        return status


def _fork(order: Mapping[str, Any]) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid:
        return pid
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)
    status = 1
    try:
        log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for target, source in ((0, nothing), (1, log), (2, log)):
            os.dup2(source, target)
        os.environ.update(order["environment"])
        from tests.notifier import doomed

        status = doomed.run(order["arguments"])
    finally:
        os._exit(status)


def main() -> None:
    """Fork on command."""
    from tests.notifier import doomed  # noqa: F401 - what the children need, imported once

    ended: dict[int, int] = {}
    for line in sys.stdin:
        order = json.loads(line)
        if "status" in order:
            pid = int(order["status"])
            if pid not in ended:
                found, status = os.waitpid(pid, os.WNOHANG)
                if found:
                    ended[pid] = os.waitstatus_to_exitcode(status)
            answer = ended.get(pid)
        else:
            answer = _fork(order)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
