"""What every event has in common: frozen, tolerant of new fields, versioned, named in the past tense."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

#: ISO 3166-1 alpha-2 country or ISO 3166-2 subdivision: ``ID`` or ``ID-NT``.
Region = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}(-[A-Z0-9]{1,3})?$")]
#: ISO 3166-1 alpha-2.
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
#: BCP 47 primary language subtag, ``und`` where none could be told.
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")]
Identifier = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Instant = AwareDatetime


class Value(BaseModel):
    """A part of an event: immutable, and unknown fields of a newer writer are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Value):
    """Something that has happened.  Fields are only ever added, each new one with a default."""

    schema_version: int = 1
    occurred_at: Instant = Field(description="when the writer decided it, UTC")
