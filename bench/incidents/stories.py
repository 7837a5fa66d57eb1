"""The constructed incidents as story events, in the order their outlets published them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.contracts.story import Extraction, StoryPublished

FILE = Path(__file__).resolve().parents[2] / "tests" / "tagger" / "incidents.jsonl"
#: A Thursday; the texts name the days of its week, the fresh ones those of the week of 12 March.
DAY = datetime(2026, 1, 22, 0, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    """One story, the incident it truly tells of, and the part of the set: what was learnt from its errors."""

    incident: str
    part: str
    event: StoryPublished


def read_stories(file: Path = FILE) -> list[Told]:
    """Every story of the set, by publication."""
    rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
    told = [_told(number, row) for number, row in enumerate(rows)]
    return sorted(told, key=lambda one: (one.event.published_at, one.event.story_id))


def _told(number: int, row: dict[str, object]) -> Told:
    at = DAY + timedelta(hours=float(str(row["hours"])))
    story_id = f"{row['outlet']}.example:{1000 + number}"
    event = StoryPublished(
        occurred_at=at,
        story_id=story_id,
        version=1,
        outlet=f"{row['outlet']}.example",
        url=f"https://{row['outlet']}.example/{1000 + number}",
        title=str(row["title"]),
        text=str(row["text"]),
        language=str(row["language"]),
        published_at=at,
        published_at_source="feed",
        fetched_at=at,
        extraction=Extraction(method="feed", extractor="constructed"),
    )
    return Told(str(row["incident"]), str(row["part"]), event)
