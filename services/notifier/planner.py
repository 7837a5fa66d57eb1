"""Turn alert events into deliveries: match, decide, and write down every decision in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
import structlog

from services.contracts.alert import (
    AlertEvent,
    AlertRaised,
    AlertUpdated,
    AlertWithdrawn,
    IncidentMerged,
    IncidentSplit,
)
from services.contracts.codes import Severity
from services.contracts.delivery import Action, Outcome
from services.notifier import roster, rows
from services.notifier.core.decide import (
    Decision,
    Moment,
    Told,
    Way,
    decide,
    decide_regrouping,
    decide_withdrawal,
)
from services.notifier.core.digest import next_digest
from services.notifier.core.ledger import EDITS_IN_PLACE, Priority, State
from services.notifier.core.match import SubscriptionIndex, match_official
from services.notifier.core.reason import Reason
from services.notifier.core.snapshot import snapshot
from services.notifier.core.subscription import Official
from services.notifier.incidents import keep_incident, last_version
from services.notifier.rows import Memory, Row
from services.notifier.tables import MUTE

log = structlog.get_logger(__name__)

_DAY_S = 86_400.0
NO_CHANNEL = "none"


@dataclass(frozen=True)
class Seen:
    """One alert event and how it came."""

    event: AlertEvent
    replayed: bool = False
    trace: str | None = None


@dataclass(frozen=True)
class _Case:
    """One official and one event."""

    official: Official
    event: AlertEvent
    trace: str | None
    now: datetime
    reachable: frozenset[str] | None = None

    @property
    def at(self) -> float:
        return self.now.timestamp()


@dataclass(frozen=True)
class _Around:
    """What the store knows around one incident, read once for everybody who hears of it."""

    waiting: Mapping[str, Sequence[Row]]
    muted: frozenset[str]
    channels: Mapping[str, frozenset[str]]
    replayed: bool


def _look_around(conn: sa.Connection, incident_id: str, at: float, *, replayed: bool) -> _Around:
    mutes = sa.select(MUTE.c.official_id).where(MUTE.c.incident_id.in_([incident_id, "*"]), MUTE.c.until > at)
    return _Around(
        waiting=rows.waiting_by_official(conn, incident_id),
        muted=frozenset(row.official_id for row in conn.execute(mutes)),
        channels=roster.reachable_channels(conn),
        replayed=replayed,
    )


class Planner:
    """Holds the index of subscriptions; everything else is in the store."""

    def __init__(self) -> None:
        self._index = SubscriptionIndex(())
        self._revision = -1

    def plan(self, conn: sa.Connection, batch: Sequence[Seen], now: datetime) -> dict[Reason, int]:
        """Handle a batch of events; how often each reason was given."""
        self._refresh(conn)
        given: dict[Reason, int] = {}
        for seen in batch:
            if seen.event.version <= last_version(conn, seen.event.incident_id):
                decided = [Reason.OLD_VERSION]
            else:
                decided = self._plan_one(conn, seen, now)
                keep_incident(conn, seen.event, now.timestamp())
            for reason in decided:
                given[reason] = given.get(reason, 0) + 1
        return given

    def _refresh(self, conn: sa.Connection) -> None:
        current = roster.revision(conn)
        if current != self._revision:
            self._index = SubscriptionIndex(roster.active_officials(conn))
            self._revision = current

    def _plan_one(self, conn: sa.Connection, seen: Seen, now: datetime) -> list[Reason]:
        event = seen.event
        if isinstance(event, AlertRaised | AlertUpdated):
            return self._plan_alert(conn, event, seen, now)
        if isinstance(event, AlertWithdrawn) and event.reason == "region_changed":
            return [Reason.REGION_ONLY]
        known = rows.memories(conn, [event.incident_id])
        given = []
        for memory in known.values():
            official = self._index.officials.get(memory.official_id)
            if official is not None:
                given.append(_end(conn, _Case(official, event, seen.trace, now), memory))
        return given

    def _plan_alert(
        self, conn: sa.Connection, alert: AlertRaised | AlertUpdated, seen: Seen, now: datetime
    ) -> list[Reason]:
        hears = self._index.who_hears(alert)
        known = rows.memories(conn, [alert.incident_id, *alert.aliases])
        around = _look_around(conn, alert.incident_id, now.timestamp(), replayed=seen.replayed)
        given = []
        for official_id in sorted({*hears, *(name for name, _ in known)}):
            official = self._index.officials.get(official_id)
            if official is None:
                continue
            memory = _memory(known, official_id, alert)
            if memory is not None and memory.incident_id != alert.incident_id:
                # A merge whose own event has not arrived yet: the thread goes on under the new id.
                rows.share_thread(conn, official_id, memory.incident_id, alert.incident_id)
                memory = replace(memory, incident_id=alert.incident_id, told=_from_before(memory.told))
            case = _Case(official, alert, seen.trace, now, around.channels.get(official_id))
            given.append(_settle_alone(conn, case, alert, memory, around))
        return [reason for reason in given if reason is not None]


def _memory(
    known: dict[tuple[str, str], Memory], official_id: str, alert: AlertRaised | AlertUpdated
) -> Memory | None:
    for incident_id in (alert.incident_id, *alert.aliases):
        if (official_id, incident_id) in known:
            return known[official_id, incident_id]
    return None


def _from_before(told: Told) -> Told:
    """The same, but older than any version of the incident it now belongs to."""
    return replace(told, state=replace(told.state, version=0))


def _settle_alone(
    conn: sa.Connection,
    case: _Case,
    alert: AlertRaised | AlertUpdated,
    memory: Memory | None,
    around: _Around,
) -> Reason | None:
    """One official who cannot be decided on never stops the others; ledger, metric and log show it."""
    try:
        with conn.begin_nested():
            return _settle(conn, case, alert, memory, around)
    except sa.exc.DBAPIError:
        raise
    except Exception:
        log.exception("decision failed", official_id=case.official.official_id, alert_id=alert.alert_id)
        failed = Decision(Action.PUSH, Reason.FAILED, suppressed=True)
        _write(conn, case, failed, severity=alert.severity, incident_id=alert.incident_id)
        return Reason.FAILED


def _settle(
    conn: sa.Connection,
    case: _Case,
    alert: AlertRaised | AlertUpdated,
    memory: Memory | None,
    around: _Around,
) -> Reason | None:
    waiting = around.waiting.get(case.official.official_id, ())
    told = _effective(memory, waiting)
    moment = Moment(
        now=case.now,
        pushes_today=_pushes_today(conn, case),
        replayed=around.replayed,
        muted=case.official.official_id in around.muted,
    )
    verdict = match_official(case.official, alert)
    decision = decide(case.official, alert, verdict, told, moment)
    keep_member = decision is not None and decision.reason in {Reason.PENDING_DIGEST, Reason.MUTED}
    left = decision is None or decision.reason is Reason.NO_LONGER_YOURS
    for row in waiting:
        if not (keep_member and row.state is State.PLANNED):
            _suppress(conn, row, Reason.NO_LONGER_YOURS if left else Reason.SUPERSEDED, case.at)
    if decision is None:
        if memory is not None:
            rows.erase(conn, case.official.official_id, alert.incident_id)
        return Reason.NO_LONGER_YOURS if memory else None
    if left and told is not None and told.way is Way.DIGEST_WAITING:
        _restore(conn, case, alert.incident_id, memory.base if memory else None)
    else:
        _remember(conn, case, alert, decision, told)
    _write(conn, case, decision, severity=alert.severity, incident_id=alert.incident_id)
    return decision.reason


def _effective(memory: Memory | None, waiting: Sequence[Row]) -> Told | None:
    """What the official has really seen: a push or an edit that has not left does not count."""
    if memory is None:
        return None
    if any(row.action in {Action.PUSH, Action.EDIT, Action.WITHDRAW} for row in waiting):
        return memory.base
    if memory.told.way is Way.DIGEST_WAITING and not waiting:
        # Its digest is on its way just now, with the state before this one.
        return replace(memory.told, way=Way.DIGEST)
    return memory.told


def _pushes_today(conn: sa.Connection, case: _Case) -> int:
    if case.official.max_pushes_a_day is None:
        return 0
    return rows.pushes_since(conn, case.official.official_id, case.at - _DAY_S)


_WAY = {Action.PUSH: Way.PUSH, Action.EDIT: Way.PUSH, Action.DIGEST: Way.DIGEST_WAITING}


def _remember(
    conn: sa.Connection, case: _Case, alert: AlertRaised | AlertUpdated, decision: Decision, told: Told | None
) -> None:
    official_id = case.official.official_id
    state = snapshot(alert)
    if decision.suppressed:
        if told is not None:
            kept = replace(told, state=replace(told.state, version=alert.version))
            rows.remember(conn, Memory(official_id, alert.incident_id, kept, None), case.at)
        return
    new = Told(_WAY[decision.action], state)
    rows.remember(conn, Memory(official_id, alert.incident_id, new, told), case.at)


def _restore(conn: sa.Connection, case: _Case, incident_id: str, base: Told | None) -> None:
    if base is None:
        rows.erase(conn, case.official.official_id, incident_id)
    else:
        rows.remember(conn, Memory(case.official.official_id, incident_id, base, None), case.at)


def _suppress(conn: sa.Connection, row: Row, reason: Reason, at: float) -> None:
    rows.move(conn, row, State.SUPPRESSED, reason, at)
    rows.announce(conn, row, Outcome.SUPPRESSED, reason, at)


def _end(conn: sa.Connection, case: _Case, memory: Memory) -> Reason:
    """The incident was withdrawn, merged or split: put right what this official has of it."""
    event = case.event
    waiting = rows.waiting_rows(conn, case.official.official_id, event.incident_id)
    told = _effective(memory, waiting)
    if isinstance(event, AlertWithdrawn):
        return _withdraw(conn, case, memory, waiting, told)
    reason = Reason.MERGED if isinstance(event, IncidentMerged) else Reason.SPLIT
    decision = decide_regrouping(told, reason) if told else None
    if isinstance(event, IncidentMerged):
        _hand_over(conn, case, event.into, memory, waiting)
    elif isinstance(event, IncidentSplit):
        for part in event.parts:
            if part != event.incident_id and rows.memory_of(conn, case.official.official_id, part) is None:
                known = Told(Way.SPLIT, replace(memory.told.state, version=0))
                rows.remember(conn, Memory(case.official.official_id, part, known, None), case.at)
    if decision is None:
        return reason
    severity = memory.told.state.severity
    _write(conn, case, decision, severity=severity, incident_id=event.incident_id)
    kept = replace(memory.told, state=replace(memory.told.state, version=event.version))
    rows.remember(conn, replace(memory, told=kept), case.at)
    return decision.reason


def _withdraw(
    conn: sa.Connection, case: _Case, memory: Memory, waiting: Sequence[Row], told: Told | None
) -> Reason:
    for row in waiting:
        _suppress(conn, row, Reason.WITHDRAWN_UNSENT, case.at)
    if told is not None and told.way is Way.DIGEST_WAITING:
        told = memory.base
    if told is None:
        rows.erase(conn, case.official.official_id, case.event.incident_id)
        return Reason.WITHDRAWN_UNSENT
    decision = decide_withdrawal(told)
    gone = replace(told, withdrawn=True, state=replace(told.state, version=case.event.version))
    rows.remember(conn, Memory(case.official.official_id, case.event.incident_id, gone, None), case.at)
    _write(conn, case, decision, severity=told.state.severity, incident_id=case.event.incident_id)
    return decision.reason


def _hand_over(conn: sa.Connection, case: _Case, into: str, memory: Memory, waiting: Sequence[Row]) -> None:
    """The official's thread of the merged incident goes on as the thread of the other one."""
    official_id = case.official.official_id
    if rows.memory_of(conn, official_id, into) is not None:
        for row in waiting:
            _suppress(conn, row, Reason.MERGED, case.at)
        return
    rows.share_thread(conn, official_id, memory.incident_id, into)
    rows.remember(conn, Memory(official_id, into, _from_before(memory.told), None), case.at)


def _write(conn: sa.Connection, case: _Case, decision: Decision, *, severity: Severity, incident_id: str) -> None:
    """Write the decision down; what is held back is a row too, so that its reason can be shown."""
    action, reason = decision.action, decision.reason
    channel = _channel(conn, case, action, incident_id)
    if not decision.suppressed and channel == NO_CHANNEL:
        decision = replace(decision, suppressed=True, reason=Reason.NO_CHANNEL)
    elif not decision.suppressed and action is Action.EDIT and channel not in EDITS_IN_PLACE:
        action, reason = Action.DIGEST, Reason.CANNOT_EDIT
        _wait_for_digest(conn, case, incident_id)
        channel = _channel(conn, case, action, incident_id)
    state = State.PLANNED if action is Action.DIGEST else State.DUE
    due = _due(case, action)
    row = Row(
        subject=case.event.alert_id,
        official_id=case.official.official_id,
        channel=channel,
        action=action,
        incident_id=incident_id,
        version=case.event.version,
        state=State.SUPPRESSED if decision.suppressed else state,
        reason=decision.reason if decision.suppressed else reason,
        why=decision.reason,
        priority=priority(action, severity),
        due_at=due,
        first_due_at=due,
        trace=case.trace,
    )
    if rows.insert_row(conn, row, case.at) and decision.suppressed:
        rows.announce(conn, row, Outcome.SUPPRESSED, decision.reason, case.at)


def _wait_for_digest(conn: sa.Connection, case: _Case, incident_id: str) -> None:
    memory = rows.memory_of(conn, case.official.official_id, incident_id)
    if memory is not None:
        waiting = replace(memory.told, way=Way.DIGEST_WAITING)
        rows.remember(conn, replace(memory, told=waiting), case.at)


def _due(case: _Case, action: Action) -> float:
    if action is not Action.DIGEST:
        return case.at
    official = case.official
    return next_digest(official.digest, case.now, official.zone, official.quiet).timestamp()


def priority(action: Action, severity: Severity) -> Priority:
    """Who goes first."""
    if action is Action.PUSH:
        return Priority.CRITICAL if severity >= Severity.CRITICAL else Priority.PUSH
    return {Action.WITHDRAW: Priority.WITHDRAWAL, Action.EDIT: Priority.EDIT}.get(action, Priority.DIGEST)


def digest_channel(official: Official, usable: Sequence[str]) -> str:
    """Where this official's digests go now: the chosen channel if it works, else the first that does."""
    chosen = official.channel_for_digest()
    return chosen if chosen in usable else next(iter(usable), NO_CHANNEL)


def _channel(conn: sa.Connection, case: _Case, action: Action, incident_id: str) -> str:
    official = case.official
    if case.reachable is None:
        usable = roster.usable_channels(conn, official)
    else:
        usable = [channel for channel in official.channels if channel in case.reachable]
    if action is Action.DIGEST:
        return digest_channel(official, usable)
    if action in {Action.EDIT, Action.WITHDRAW}:
        # A correction goes where the message is, an editable one first.
        for channel in sorted(usable, key=lambda name: name not in EDITS_IN_PLACE):
            if rows.thread_refs(conn, official.official_id, incident_id, channel):
                return channel
    return next(iter(usable), NO_CHANNEL)


def put_off(conn: sa.Connection, row: Row, official: Official, reason: Reason, now: datetime) -> None:
    """List an incident in the official's next digest instead of, or after, what became of ``row``."""
    at = now.timestamp()
    due = next_digest(official.digest, now, official.zone, official.quiet).timestamp()
    member = replace(
        row,
        channel=digest_channel(official, roster.usable_channels(conn, official)),
        action=Action.DIGEST,
        state=State.PLANNED,
        reason=reason,
        why=reason,
        due_at=due,
        first_due_at=due,
        attempts=0,
        bundle=None,
        ref=None,
        priority=Priority.DIGEST,
    )
    rows.insert_row(conn, member, at)
    if row.incident_id is not None:
        memory = rows.memory_of(conn, row.official_id, row.incident_id)
        if memory is not None:
            told = replace(memory.told, way=Way.DIGEST_WAITING)
            rows.remember(conn, replace(memory, told=told), at)
