"""Read-only questions to the notifier's store, for the live view, `siaga why` and the metrics."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import sqlalchemy as sa

from services.contracts.alert import ALERT_EVENT, Alert
from services.notifier.buttons import NOT_RELEVANT, WRONG_REGION
from services.notifier.core.ledger import SENDABLE, Priority
from services.notifier.core.match import Match, match_official
from services.notifier.incidents import find_incident
from services.notifier.metrics import Waiting
from services.notifier.roster import find_official
from services.notifier.tables import ATTEMPT, CORRECTION, DELIVERY, INCIDENT, OFFICIAL

_DAY_S = 86_400.0


@dataclass(frozen=True)
class DeliveryView:
    """One delivery as people are shown it; an official is a random id."""

    subject: str
    official_id: str
    channel: str
    action: str
    incident_id: str | None
    version: int
    state: str
    reason: str
    why: str
    attempts: int
    second_copy: bool
    bundle: str | None
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class AttemptView:
    """One line of evidence."""

    subject: str
    channel: str
    action: str
    n: int
    phase: str
    reason: str
    detail: str
    at: datetime


_SHOWN = tuple(name for name in DeliveryView.__dataclass_fields__ if not name.endswith("_at"))


def _deliveries(conn: sa.Connection, query: sa.Select[tuple[object, ...]]) -> list[DeliveryView]:
    return [
        DeliveryView(
            **{name: getattr(row, name) for name in _SHOWN},
            created_at=datetime.fromtimestamp(row.created_at, UTC),
            changed_at=datetime.fromtimestamp(row.changed_at, UTC),
        )
        for row in conn.execute(query)
    ]


def deliveries_of_incident(
    conn: sa.Connection, incident_id: str, official_id: str | None = None
) -> list[DeliveryView]:
    """Every delivery about an incident, with the digests it travelled in, oldest first."""
    own = sa.select(DELIVERY).where(DELIVERY.c.incident_id == incident_id)
    if official_id is not None:
        own = own.where(DELIVERY.c.official_id == official_id)
    found = _deliveries(conn, own)
    windows = {(view.official_id, view.bundle) for view in found if view.bundle}
    for official, window in sorted(windows, key=str):
        found += _deliveries(
            conn,
            sa.select(DELIVERY).where(DELIVERY.c.official_id == official, DELIVERY.c.subject == window),
        )
    return sorted(found, key=lambda view: (view.created_at, view.subject))


def incidents_of_story(conn: sa.Connection, story_id: str) -> list[str]:
    """Incidents whose last state names this story as a source."""
    hint = INCIDENT.c.alert.contains(story_id, autoescape=True)
    found = []
    for row in conn.execute(sa.select(INCIDENT.c.incident_id, INCIDENT.c.alert).where(hint)):
        alert = ALERT_EVENT.validate_json(row.alert)
        if isinstance(alert, Alert) and any(source.story_id == story_id for source in alert.sources):
            found.append(row.incident_id)
    return found


def recent_deliveries(conn: sa.Connection, limit: int = 50) -> list[DeliveryView]:
    """The deliveries that changed last, newest first."""
    return _deliveries(conn, sa.select(DELIVERY).order_by(DELIVERY.c.changed_at.desc()).limit(limit))


def attempts_of(conn: sa.Connection, subject: str, official_id: str | None = None) -> list[AttemptView]:
    """Every attempt of a delivery, oldest first."""
    query = sa.select(ATTEMPT).where(ATTEMPT.c.subject == subject).order_by(ATTEMPT.c.id)
    if official_id is not None:
        query = query.where(ATTEMPT.c.official_id == official_id)
    return [
        AttemptView(
            subject=row.subject,
            channel=row.channel,
            action=row.action,
            n=row.n,
            phase=row.phase,
            reason=row.reason,
            detail=row.detail,
            at=datetime.fromtimestamp(row.at, UTC),
        )
        for row in conn.execute(query)
    ]


def official_ids(conn: sa.Connection) -> list[tuple[str, str]]:
    """Every official's random id and standing."""
    rows = conn.execute(sa.select(OFFICIAL.c.official_id, OFFICIAL.c.state).order_by(OFFICIAL.c.created_at))
    return [(row.official_id, row.state) for row in rows]


def verdicts(
    conn: sa.Connection, incident_id: str, official_ids: Sequence[str]
) -> Iterator[tuple[str, Match | str]]:
    """Whether officials' subscriptions meet an incident as it is now: the match, or why not."""
    incident = find_incident(conn, incident_id)
    for official_id in official_ids:
        official = find_official(conn, official_id)
        if official is None:
            yield official_id, "official_not_active"
        elif incident is None or incident.alert is None:
            yield official_id, "incident_not_seen"
        else:
            verdict = match_official(official, incident.alert)
            yield official_id, verdict if isinstance(verdict, Match) else str(verdict.reason)


def count_by_state(conn: sa.Connection) -> dict[str, int]:
    """How many deliveries are in each state."""
    rows = conn.execute(sa.select(DELIVERY.c.state, sa.func.count().label("n")).group_by(DELIVERY.c.state))
    return {row.state: int(row.n) for row in rows}


def oldest_due(conn: sa.Connection, now: float) -> dict[Priority, float]:
    """Seconds since the oldest delivery of each priority became due, of those that should be out."""
    query = (
        sa.select(DELIVERY.c.priority, sa.func.min(DELIVERY.c.first_due_at).label("since"))
        .where(DELIVERY.c.state.in_([*SENDABLE]), DELIVERY.c.first_due_at <= now)
        .group_by(DELIVERY.c.priority)
    )
    return {Priority(row.priority): now - row.since for row in conn.execute(query)}


def lately_unseen(conn: sa.Connection, now: float) -> dict[str, int]:
    """How many deliveries became unknown, and were parked, within a day: older ones no alarm can change."""
    lately = sa.and_(DELIVERY.c.state.in_(["unknown", "parked"]), DELIVERY.c.changed_at > now - _DAY_S)
    query = sa.select(DELIVERY.c.state, sa.func.count().label("n")).where(lately)
    return {row.state: int(row.n) for row in conn.execute(query.group_by(DELIVERY.c.state))}


def count_corrections(conn: sa.Connection) -> dict[str, int]:
    """How often officials said that we were wrong, by what was wrong."""
    query = sa.select(CORRECTION.c.kind, sa.func.count().label("n")).group_by(CORRECTION.c.kind)
    named = {NOT_RELEVANT: "not_relevant", WRONG_REGION: "wrong_region"}
    return {named.get(row.kind, row.kind): int(row.n) for row in conn.execute(query)}


def waiting(conn: sa.Connection, now: float) -> Waiting:
    """What the metrics show of the ledger."""
    return Waiting(count_by_state(conn), oldest_due(conn, now), lately_unseen(conn, now), count_corrections(conn))


def parked(conn: sa.Connection) -> Sequence[DeliveryView]:
    """Deliveries whose outcome nobody could see."""
    query = sa.select(DELIVERY).where(DELIVERY.c.state.in_(["unknown", "parked"]))
    return _deliveries(conn, query.order_by(DELIVERY.c.changed_at.desc()))
