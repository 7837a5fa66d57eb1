"""Decide when a source is read at its second address, and when its first is tried again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from services.ingest.core.outcome import BLOCKS, ENDS, SUCCESSES, PollReason

#: The first address is tried so often while the second serves.
TRY_FIRST_AFTER = timedelta(hours=24)
#: And so soon where the second does not serve either.
TRY_FIRST_AGAIN = timedelta(hours=1)
#: In a row, before an address that makes no sense is given up.
FAILURES_MIN = 3
#: An outage passes by itself, and one of our own would send every source to its poorer address.
_SENSELESS = frozenset(
    (
        PollReason.NOT_FOUND,
        PollReason.CLIENT_ERROR,
        PollReason.NOT_A_FEED,
        PollReason.EMPTY_FEED,
        PollReason.LINKS_NOT_DISTINCT,
        PollReason.NO_USABLE_LINKS,
        PollReason.REDIRECT_REFUSED,
        PollReason.TOO_MANY_REDIRECTS,
        PollReason.ENTITIES_REFUSED,
        PollReason.TOO_LARGE,
        PollReason.BAD_ENCODING,
        PollReason.BAD_CERTIFICATE,
    )
)


@dataclass(frozen=True)
class Standby:
    """A source is read at its second address.

    ``reason``: what its first one answered last; ``first_at``: when that is tried again, None where it said
    that nobody should ask again.
    """

    url: str
    since: datetime
    reason: PollReason
    first_at: datetime | None


class Step(StrEnum):
    """What a poll means for the place a source is read at."""

    STAYED = "stayed"
    LEFT = "left"
    SERVED = "served"
    TRIED = "tried"
    RETURNED = "returned"


def asks_first(standby: Standby | None, now: datetime) -> bool:
    """Whether the next poll goes to the first address."""
    return standby is None or (standby.first_at is not None and now >= standby.first_at)


def after_first(
    standby: Standby | None, fallback_url: str | None, reason: PollReason, failures: int, now: datetime
) -> Standby | None:
    """Where the source is read after its first address was asked; None: there.

    Args:
        failures: of the first address in a row, this poll included.
    """
    if fallback_url is None or reason in SUCCESSES:
        return None
    first_at = None if reason in ENDS else now + TRY_FIRST_AFTER
    if standby is not None:
        return replace(standby, reason=reason, first_at=first_at)
    if reason in ENDS or reason in BLOCKS or (reason in _SENSELESS and failures >= FAILURES_MIN):
        return Standby(fallback_url, now, reason, first_at)
    return None


def after_second(standby: Standby | None, reason: PollReason, now: datetime) -> Standby | None:
    """When the first address is tried again, after the second was asked: soon if nobody can be read there."""
    if standby is None or standby.first_at is None or reason in SUCCESSES:
        return standby
    return replace(standby, first_at=min(standby.first_at, now + TRY_FIRST_AGAIN))


def step_of(before: Standby | None, after: Standby | None, *, at_first: bool) -> Step:
    """What happened, given where the source was read before and will be read after a poll."""
    if before is None:
        return Step.STAYED if after is None else Step.LEFT
    if after is None:
        return Step.RETURNED
    return Step.TRIED if at_first else Step.SERVED
