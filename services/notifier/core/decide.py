"""Decide what one official is told about one state of one incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from services.contracts.alert import Alert
from services.contracts.codes import Kind, Severity
from services.contracts.delivery import Action
from services.notifier.core.match import Match, Miss
from services.notifier.core.quiet import is_quiet
from services.notifier.core.reason import Reason
from services.notifier.core.snapshot import Snapshot, has_grown, snapshot
from services.notifier.core.subscription import Official

#: From this severity on a message may interrupt somebody outside quiet hours.
PUSH_FROM = Severity.HIGH
#: What a new source published longer ago than this is history: not even a digest tells it.
TOO_OLD_AFTER = timedelta(days=14)


class Way(StrEnum):
    """How an official last heard of an incident."""

    PUSH = "push"
    DIGEST_WAITING = "digest_waiting"
    DIGEST = "digest"
    #: Known from an incident that was split: the official knows the whole, has no message of the part.
    SPLIT = "split"


@dataclass(frozen=True)
class Told:
    """What this official was last told of this incident."""

    way: Way
    state: Snapshot
    withdrawn: bool = False


@dataclass(frozen=True)
class Moment:
    """What a decision needs besides the alert: nothing here is read from a clock or a store."""

    now: datetime
    pushes_today: int = 0
    replayed: bool = False
    muted: bool = False


@dataclass(frozen=True)
class Decision:
    """``suppressed`` keeps the action that was held back, for the ledger."""

    action: Action
    reason: Reason
    suppressed: bool = False


def decide(
    official: Official, alert: Alert, verdict: Match | Miss, told: Told | None, moment: Moment
) -> Decision | None:
    """Push, edit, digest, withdraw or suppress, with the reason; None where the alert is nobody's news."""
    if isinstance(verdict, Miss):
        return None if told is None else _correct_only(alert, told)
    if told is not None and told.state.version >= alert.version:
        return _held(Action.EDIT, Reason.OLD_VERSION)
    if moment.muted and alert.severity < Severity.CRITICAL:
        return _held(Action.PUSH, Reason.MUTED)
    if told is None:
        return _first_time(official, alert, moment)
    return _again(official, alert, told, moment)


def _held(action: Action, reason: Reason) -> Decision:
    return Decision(action, reason, suppressed=True)


def _correct_only(alert: Alert, told: Told) -> Decision:
    """The incident left the subscription: what was sent is put right, nothing new is sent."""
    if told.state.version >= alert.version:
        return _held(Action.EDIT, Reason.OLD_VERSION)
    if told.way is Way.PUSH and snapshot(alert).fingerprint != told.state.fingerprint:
        return Decision(Action.EDIT, Reason.NO_LONGER_YOURS)
    return _held(Action.EDIT, Reason.NO_LONGER_YOURS)


def _first_time(official: Official, alert: Alert, moment: Moment) -> Decision:
    if alert.backfill and moment.now - alert.published_at > TOO_OLD_AFTER:
        return _held(Action.DIGEST, Reason.TOO_OLD)
    held_back = why_not_push(official, alert.severity, alert.kind, alert.backfill, moment)
    if held_back is not None:
        return Decision(Action.DIGEST, held_back)
    critical = alert.severity >= Severity.CRITICAL
    return Decision(Action.PUSH, Reason.CRITICAL if critical else Reason.HIGH)


def why_not_push(
    official: Official, severity: Severity, kind: Kind, backfill: bool, moment: Moment
) -> Reason | None:
    """The first thing that speaks against interrupting this official now; None if nothing does."""
    critical = severity >= Severity.CRITICAL
    checks = (
        (backfill, Reason.BACKFILL),
        (moment.replayed, Reason.REPLAYED),
        (severity < PUSH_FROM, Reason.BELOW_PUSH),
        (not _kind_may_push(official, kind, critical=critical), Reason.KIND_NOT_PUSHED),
        (not critical and is_quiet(official.quiet, moment.now, official.zone), Reason.QUIET_HOURS),
        (not critical and _budget_is_spent(official, moment), Reason.OVER_BUDGET),
    )
    return next((reason for holds, reason in checks if holds), None)


def _kind_may_push(official: Official, kind: Kind, *, critical: bool) -> bool:
    # A critical event interrupts even if it was read as a verdict or a warning; a ceremony never does.
    return kind in official.push_kinds or (critical and kind is not Kind.POLICY_COOPERATION)


def _budget_is_spent(official: Official, moment: Moment) -> bool:
    return official.max_pushes_a_day is not None and moment.pushes_today >= official.max_pushes_a_day


def _again(official: Official, alert: Alert, told: Told, moment: Moment) -> Decision:
    now = snapshot(alert)
    worse = _what_got_worse(told, now)
    if worse is not None and why_not_push(official, alert.severity, alert.kind, alert.backfill, moment) is None:
        return Decision(Action.PUSH, worse)
    if told.way is Way.DIGEST_WAITING:
        return _held(Action.DIGEST, Reason.PENDING_DIGEST)
    if told.way is Way.SPLIT:
        return Decision(Action.DIGEST, Reason.SPLIT_PART)
    if now.fingerprint == told.state.fingerprint and not told.withdrawn:
        return _held(Action.EDIT, Reason.NOTHING_NEW)
    if told.way is Way.PUSH:
        return Decision(Action.EDIT, worse or Reason.FACTS_CHANGED)
    return Decision(Action.DIGEST, worse or Reason.UPDATED_SINCE_DIGEST)


def _what_got_worse(told: Told, now: Snapshot) -> Reason | None:
    if now.severity > told.state.severity:
        return Reason.SEVERITY_ROSE
    if has_grown(told.state.counts, now.counts):
        return Reason.COUNT_GREW
    return None


def decide_withdrawal(told: Told) -> Decision:
    """The incident is no longer reported: who was told is told that too, who was not never hears."""
    if told.withdrawn:
        return _held(Action.WITHDRAW, Reason.NOTHING_NEW)
    if told.way is Way.PUSH:
        return Decision(Action.WITHDRAW, Reason.WITHDRAWN)
    if told.way is Way.DIGEST:
        return Decision(Action.DIGEST, Reason.WITHDRAWN)
    return _held(Action.WITHDRAW, Reason.WITHDRAWN_UNSENT)


def decide_regrouping(told: Told, reason: Reason) -> Decision:
    """A merge or a split corrects the messages that exist and pushes nothing by itself."""
    if told.way is Way.PUSH and not told.withdrawn:
        return Decision(Action.EDIT, reason)
    return _held(Action.EDIT, reason)
