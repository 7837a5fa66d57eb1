"""deploy/kafka/topics.yaml says to operators what the contracts say to the program."""

from __future__ import annotations

from typing import Any

from ruamel.yaml import YAML

from services.contracts.topics import REGION_RETENTION_DAYS, TOPICS
from tests.conftest import KAFKA_CONFIG


def written() -> dict[str, Any]:
    loaded: dict[str, Any] = YAML(typ="safe").load((KAFKA_CONFIG / "topics.yaml").read_text(encoding="utf-8"))
    return loaded


def test_the_file_names_the_topics_of_the_contracts() -> None:
    assert {
        name: (topic["partitions"], topic["cleanup"], topic.get("retention_days"))
        for name, topic in written()["topics"].items()
    } == {spec.name: (spec.partitions, spec.cleanup, spec.retention_days) for spec in TOPICS.values()}


def test_the_file_says_what_a_regions_topic_is_like() -> None:
    assert written()["regions"] == {"partitions": 1, "cleanup": "delete", "retention_days": REGION_RETENTION_DAYS}
