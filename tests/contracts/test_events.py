"""What a contract refuses, and what it lets through."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from services.contracts.alert import ALERT_EVENT, AlertRaised
from services.contracts.codes import Role
from services.contracts.story import STORY_EVENT, StoryPublished, StoryWithdrawn
from services.contracts.tagging import MASK, StoryTagged
from services.contracts.topics import region_topic, region_topics

NOW = datetime(2026, 11, 22, 3, 0, tzinfo=UTC)


def span(text: str, start: int, rule: str = "r") -> dict[str, Any]:
    return {"start": start, "end": start + len(text), "text": text, "rule": rule}


def tagged(**changes: Any) -> dict[str, Any]:
    return {
        "occurred_at": NOW,
        "story_id": "antara:1",
        "version": 1,
        "outlet": "antara",
        "url": "https://example.org/1",
        "language": "id",
        "published_at": NOW,
        "fetched_at": NOW,
        "title": "Polisi gagalkan TPPO",
        "text": "Di Kupang.",
        "relevant": True,
        "reason": "topic",
        "topics": [{"code": "human_trafficking", "score": 1, "evidence": [span("TPPO", 16)]}],
        "kind": {"code": "enforcement", "evidence": [span("gagalkan", 7)]},
        "severity": 2,
        "triggers": [{"code": "persons_2_9", "evidence": [span("Kupang", 24)]}],
        "tagger_version": "1",
    } | changes


def place(**changes: Any) -> dict[str, Any]:
    return {
        "name": "Kupang",
        "region": "ID-NT",
        "country": "ID",
        "role": "event",
        "evidence": [span("Kupang", 24)],
    } | changes


def alert(**changes: Any) -> dict[str, Any]:
    return {
        "event": "AlertRaised",
        "occurred_at": NOW,
        "incident_id": "i",
        "version": 1,
        "topics": ["human_trafficking"],
        "kind": "enforcement",
        "severity": 3,
        "triggers": [{"code": "x", "evidence": [span("a", 0)]}],
        "sources": [
            {"story_id": "s", "version": 1, "outlet": "o", "url": "u", "language": "id", "published_at": NOW}
        ],
        "first_seen_at": NOW,
        "last_changed_at": NOW,
        "published_at": NOW,
    } | changes


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"topics": []}, "has a topic"),
        ({"kind": None}, "has a topic"),
        ({"triggers": []}, "has a topic"),
        ({"topics": [{"code": "human_trafficking", "score": 1, "evidence": []}]}, "at least 1"),
        ({"places": [place(evidence=[])]}, "at least 1"),
        (
            {"topics": [{"code": "human_trafficking", "score": 1, "evidence": [span("TPPX", 16)]}]},
            "not in the cleared",
        ),
        ({"title": "Polisi gagalkan " + MASK * 4}, "not in the cleared"),
        (
            {
                "title": "Polisi gagalkan " + MASK * 4,
                "topics": [{"code": "human_trafficking", "score": 1, "evidence": [span(MASK * 4, 16)]}],
            },
            "masked",
        ),
        ({"facts": {"victims": [{"low": 2, "unit": "person", "source": "s", "evidence": []}]}}, "at least 1"),
        ({"relevant": False}, "carries no topic"),
    ],
)
def test_a_label_without_evidence_in_the_cleared_text_is_refused(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        StoryTagged.model_validate(tagged(**changes))


def test_a_label_with_its_evidence_is_accepted() -> None:
    story = StoryTagged.model_validate(tagged(places=[place()]))
    assert story.places[0].role is Role.EVENT


def test_evidence_as_long_as_another_text_is_refused() -> None:
    wrong = span("TPPO", 16) | {"end": 21}
    with pytest.raises(ValidationError, match="not as long"):
        StoryTagged.model_validate(tagged(topics=[{"code": "human_trafficking", "score": 1, "evidence": [wrong]}]))


def test_an_event_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        StoryTagged.model_validate(tagged()).severity = 4  # type: ignore[misc,assignment]


def test_a_field_of_a_newer_writer_is_passed_over() -> None:
    assert not hasattr(StoryTagged.model_validate(tagged(mood="new")), "mood")


def test_a_time_without_zone_is_refused() -> None:
    with pytest.raises(ValidationError, match="timezone"):
        StoryTagged.model_validate(tagged(published_at="2026-11-22T03:00:00"))


def test_the_event_name_decides_which_model_reads_it() -> None:
    withdrawn = STORY_EVENT.validate_python(
        {
            "event": "StoryWithdrawn",
            "occurred_at": NOW,
            "story_id": "s",
            "version": 2,
            "outlet": "o",
            "url": "u",
            "reason": "gone",
        }
    )
    assert isinstance(withdrawn, StoryWithdrawn)
    assert not isinstance(withdrawn, StoryPublished)


def test_an_unknown_event_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="event"):
        STORY_EVENT.validate_python({"event": "StoryInvented"})


def test_an_alert_goes_to_regions_of_the_event_and_their_countries() -> None:
    places = [place(), place(name="Sabah", region="MY-12", country="MY", role="destination")]
    raised = ALERT_EVENT.validate_python(alert(places=places))
    assert isinstance(raised, AlertRaised)
    assert raised.regions() == ("ID", "ID-NT", "MY", "MY-12")
    assert raised.alert_id == "i.1"


def test_a_venue_or_a_statement_carries_an_alert_nowhere() -> None:
    places = [place(role="venue"), place(role="statement")]
    raised = ALERT_EVENT.validate_python(alert(places=places))
    assert isinstance(raised, AlertRaised)
    assert raised.regions() == ()


@pytest.mark.parametrize("region", ["id-nt", "IDN", "ID_NT", "ID-", "alerts", "ID-NTXX"])
def test_a_region_that_is_not_iso_3166_is_refused(region: str) -> None:
    with pytest.raises(ValidationError):
        ALERT_EVENT.validate_python(alert(places=[place(region=region)]))


def test_a_region_has_one_topic_in_lower_case() -> None:
    assert region_topic("ID-NT") == "alerts.id-nt"
    assert region_topics(["KH-12", "ID", "KH-12"]) == ("alerts.id", "alerts.kh-12")
