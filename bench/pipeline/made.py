"""Stories as ingest would publish them, made of the corpus of the tagging bench; seeded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from bench.tagging import corpus
from services.contracts.story import Extraction, StoryPublished


def records(count: int, seed: int) -> Iterator[tuple[str, bytes]]:
    """Story id and event of so many stories: a feed's mixture of languages and lengths, 8 % of the field."""
    now = datetime.now(UTC)
    for number, row in enumerate(corpus.stories(count, seed)):
        event = StoryPublished(
            occurred_at=now,
            story_id=str(row["id"]),
            version=1,
            outlet=f"outlet{number % 12}",
            url=f"https://example.org/{number}",
            title=str(row["title"]),
            text=str(row["text"]),
            language=str(row["language"]),
            published_at=now - timedelta(seconds=number % 3600),
            published_at_source="feed",
            fetched_at=now,
            extraction=Extraction(method="feed", extractor="bench/1"),
        )
        yield event.story_id, event.model_dump_json().encode()
