"""What a program gets; fields are only ever added."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.codes import Kind, Role, Topic
from services.contracts.source import Health

INCIDENT_ID = "8c5f1f0e-6d0b-5b52-9f7e-1d2a3b4c5d6e"
STORY_ID = "antara:4711"
_AT = "2026-11-22T05:00:00Z"


class Answer(BaseModel):
    """A part of an answer."""

    model_config = ConfigDict(frozen=True)


class ApiPlace(Answer):
    """A place and what it has to do with the event; WGS 84 degrees."""

    name: str
    country: str
    region: str | None
    district: str | None
    lat: float | None
    lon: float | None
    role: Role


class ApiCount(Answer):
    """A count or measure as a range; ``high`` is null where a source says "at least"."""

    what: str
    of: str
    unit: str
    low: float
    high: float | None
    source: str


class ApiTerm(Answer):
    """A fact that is a word."""

    what: str
    value: str
    source: str


class ApiSource(Answer):
    """A story that reports it."""

    story_id: str
    outlet: str
    url: str | None
    language: str
    published_at: datetime
    withdrawn: bool


class ApiIncident(Answer):
    """An incident as it is known now.  Labels are made by a machine."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_extra={
            "examples": [
                {
                    "incident_id": INCIDENT_ID, "version": 2, "standing": "open", "others": [], "severity": 3,
                    "topics": ["illegal_labour_placement"], "kind": "enforcement", "confidence": "medium",
                    "places": [{
                        "name": "Atambua", "country": "ID", "region": "ID-NT", "district": "Belu",
                        "lat": -9.1, "lon": 124.9, "role": "event",
                    }],
                    "counts": [{
                        "what": "victims", "of": "victims", "unit": "person", "low": 12, "high": 12,
                        "source": STORY_ID,
                    }],
                    "terms": [{"what": "case_stage", "value": "arrest", "source": STORY_ID}],
                    "sources": [{
                        "story_id": STORY_ID, "outlet": "antara", "url": "https://news.example/4711",
                        "language": "id", "published_at": _AT, "withdrawn": False,
                    }],
                    "published_at": _AT, "first_seen_at": _AT, "changed_at": _AT,
                }
            ]
        },
    )  # fmt: skip

    incident_id: str
    version: int
    standing: str = Field(description="open, withdrawn, merged or split")
    others: list[str] = Field(description="where it went when merged or split")
    severity: int = Field(ge=0, le=4)
    topics: list[Topic]
    kind: Kind
    confidence: str
    places: list[ApiPlace]
    counts: list[ApiCount]
    terms: list[ApiTerm]
    sources: list[ApiSource]
    published_at: datetime
    first_seen_at: datetime
    changed_at: datetime


class Page(Answer):
    """A part of a list; ``next`` is the address of the part after it, as in the header Link."""

    next: str | None = Field(description="null at the end", examples=[None])


class ApiIncidents(Page):
    """Incidents; ``count`` is how many the filter meets in all."""

    items: list[ApiIncident]
    count: int = Field(ge=0)


class ApiStep(Answer):
    """One event of an incident."""

    version: int = Field(examples=[2])
    event: str = Field(examples=["AlertUpdated"])
    at: datetime
    severity: int | None = Field(examples=[3])
    changed: list[str] = Field(examples=[["facts"]])


class ApiSpan(Answer):
    """What a label rests on: code points of ``title + newline + text`` of a story, in cleared text."""

    story_id: str = Field(examples=[STORY_ID])
    label: str = Field(description="topic, kind, severity, place, or a fact's name", examples=["topic"])
    start: int = Field(ge=0, examples=[0])
    end: int = Field(ge=0, examples=[6])
    text: str = Field(examples=["Polres"])


class ApiRow(Answer):
    """One fact; ``cells`` in the order of ``sources``, each what that source says."""

    name: str = Field(examples=["victims"])
    of: str = Field(examples=[""])
    cells: list[list[str]] = Field(examples=[[["12"], ["20"]]])
    disagree: bool = Field(examples=[True])


class ApiComparison(Answer):
    """The sources side by side."""

    sources: list[str] = Field(examples=[[STORY_ID]])
    rows: list[ApiRow]


class ApiTold(Answer):
    """The newest step of one delivery; an official is a random id."""

    official_id: str = Field(examples=["3f1c"])
    channel: str = Field(examples=["telegram"])
    action: str = Field(examples=["push"])
    outcome: str = Field(examples=["accepted"])
    reason: str = Field(examples=["new"])
    at: datetime


class ApiStoryLine(Answer):
    """A story as a list shows it; ``snippet`` is where the words were found, null without words."""

    story_id: str = Field(examples=[STORY_ID])
    incident_id: str | None = Field(examples=[INCIDENT_ID])
    outlet: str = Field(examples=["antara"])
    title: str = Field(examples=["Polres Belu gagalkan pengiriman pekerja"])
    snippet: str | None = Field(examples=[None])
    relevant: bool = Field(examples=[True])
    published_at: datetime


class ApiStories(Page):
    """Stories, what came last first."""

    items: list[ApiStoryLine]


class ApiLabel(Answer):
    """A topic and how sure it is, 0 to 1."""

    code: Topic
    score: float = Field(ge=0, le=1, examples=[0.9])


class ApiStory(Answer):
    """A story in cleared text: no victim's name, face, address or school; masked characters are a full block."""

    story_id: str = Field(examples=[STORY_ID])
    version: int = Field(examples=[1])
    incident_id: str | None = Field(examples=[INCIDENT_ID])
    outlet: str = Field(examples=["antara"])
    url: str | None = Field(examples=["https://news.example/4711"])
    language: str = Field(examples=["id"])
    published_at: datetime
    title: str = Field(examples=["Polres Belu gagalkan pengiriman pekerja"])
    text: str
    relevant: bool = Field(examples=[True])
    reason: str = Field(examples=["topic"])
    withdrawn: bool = Field(examples=[False])
    severity: int = Field(ge=0, le=4, examples=[3])
    kind: Kind | None
    topics: list[ApiLabel]
    places: list[ApiPlace]
    counts: list[ApiCount]
    terms: list[ApiTerm]
    evidence: list[ApiSpan]


class ApiFindings(Answer):
    """What a search finds: incidents that changed last, and the stories that match best."""

    incidents: list[ApiIncident]
    incident_count: int = Field(ge=0)
    stories: list[ApiStoryLine]
    more_stories: bool


class ApiHealth(Answer):
    """How a source of ours is doing: silence of a source is news."""

    source_id: str = Field(examples=["antara-ntt"])
    outlet: str = Field(examples=["antara"])
    region: str = Field(examples=["ID-NT"])
    health: Health
    reason: str = Field(examples=["no_new_story"])
    since: datetime
    last_new_at: datetime | None
    expected_s: float | None = Field(description="how long it is usually silent, seconds", examples=[3600])


class ApiPoint(Answer):
    """GeoJSON's point: longitude, then latitude."""

    type: str = Field(examples=["Point"])
    coordinates: list[float] = Field(min_length=2, max_length=2, examples=[[124.9, -9.1]])


class ApiFeature(Answer):
    """A place of an incident; ``exact`` is false where it is the middle of a region."""

    type: str = Field(examples=["Feature"])
    geometry: ApiPoint
    properties: dict[str, Any] = Field(examples=[{"incident_id": INCIDENT_ID, "severity": 3, "exact": True}])


class ApiMap(Answer):
    """Points on a map (RFC 7946)."""

    type: str = Field(examples=["FeatureCollection"])
    features: list[ApiFeature]


def instant(at: float) -> datetime:
    """An instant of the store."""
    return datetime.fromtimestamp(at, UTC)
