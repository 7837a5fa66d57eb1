"""What came of asking a source, in one word and the numbers that go with it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class PollReason(StrEnum):
    """The word in the log, the metric label, the row in the store and the test."""

    NEW_BODY = "new_body"
    PARTIAL_BODY = "partial_body"
    NOT_MODIFIED = "not_modified"
    SAME_BODY = "same_body"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    NETWORK = "network"
    BAD_CERTIFICATE = "bad_certificate"
    BLOCKED = "blocked"
    CHALLENGED = "challenged"
    NOT_FOUND = "not_found"
    GONE = "gone"
    UNAUTHORISED = "unauthorised"
    LEGAL = "unavailable_for_legal_reasons"
    CLIENT_ERROR = "client_error"
    REDIRECT_REFUSED = "redirect_refused"
    TOO_MANY_REDIRECTS = "too_many_redirects"
    ADDRESS_REFUSED = "address_refused"
    TOO_LARGE = "too_large"
    BAD_ENCODING = "bad_encoding"
    NOT_A_FEED = "not_a_feed"
    EMPTY_FEED = "empty_feed"
    LINKS_NOT_DISTINCT = "links_not_distinct"
    NO_USABLE_LINKS = "no_usable_links"
    ENTITIES_REFUSED = "entities_refused"
    PARSER_KILLED = "parser_killed"
    RESTING = "resting"
    UNREADABLE = "unreadable"
    ROBOTS = "disallowed_by_robots"
    INTERNAL = "internal_error"


SUCCESSES = frozenset(
    (PollReason.NEW_BODY, PollReason.PARTIAL_BODY, PollReason.NOT_MODIFIED, PollReason.SAME_BODY)
)
#: The server asks for patience; the length is its own to say.
WAITS = frozenset((PollReason.RATE_LIMITED, PollReason.UNAVAILABLE))
BLOCKS = frozenset((PollReason.BLOCKED, PollReason.CHALLENGED))
#: Nobody should knock again before an operator has looked.
ENDS = frozenset((PollReason.GONE, PollReason.UNAUTHORISED, PollReason.LEGAL))

_BY_STATUS = {
    304: PollReason.NOT_MODIFIED,
    401: PollReason.UNAUTHORISED,
    403: PollReason.BLOCKED,
    404: PollReason.NOT_FOUND,
    410: PollReason.GONE,
    429: PollReason.RATE_LIMITED,
    451: PollReason.LEGAL,
    503: PollReason.UNAVAILABLE,
}


@dataclass(frozen=True)
class Hints:
    """What the server asks of us; seconds.  ``skip_hours`` UTC, ``skip_days`` ISO weekdays."""

    retry_after_s: float | None = None
    max_age_s: float | None = None
    ttl_s: float | None = None
    skip_hours: frozenset[int] = frozenset()
    skip_days: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Outcome:
    """One poll.  ``window_s`` is newest minus oldest story of the body; ``overrun``: no story was known before."""

    reason: PollReason
    status: int = 0
    hints: Hints = Hints()
    window_s: float | None = None
    overrun: bool = False
    new_stories: int = 0


def reason_of_status(status: int, challenged: bool = False) -> PollReason | None:
    """What a status says by itself; None for 200, whose body decides."""
    if status == 200:
        return None
    if challenged and status in (403, 429, 503):
        return PollReason.CHALLENGED
    if status in _BY_STATUS:
        return _BY_STATUS[status]
    return PollReason.SERVER_ERROR if status >= 500 else PollReason.CLIENT_ERROR
