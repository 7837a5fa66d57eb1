"""What became of one alert for one official on one channel."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, TypeAdapter

from services.contracts.base import Event, Identifier


class Outcome(StrEnum):
    """``unknown``: the answer could not be seen, so it is shown to people and never blindly repeated."""

    INTENDED = "intended"
    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    SUPPRESSED = "suppressed"


class Action(StrEnum):
    """What is done on the channel."""

    PUSH = "push"
    EDIT = "edit"
    WITHDRAW = "withdraw"
    DIGEST = "digest"


class DeliveryRecorded(Event):
    """One step of a delivery.  ``official_id`` is random: no name, address or chat id is ever here."""

    event: Literal["DeliveryRecorded"] = "DeliveryRecorded"
    subject: Identifier = Field(description="the alert id, or the digest window")
    incident_id: Identifier | None = None
    official_id: Identifier
    channel: str = Field(min_length=1, max_length=40)
    action: Action
    outcome: Outcome
    reason: str = Field(min_length=1, max_length=200)
    attempt: int = Field(default=0, ge=0)
    members: tuple[Identifier, ...] = Field(default=(), description="the alert ids a digest holds")

    @property
    def delivery_key(self) -> str:
        """Unique for subject, official, channel and action."""
        return f"{self.subject}|{self.official_id}|{self.channel}|{self.action}"


DELIVERY_RECORDED: TypeAdapter[DeliveryRecorded] = TypeAdapter(DeliveryRecorded)
