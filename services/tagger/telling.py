"""Enqueue what is decided of a story, and keep it: the same record again is told the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from services.contracts.base import Event
from services.runtime.outbox import Message, enqueue
from services.runtime.records import REPLAY
from services.tagger import memory
from services.tagger.core.alerts import Outgoing
from services.tagger.labelling import Labelled
from services.tagger.tables import outbox


def send(
    conn: sa.Connection, labelled: Labelled, outgoing: Sequence[Outgoing], now: datetime, *, fresh: bool
) -> None:
    """Enqueue the events and remember them for the same record coming again."""
    written: dict[int, str] = {}  # one event goes to several topics
    rows = [as_row(one, written.get(id(one.event)) or _write(written, one.event)) for one in outgoing]
    ids = enqueue(conn, outbox, [as_message(row, labelled) for row in rows])
    kept = orjson.dumps({"ids": ids, "events": rows})
    event = labelled.event
    memory.remember_sent(conn, event.story_id, event.version, kept, now.timestamp(), fresh=fresh)


def as_row(one: Outgoing, value: str) -> dict[str, Any]:
    """An event as it is kept for the same record coming again."""
    schema = f"{type(one.event).__name__}/{one.event.schema_version}"
    return {"topic": one.topic, "key": one.key, "schema": schema, "value": value}


def _write(written: dict[int, str], event: Event) -> str:
    written[id(event)] = event.model_dump_json()
    return written[id(event)]


def send_again(conn: sa.Connection, labelled: Labelled, stored: bytes) -> None:
    """The stored events unchanged; nothing where the relay still has them."""
    kept = orjson.loads(stored)
    waiting = conn.execute(
        sa.select(sa.func.count()).select_from(outbox).where(outbox.c.id.in_(kept["ids"]))
    ).scalar_one()
    if waiting < len(kept["ids"]) or labelled.replayed:
        enqueue(conn, outbox, [as_message(row, labelled) for row in kept["events"]])


def as_message(row: dict[str, Any], labelled: Labelled) -> Message:
    """What is kept of an event, as a record that follows from this story."""
    return Message(
        topic=row["topic"],
        key=row["key"],
        value=row["value"].encode(),
        schema=row["schema"],
        trace=labelled.trace,
        headers={REPLAY: "1"} if labelled.replayed else {},
    )
