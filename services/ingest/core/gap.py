"""Remember that a feed turned over between two polls and that its further pages could not be read yet."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

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


def gap_left(gap: Gap, end: GapEnd) -> Gap | None:
    """What is to be tried again with the next poll."""
    if end is not GapEnd.UNREADABLE or gap.tries + 1 >= GAP_TRIES:
        return None
    return replace(gap, tries=gap.tries + 1)
