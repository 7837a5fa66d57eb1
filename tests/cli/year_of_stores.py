"""A year of stories, alerts and deliveries in the three stores, made up from a seed: for `siaga why`."""

from __future__ import annotations

import random
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.contracts.alert import AlertRaised, Source
from services.contracts.codes import Kind, Role, Severity, Topic
from services.contracts.story import Extraction, StoryPublished
from services.contracts.tagging import Evidence, KindLabel, Place, StoryTagged, TopicLabel, Trigger
from services.ingest.app import MIGRATIONS as INGEST
from services.notifier.app import MIGRATIONS as NOTIFIER
from services.notifier.spec import OfficialSpec
from services.runtime.store import Store
from services.tagger.app import MIGRATIONS as TAGGER

STORIES_A_DAY, INCIDENTS_A_DAY, OFFICIALS = 200, 60, 100
HEARD_BY = 12
LAST = datetime(2026, 11, 22, tzinfo=UTC)
REGIONS = ("ID-NT", "ID-KU", "ID-KR", "ID-KB", "KH-12", "KH-1", "TL-BO", "MY-12")


def build(folder: Path, days: int, seed: int) -> dict[str, int]:
    """Fill three empty stores; how many rows each large table has."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, migrations in (("ingest", INGEST), ("tagger", TAGGER), ("notifier", NOTIFIER)):
        Store.open(f"sqlite:///{folder / name}.sqlite3", migrations).engine.dispose()
    rng = random.Random(seed)
    officials = [uuid.UUID(int=rng.getrandbits(128)).hex for _ in range(OFFICIALS)]
    with (
        closing(_open(folder / "ingest.sqlite3")) as ingest,
        closing(_open(folder / "tagger.sqlite3")) as tagger,
        closing(_open(folder / "notifier.sqlite3")) as notifier,
    ):
        _fill(notifier, "official", (_official(rng, one) for one in officials))
        for day in range(days):
            at = LAST - timedelta(days=days - day)
            _one_day(rng, (ingest, tagger, notifier), day, at, officials)
        for store in (ingest, tagger, notifier):
            store.commit()
        counted = [(notifier, "delivery"), (notifier, "attempt"), (notifier, "incident_seen"), (tagger, "stories")]
        return {name: store.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for store, name in counted}


def _open(path: Path) -> sqlite3.Connection:
    store = sqlite3.connect(path)
    store.execute("PRAGMA synchronous=OFF")
    store.execute("PRAGMA cache_size=-200000")
    return store


def _fill(store: sqlite3.Connection, table: str, rows: Iterator[dict[str, Any]]) -> None:
    found = list(rows)
    if found:
        names = list(found[0])
        marks = ", ".join("?" for _ in names)
        sql = f"INSERT OR IGNORE INTO {table} ({', '.join(names)}) VALUES ({marks})"
        store.executemany(sql, [[row[name] for name in names] for row in found])


def _official(rng: random.Random, official_id: str) -> dict[str, Any]:
    lines = [{"regions": rng.sample(REGIONS, 2)}]
    spec = OfficialSpec.model_validate({"channels": ["telegram", "email"], "subscriptions": lines})
    return {
        "official_id": official_id, "state": "active", "spec": spec.model_dump_json(by_alias=True),
        "created_at": 1.0, "changed_at": 1.0,
    }  # fmt: skip


def story_id(day: int, number: int) -> str:
    """As an outlet's own numbers are."""
    return f"antara:{4_000_000 + day * STORIES_A_DAY + number}"


def _one_day(
    rng: random.Random, stores: tuple[sqlite3.Connection, ...], day: int, at: datetime, officials: list[str]
) -> None:
    ingest, tagger, notifier = stores
    incidents = [str(uuid.UUID(int=rng.getrandbits(128))) for _ in range(INCIDENTS_A_DAY)]
    places = {one: rng.choice(REGIONS) for one in incidents}
    of = {n: incidents[n % INCIDENTS_A_DAY] if n < 2 * INCIDENTS_A_DAY else None for n in range(STORIES_A_DAY)}
    stamp = at.timestamp()
    told = [_told(day, n, at, of[n], places.get(of[n] or "", "ID")) for n in range(STORIES_A_DAY)]
    _fill(ingest, "stories", (_ingested(raw, stamp) for raw, _ in told))
    _fill(ingest, "sightings", (_sighting(raw.story_id, stamp) for raw, _ in told))
    _fill(tagger, "stories", (_tagged(raw, tagged, stamp) for raw, tagged in told))
    alerts = [_alert(one, day, n, at, places[one]) for n, one in enumerate(incidents)]
    _fill(tagger, "incidents", (_incident(alert, stamp) for alert in alerts))
    _fill(notifier, "incident_seen", (_seen(alert, stamp) for alert in alerts))
    deliveries, attempts = [], []
    for n, alert in enumerate(alerts):
        heard = officials if (day, n) == (0, 0) else rng.sample(officials, HEARD_BY)  # the first one: everybody
        for official in heard:
            for row in _deliveries(rng, alert, official, stamp):
                deliveries.append(row)
                attempts += _attempts(row, stamp)
    _fill(notifier, "delivery", iter(deliveries))
    _fill(notifier, "attempt", iter(attempts))


_EVIDENCE = (Evidence(start=0, end=5, text="Judul", rule="bench"),)
_TEXT = "Kalimat yang dibuat untuk mengukur, tanpa berita di dalamnya. " * 20


def _place(region: str) -> Place:
    return Place(name="x", region=region, country=region[:2], role=Role.EVENT, evidence=_EVIDENCE)


def _told(day: int, n: int, at: datetime, incident: str | None, region: str) -> tuple[StoryPublished, StoryTagged]:
    name = story_id(day, n)
    common: dict[str, Any] = {
        "occurred_at": at, "story_id": name, "version": 1, "outlet": "antara", "language": "id",
        "url": f"https://example.org/{name}", "title": f"Judul {name}", "text": _TEXT, "published_at": at,
        "fetched_at": at,
    }  # fmt: skip
    extraction = Extraction(method="feed", extractor="bench/1")
    raw = StoryPublished(**common, published_at_source="feed", extraction=extraction)
    labels: dict[str, Any] = {}
    if incident is not None:
        labels = {
            "topics": (TopicLabel(code=Topic.HUMAN_TRAFFICKING, score=0.9, evidence=_EVIDENCE),),
            "kind": KindLabel(code=Kind.ENFORCEMENT, evidence=_EVIDENCE), "severity": Severity.HIGH,
            "triggers": (Trigger(code="bench", evidence=_EVIDENCE),), "places": (_place(region),),
            "incident_id": incident,
        }  # fmt: skip
    tagged = StoryTagged(**common, **labels, relevant=incident is not None, reason="bench", tagger_version="bench")
    return raw, tagged


def _ingested(raw: StoryPublished, stamp: float) -> dict[str, Any]:
    return {
        "story_id": raw.story_id, "source_id": "antara-ntt", "outlet": "antara", "url": raw.url, "version": 1,
        "event": raw.model_dump_json().encode(), "trace": "", "published_at": stamp, "first_seen_at": stamp,
        "changed_at": stamp, "withdrawn": False, "relevant": None, "incident_id": None,
    }  # fmt: skip


def _sighting(name: str, stamp: float) -> dict[str, Any]:
    return {
        "source_id": "antara-ntt", "story_id": name, "section": "", "entry_hash": "", "first_seen_at": stamp,
        "last_seen_at": stamp,
    }  # fmt: skip


def _tagged(raw: StoryPublished, tagged: StoryTagged, stamp: float) -> dict[str, Any]:
    return {
        "story_id": raw.story_id, "version": 1, "raw": raw.model_dump_json().encode(),
        "tagged": tagged.model_dump_json().encode(), "relevant": tagged.relevant, "withdrawn": False,
        "backfill": False, "incident_id": tagged.incident_id, "reason": "bench", "clauses": 0,
        "published_at": stamp, "decided_at": stamp,
    }  # fmt: skip


def _alert(incident: str, day: int, n: int, at: datetime, region: str) -> AlertRaised:
    sources = tuple(
        Source(
            story_id=story_id(day, k),
            version=1,
            outlet="antara",
            url="https://example.org/",
            language="id",
            published_at=at,
        )
        for k in (n, n + INCIDENTS_A_DAY)
    )
    return AlertRaised(
        occurred_at=at, incident_id=incident, version=1, topics=(Topic.HUMAN_TRAFFICKING,), kind=Kind.ENFORCEMENT,
        severity=Severity.HIGH, triggers=(Trigger(code="bench", evidence=_EVIDENCE),), places=(_place(region),),
        sources=sources, first_seen_at=at, last_changed_at=at, published_at=at,
    )  # fmt: skip


def _incident(alert: AlertRaised, stamp: float) -> dict[str, Any]:
    return {
        "incident_id": alert.incident_id, "version": 1, "alert": alert.model_dump_json().encode(),
        "withdrawn": False, "merged_into": None, "changed_at": stamp,
    }  # fmt: skip


def _seen(alert: AlertRaised, stamp: float) -> dict[str, Any]:
    return {
        "incident_id": alert.incident_id, "version": 1, "status": "open", "other": "",
        "alert": alert.model_dump_json(), "changed_at": stamp,
    }  # fmt: skip


def _deliveries(rng: random.Random, alert: AlertRaised, official: str, stamp: float) -> Iterator[dict[str, Any]]:
    row: dict[str, Any] = {
        "subject": alert.alert_id, "official_id": official, "channel": "telegram", "action": "push",
        "incident_id": alert.incident_id, "version": 1, "state": "accepted", "reason": "accepted_by_channel",
        "why": "high_severity", "priority": 2, "due_at": stamp, "first_due_at": stamp, "attempts": 1,
        "second_copy": False, "bundle": None, "relisted": 0, "ref": str(rng.getrandbits(40)), "trace": None,
        "created_at": stamp, "changed_at": stamp,
    }  # fmt: skip
    if rng.random() < 0.5:
        yield row
        yield row | {"action": "edit", "subject": f"{alert.incident_id}.2", "version": 2, "ref": None}
        return
    window = f"digest:{datetime.fromtimestamp(stamp, UTC):%Y%m%dT%H%M%SZ}"
    yield row | {"action": "digest", "bundle": window, "reason": "in_digest", "ref": None}
    yield row | {"action": "digest", "subject": window, "incident_id": None, "why": "in_digest"}


def _attempts(row: dict[str, Any], stamp: float) -> list[dict[str, Any]]:
    if row["bundle"]:
        return []
    same = {name: row[name] for name in ("subject", "official_id", "channel", "action")}
    return [
        same | {"n": 1, "phase": phase, "reason": reason, "detail": "", "at": stamp}
        for phase, reason in (("sending", "intended"), ("accepted", "accepted_by_channel"))
    ]
