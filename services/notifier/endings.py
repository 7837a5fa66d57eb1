"""Put right what an official has of an incident that was withdrawn, merged into another or split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa

from services.contracts.alert import AlertWithdrawn, IncidentMerged, IncidentSplit
from services.contracts.delivery import Action
from services.notifier import rows
from services.notifier.core.decide import Told, Way, decide_regrouping, decide_withdrawal
from services.notifier.core.reason import Reason
from services.notifier.heirs import NEWS
from services.notifier.incidents import find_incident
from services.notifier.placing import Case, place
from services.notifier.rows import Row
from services.notifier.told import Memory, effective, erase, from_before, memory_of, remember, share_thread


def end(conn: sa.Connection, case: Case, memory: Memory) -> Reason:
    """The incident was withdrawn, merged or split: put right what this official has of it."""
    event = case.event
    waiting = rows.waiting_rows(conn, case.official.official_id, event.incident_id)
    told = effective(memory, waiting)
    if isinstance(event, AlertWithdrawn):
        return _withdraw(conn, case, memory, waiting, told)
    reason = Reason.MERGED if isinstance(event, IncidentMerged) else Reason.SPLIT
    decision = decide_regrouping(told, reason) if told else None
    if isinstance(event, IncidentMerged):
        _hand_over(conn, case, event.into, memory, waiting)
    elif isinstance(event, IncidentSplit):
        for part in event.parts:
            if part != event.incident_id and memory_of(conn, case.official.official_id, part) is None:
                known = Told(Way.SPLIT, replace(memory.told.state, version=0))
                remember(conn, Memory(case.official.official_id, part, known, None), case.at)
    if decision is None:
        return reason
    severity = memory.told.state.severity
    place(conn, case, decision, severity=severity, incident_id=event.incident_id)
    kept = replace(memory.told, state=replace(memory.told.state, version=event.version))
    # Until this edit has left, what is on the screen is what was told before it.
    base = memory.base if decision.suppressed else told
    remember(conn, replace(memory, told=kept, base=base), case.at)
    return decision.reason


def _withdraw(
    conn: sa.Connection, case: Case, memory: Memory, waiting: Sequence[Row], told: Told | None
) -> Reason:
    for row in waiting:
        rows.suppress(conn, row, Reason.WITHDRAWN_UNSENT, case.at)
    if told is not None and told.way is Way.DIGEST_WAITING:
        told = memory.base
    if told is None:
        erase(conn, case.official.official_id, case.event.incident_id)
        return Reason.WITHDRAWN_UNSENT
    decision = decide_withdrawal(told)
    gone = replace(told, withdrawn=True, state=replace(told.state, version=case.event.version))
    remember(conn, Memory(case.official.official_id, case.event.incident_id, gone, None), case.at)
    place(conn, case, decision, severity=told.state.severity, incident_id=case.event.incident_id)
    return decision.reason


def _hand_over(conn: sa.Connection, case: Case, into: str, memory: Memory, waiting: Sequence[Row]) -> None:
    """The official's thread of the merged incident goes on as the thread of the other one."""
    official_id = case.official.official_id
    unsent = [row for row in waiting if row.action in NEWS]
    if unsent and not _is_decided_with(conn, into, memory.incident_id):
        return  # the other's own event, which is about to come, decides what the official has yet to hear
    if memory_of(conn, official_id, into) is not None:
        for row in unsent:
            if row.action is Action.DIGEST:
                rows.suppress(conn, row, Reason.MERGED, case.at)
        return
    share_thread(conn, official_id, memory.incident_id, into)
    remember(conn, Memory(official_id, into, from_before(memory.told), None), case.at)


def _is_decided_with(conn: sa.Connection, into: str, former: str) -> bool:
    """Whether the other incident was heard of as what this one became."""
    known = find_incident(conn, into)
    return known is not None and known.alert is not None and former in known.alert.aliases
