"""Stories, events and labels for tests of the tagger; every argument has a harmless default."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.contracts.story import (
    Copy,
    Extraction,
    StoryEvent,
    StoryPublished,
    StoryRevised,
    StoryWithdrawn,
)
from services.runtime.records import Received
from services.tagger.core.story import Article

NOW = datetime(2026, 1, 22, 3, tzinfo=UTC)

INTERCEPTED = (
    "Petugas BP3MI menggagalkan keberangkatan 9 calon pekerja migran ilegal di Pelabuhan Bolok, Kabupaten Kupang,"
    " NTT, Kamis (22/1/2026).\nMereka hendak dibawa ke Malaysia dan dijanjikan gaji Rp5 juta sebulan.\n"
    "Polda NTT menangkap seorang perekrut dan memeriksa dua saksi."
)
INTERCEPTED_TITLE = "BP3MI gagalkan keberangkatan 9 calon pekerja migran di Bolok"


def an_article(title: str = "", text: str = "", language: str = "und", **more: Any) -> Article:
    return Article("story:1", title, text, language, published=more.pop("published", date(2026, 1, 22)), **more)


def a_story(
    story_id: str = "antara:1",
    title: str = INTERCEPTED_TITLE,
    text: str = INTERCEPTED,
    *,
    version: int = 1,
    hours: float = 0,
    changed: tuple[str, ...] = (),
    **more: Any,
) -> StoryPublished | StoryRevised:
    at = NOW + timedelta(hours=hours)
    fields: dict[str, Any] = {
        "occurred_at": at,
        "story_id": story_id,
        "version": version,
        "outlet": story_id.split(":", maxsplit=1)[0],
        "url": f"https://example.org/{story_id}",
        "title": title,
        "text": text,
        "published_at": at,
        "published_at_source": "feed",
        "fetched_at": at,
        "extraction": Extraction(method="feed", extractor="test"),
    } | more
    return StoryRevised(changed=changed, **fields) if changed else StoryPublished(**fields)


def a_copy(outlet: str = "mirror") -> Copy:
    return Copy(outlet=outlet, url=f"https://{outlet}.example.org/1", seen_at=NOW)


def a_withdrawal(
    story_id: str = "antara:1", version: int = 2, heir: StoryPublished | None = None
) -> StoryWithdrawn:
    return StoryWithdrawn(
        occurred_at=NOW,
        story_id=story_id,
        version=version,
        outlet="antara",
        url="https://e/1",
        reason="gone",
        heir=heir,
    )


def received(event: StoryEvent, **headers: str) -> Received[StoryEvent]:
    return Received(value=event, key=b"", topic="stories", partition=0, offset=0, timestamp_ms=0, headers=headers)
