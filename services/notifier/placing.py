"""Put a decision into the ledger: on which channel, when, and how urgent."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from services.contracts.alert import AlertEvent
from services.contracts.codes import Severity
from services.contracts.delivery import Action, Outcome
from services.notifier import roster, rows, told
from services.notifier.core.decide import Decision, Way
from services.notifier.core.digest import next_digest
from services.notifier.core.ledger import EDITS_IN_PLACE, Priority, State
from services.notifier.core.reason import Reason
from services.notifier.core.subscription import Official
from services.notifier.rows import Row

NO_CHANNEL = "none"


@dataclass(frozen=True)
class Case:
    """One official and one event."""

    official: Official
    event: AlertEvent
    trace: str | None
    now: datetime
    reachable: frozenset[str] | None = None

    @property
    def at(self) -> float:
        return self.now.timestamp()


def place(conn: sa.Connection, case: Case, decision: Decision, *, severity: Severity, incident_id: str) -> None:
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


def _wait_for_digest(conn: sa.Connection, case: Case, incident_id: str) -> None:
    memory = told.memory_of(conn, case.official.official_id, incident_id)
    if memory is not None:
        waiting = replace(memory.told, way=Way.DIGEST_WAITING)
        told.remember(conn, replace(memory, told=waiting), case.at)


def _due(case: Case, action: Action) -> float:
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


def _channel(conn: sa.Connection, case: Case, action: Action, incident_id: str) -> str:
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
            if told.thread_refs(conn, official.official_id, incident_id, channel):
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
        memory = told.memory_of(conn, row.official_id, row.incident_id)
        if memory is not None:
            told.remember(conn, replace(memory, told=replace(memory.told, way=Way.DIGEST_WAITING)), at)
