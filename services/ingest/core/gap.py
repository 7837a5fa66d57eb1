"""Remember that a feed turned over between two polls and that its further pages could not be read yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Protocol

#: An outlet that shows its first page and never the second one is asked for it so many times.
GAP_TRIES = 10


class GapEnd(StrEnum):
    """How reading back through further pages ended."""

    CLOSED = "a_known_story_was_reached"
    NO_MORE = "the_outlet_shows_no_more"
    UNREADABLE = "a_page_could_not_be_read"


@dataclass(frozen=True)
class Gap:
    """Stories that are younger than ``since`` may be missing though the outlet still shows them."""

    since: datetime
    tries: int = 0


class Looked(Protocol):
    """What is asked of a source's state."""

    @property
    def gap(self) -> Gap | None: ...

    @property
    def last_body_at(self) -> datetime | None: ...

    @property
    def last_success_at(self) -> datetime | None: ...


def gap_to_close(state: Looked, *, overrun: bool) -> Gap | None:
    """The gap to read back to: one left open before, else the one this body tells of.

    One left open is older: what its polls did read is known by now and would hide it.
    """
    if state.gap is not None:
        return state.gap
    since = state.last_body_at or state.last_success_at
    return Gap(since) if overrun and since is not None else None


def gap_left(gap: Gap, end: GapEnd) -> Gap | None:
    """What is to be tried again with the next poll."""
    if end is not GapEnd.UNREADABLE or gap.tries + 1 >= GAP_TRIES:
        return None
    return replace(gap, tries=gap.tries + 1)
