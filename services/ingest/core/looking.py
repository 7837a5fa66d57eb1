"""Decide when the page of a story that matters is read again, and what its absence means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

#: After a story mattered: corrections come within hours, follow-ups of the count within days.
SCHEDULE = (timedelta(hours=1), timedelta(hours=6), timedelta(hours=24), timedelta(hours=72))
#: One missing page may be a broken deployment, a night of them a move of the whole site.
AFTER_MISS = (timedelta(hours=1), timedelta(hours=5))
#: 404 says that a page is not found, 410 that it was taken away: so many looks, and so long from first to last.
_NOT_FOUND = (3, timedelta(hours=6))
_GONE = (2, timedelta(hours=1))
#: While the pages beside it are missing too, the host is asked so often, and after so long no more.
AFTER_HELD = timedelta(hours=12)
HELD_AT_MOST = timedelta(days=7)
#: Nobody takes back so many stories of the field at once.
MANY_MISSING = 3
AFTER_FAILURE = timedelta(hours=1)
MISSING_TEXT_AGAIN = timedelta(minutes=30)


class LookReason(StrEnum):
    """What a look came to."""

    UNCHANGED = "unchanged"
    READ = "read"
    MISSING = "missing"
    HELD = "held"  # missing, and so are others of its host
    WITHDRAWN = "withdrawn"
    FAILED = "failed"


class Others(StrEnum):
    """How the pages beside a missing one do: those of the same source published next to it."""

    STAND = "stand"
    MISSING = "missing"
    UNKNOWN = "unknown"  # there are none, or they were not asked


@dataclass(frozen=True)
class Plan:
    """How often a page was looked at, and missed in a row since when."""

    done: int = 0
    misses: int = 0
    missing_since: datetime | None = None


@dataclass(frozen=True)
class Looked:
    """The state after a look; ``next_at`` None: not looked at any more."""

    reason: LookReason
    done: int
    misses: int
    next_at: datetime | None
    missing_since: datetime | None = None
    withdrawn_as: Literal["not_found", "gone"] | None = None


def look_for_missing_text(now: datetime) -> datetime:
    """When a page that could not be had at first is asked for again."""
    return now + MISSING_TEXT_AGAIN


def first_look(now: datetime) -> datetime:
    """When a story that has just turned out to matter is looked at again."""
    return now + SCHEDULE[0]


def may_withdraw(status: int, went_home: bool, plan: Plan, now: datetime) -> bool:
    """Whether a page was missed often and long enough to ask how the others of its host do."""
    if not _is_missing(status, went_home):
        return False
    looks, apart = _GONE if status == 410 else _NOT_FOUND
    return plan.misses + 1 >= looks and plan.missing_since is not None and now - plan.missing_since >= apart


def how_others_do(standing: int, asked: int, missing_elsewhere: int) -> Others:
    """What the neighbours of a missing page say: so many of them stand; others of the host may be missing too."""
    if missing_elsewhere >= MANY_MISSING:
        return Others.MISSING
    if asked == 0:
        return Others.UNKNOWN
    return Others.STAND if standing else Others.MISSING


def after_look(status: int, went_home: bool, plan: Plan, now: datetime, others: Others = Others.UNKNOWN) -> Looked:
    """What an answer means.

    Args:
        status: of the page, 0 where there was no usable answer.
        went_home: whether the page sent us to the homepage, as some sites do for what they took down.
        others: asked only where ``may_withdraw``; an outage or a new address scheme takes all of them along.
    """
    if _is_missing(status, went_home):
        return _after_miss(status, plan, now, others if may_withdraw(status, went_home, plan, now) else None)
    more = plan.done + 1 < len(SCHEDULE)
    if status not in (200, 304):
        again = now + AFTER_FAILURE if more else None
        return Looked(LookReason.FAILED, plan.done + 1, plan.misses, again, plan.missing_since)
    reason = LookReason.READ if status == 200 else LookReason.UNCHANGED
    return Looked(reason, plan.done + 1, 0, now + SCHEDULE[plan.done + 1] - SCHEDULE[plan.done] if more else None)


def _is_missing(status: int, went_home: bool) -> bool:
    return status in (404, 410) or went_home


def _after_miss(status: int, plan: Plan, now: datetime, others: Others | None) -> Looked:
    """``others`` None: too early to say anything."""
    since, misses = plan.missing_since or now, plan.misses + 1
    if others is None:
        wait = AFTER_MISS[min(misses, len(AFTER_MISS)) - 1]
        return Looked(LookReason.MISSING, plan.done, misses, now + wait, since)
    # 410 is said on purpose: where nobody can be asked, it is believed.
    if others is Others.STAND or (status == 410 and others is Others.UNKNOWN):
        return Looked(
            LookReason.WITHDRAWN, plan.done, misses, None, since, "gone" if status == 410 else "not_found"
        )
    again = now + AFTER_HELD if now - since < HELD_AT_MOST else None
    return Looked(LookReason.HELD, plan.done, misses, again, since)
