"""An upgrade from the version before: its events are read, it reads ours, and its stores come along with their data.

`contracts_before` holds the schemas of the events as they were first committed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import sqlalchemy as sa

from services.cli.holdings import MIGRATIONS, NAMES
from services.contracts.alert import ALERT_EVENT
from services.contracts.base import Event
from services.contracts.delivery import DELIVERY_RECORDED, Action, DeliveryRecorded, Outcome
from services.contracts.source import SOURCE_HEALTH_CHANGED
from services.contracts.story import STORY_EVENT
from services.contracts.tagging import STORY_TAGGED
from services.runtime.engine import make_engine
from services.runtime.schema import migration_heads, upgrade
from services.runtime.store import Store
from services.tagger.app import MIGRATIONS as TAGGER
from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook
from services.tagger.join import settle
from services.tagger.labelling import label
from tests.conftest import ROOT
from tests.tagger.builders import INTERCEPTED, NOW, a_story, received

BEFORE = {
    path.stem: json.loads(path.read_text()) for path in (Path(__file__).parent / "contracts_before").glob("*")
}
READERS: dict[str, Any] = {
    **dict.fromkeys(("StoryPublished", "StoryRevised", "StoryWithdrawn"), STORY_EVENT),
    **dict.fromkeys(
        ("AlertRaised", "AlertUpdated", "AlertWithdrawn", "IncidentMerged", "IncidentSplit"), ALERT_EVENT
    ),
    "StoryTagged": STORY_TAGGED,
    "DeliveryRecorded": DELIVERY_RECORDED,
    "SourceHealthChanged": SOURCE_HEALTH_CHANGED,
}
MERGED = {
    "incident_id": "a",
    "version": 3,
    "into": "b",
    "occurred_at": "2026-09-01T00:00:00Z",
    "event": "IncidentMerged",
}
SPLIT = {
    "incident_id": "a",
    "version": 3,
    "parts": ["b", "c"],
    "occurred_at": "2026-09-01T00:00:00Z",
    "event": "IncidentSplit",
}
HEALTH = {
    "source_id": "a",
    "outlet": "a",
    "health": "stale",
    "reason": "x",
    "since": "2026-09-01T00:00:00Z",
    "occurred_at": "2026-09-01T00:00:00Z",
    "event": "SourceHealthChanged",
}


@cache
def book() -> Rulebook:
    return load_book(ROOT / "seeds" / "topics", ROOT / "seeds" / "places")


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Events as the present version writes them, by name."""
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('ours') / 'tagger.sqlite3'}", TAGGER)
    grown = INTERCEPTED.replace("9 calon", "21 calon")
    stories: list[Event] = [
        a_story(),
        a_story("kompas:7", hours=1),
        a_story(version=2, text=grown, hours=2, changed=("text",)),
        *(taken_back(story_id, version) for story_id, version in (("antara:1", 3), ("kompas:7", 2))),
    ]
    events = [*stories, *told(store, stories), a_delivery()]
    store.engine.dispose()
    found: dict[str, list[dict[str, Any]]] = {}
    for event in [json.loads(one.model_dump_json()) for one in events] + [MERGED, SPLIT, HEALTH]:
        found.setdefault(event["event"], []).append(event)
    return found


def told(store: Store, stories: list[Any]) -> list[Event]:
    with store.engine.begin() as conn:
        settled = [settle(conn, [label(received(one), book())], book(), NOW)[0] for one in stories]
    return [event for one in settled for event in one.events]


def taken_back(story_id: str, version: int) -> Any:
    return STORY_EVENT.validate_python({
        "event": "StoryWithdrawn", "occurred_at": NOW, "story_id": story_id, "version": version, "outlet": "x",
        "url": "https://example.org/x", "reason": "removal_notice",
    })  # fmt: skip


def a_delivery() -> DeliveryRecorded:
    return DeliveryRecorded(
        occurred_at=NOW, subject="a.1", incident_id="a", official_id="o", channel="telegram", action=Action.PUSH,
        outcome=Outcome.ACCEPTED, reason="sent", attempt=1,
    )  # fmt: skip


def as_before(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    """The value without any field that the version before did not know."""
    if "$ref" in schema:
        return as_before(value, root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if isinstance(value, list):
        return [as_before(one, schema.get("items", {}), root) for one in value]
    if isinstance(value, dict):
        choices = [one for one in schema.get("anyOf", []) if one.get("type") != "null"]
        if choices:
            return as_before(value, choices[0], root)
        known = schema.get("properties")
        return (
            value
            if known is None
            else {key: as_before(one, known[key], root) for key, one in value.items() if key in known}
        )
    if "anyOf" in schema and value is not None:
        return value
    return value


def check_before(event: Mapping[str, Any]) -> None:
    """Read it as the version before does: what it knows must be there and of its type; the rest it ignores."""
    jsonschema.Draft202012Validator(BEFORE[event["event"]]).validate(event)


def test_every_event_is_tried(ours: dict[str, list[dict[str, Any]]]) -> None:
    assert ours.keys() == BEFORE.keys() == READERS.keys()


def test_something_grew_since(ours: dict[str, list[dict[str, Any]]]) -> None:
    grown = {
        name
        for name, events in ours.items()
        for one in events
        if as_before(one, BEFORE[name], BEFORE[name]) != one
    }
    assert grown, "nothing shows that an unknown field is ignored"


@pytest.mark.parametrize("name", sorted(READERS))
def test_the_version_before_reads_our_events(name: str, ours: dict[str, list[dict[str, Any]]]) -> None:
    for event in ours[name]:
        check_before(event)


@pytest.mark.parametrize("name", sorted(READERS))
def test_we_read_the_events_of_the_version_before(name: str, ours: dict[str, list[dict[str, Any]]]) -> None:
    for event in ours[name]:
        old = as_before(event, BEFORE[name], BEFORE[name])
        check_before(old)
        assert type(READERS[name].validate_json(json.dumps(old))).__name__ == name


def test_an_event_that_lost_a_field_is_not_read_by_the_version_before(
    ours: dict[str, list[dict[str, Any]]],
) -> None:
    event = dict(ours["AlertRaised"][0])
    del event["incident_id"]
    with pytest.raises(jsonschema.ValidationError, match="incident_id"):
        check_before(event)


def test_stories_of_the_version_before_are_decided_as_ours(
    ours: dict[str, list[dict[str, Any]]], tmp_path: Path
) -> None:
    told_of = []
    for number, strip in enumerate((False, True)):
        store = Store.open(f"sqlite:///{tmp_path / str(number)}.sqlite3", TAGGER)
        events = [*ours["StoryPublished"], *ours["StoryRevised"]]
        given = [as_before(one, BEFORE[one["event"]], BEFORE[one["event"]]) if strip else one for one in events]
        answers = told(store, [STORY_EVENT.validate_json(json.dumps(one)) for one in given])
        store.engine.dispose()
        told_of.append([(type(one).__name__, getattr(one, "incident_id", None)) for one in answers])
    assert told_of[0] == told_of[1] != []


# --- stores

#: An index of texts that was made otherwise since; no fact was in it alone.
DROPPED = {"tagger": {"clauses"}}


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    return str(request.getfixturevalue("postgres"))


def first_of(name: str, folder: Path) -> Path:
    """The store's migrations as they were at first."""
    copy = folder / name
    shutil.copytree(MIGRATIONS[name], copy, ignore=shutil.ignore_patterns("__pycache__"))
    for file in (copy / "versions").glob("*.py"):
        if "down_revision = None" not in file.read_text():
            file.unlink()
    assert len(list((copy / "versions").glob("*.py"))) == 1
    return copy


def fill(conn: sa.Connection) -> dict[str, int]:
    """A row in every table; how many each has."""
    tables = sa.MetaData()
    tables.reflect(bind=conn)
    # Full-text indexes follow the table of stories by themselves.
    names = sorted(
        name for name in tables.tables if name != "alembic_version" and not name.startswith("story_text")
    )
    for name in names:
        row = {column.name: a_value(column) for column in tables.tables[name].columns if not column.computed}
        conn.execute(sa.insert(tables.tables[name]).values(**row))
    return dict.fromkeys(names, 1)


def a_value(column: sa.Column[Any]) -> Any:
    kinds: list[tuple[Any, Any]] = [
        (sa.Boolean, True), (sa.LargeBinary, b"{}"), (sa.Float, 1.5), (sa.Numeric, 1), (sa.Integer, 1),
        (sa.DateTime, datetime(2026, 1, 1, tzinfo=UTC)), (sa.String, "kept"[: getattr(column.type, "length", None) or 4]),
    ]  # fmt: skip
    return next(value for kind, value in kinds if isinstance(column.type, kind))


@pytest.mark.parametrize("name", NAMES)
def test_a_store_of_the_first_version_comes_along_with_all_its_rows(name: str, url: str, tmp_path: Path) -> None:
    engine = make_engine(url)
    assert len(upgrade(engine, first_of(name, tmp_path / "first")).applied) == 1
    with engine.begin() as conn:
        before = fill(conn)
    way = upgrade(engine, MIGRATIONS[name])
    assert way.applied[-1:] == tuple(migration_heads(MIGRATIONS[name])) if way.applied else True
    with engine.begin() as conn:
        tables = sa.MetaData()
        tables.reflect(bind=conn)
        kept = {table: before[table] for table in before if table not in DROPPED.get(name, ())}
        assert kept.keys() <= tables.tables.keys()
        counts = {table: sa.select(sa.func.count()).select_from(tables.tables[table]) for table in kept}
        found = {table: conn.execute(query).scalar() for table, query in counts.items()}
    engine.dispose()
    assert found == kept
    Store.open(url, MIGRATIONS[name], migrate=False).engine.dispose()
