"""What a program says to the office and gets of it: no address, no chat id, no byte of a dead letter."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from services.contracts.codes import Topic
from services.contracts.delivery import Action
from services.notifier.desk.api.answers import Answer, Page
from services.notifier.desk.sessions import Role
from services.notifier.resolving import Word
from services.notifier.spec import RegionOrAll


class ApiOfficial(Answer):
    """An official under a random id; ``title`` is an office or a post."""

    official_id: str = Field(examples=["3f1c"])
    title: str = Field(examples=["PPA unit"])
    standing: str = Field(description="invited, confirming, pending, active or suspended", examples=["active"])
    regions: list[str] = Field(examples=[["ID-NT"]])
    role: Role
    own_guest: bool = Field(description="invited by who asks, who therefore cannot approve", examples=[False])


class ApiInvitation(BaseModel):
    """Who is invited, and to what."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={"examples": [{"title": "PPA unit", "regions": ["ID-NT"], "topics": []}]},
    )

    title: str = Field(min_length=1, max_length=200, description="office or post; sealed in the store")
    regions: list[RegionOrAll] = Field(min_length=1, max_length=100)
    topics: list[Topic] = Field(default=[], max_length=len(Topic), description="empty: all")
    language: Literal["id", "en", "km", "ms", "tet"] = "id"
    zone: str = Field(default="Asia/Jakarta", max_length=64, description="IANA time zone")


class ApiInvited(Answer):
    """The token is shown this once; it goes to the bot as ``/start <token>``."""

    official_id: str = Field(examples=["3f1c"])
    token: str = Field(examples=["kq..."])
    expires_at: datetime


class ApiRole(BaseModel):
    """What somebody may do at the desk."""

    model_config = ConfigDict(frozen=True, extra="forbid", json_schema_extra={"examples": [{"role": "approver"}]})

    role: Role


class ApiUnknown(Answer):
    """A delivery whose outcome nobody could see."""

    subject: str = Field(examples=["incident.2"])
    incident_id: str | None
    official_id: str = Field(examples=["3f1c"])
    channel: str = Field(examples=["telegram"])
    action: str = Field(examples=["push"])
    state: str = Field(examples=["unknown"])
    reason: str = Field(examples=["timeout"])
    attempts: int = Field(ge=0, examples=[1])
    created_at: datetime
    changed_at: datetime


class ApiResolution(BaseModel):
    """What somebody found out by asking the official; what did not arrive is sent again."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "subject": "incident.2", "official_id": "3f1c", "channel": "telegram", "action": "push",
                    "word": "arrived",
                }
            ]
        },
    )  # fmt: skip

    subject: str = Field(min_length=1, max_length=600)
    official_id: str = Field(min_length=1, max_length=64)
    channel: str = Field(min_length=1, max_length=40)
    action: Action
    word: Word


class ApiLetter(Answer):
    """Where a record is that could not be handled, and why."""

    dead_offset: int = Field(examples=[17])
    at: datetime
    service: str = Field(examples=["tagger"])
    topic: str = Field(examples=["stories"])
    partition: int = Field(examples=[3])
    offset: int = Field(examples=[4711])
    reason: str = Field(examples=["ValidationError: 1 wrong, first title: missing"])


class ApiLetters(Page):
    """Dead letters, the newest first."""

    items: list[ApiLetter]


class ApiPress(Answer):
    """A correction waiting to be taken into the rules."""

    incident_id: str
    version: int = Field(examples=[2])
    story_ids: list[str]
    field: str = Field(description="relevant or regions", examples=["regions"])
    official_id: str = Field(examples=["3f1c"])
    at: str = Field(examples=["2026-11-22T05:00:00+00:00"])


class ApiPresses(Page):
    """Corrections, the oldest first."""

    items: list[ApiPress]


class ApiEntry(Answer):
    """Who did what; ``hash`` is over the entry and the one before it."""

    id: int = Field(examples=[12])
    at: datetime
    actor: str = Field(examples=["official 3f1c"])
    deed: str = Field(examples=["official active"])
    official_id: str | None
    detail: dict[str, str] = Field(examples=[{"why": "approved"}])
    previous: str
    hash: str


class ApiEntries(Page):
    """The audit, the newest first."""

    items: list[ApiEntry]
