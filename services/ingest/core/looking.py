"""Decide when the page of a story that matters is read again, and what its absence means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

#: After a story mattered: corrections come within hours, follow-ups of the count within days.
SCHEDULE = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24), timedelta(hours=72))
#: One missing page may be a broken deployment; the second look comes soon.
MISSES_MIN = 2
AFTER_MISS = timedelta(minutes=30)
AFTER_FAILURE = timedelta(hours=1)


class LookReason(StrEnum):
    """What a look came to."""

    UNCHANGED = "unchanged"
    READ = "read"
    MISSING = "missing"
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


@dataclass(frozen=True)
class Looked:
    """The state after a look; ``next_at`` None: not looked at any more."""

    reason: LookReason
    done: int
    misses: int
    next_at: datetime | None
    withdrawn_as: Literal["not_found", "gone"] | None = None


def look_for_missing_text(now: datetime) -> datetime:
    """When a page that could not be had at first is asked for again."""
    return now + AFTER_MISS


def first_look(now: datetime) -> datetime:
    """When a story that has just turned out to matter is looked at again."""
    return now + SCHEDULE[0]


def after_look(status: int, went_home: bool, done: int, misses: int, now: datetime) -> Looked:
    """What an answer means.

    Args:
        status: of the page, 0 where there was no usable answer.
        went_home: whether the page sent us to the homepage, as some sites do for what they took down.
    """
    if status == 410:
        return Looked(LookReason.WITHDRAWN, done, misses + 1, None, "gone")
    if status == 404 or went_home:
        if misses + 1 >= MISSES_MIN:
            return Looked(LookReason.WITHDRAWN, done, misses + 1, None, "not_found")
        return Looked(LookReason.MISSING, done, misses + 1, now + AFTER_MISS)
    more = done + 1 < len(SCHEDULE)
    if status not in (200, 304):
        return Looked(LookReason.FAILED, done + 1, misses, now + AFTER_FAILURE if more else None)
    reason = LookReason.READ if status == 200 else LookReason.UNCHANGED
    return Looked(reason, done + 1, 0, now + SCHEDULE[done + 1] - SCHEDULE[done] if more else None)
