"""How a source is doing: silence is news."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from pydantic import Field, TypeAdapter

from services.contracts.base import Event, Identifier, Instant


class Health(StrEnum):
    """``quiet`` is normal for the hour, ``stale`` is not; ``gone`` answered 410."""

    FRESH = "fresh"
    QUIET = "quiet"
    STALE = "stale"
    BLOCKED = "blocked"
    BROKEN = "broken"
    GONE = "gone"


class SourceHealthChanged(Event):
    """A source went from one health to another; a ``retired`` one is on the list no more: nobody waits for it."""

    event: Literal["SourceHealthChanged"] = "SourceHealthChanged"
    source_id: Identifier
    outlet: str
    default_region: str = Field(default="", max_length=6)
    health: Health
    previous: Health | None = None
    reason: str = Field(min_length=1, max_length=200)
    since: Instant
    last_new_story_at: Instant | None = None
    expected_interval_s: float | None = Field(default=None, gt=0)
    retired: bool = False


SOURCE_HEALTH_CHANGED: TypeAdapter[SourceHealthChanged] = TypeAdapter(SourceHealthChanged)
