"""Make a synthetic alert that no official can get, and tell it from a real one."""

from __future__ import annotations

from datetime import UTC, datetime

from services.contracts.alert import Alert, AlertEvent, AlertRaised, Source
from services.contracts.codes import Kind, Role, Severity, Topic
from services.contracts.tagging import Evidence, Place, Trigger

#: ISO 3166-1 leaves ZZ to its users for good; no place of the world and no subscription of a person is in it.
RESERVED = "ZZ"
_PREFIX = "canary-"
_EVIDENCE = (Evidence(start=0, end=6, text="canary", rule="canary"),)


def incident_name(at: datetime) -> str:
    """The incident of the synthetic alert made at this instant."""
    return f"{_PREFIX}{int(at.timestamp())}"


def made_at(incident_id: str) -> datetime | None:
    """When the synthetic alert of this incident, or of this alert id, was made; None if it is a real one."""
    digits = incident_id.removeprefix(_PREFIX).partition(".")[0]
    if not incident_id.startswith(_PREFIX) or not (digits.isascii() and digits.isdigit()) or len(digits) > 11:
        return None
    return datetime.fromtimestamp(int(digits), UTC)


def is_synthetic(event: AlertEvent | Alert) -> bool:
    """Whether nobody real may be told of this: by its name, or by a place that is nowhere."""
    if event.incident_id.startswith(_PREFIX):
        return True
    return isinstance(event, Alert) and any(place.country == RESERVED for place in event.places)


def make_canary(at: datetime) -> AlertRaised:
    """High enough to be pushed by day and by night where there are no quiet hours."""
    return AlertRaised(
        occurred_at=at,
        incident_id=incident_name(at),
        version=1,
        topics=(Topic.BORDER_SECURITY,),
        kind=Kind.INCIDENT,
        severity=Severity.HIGH,
        triggers=(Trigger(code="canary", evidence=_EVIDENCE),),
        places=(Place(name="Canary", region=None, country=RESERVED, role=Role.EVENT, evidence=_EVIDENCE),),
        sources=(
            Source(
                story_id=incident_name(at),
                version=1,
                outlet="Siaga (synthetic, no news)",
                url="https://canary.invalid/",
                language="en",
                published_at=at,
            ),
        ),
        first_seen_at=at,
        last_changed_at=at,
        published_at=at,
    )
