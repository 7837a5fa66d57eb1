"""What an operator may set for the tagger; the only file of it that reads the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from services.runtime.settings import ServiceSettings


class TaggerSettings(ServiceSettings):
    """Every field is the variable ``SIAGA_<NAME>``."""

    topics: Path = Field(default=Path("seeds/topics"), description="the lexicon, one file a topic")
    places: Path = Field(default=Path("seeds/places"), description="the gazetteer")
    tagger_store: str = Field(default="", description="database URL; SQLite in the data folder by default")
    keep_decisions_days: int = Field(
        default=30, ge=7, le=3650, description="how long a redelivered story still gets its first answer"
    )

    @property
    def store_url(self) -> str:
        return self.store_or_default(self.tagger_store, "tagger")
