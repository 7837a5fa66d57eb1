"""End connections to a database that has fallen silent, so that whoever waits on them hears of it.

A server that is gone resets, or TCP notices within seconds.  A proxy between us that goes on acknowledging does
neither: a query then waits for ever, and with it a thread and whatever needs one.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
import structlog

log = structlog.get_logger(__name__)

#: No transaction of ours takes this long; a handler gives up before.
SILENT_AFTER_S = 45.0


class SilenceGuard:
    """Watches how long work on an engine's connections takes; cuts all of them when one took too long."""

    def __init__(self, engine: sa.Engine, silent_after_s: float = SILENT_AFTER_S) -> None:
        self._silent_after_s = silent_after_s
        self._lines: weakref.WeakSet[Any] = weakref.WeakSet()
        self._since: dict[int, float] = {}
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._stopped = threading.Event()

        @sa.event.listens_for(engine, "connect")
        def _remember(line: Any, _: Any) -> None:
            with self._lock:
                self._lines.add(line)

        self._thread = threading.Thread(target=self._watch, name="store-silence", daemon=True)
        self._thread.start()

    @contextlib.contextmanager
    def watching(self) -> Iterator[None]:
        """Work from its first wait for a connection to its end."""
        number = next(self._numbers)
        with self._lock:
            self._since[number] = time.monotonic()
        try:
            yield
        finally:
            with self._lock:
                self._since.pop(number, None)

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stopped.wait(min(1.0, self._silent_after_s / 4)):
            with self._lock:
                begun = min(self._since.values(), default=None)
            if begun is not None and time.monotonic() - begun > self._silent_after_s:
                self._cut()

    def _cut(self) -> None:
        # All of them: which one is silent nobody can tell, and what was cut for nothing is done again.
        log.error("the store is silent, its connections are cut", seconds=self._silent_after_s)
        with self._lock:
            lines = list(self._lines)
            # Those who hear of it end by themselves; who does not is looked at again after as long.
            self._since = dict.fromkeys(self._since, time.monotonic())
        for line in lines:
            _hang_up(line)


def _hang_up(line: Any) -> None:
    """End a connection under the hands of whoever reads from it; one that is closed already is left alone."""
    with contextlib.suppress(Exception), socket.socket(fileno=os.dup(line.fileno())) as same:
        same.shutdown(socket.SHUT_RDWR)
