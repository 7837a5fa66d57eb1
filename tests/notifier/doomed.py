"""Run the notifier until it crosses a boundary of a delivery for the n-th time, and die there by SIGKILL.

    python -m tests.notifier.doomed --after "the intent is written" --crossing 17

The process is the product's; only the moment of its death is chosen.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from services.notifier import app, dispatch
from services.notifier.__main__ import main
from services.notifier.channels.base import DeliveryError, Outgoing, Receipt
from services.notifier.claims import Claimed
from services.notifier.dispatch import Dispatcher
from services.notifier.due import Candidate
from services.notifier.handler import AlertHandler
from services.notifier.outcomes import Ended
from services.notifier.rows import Row
from services.notifier.sender import Sender
from services.runtime.errors import guarded
from tests.notifier import bare
from tests.notifier.classic import ORDERINGS

BOUNDARIES = (
    "the decision is written",
    "the intent is written",
    "the intent is announced",
    "it is marked as sending",
    "the channel has answered",
    "the outcome is written",
)


class Fate:
    """Counts the crossings of one boundary and ends the process at the chosen one."""

    def __init__(self, boundary: str | None, crossing: int) -> None:
        self._boundary = boundary
        self._left = crossing

    def cross(self, boundary: str, times: int = 1) -> None:
        if boundary == self._boundary:
            self._left -= times
            if self._left <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


def handler_with(fate: Fate) -> type[AlertHandler]:
    class Handler(AlertHandler):
        async def __call__(self, batch: Sequence[Any]) -> None:
            await super().__call__(batch)
            fate.cross("the decision is written")

    return Handler


def dispatcher_with(fate: Fate) -> type[Dispatcher]:
    class DoomedDispatcher(Dispatcher):
        async def _claim(self, chosen: Sequence[tuple[Candidate, float]]) -> list[Claimed]:
            claimed = await super()._claim(chosen)
            fate.cross("the intent is written", len(claimed))
            return claimed

        async def _until_acknowledged(self, ids: Sequence[int]) -> None:
            await super()._until_acknowledged(ids)
            fate.cross("the intent is announced", len(ids))

    return DoomedDispatcher


def sender_with(fate: Fate, ordering: type[Sender]) -> type[Sender]:
    class DoomedSender(ordering):  # type: ignore[valid-type, misc]
        async def _mark_sending(self, row: Row) -> Row | None:
            marked = await super()._mark_sending(row)
            fate.cross("it is marked as sending")
            return marked

        async def _ask_channel(self, row: Row, message: Outgoing) -> tuple[Receipt | None, DeliveryError | None]:
            answer = await super()._ask_channel(row, message)
            fate.cross("the channel has answered")
            return answer

        async def _write_outcome(self, ended: Ended) -> None:
            await super()._write_outcome(ended)
            fate.cross("the outcome is written")

    return DoomedSender


def doom(fate: Fate, ordering: type[Sender]) -> None:
    """Let the service be built from parts that die."""
    parts: list[tuple[Any, str, Callable[[Fate], type]]] = [
        (app, "AlertHandler", handler_with), (app, "Dispatcher", dispatcher_with),
        (dispatch, "Dispatcher", dispatcher_with), (dispatch, "Sender", lambda fate: sender_with(fate, ordering)),
    ]  # fmt: skip
    for module, name, make in parts:
        setattr(module, name, make(fate))


def run(arguments: Sequence[str]) -> int:
    """Run the notifier, doomed or not; the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--after", choices=BOUNDARIES)
    parser.add_argument("--crossing", type=int, default=1)
    parser.add_argument("--bare", action="store_true", help="ledger and dispatcher without a broker")
    parser.add_argument("--ordering", choices=ORDERINGS, default=next(iter(ORDERINGS)))
    given = parser.parse_args(arguments)
    doom(Fate(given.after, given.crossing), ORDERINGS[given.ordering])
    return guarded("siaga notifier", bare.main if given.bare else main)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
