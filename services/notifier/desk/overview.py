"""What one look at many incidents tells: how many are new, and where they are; counted by the store."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from services.contracts.alert import PROJECTED_ROLES
from services.contracts.codes import Role, Severity
from services.notifier.desk.find import conditions
from services.notifier.desk.tables import INCIDENT, INCIDENT_PLACE
from services.notifier.desk.wanted import Wanted


@dataclass(frozen=True)
class Spot:
    """A region of the map: how bad its worst incident is, and how many there are."""

    region: str
    severity: int
    count: int


@dataclass(frozen=True)
class Glance:
    """What one look should tell."""

    new: int
    changed: int
    critical: int


def glance(conn: sa.Connection, wanted: Wanted, now: float, mine: Sequence[str], new_s: float) -> Glance:
    """How many of a filter's open incidents are new, have changed, and are critical."""
    since = now - new_s
    new = INCIDENT.c.first_seen_at > since
    changed = sa.and_(~new, INCIDENT.c.version > 1, INCIDENT.c.changed_at > since)
    counts = [
        sa.func.coalesce(sa.func.sum(sa.case((condition, 1), else_=0)), 0)
        for condition in (new, changed, INCIDENT.c.severity >= int(Severity.CRITICAL))
    ]
    query = sa.select(*counts).where(*conditions(conn, wanted, now, mine), INCIDENT.c.standing == "open")
    return Glance(*(int(count) for count in conn.execute(query).one()))


def find_spots(conn: sa.Connection, wanted: Wanted, now: float, mine: Sequence[str]) -> list[Spot]:
    """Where the open incidents are that a filter shows, all of them, counted by the store.

    A region counts where something happened; of a meeting, where it was held.
    """
    happened = [str(role) for role in PROJECTED_ROLES]
    other = INCIDENT_PLACE.alias("other")
    elsewhere = sa.exists().where(other.c.incident_id == INCIDENT_PLACE.c.incident_id, other.c.role.in_(happened))
    counts = sa.or_(
        INCIDENT_PLACE.c.role.in_(happened), sa.and_(INCIDENT_PLACE.c.role == str(Role.VENUE), ~elsewhere)
    )
    query = (
        sa.select(
            INCIDENT_PLACE.c.region,
            sa.func.max(INCIDENT.c.severity).label("severity"),
            sa.func.count(sa.distinct(INCIDENT.c.incident_id)).label("count"),
        )
        .select_from(INCIDENT.join(INCIDENT_PLACE, INCIDENT_PLACE.c.incident_id == INCIDENT.c.incident_id))
        .where(
            *conditions(conn, wanted, now, mine),
            INCIDENT.c.standing == "open",
            INCIDENT_PLACE.c.region != "",
            counts,
        )
        .group_by(INCIDENT_PLACE.c.region)
        .order_by(INCIDENT_PLACE.c.region)
    )
    return [Spot(row.region, row.severity, int(row[2])) for row in conn.execute(query)]
