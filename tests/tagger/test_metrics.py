"""What the tagger counts: labels few, each story once, regions of the borders we watch."""

from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry

from services.contracts.tagging import StoryTagged
from services.tagger.core.book import Rulebook
from services.tagger.core.story import article_of, tag_story, to_event
from services.tagger.metrics import TaggerMetrics, fold
from tests.tagger.builders import NOW, a_story

SMUGGLED = "Polisi menangkap lima orang penyelundup sabu 12 kilogram di Entikong, Kabupaten Sanggau, Senin."
FOOTBALL = "Persija menang dua gol tanpa balas dalam laga persahabatan di Jakarta."


def tagged(book: Rulebook, text: str) -> StoryTagged:
    story = a_story("antara:1", text.split(".", maxsplit=1)[0], text)
    return to_event(
        tag_story(article_of(story), book), story, book, NOW, "incident-1" if text == SMUGGLED else None
    )


def shown(registry: CollectorRegistry, name: str, **labels: str) -> float | None:
    return registry.get_sample_value(f"siaga_tagger_{name}_total", labels)


def test_a_relevant_story_is_counted_with_its_labels_and_regions(book: Rulebook) -> None:
    registry = CollectorRegistry()
    metrics = TaggerMetrics(registry, ["ID-KB", "ID"])
    one = tagged(book, SMUGGLED)
    metrics.observe_events([one, one])  # the same event, for two topics
    assert shown(registry, "labelled", relevant="yes") == 1
    assert shown(registry, "topics", topic="drug_trafficking") == 1
    assert shown(registry, "severities", severity=str(one.severity.value)) == 1
    assert shown(registry, "regions", region="ID-KB") == 1


def test_a_story_that_does_not_matter_has_no_topic_or_region(book: Rulebook) -> None:
    registry = CollectorRegistry()
    metrics = TaggerMetrics(registry, ["ID-KB", "ID"])
    metrics.observe_events([tagged(book, FOOTBALL)])
    assert shown(registry, "labelled", relevant="no") == 1
    assert shown(registry, "labelled", relevant="yes") == 0
    for region in ("ID-KB", "ID", "elsewhere"):
        assert shown(registry, "regions", region=region) == 0


def test_a_region_nobody_listed_counts_as_elsewhere(book: Rulebook) -> None:
    registry = CollectorRegistry()
    TaggerMetrics(registry, ["ID-NT"]).observe_events([tagged(book, SMUGGLED)])
    assert shown(registry, "regions", region="elsewhere") == 1
    assert shown(registry, "regions", region="ID-KB") is None


@pytest.mark.parametrize(("region", "label"), [("ID-NT", "ID-NT"), ("TL", "TL"), ("PH-00", "PH"), ("VN-56", "VN")])
def test_of_countries_further_off_the_country_is_counted(region: str, label: str) -> None:
    assert fold(region) == label
