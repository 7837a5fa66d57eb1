"""The states of a delivery, the steps that are legal, and what follows an attempt."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum, StrEnum

from services.contracts.delivery import Action
from services.notifier.core.reason import Reason


class State(StrEnum):
    """Where a delivery stands; `FINAL` ones never change by themselves."""

    PLANNED = "planned"  # waits for its digest
    BUNDLED = "bundled"  # is in a digest that is on its way, and ends as that digest ends
    DUE = "due"
    INTENDED = "intended"  # the intent is durable and announced; nothing has left yet
    SENDING = "sending"  # the request may have left
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    RETRY_WAIT = "retry_wait"
    SUPPRESSED = "suppressed"
    PARKED = "parked"  # unknown, and listed again for people to see
    BOUNCED = "bounced"


#: Every step a delivery may take.  Nothing leads from ``sending`` or ``unknown`` back to a blind repeat: only what
#: certainly did not arrive, and a person says so, is sent again.
LEGAL: dict[State, frozenset[State]] = {
    State.PLANNED: frozenset({State.BUNDLED, State.SUPPRESSED}),
    State.BUNDLED: frozenset({State.ACCEPTED, State.REFUSED, State.UNKNOWN, State.PLANNED}),
    State.DUE: frozenset({State.INTENDED, State.SUPPRESSED}),
    State.INTENDED: frozenset({State.SENDING, State.DUE, State.SUPPRESSED}),
    State.SENDING: frozenset({State.ACCEPTED, State.REFUSED, State.UNKNOWN, State.RETRY_WAIT, State.DUE}),
    State.RETRY_WAIT: frozenset({State.INTENDED, State.SUPPRESSED, State.REFUSED}),
    State.UNKNOWN: frozenset({State.PARKED, State.ACCEPTED, State.BOUNCED}),
    State.PARKED: frozenset({State.ACCEPTED, State.BOUNCED}),
    State.ACCEPTED: frozenset({State.BOUNCED}),
    State.REFUSED: frozenset(),
    State.SUPPRESSED: frozenset(),
    State.BOUNCED: frozenset({State.DUE, State.PLANNED}),
}

#: Not sent yet, and nobody is about to: a newer version may take its place.
CANCELLABLE = frozenset({State.PLANNED, State.DUE, State.RETRY_WAIT})
#: May be taken up for sending once their time has come.
SENDABLE = frozenset({State.DUE, State.RETRY_WAIT})
FINAL = frozenset({State.ACCEPTED, State.REFUSED, State.SUPPRESSED, State.BOUNCED})
VISIBLE_UNKNOWN = frozenset({State.UNKNOWN, State.PARKED})


class IllegalStepError(Exception):
    """A delivery was about to take a step that `LEGAL` does not have: a bug, never a fault of the network."""


def step(before: State, after: State) -> State:
    """``after``, if a delivery may go there from ``before``."""
    if after not in LEGAL[before]:
        raise IllegalStepError(f"{before} to {after}")
    return after


class Priority(IntEnum):
    """Lower goes first."""

    CRITICAL = 0
    WITHDRAWAL = 1
    PUSH = 2
    EDIT = 3
    DIGEST = 4


#: Channels on which a message already sent can be changed.
EDITS_IN_PLACE = frozenset({"telegram"})


def is_repeatable(channel: str, action: Action) -> bool:
    """Whether doing it twice shows the reader the same as doing it once: editing a message in place."""
    return channel in EDITS_IN_PLACE and action in {Action.EDIT, Action.WITHDRAW}


class Verdict(StrEnum):
    """What a channel can say of one attempt."""

    ACCEPTED = "accepted"
    #: Certainly not delivered, and it never will be.
    PERMANENT = "permanent"
    #: Certainly not delivered; may work later.
    TRANSIENT = "transient"
    #: The request may have arrived: nobody can tell.
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Result:
    """One attempt's result as the ledger sees it."""

    verdict: Verdict
    reason: Reason
    retry_after_s: float | None = None


#: What is said of an attempt that is certainly not out and is followed by another of the same delivery.
FOR_NOW = frozenset({
    Reason.MIGRATED, Reason.BAD_TOKEN, Reason.RATE_LIMITED, Reason.NOT_CONNECTED, Reason.SERVER_BUSY,
    Reason.NO_ANSWER, Reason.SERVER_ERROR, Reason.CRASHED,
})  # fmt: skip


@dataclass(frozen=True)
class Attempted:
    """What is known of the delivery when its attempt ended; ``age`` counts from its first due time."""

    action: Action
    priority: Priority
    attempts: int
    age: timedelta
    repeatable: bool
    has_next_channel: bool


@dataclass(frozen=True)
class Next:
    """What happens now: the row's state and next time; whether the next channel is used at once, or the
    official sees it again in a digest, marked as possibly a second copy."""

    state: State
    reason: Reason
    wait: timedelta | None = None
    fall_back: bool = False
    relist: bool = False


def announced_reason(following: Next) -> Reason:
    """The reason that is told: on the topic it alone says whether a refusal is for now or for ever."""
    for_now = following.reason in FOR_NOW
    if following.state is State.RETRY_WAIT and not for_now:
        return Reason.SERVER_BUSY
    return Reason.REJECTED if following.state is State.REFUSED and for_now else following.reason


#: Waits before the next attempt; the last one repeats.
BACKOFF_S = (2.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0)
#: A transient refusal this old goes to the next channel, a critical one much sooner.
FALL_BACK_AFTER = timedelta(hours=3)
FALL_BACK_AFTER_CRITICAL = timedelta(seconds=20)
GIVE_UP_AFTER = timedelta(hours=24)


def next_step(tried: Attempted, result: Result, jitter: float) -> Next:
    """What follows an attempt.

    Args:
        tried: the delivery as it stands.
        result: what the channel said.
        jitter: 0..1, drawn by the caller; waits are between half and the whole of the back-off.
    """
    if result.verdict is Verdict.ACCEPTED:
        return Next(State.ACCEPTED, result.reason)
    if result.verdict is Verdict.PERMANENT:
        return Next(State.REFUSED, result.reason, fall_back=True)
    if result.verdict is Verdict.UNKNOWN and not tried.repeatable:
        return _unseen(tried, result.reason)
    if tried.age >= GIVE_UP_AFTER and result.verdict is Verdict.UNKNOWN:
        return _unseen(tried, Reason.GAVE_UP)
    if tried.age >= GIVE_UP_AFTER or _moves_on(tried):
        return Next(State.REFUSED, Reason.GAVE_UP, fall_back=True)
    return Next(State.RETRY_WAIT, result.reason, _wait(tried, result, jitter))


def _unseen(tried: Attempted, reason: Reason) -> Next:
    # An urgent one is worth a second copy on another channel at once; this channel is never tried again.
    urgent = tried.priority is Priority.CRITICAL and tried.has_next_channel
    return Next(State.UNKNOWN, reason, fall_back=urgent, relist=not urgent)


def _moves_on(tried: Attempted) -> bool:
    """Whether a delivery that is certainly not out has waited long enough for the next channel."""
    limit = FALL_BACK_AFTER_CRITICAL if tried.priority is Priority.CRITICAL else FALL_BACK_AFTER
    return tried.has_next_channel and not tried.repeatable and tried.age >= limit


def _wait(tried: Attempted, result: Result, jitter: float) -> timedelta:
    if result.retry_after_s is not None:
        return timedelta(seconds=result.retry_after_s)
    base = BACKOFF_S[min(max(tried.attempts, 1), len(BACKOFF_S)) - 1]
    return timedelta(seconds=base * (0.5 + jitter / 2))
