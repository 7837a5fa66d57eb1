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
)
from services.contracts.delivery import Action
from services.notifier import roster, rows
from services.notifier.alert_log import keep_alert
from services.notifier.core.decide import (
    Decision,
    Moment,
    Told,
    Way,
    decide,
)
from services.notifier.core.ledger import State
from services.notifier.core.match import SubscriptionIndex, match_official
from services.notifier.core.reason import Reason
from services.notifier.core.snapshot import snapshot
from services.notifier.endings import end
from services.notifier.heirs import inherit, waiting_of_former
from services.notifier.incidents import keep_incident, last_version
from services.notifier.placing import Case, place
from services.notifier.rows import Row
from services.notifier.tables import MUTE
from services.notifier.told import (
    Memory,
    effective,
    erase,
    memories,
    remember,
)

log = structlog.get_logger(__name__)

_DAY_S = 86_400.0


@dataclass(frozen=True)
class Seen:
    """One alert event and how it came."""

    event: AlertEvent
    replayed: bool = False
    trace: str | None = None


@dataclass(frozen=True)
class _Around:
    """What the store knows around one incident, read once for everybody who hears of it."""

    waiting: Mapping[str, Sequence[Row]]
    muted: frozenset[str]
    channels: Mapping[str, frozenset[str]]
    replayed: bool


_MUTES = sa.select(MUTE.c.official_id).where(
    MUTE.c.incident_id.in_([sa.bindparam("this"), "*"]), MUTE.c.until > sa.bindparam("at")
)


def _look_around(conn: sa.Connection, incident_id: str, at: float, *, replayed: bool) -> _Around:
    return _Around(
        waiting=rows.waiting_by_official(conn, incident_id),
        muted=frozenset(row.official_id for row in conn.execute(_MUTES, {"this": incident_id, "at": at})),
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
                keep_alert(conn, seen.event, replayed=seen.replayed, now=now.timestamp())
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
        known = memories(conn, [event.incident_id])
        given = []
        for memory in known.values():
            official = self._index.officials.get(memory.official_id)
            if official is not None:
                given.append(end(conn, Case(official, event, seen.trace, now), memory))
        return given

    def _plan_alert(
        self, conn: sa.Connection, alert: AlertRaised | AlertUpdated, seen: Seen, now: datetime
    ) -> list[Reason]:
        hears = self._index.who_hears(alert)
        known = memories(conn, [alert.incident_id, *alert.aliases])
        former = waiting_of_former(conn, known, alert)
        around = _look_around(conn, alert.incident_id, now.timestamp(), replayed=seen.replayed)
        decided = rows.rows_of_subject(conn, alert.alert_id)
        given: list[Reason | None] = []
        for official_id in sorted({*hears, *(name for name, _ in known)}):
            official = self._index.officials.get(official_id)
            if official is None:
                continue
            memory = inherit(conn, official_id, alert, known, former, at=now.timestamp())
            case = Case(official, alert, seen.trace, now, around.channels.get(official_id))
            if official_id in decided:
                given.append(_recall(conn, case, alert, memory, decided[official_id]))
            else:
                given.append(_settle_alone(conn, case, alert, memory, around))
        return [reason for reason in given if reason is not None]


def _settle_alone(
    conn: sa.Connection,
    case: Case,
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
        place(conn, case, failed, severity=alert.severity, incident_id=alert.incident_id)
        return Reason.FAILED


def _settle(
    conn: sa.Connection,
    case: Case,
    alert: AlertRaised | AlertUpdated,
    memory: Memory | None,
    around: _Around,
) -> Reason | None:
    waiting = around.waiting.get(case.official.official_id, ())
    told = effective(memory, waiting)
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
            rows.suppress(conn, row, Reason.NO_LONGER_YOURS if left else Reason.SUPERSEDED, case.at)
    if decision is None:
        if memory is not None:
            erase(conn, case.official.official_id, alert.incident_id)
        return Reason.NO_LONGER_YOURS if memory else None
    if left and told is not None and told.way is Way.DIGEST_WAITING:
        _restore(conn, case, alert.incident_id, memory.base if memory else None)
    else:
        _remember(conn, case, alert, decision, told)
    place(conn, case, decision, severity=alert.severity, incident_id=alert.incident_id)
    return decision.reason


def _recall(
    conn: sa.Connection,
    case: Case,
    alert: AlertRaised | AlertUpdated,
    memory: Memory | None,
    decided: Sequence[Row],
) -> Reason:
    """After a restore the ledger knows of an alert that is read again: what was decided then holds."""
    told = memory.told if memory else None
    for row in decided:
        rows.bring_forward(conn, row, case.at)
    left = [row.action for row in decided if row.state not in {State.SUPPRESSED, State.REFUSED}]
    if not left:
        _remember(conn, case, alert, Decision(Action.PUSH, Reason.OLD_VERSION, suppressed=True), told)
        return Reason.OLD_VERSION
    digest = all(action is Action.DIGEST for action in left)
    waits = digest and any(row.state is State.PLANNED for row in decided)
    way = (Way.DIGEST_WAITING if waits else Way.DIGEST) if digest else Way.PUSH
    known = Memory(case.official.official_id, alert.incident_id, Told(way, snapshot(alert)), told)
    remember(conn, known, case.at)
    return Reason.OLD_VERSION


def _pushes_today(conn: sa.Connection, case: Case) -> int:
    if case.official.max_pushes_a_day is None:
        return 0
    return rows.pushes_since(conn, case.official.official_id, case.at - _DAY_S)


_WAY = {Action.PUSH: Way.PUSH, Action.EDIT: Way.PUSH, Action.DIGEST: Way.DIGEST_WAITING}


def _remember(
    conn: sa.Connection, case: Case, alert: AlertRaised | AlertUpdated, decision: Decision, told: Told | None
) -> None:
    official_id = case.official.official_id
    state = snapshot(alert)
    if decision.suppressed:
        if told is not None:
            kept = replace(told, state=replace(told.state, version=alert.version))
            remember(conn, Memory(official_id, alert.incident_id, kept, None), case.at)
        else:
            erase(conn, official_id, alert.incident_id)  # a push that waited was called off: it told nothing
        return
    new = Told(_WAY[decision.action], state)
    remember(conn, Memory(official_id, alert.incident_id, new, told), case.at)


def _restore(conn: sa.Connection, case: Case, incident_id: str, base: Told | None) -> None:
    if base is None:
        erase(conn, case.official.official_id, incident_id)
    else:
        remember(conn, Memory(case.official.official_id, incident_id, base, None), case.at)
