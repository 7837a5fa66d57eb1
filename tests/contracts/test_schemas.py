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


def a_field(**constraints: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"field": constraints}}


LENGTH, COUNT, NUMBER = {"type": "string"}, {"type": "array"}, {"type": "integer"}
TIGHTER: list[tuple[dict[str, Any], str, Any, Any]] = [
    (LENGTH, "minLength", 1, 2),
    (LENGTH, "minLength", None, 1),
    (LENGTH, "maxLength", 9, 8),
    (LENGTH, "maxLength", None, 8),
    (LENGTH, "pattern", "^a", "^b"),
    (LENGTH, "pattern", None, "^b"),
    (LENGTH, "format", "date-time", "date"),
    (LENGTH, "format", None, "uri"),
    (COUNT, "minItems", 0, 1),
    (COUNT, "minItems", None, 1),
    (COUNT, "maxItems", 9, 8),
    (COUNT, "maxItems", None, 8),
    (NUMBER, "minimum", 0, 1),
    (NUMBER, "minimum", None, 0),
    (NUMBER, "maximum", 9, 8),
    (NUMBER, "maximum", None, 8),
    (NUMBER, "exclusiveMinimum", 0, 1),
    (NUMBER, "exclusiveMinimum", None, 0),
]
LOOSER = [one for one in TIGHTER if one[1] not in {"pattern", "format"} or one[2] is None]


@pytest.mark.parametrize(("base", "keyword", "before", "after"), TIGHTER)
def test_a_constraint_that_allows_less_is_noticed(
    base: dict[str, Any], keyword: str, before: Any, after: Any
) -> None:
    old = a_field(**base) if before is None else a_field(**base, **{keyword: before})
    new = a_field(**base, **{keyword: after})
    assert breaks(old, new) == [f"$.field tightened {keyword} from {before!r} to {after!r}"]


@pytest.mark.parametrize(("base", "keyword", "after", "before"), LOOSER)
def test_a_constraint_that_allows_more_or_the_same_is_no_break(
    base: dict[str, Any], keyword: str, before: Any, after: Any
) -> None:
    old = a_field(**base, **{keyword: before})
    new = a_field(**base) if after is None else a_field(**base, **{keyword: after})
    assert breaks(old, new) == []
    assert breaks(old, old) == []


def test_a_tightened_constraint_is_noticed_inside_lists_maps_and_choices() -> None:
    short, long = {"type": "string", "maxLength": 5}, {"type": "string", "maxLength": 6}

    def nested(inner: dict[str, Any]) -> dict[str, Any]:
        choice = {"anyOf": [inner, {"type": "null"}]}
        return a_field(type="array", items={"type": "object", "additionalProperties": choice})

    assert breaks(nested(long), nested(short)) == ["$.field[]{} tightened maxLength from 6 to 5"]
    assert breaks(nested(short), nested(long)) == []


def test_a_tightened_constraint_of_an_event_is_noticed() -> None:
    changed = copy.deepcopy(current("StoryPublished"))
    changed["properties"]["title"]["maxLength"] = 1
    assert any("$.title tightened maxLength" in line for line in breaks(current("StoryPublished"), changed))
