"""Keep the last state of every incident that was handled, to ignore old versions and to render cards."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, cast

import sqlalchemy as sa

from services.contracts.alert import (
    ALERT_EVENT,
    Alert,
    AlertEvent,
    AlertWithdrawn,
    IncidentMerged,
    IncidentSplit,
)
from services.notifier.core.match import Match, match_official
from services.notifier.core.subscription import Official
from services.notifier.tables import INCIDENT
from services.runtime.recent import Recent

OPEN, WITHDRAWN, NOT_RELEVANT, MERGED, SPLIT = "open", "withdrawn", "not_relevant", "merged", "split"


_KNOWN = INCIDENT.c.incident_id == sa.bindparam("known")
#: Built once: building a statement costs more than running it.
_STATE, _VERSION = sa.select(INCIDENT).where(_KNOWN), sa.select(INCIDENT.c.version).where(_KNOWN)
_UPDATE, _INSERT = sa.update(INCIDENT).where(_KNOWN), sa.insert(INCIDENT)


@dataclass(frozen=True)
class Incident:
    """What the notifier knows of an incident; ``other`` is the one it merged into or the number of parts."""

    incident_id: str
    version: int
    status: str
    other: str
    alert: Alert | None

    def concerns(self, official: Official) -> bool:
        """Whether this is news to the official as things stand; how something ended always is."""
        if self.status != OPEN or self.alert is None:
            return True
        return isinstance(match_official(official, self.alert), Match)


#: Stored states, checked: one is read for each official who hears of it, and again when its card has left.
STATES: Final = Recent[str, AlertEvent](ALERT_EVENT.validate_json, 256 * 1024)


def find_incident(conn: sa.Connection, incident_id: str) -> Incident | None:
    """The last state handled; None if this incident was never heard of."""
    row = conn.execute(_STATE, {"known": incident_id}).first()
    if row is None:
        return None
    alert = cast(Alert, STATES(row.alert)) if row.alert else None
    return Incident(row.incident_id, row.version, row.status, row.other, alert)


def last_version(conn: sa.Connection, incident_id: str) -> int:
    """The version last handled, 0 for none."""
    return int(conn.execute(_VERSION, {"known": incident_id}).scalar() or 0)


def keep_incident(conn: sa.Connection, event: AlertEvent, now: float) -> None:
    """Note that this version is handled; an alert's state replaces the one before."""
    status, other = _status(event)
    values: dict[str, object] = {
        "version": event.version,
        "status": status,
        "other": other,
        "changed_at": now,
    }
    if isinstance(event, Alert):
        values["alert"] = event.model_dump_json()
    if conn.execute(_UPDATE, values | {"known": event.incident_id}).rowcount == 0:
        conn.execute(_INSERT, values | {"incident_id": event.incident_id})


def _status(event: AlertEvent) -> tuple[str, str]:
    if isinstance(event, AlertWithdrawn):
        return (NOT_RELEVANT if event.reason == "not_relevant" else WITHDRAWN), ""
    if isinstance(event, IncidentMerged):
        return MERGED, event.into
    if isinstance(event, IncidentSplit):
        return SPLIT, str(len(event.parts))
    return OPEN, ""
