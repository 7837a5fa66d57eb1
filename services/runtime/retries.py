"""Decide whether a record that its handler did not take is tried again, and how, or is bad.

A handler that raises says something of the record; tried a few times more, it is bad.  One that was not
finished in its time says nothing of it: the machine may be slow, the disk, or whoever was asked.  Such a record
is tried again alone, longer and with growing waits; bad is only one that ran out of the long limit each time
while the machine gave its time and the store took writes (`Consumption` asks both; else the try is an outage
and does not count).  So what takes longer than that each time is put aside, even if it would have come to an end.
An outage never proves a record bad.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

#: What a batch or a record gets at first, so that nothing hangs.
HANDLER_LIMIT_S = 20.0
#: What several records get once their batch has cost too much: cut off, they are only halved.
HASTY_LIMIT_S = 5.0
#: What a record gets alone that was not finished before; below the time after which a store is taken for silent
#: and cut off, or a hang would pass for an outage for ever.
LONG_LIMIT_S = 40.0
#: Waits before a record on which the handler raised is tried again.
RETRY_WAITS_S = (0.2, 1.0, 3.0)
#: Waits before each try with the long limit: with these, five minutes in all.
UNFINISHED_WAITS_S = (1.0, 3.0, 10.0, 30.0, 60.0)


class Bad(StrEnum):
    """What a record was proven to be: the kind of its dead letter."""

    UNHANDLED = "unhandled"
    UNFINISHED = "unfinished"


@dataclass(frozen=True)
class Again:
    """Try once more, alone: after ``wait_s``, for ``limit_s`` at most."""

    wait_s: float
    limit_s: float


@dataclass(frozen=True)
class Tries:
    """How often a record alone was tried in vain: its handler raised, or was not finished in its time."""

    raised: int = 0
    unfinished: int = 0

    def with_one_more(self, error: Exception) -> Tries:
        """As of a further try, which ended like this; ``TimeoutError`` is what was not finished."""
        if isinstance(error, TimeoutError):
            return replace(self, unfinished=self.unfinished + 1)
        return replace(self, raised=self.raised + 1)


def next_try(tries: Tries, *, in_haste: bool) -> Again | Bad:
    """What to do with a record after these tries.

    Args:
        tries: those with the record alone.
        in_haste: its batch has cost too much: who raises gets one more try, at once.  Who was not finished gets
            all of its tries, for haste is what makes good records look bad.
    """
    limit_s = LONG_LIMIT_S if tries.unfinished else HANDLER_LIMIT_S
    if tries.unfinished > len(UNFINISHED_WAITS_S):
        return Bad.UNFINISHED
    if tries.raised > (1 if in_haste else len(RETRY_WAITS_S)):
        return Bad.UNHANDLED
    if tries.unfinished:
        return Again(UNFINISHED_WAITS_S[tries.unfinished - 1], limit_s)
    return Again(0.0 if in_haste else RETRY_WAITS_S[tries.raised - 1], limit_s)


def first_limit_s(records: int, *, in_haste: bool) -> float:
    """How long the first try of so many records may take; one alone is never hurried."""
    return HASTY_LIMIT_S if in_haste and records > 1 else HANDLER_LIMIT_S


def limit_after_starving_s() -> float:
    """How long a record alone gets that a busy machine kept from being finished: with less it never would be."""
    return LONG_LIMIT_S
