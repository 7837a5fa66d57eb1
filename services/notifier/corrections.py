"""What officials corrected by a button, as labels: which stories, which field, what was wrong, what is right."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa

from services.contracts.alert import Alert
from services.contracts.codes import Role
from services.notifier.alert_log import find_alert
from services.notifier.buttons import NOT_RELEVANT, WRONG_REGION
from services.notifier.incidents import find_incident
from services.notifier.tables import CORRECTION

_SCENE = frozenset({Role.EVENT, Role.VENUE})


@dataclass(frozen=True)
class Correction:
    """One press.

    Attributes:
        field: ``relevant`` or ``regions``, as in a labelled story.
        wrong: what we said.
        right: what it should have been, where the button says so; None where it only says that ours is wrong.
        official_id: random; a correction of somebody forgotten stays, since it says nothing of a person.
    """

    incident_id: str
    version: int
    story_ids: tuple[str, ...]
    field: str
    wrong: Any
    right: Any
    official_id: str
    at: str


def read_corrections(conn: sa.Connection, since: float = 0.0) -> Iterator[Correction]:
    """Every correction since then, oldest first."""
    query = sa.select(CORRECTION).where(CORRECTION.c.at >= since)
    for row in conn.execute(query.order_by(CORRECTION.c.at, CORRECTION.c.incident_id)).all():
        if row.kind not in {NOT_RELEVANT, WRONG_REGION}:
            continue
        alert = find_alert(conn, row.incident_id, row.version) or _last_state(conn, row.incident_id)
        if alert is None:
            continue
        relevance = row.kind == NOT_RELEVANT
        yield Correction(
            incident_id=row.incident_id,
            version=row.version,
            story_ids=tuple(source.story_id for source in alert.sources if not source.withdrawn),
            field="relevant" if relevance else "regions",
            wrong=True if relevance else _regions(alert),
            right=False if relevance else None,
            official_id=row.official_id,
            at=datetime.fromtimestamp(row.at, UTC).isoformat(timespec="seconds"),
        )


def _last_state(conn: sa.Connection, incident_id: str) -> Alert | None:
    incident = find_incident(conn, incident_id)
    return incident.alert if incident else None


def _regions(alert: Alert) -> list[str]:
    return sorted({place.region or place.country for place in alert.places if place.role in _SCENE})


def as_line(correction: Correction) -> dict[str, Any]:
    """As a JSON line holds it."""
    return asdict(correction)
