"""Tie a process to the one that starts it, so that `kill -9` of the starter leaves no orphan."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from collections.abc import Sequence
from typing import Final

_PR_SET_PDEATHSIG: Final = 1  # <sys/prctl.h>


def tied(command: Sequence[str]) -> list[str]:
    """`command`, an absolute path and its arguments, so that the kernel ends it with the thread that starts it.

    The command takes over the process: its id is the one the starter sees.  Outside Linux it is simply run.
    """
    return [sys.executable, "-m", "services.runtime.tied", str(os.getpid()), *command]


def run_tied(parent: int, command: Sequence[str]) -> None:
    """Become `command`, to be sent SIGTERM by the kernel when the process `parent` ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it ended before the kernel knew
            return
    os.execv(command[0], list(command))  # noqa: S606 (no shell is the point)


if __name__ == "__main__":
    run_tied(int(sys.argv[1]), sys.argv[2:])
