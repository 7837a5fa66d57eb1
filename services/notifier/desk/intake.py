"""Keep what the topics say in the desk's tables; what was known already, or is older, changes nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from services.contracts.alert import Alert, AlertEvent, AlertWithdrawn, IncidentMerged, IncidentSplit
from services.contracts.delivery import DeliveryRecorded, Outcome
from services.contracts.source import SourceHealthChanged
from services.contracts.tagging import StoryTagged
from services.notifier.core.canary import is_synthetic, made_at
from services.notifier.desk.tables import (
    INCIDENT,
    INCIDENT_PLACE,
    INCIDENT_TOPIC,
    LETTER,
    PULSE,
    SOURCE,
    STEP,
    STORY,
    TOLD,
    TOLD_MEMBER,
)
from services.runtime.records import (
    DEAD_AT,
    DEAD_OFFSET,
    DEAD_PARTITION,
    DEAD_REASON,
    DEAD_SERVICE,
    DEAD_TOPIC,
    Received,
)
from services.runtime.store import Store

OPEN, WITHDRAWN, MERGED, SPLIT = "open", "withdrawn", "merged", "split"


def incident_of(subject: str) -> str:
    """The incident an alert id, ``<incident_id>.<version>``, belongs to."""
    return subject.rpartition(".")[0]


class Intake:
    """One handler a topic; each batch is one transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def take_stories(self, batch: Sequence[Received[StoryTagged]]) -> None:
        """Keep the newest version of each story."""
        await self._store.write(lambda conn: keep_stories(conn, [received.value for received in batch]))

    async def take_alerts(self, batch: Sequence[Received[AlertEvent]]) -> None:
        """Keep each incident's state and its steps; synthetic alerts are no incidents."""
        batch = [received for received in batch if not is_synthetic(received.value)]
        await self._store.write(lambda conn: _each(conn, keep_incident, batch, pulse="incidents"))

    async def take_sources(self, batch: Sequence[Received[SourceHealthChanged]]) -> None:
        """Keep how each source is doing."""
        await self._store.write(lambda conn: _each(conn, keep_source, batch, pulse="sources"))

    async def take_deliveries(self, batch: Sequence[Received[DeliveryRecorded]]) -> None:
        """Keep what became of each delivery of something real."""
        batch = [received for received in batch if made_at(received.value.incident_id or "") is None]
        await self._store.write(lambda conn: _each(conn, keep_delivery, batch))

    async def take_letters(self, batch: Sequence[Received[bytes]]) -> None:
        """Keep where each dead letter is and why."""

        def keep(conn: sa.Connection) -> None:
            for received in batch:
                keep_letter(conn, received)

        await self._store.write(keep)


def _each(conn: sa.Connection, keep: Any, batch: Iterable[Received[Any]], pulse: str = "") -> None:
    changed = [keep(conn, received.value) for received in batch]
    if pulse and any(changed):
        _beat(conn, pulse)


#: Built once, and run once for all stories of a batch: each statement costs more than the row it writes.
_KNOWN_STORIES = sa.select(STORY.c.story_id, STORY.c.number, STORY.c.version).where(
    STORY.c.story_id.in_(sa.bindparam("wanted", expanding=True))
)
#: RETURNING makes one statement of a batch: SQLite's full-text index writes out all it holds before each statement
#: that sets off a trigger, which costs twice what the words do.
_INSERT_STORIES = sa.insert(STORY).returning(STORY.c.number)
_UPDATE_STORY = sa.update(STORY).where(STORY.c.number == sa.bindparam("known"))


def keep_stories(conn: sa.Connection, batch: Sequence[StoryTagged]) -> None:
    """Keep what is news: a version at or above the one known, since a replay tells a version again."""
    wanted = list(dict.fromkeys(tagged.story_id for tagged in batch))
    known = {row.story_id: row for row in conn.execute(_KNOWN_STORIES, {"wanted": wanted})}
    newest: dict[str, StoryTagged] = {}
    for tagged in batch:
        before = newest.get(tagged.story_id) or known.get(tagged.story_id)
        if before is None or before.version <= tagged.version:
            newest[tagged.story_id] = tagged
    fresh = [_story_values(tagged) for story_id, tagged in newest.items() if story_id not in known]
    changed = [
        {"known": known[story_id].number} | _story_values(tagged)
        for story_id, tagged in newest.items()
        if story_id in known
    ]
    if fresh:
        conn.execute(_INSERT_STORIES, fresh)
    if changed:
        conn.execute(_UPDATE_STORY, changed)


def _story_values(tagged: StoryTagged) -> dict[str, Any]:
    return {
        "story_id": tagged.story_id,
        "version": tagged.version,
        "incident_id": tagged.incident_id,
        "outlet": tagged.outlet[:200],
        "language": tagged.language,
        "relevant": tagged.relevant,
        "withdrawn": tagged.withdrawn,
        "published_at": tagged.published_at.timestamp(),
        "title": tagged.title,
        "body": tagged.text,
        "tagged": tagged.model_dump_json(),
    }


_KNOWN_INCIDENT = sa.select(INCIDENT.c.version).where(INCIDENT.c.incident_id == sa.bindparam("known"))
_UPDATE_INCIDENT = sa.update(INCIDENT).where(INCIDENT.c.incident_id == sa.bindparam("known"))
_NO_TOPICS = sa.delete(INCIDENT_TOPIC).where(INCIDENT_TOPIC.c.incident_id == sa.bindparam("known"))
_NO_PLACES = sa.delete(INCIDENT_PLACE).where(INCIDENT_PLACE.c.incident_id == sa.bindparam("known"))
_INSERT_TOPICS, _INSERT_PLACES = sa.insert(INCIDENT_TOPIC), sa.insert(INCIDENT_PLACE)
_KNOWN_ATTEMPT = sa.select(TOLD.c.attempt).where(TOLD.c.delivery_key == sa.bindparam("known"))


def keep_incident(conn: sa.Connection, event: AlertEvent) -> bool:
    """Whether it is news: a version above the one known."""
    known = conn.execute(_KNOWN_INCIDENT, {"known": event.incident_id}).first()
    if known and known.version >= event.version:
        return False
    _keep_step(conn, event)
    at = event.occurred_at.timestamp()
    if isinstance(event, Alert):
        _put(conn, INCIDENT, ("incident_id",), _incident_values(event))
        _index_incident(conn, event)
    elif known:
        standing, others = _standing(event)
        values = {"version": event.version, "standing": standing, "others": json.dumps(others), "changed_at": at}
        conn.execute(_UPDATE_INCIDENT, {"known": event.incident_id} | values)
    return True


def _standing(event: AlertEvent) -> tuple[str, list[str]]:
    match event:
        case IncidentMerged():
            return MERGED, [event.into]
        case IncidentSplit():
            # A part may keep the id: that incident goes on, smaller.
            rest = [part for part in event.parts if part != event.incident_id]
            return (OPEN if len(rest) < len(event.parts) else SPLIT), rest
        case AlertWithdrawn():
            return WITHDRAWN, []
        case _:
            return OPEN, []


def _incident_values(alert: Alert) -> dict[str, Any]:
    return {
        "incident_id": alert.incident_id,
        "version": alert.version,
        "standing": OPEN,
        "others": "[]",
        "severity": int(alert.severity),
        "kind": alert.kind,
        "first_seen_at": alert.first_seen_at.timestamp(),
        "changed_at": alert.last_changed_at.timestamp(),
        "alert": alert.model_dump_json(),
    }


def _index_incident(conn: sa.Connection, alert: Alert) -> None:
    for forgotten in (_NO_TOPICS, _NO_PLACES):
        conn.execute(forgotten, {"known": alert.incident_id})
    topics = [{"incident_id": alert.incident_id, "topic": str(topic)} for topic in dict.fromkeys(alert.topics)]
    conn.execute(_INSERT_TOPICS, topics)
    places = {
        (place.country, place.region or "", (place.district or "")[:200], str(place.role))
        for place in alert.places
    }
    if places:
        names = ("country", "region", "district", "role")
        rows = [
            {"incident_id": alert.incident_id} | dict(zip(names, place, strict=True)) for place in sorted(places)
        ]
        conn.execute(_INSERT_PLACES, rows)


def _keep_step(conn: sa.Connection, event: AlertEvent) -> None:
    values = {
        "incident_id": event.incident_id,
        "version": event.version,
        "event": event.event,
        "at": event.occurred_at.timestamp(),
        "severity": int(event.severity) if isinstance(event, Alert) else None,
        "changed": json.dumps(_what_changed(event)),
    }
    _put(conn, STEP, ("incident_id", "version"), values)


def _what_changed(event: AlertEvent) -> list[str]:
    match event:
        case AlertWithdrawn():
            return [event.reason]
        case IncidentMerged():
            return [event.into]
        case IncidentSplit():
            return list(event.parts)
    return list(getattr(event, "changed", ()))


def keep_source(conn: sa.Connection, event: SourceHealthChanged) -> bool:
    """Whether it is news: not older than what is known."""
    heard = event.occurred_at.timestamp()
    known = conn.execute(sa.select(SOURCE.c.heard_at).where(SOURCE.c.source_id == event.source_id)).scalar()
    if known is not None and known > heard:
        return False
    if event.retired:
        conn.execute(sa.delete(SOURCE).where(SOURCE.c.source_id == event.source_id))
        return known is not None
    values = {
        "source_id": event.source_id,
        "outlet": event.outlet[:200],
        "region": event.default_region,
        "health": event.health,
        "reason": event.reason,
        "since": event.since.timestamp(),
        "last_new_at": event.last_new_story_at.timestamp() if event.last_new_story_at else None,
        "expected_s": event.expected_interval_s,
        "heard_at": heard,
    }
    _put(conn, SOURCE, ("source_id",), values)
    return True


def keep_delivery(conn: sa.Connection, event: DeliveryRecorded) -> bool:
    """Whether it is news: a later attempt, or the outcome of this one; a repeated intent is neither."""
    known = conn.execute(_KNOWN_ATTEMPT, {"known": event.delivery_key}).scalar()
    repeated = known is not None and (
        event.attempt < known or (event.attempt == known and event.outcome is Outcome.INTENDED)
    )
    if repeated:
        return False
    values = {
        "delivery_key": event.delivery_key,
        "incident_id": event.incident_id,
        "official_id": event.official_id,
        "channel": event.channel,
        "action": event.action,
        "outcome": event.outcome,
        "reason": event.reason,
        "attempt": event.attempt,
        "at": event.occurred_at.timestamp(),
    }
    _put(conn, TOLD, ("delivery_key",), values)
    for incident_id in sorted({incident_of(member) for member in event.members}):
        member = {"delivery_key": event.delivery_key, "incident_id": incident_id}
        _put(conn, TOLD_MEMBER, ("delivery_key", "incident_id"), member)
    return True


def keep_letter(conn: sa.Connection, received: Received[bytes]) -> None:
    """Note a dead letter; headers that are not ours are left out rather than believed."""
    headers = received.headers
    values = {
        "dead_offset": received.offset,
        "at": _number(headers, DEAD_AT) or received.timestamp_ms / 1000,
        "service": headers.get(DEAD_SERVICE, "")[:40],
        "topic": headers.get(DEAD_TOPIC, "")[:250],
        "partition": int(_number(headers, DEAD_PARTITION)),
        "offset": int(_number(headers, DEAD_OFFSET)),
        "key": received.key.decode("utf-8", "replace")[:500].replace("\x00", ""),
        "reason": headers.get(DEAD_REASON, "")[:500].replace("\x00", ""),
    }
    _put(conn, LETTER, ("dead_offset",), values)


def _number(headers: Mapping[str, str], name: str) -> float:
    try:
        return float(headers.get(name, "0"))
    except ValueError:
        return 0.0


def _beat(conn: sa.Connection, name: str) -> None:
    grown = sa.update(PULSE).where(PULSE.c.name == name).values(number=PULSE.c.number + 1)
    if conn.execute(grown).rowcount == 0:
        _put(conn, PULSE, ("name",), {"name": name, "number": 1})


def _put(conn: sa.Connection, table: sa.Table, key: tuple[str, ...], values: dict[str, Any]) -> None:
    conn.execute(_putting(conn.dialect.name, table, key, tuple(values)), values)


@lru_cache(maxsize=64)
def _putting(dialect: str, table: sa.Table, key: tuple[str, ...], names: tuple[str, ...]) -> sa.Insert:
    insert: Any = (sqlite if dialect == "sqlite" else postgresql).insert(table)
    rest = {name: insert.excluded[name] for name in names if name not in key}
    if rest:
        insert = insert.on_conflict_do_update(index_elements=list(key), set_=rest)
    else:
        insert = insert.on_conflict_do_nothing(index_elements=list(key))
    return cast(sa.Insert, insert)
