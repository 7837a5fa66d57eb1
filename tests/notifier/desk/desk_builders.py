"""Build what the desk hears, each as small as it can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from services.contracts.codes import Kind, Topic
from services.contracts.delivery import Action, DeliveryRecorded, Outcome
from services.contracts.source import Health, SourceHealthChanged
from services.contracts.tagging import Evidence, KindLabel, StoryTagged, TopicLabel, Trigger
from services.runtime.records import Received

T = TypeVar("T")
NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)
TITLE = "Polres Belu gagalkan pengiriman 12 pekerja"
BODY = "Petugas menahan dua perekrut di Atambua. Korban ██████ dipulangkan ke keluarganya."


def received(value: T, offset: int = 0, **headers: str) -> Received[T]:
    return Received(value, b"key", "topic", 0, offset, int(NOON.timestamp() * 1000), headers)


def evidence(word: str, title: str = TITLE, body: str = BODY) -> tuple[Evidence, ...]:
    whole = f"{title}\n{body}"
    start = whole.index(word)
    return (Evidence(start=start, end=start + len(word), text=word, rule=f"test:{word}"),)


def a_tagged(story_id: str = "antara:1", **changes: Any) -> StoryTagged:
    title, body = changes.get("title", TITLE), changes.get("text", BODY)
    first = evidence(title.split()[0], title, body)
    given: dict[str, Any] = {
        "occurred_at": NOON, "story_id": story_id, "version": 1, "outlet": "antara",
        "url": "https://www.antaranews.com/berita/1/polres", "language": "id",
        "published_at": NOON - timedelta(minutes=20), "fetched_at": NOON, "title": title, "text": body,
        "relevant": True, "reason": "topic", "incident_id": "incident-1", "tagger_version": "test/1",
        "topics": (TopicLabel(code=Topic.ILLEGAL_LABOUR_PLACEMENT, score=0.9, evidence=first),),
        "kind": KindLabel(code=Kind.ENFORCEMENT, evidence=first),
        "triggers": (Trigger(code="ten_to_99_victims", evidence=first),),
    }  # fmt: skip
    if changes.get("relevant") is False:
        given |= {"topics": (), "kind": None, "triggers": (), "incident_id": None, "reason": "no_topic"}
    return StoryTagged(**(given | changes))


def a_health(source_id: str = "antara-ntt", **changes: Any) -> SourceHealthChanged:
    given: dict[str, Any] = {
        "occurred_at": NOON, "source_id": source_id, "outlet": "antara", "default_region": "ID-NT",
        "health": Health.STALE, "previous": Health.FRESH, "reason": "no_new_story", "since": NOON,
    }  # fmt: skip
    return SourceHealthChanged(**(given | changes))


def a_delivery(outcome: Outcome = Outcome.ACCEPTED, **changes: Any) -> DeliveryRecorded:
    given: dict[str, Any] = {
        "occurred_at": NOON, "subject": "incident-1.1", "incident_id": "incident-1", "official_id": "o1",
        "channel": "telegram", "action": Action.PUSH, "outcome": outcome, "reason": "new", "attempt": 1,
    }  # fmt: skip
    return DeliveryRecorded(**(given | changes))
