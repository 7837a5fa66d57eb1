"""What an operator may set for ingest; the only file of it that reads the environment."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from services.runtime.settings import ServiceSettings


class IngestSettings(ServiceSettings):
    """Every field is the variable ``SIAGA_<NAME>``."""

    sources: Path = Field(default=Path("seeds/feeds.yaml"), description="the list of sources")
    ingest_store: str = Field(default="", description="database URL; SQLite in the data folder by default")
    contact_url: str = Field(
        default="",
        max_length=200,
        description="where an outlet can reach you; part of the user agent, needed for live sources",
    )
    demo_port: int | None = Field(
        default=None, ge=1, le=65535, description="where the demo's outlets listen, if not where the file says"
    )
    keep_stories_days: int = Field(
        default=90, ge=1, le=3650, description="for replays and for recognising a story"
    )

    @property
    def store_url(self) -> str:
        return self.store_or_default(self.ingest_store, "ingest")
