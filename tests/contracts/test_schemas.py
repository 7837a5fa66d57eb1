"""The events on the wire only grow: a field that disappears or changes type fails here.

`SIAGA_WRITE_SCHEMAS=1 pytest tests/contracts` takes a new field into the snapshots, and refuses a break.
"""

from __future__ import annotations

import copy
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from services.contracts import alert, delivery, source, story, tagging
from services.contracts.base import Event

sys.path.insert(0, str(Path(__file__).parent))
from compare import breaks

EVENTS: dict[str, type[Event]] = {
    cls.__name__: cls
    for cls in (
        story.StoryPublished,
        story.StoryRevised,
        story.StoryWithdrawn,
        tagging.StoryTagged,
        alert.AlertRaised,
        alert.AlertUpdated,
        alert.AlertWithdrawn,
        alert.IncidentMerged,
        alert.IncidentSplit,
        delivery.DeliveryRecorded,
        source.SourceHealthChanged,
    )
}
FOLDER = Path(__file__).parent / "schemas"


def snapshot(name: str) -> dict[str, Any]:
    return json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))  # type: ignore[no-any-return]


def current(name: str) -> dict[str, Any]:
    return json.loads(json.dumps(EVENTS[name].model_json_schema(mode="serialization")))  # type: ignore[no-any-return]


@pytest.mark.parametrize("name", EVENTS)
def test_an_event_still_has_every_field_its_readers_know(name: str) -> None:
    path = FOLDER / f"{name}.json"
    if os.environ.get("SIAGA_WRITE_SCHEMAS") and (not path.exists() or not breaks(snapshot(name), current(name))):
        path.write_text(json.dumps(current(name), indent=1, sort_keys=True) + "\n", encoding="utf-8")
    assert breaks(snapshot(name), current(name)) == []
    assert snapshot(name) == current(name), (
        "the event grew: run with SIAGA_WRITE_SCHEMAS=1 and commit the snapshot"
    )


def test_every_snapshot_belongs_to_an_event() -> None:
    assert {path.stem for path in FOLDER.glob("*.json")} == set(EVENTS)


def test_a_field_that_disappears_is_noticed() -> None:
    changed = copy.deepcopy(current("StoryTagged"))
    del changed["properties"]["severity"]
    assert breaks(current("StoryTagged"), changed) == ["$.severity is gone"]


def test_a_field_that_changes_its_type_is_noticed_inside_a_part() -> None:
    changed = copy.deepcopy(current("AlertRaised"))
    changed["$defs"]["Evidence"]["properties"]["start"]["type"] = "string"
    assert any("start changed its type" in line for line in breaks(current("AlertRaised"), changed))


def test_a_code_taken_off_a_closed_list_is_noticed() -> None:
    changed = copy.deepcopy(current("AlertRaised"))
    changed["$defs"]["Topic"]["enum"].remove("drug_trafficking")
    assert any("drug_trafficking" in line for line in breaks(current("AlertRaised"), changed))


def test_a_field_that_becomes_required_is_noticed() -> None:
    changed = copy.deepcopy(current("StoryPublished"))
    changed["required"].append("mood")
    changed["properties"]["mood"] = {"type": "string"}
    assert breaks(current("StoryPublished"), changed) == ["$.mood is newly required"]


def test_a_new_optional_field_is_no_break() -> None:
    changed = copy.deepcopy(current("StoryPublished"))
    changed["properties"]["mood"] = {"type": "string", "default": ""}
    assert breaks(current("StoryPublished"), changed) == []
