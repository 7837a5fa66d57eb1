"""An incident as its officials should know it: always the full current state."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from services.contracts.base import Event, Identifier, Instant, Language, Region, Value
from services.contracts.codes import Kind, Role, Severity, Topic
from services.contracts.tagging import Facts, Place, Trigger

#: Roles that carry an alert to a region's own topic; a venue or a statement does not.
PROJECTED_ROLES = frozenset({Role.EVENT, Role.ORIGIN, Role.TRANSIT, Role.DESTINATION})


class Source(Value):
    """One story that reports the incident."""

    story_id: Identifier
    version: int = Field(ge=1)
    outlet: str
    url: str = Field(max_length=4096)
    language: Language
    published_at: Instant
    copies: int = Field(default=0, ge=0)
    withdrawn: bool = False


class IncidentEvent(Event):
    """One step in an incident's life; ``version`` grows by one with each."""

    incident_id: Identifier
    version: int = Field(ge=1)

    @property
    def alert_id(self) -> str:
        """Names this state of the incident: ``<incident_id>.<version>``."""
        return f"{self.incident_id}.{self.version}"


class Alert(IncidentEvent):
    """The full current state of an incident."""

    topics: tuple[Topic, ...] = Field(min_length=1)
    kind: Kind
    severity: Severity
    triggers: tuple[Trigger, ...] = Field(min_length=1)
    places: tuple[Place, ...] = ()
    facts: Facts = Facts()
    sources: tuple[Source, ...] = Field(min_length=1, description="the trusted and the first come first")
    confidence: Literal["low", "medium", "high"] = "medium"
    first_seen_at: Instant
    last_changed_at: Instant
    published_at: Instant = Field(description="the earliest publication of any source")
    fetched_at: Instant | None = Field(default=None, description="when we read the newest of its sources")
    aliases: tuple[Identifier, ...] = Field(default=(), description="ids of incidents merged into this one")
    backfill: bool = Field(default=False, description="every source was old when we first looked: never pushed")

    def regions(self) -> tuple[str, ...]:
        """Regions of the places whose role carries the alert there, and their countries; sorted."""
        found = {p.region or p.country for p in self.places if p.role in PROJECTED_ROLES}
        return tuple(sorted(found | {region[:2] for region in found}))


class AlertRaised(Alert):
    """An incident was recognised."""

    event: Literal["AlertRaised"] = "AlertRaised"


class AlertUpdated(Alert):
    """An incident changed; ``changed`` names what: facts, severity, sources, places, topics, kind."""

    event: Literal["AlertUpdated"] = "AlertUpdated"
    changed: tuple[str, ...] = Field(min_length=1)


class AlertWithdrawn(IncidentEvent):
    """An incident is no longer reported, or has left the region whose topic this is read from."""

    event: Literal["AlertWithdrawn"] = "AlertWithdrawn"
    reason: Literal["stories_withdrawn", "not_relevant", "region_changed"]
    region: Region | None = Field(default=None, description="set with region_changed: the region it left")


class IncidentMerged(IncidentEvent):
    """This incident turned out to be another one; its id lives on as an alias of ``into``."""

    event: Literal["IncidentMerged"] = "IncidentMerged"
    into: Identifier


class IncidentSplit(IncidentEvent):
    """This incident turned out to be several; ``parts`` are their ids, its own may be among them."""

    event: Literal["IncidentSplit"] = "IncidentSplit"
    parts: tuple[Identifier, ...] = Field(min_length=2)


AlertEvent = Annotated[
    AlertRaised | AlertUpdated | AlertWithdrawn | IncidentMerged | IncidentSplit, Field(discriminator="event")
]
ALERT_EVENT: TypeAdapter[AlertEvent] = TypeAdapter(AlertEvent)
