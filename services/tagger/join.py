"""Settle stories one after the other: label in hand, look up, decide, write, and enqueue what to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
import sqlalchemy as sa

from services.contracts.alert import Alert, IncidentMerged
from services.contracts.base import Event
from services.contracts.story import Story, StoryEvent, StoryRevised, StoryWithdrawn
from services.contracts.tagging import StoryTagged
from services.contracts.topics import STORIES_TAGGED
from services.runtime.outbox import Message, enqueue
from services.runtime.records import REPLAY, Received
from services.tagger import memory
from services.tagger.core.alerts import Outgoing, WithdrawReason, compose, project, withdraw
from services.tagger.core.boilerplate import blank
from services.tagger.core.book import Rulebook
from services.tagger.core.duplicates import clause_hashes
from services.tagger.core.incident import Reason, decide_join, incident_id_of, sign
from services.tagger.core.story import Tagging, article_of, tag_story, to_event
from services.tagger.tables import outbox

_COPIES_ONLY = ("copies",)


@dataclass(frozen=True)
class Labelled:
    """A story event with its label; labelling is pure and may run in any number of processes."""

    event: StoryEvent
    tagging: Tagging | None
    hashes: tuple[int, ...]
    trace: str | None = None
    replayed: bool = False


@dataclass(frozen=True)
class Settled:
    """What became of a story event; ``again`` where the answer was given before."""

    story_id: str
    reason: Reason
    incident_id: str | None
    events: tuple[Event, ...] = ()
    again: bool = False


def label(received: Received[StoryEvent], book: Rulebook) -> Labelled:
    """Tag the story, unless the event brings no new text."""
    event = received.value
    if isinstance(event, StoryWithdrawn) or _copies_only(event):
        return Labelled(event, None, (), received.trace, received.replayed)
    tagging = tag_story(article_of(event), book)
    hashes = clause_hashes(blank(tagging.title, tagging.text)) if tagging.relevant else ()
    return Labelled(event, tagging, hashes, received.trace, received.replayed)


def settle(conn: sa.Connection, batch: Sequence[Labelled], book: Rulebook, now: datetime) -> list[Settled]:
    """Decide every story of a batch in order; call inside the one serial transaction."""
    return [_settle_one(conn, labelled, book, now) for labelled in batch]


def _settle_one(conn: sa.Connection, labelled: Labelled, book: Rulebook, now: datetime) -> Settled:
    event = labelled.event
    known = memory.find_story(conn, event.story_id)
    stored = memory.sent_before(conn, event.story_id, event.version)
    renewed = labelled.replayed and known is not None and known.tagged.tagger_version != book.version
    if stored is not None and not renewed:
        return _send_again(conn, labelled, known, stored)
    if known and (event.version < known.version or (event.version == known.version and not renewed)):
        return Settled(event.story_id, Reason.STALE, known.incident_id)
    if isinstance(event, StoryWithdrawn):
        outgoing, settled = _take_back(conn, event, known, now)
    elif known and _copies_only(event):
        outgoing, settled = _count_copies(conn, event, known, now)
    else:
        outgoing, settled = _decide(conn, _with_label(labelled, book), known, book, now)
    _send(conn, labelled, outgoing, now)
    return settled


def _with_label(labelled: Labelled, book: Rulebook) -> Labelled:
    """A revision that only adds copies, of a story never seen here, still has to be read."""
    if labelled.tagging is not None or isinstance(labelled.event, StoryWithdrawn):
        return labelled
    tagging = tag_story(article_of(labelled.event), book)
    hashes = clause_hashes(blank(tagging.title, tagging.text)) if tagging.relevant else ()
    return Labelled(labelled.event, tagging, hashes, labelled.trace, labelled.replayed)


def _decide(
    conn: sa.Connection, labelled: Labelled, known: memory.Known | None, book: Rulebook, now: datetime
) -> tuple[list[Outgoing], Settled]:
    story, tagging = labelled.event, labelled.tagging
    if isinstance(story, StoryWithdrawn) or tagging is None:
        raise TypeError("only a story with a label can be decided")
    tagged = to_event(tagging, story, book, now, None)
    own = memory.resolve_alias(conn, known.incident_id) if known and known.incident_id else None
    incident_id, reason = own, Reason.LEFT if own else Reason.NOT_RELEVANT
    if tagged.relevant:
        incident_id, reason = _join(conn, labelled, tagged, own)
        tagged = tagged.model_copy(update={"incident_id": incident_id})
    memory.save_story(
        conn,
        tagged,
        story.model_dump_json().encode(),
        reason=reason.value,
        hashes=labelled.hashes,
        backfill=story.backfill,
        at=now.timestamp(),
    )
    outgoing = [_tell(tagged)]
    if reason is Reason.MERGED and own and incident_id:
        outgoing += _merge(conn, own, incident_id, now)
    if incident_id:
        outgoing += _refresh(conn, incident_id, now, "not_relevant")
    settled = Settled(story.story_id, reason, incident_id, tuple(one.event for one in outgoing))
    return outgoing, settled


def _join(conn: sa.Connection, labelled: Labelled, tagged: StoryTagged, own: str | None) -> tuple[str, Reason]:
    """The incident a relevant story belongs to; it leaves one it already has only when alone in it."""
    alone = own is None or all(
        member.tagged.story_id == tagged.story_id for member in memory.members_of(conn, own)
    )
    if own and not alone:
        return own, Reason.STAYED
    signature = sign(tagged)
    candidates = memory.find_candidates(
        conn, tagged.story_id, signature, labelled.hashes, tagged.published_at.timestamp()
    )
    joined = decide_join(signature, len(labelled.hashes), candidates)
    if joined.incident_id is None or joined.incident_id == own:
        return own or incident_id_of(tagged.story_id), Reason.STAYED if own else joined.reason
    return joined.incident_id, Reason.MERGED if own else joined.reason


def _take_back(
    conn: sa.Connection, event: StoryWithdrawn, known: memory.Known | None, now: datetime
) -> tuple[list[Outgoing], Settled]:
    if known is None:
        return [], Settled(event.story_id, Reason.WITHDRAWN, None)
    tagged = known.tagged.model_copy(update={"withdrawn": True, "version": event.version, "occurred_at": now})
    return _keep(conn, tagged, known, Reason.WITHDRAWN, now)


def _count_copies(
    conn: sa.Connection, event: Story, known: memory.Known, now: datetime
) -> tuple[list[Outgoing], Settled]:
    update = {"copies": len(event.copies), "version": event.version, "occurred_at": now}
    return _keep(conn, known.tagged.model_copy(update=update), known, Reason.COPIES_ONLY, now)


def _keep(
    conn: sa.Connection, tagged: StoryTagged, known: memory.Known, reason: Reason, now: datetime
) -> tuple[list[Outgoing], Settled]:
    """Save a story whose label stays what it was, and tell its incident."""
    hashes = clause_hashes(blank(tagged.title, tagged.text)) if tagged.relevant else ()
    memory.save_story(
        conn, tagged, known.raw, reason=reason.value, hashes=hashes, backfill=known.backfill, at=now.timestamp()
    )
    outgoing = [_tell(tagged)]
    incident_id = memory.resolve_alias(conn, tagged.incident_id) if tagged.incident_id else None
    if incident_id:
        outgoing += _refresh(conn, incident_id, now, "stories_withdrawn")
    return outgoing, Settled(tagged.story_id, reason, incident_id, tuple(one.event for one in outgoing))


def _refresh(
    conn: sa.Connection, incident_id: str, now: datetime, why_empty: WithdrawReason, alias: str | None = None
) -> list[Outgoing]:
    """Compose the incident anew from its stories, and tell what changed."""
    members = memory.members_of(conn, incident_id)
    before = memory.find_incident(conn, incident_id)
    version = before.version + 1 if before else 1
    previous = before.alert if before and not before.withdrawn else None
    regions = previous.regions() if previous else ()
    if not any(m.tagged.relevant and not m.tagged.withdrawn for m in members):
        if before is None or previous is None:
            return []
        gone = withdraw(incident_id, version, now, why_empty)
        _save(conn, incident_id, version, previous, withdrawn=True, now=now)
        return project(gone, regions, ())
    if previous and alias:
        previous = previous.model_copy(update={"aliases": (*previous.aliases, alias)})
    alert = compose(incident_id, version, members, now, previous)
    if alert is None:
        return []
    _save(conn, incident_id, version, alert, withdrawn=False, now=now)
    return project(alert, alert.regions(), set(regions) - set(alert.regions()))


def _merge(conn: sa.Connection, old: str, into: str, now: datetime) -> list[Outgoing]:
    before = memory.find_incident(conn, old)
    if before is None or before.alert is None:
        return []
    version = before.version + 1
    merged = IncidentMerged(incident_id=old, version=version, occurred_at=now, into=into)
    _save(conn, old, version, before.alert, withdrawn=True, now=now, into=into)
    return project(merged, before.alert.regions(), ())


def _save(
    conn: sa.Connection,
    incident_id: str,
    version: int,
    alert: Alert,
    *,
    withdrawn: bool,
    now: datetime,
    into: str | None = None,
) -> None:
    state = alert.model_dump_json().encode()
    memory.save_incident(conn, incident_id, version, state, withdrawn=withdrawn, into=into, at=now.timestamp())


def _tell(tagged: StoryTagged) -> Outgoing:
    return Outgoing(STORIES_TAGGED, tagged.story_id, tagged)


def _copies_only(event: StoryEvent) -> bool:
    return isinstance(event, StoryRevised) and event.changed == _COPIES_ONLY


def _send(conn: sa.Connection, labelled: Labelled, outgoing: Sequence[Outgoing], now: datetime) -> None:
    """Enqueue the events and remember them for the same record coming again."""
    rows: list[dict[str, Any]] = [
        {
            "topic": one.topic,
            "key": one.key,
            "schema": f"{type(one.event).__name__}/{one.event.schema_version}",
            "value": one.event.model_dump_json(),
        }
        for one in outgoing
    ]
    ids = enqueue(conn, outbox, [_message(row, labelled) for row in rows])
    kept = orjson.dumps({"ids": ids, "events": rows})
    memory.remember_sent(conn, labelled.event.story_id, labelled.event.version, kept, now.timestamp())


def _send_again(conn: sa.Connection, labelled: Labelled, known: memory.Known | None, stored: bytes) -> Settled:
    """The stored events unchanged; nothing where the relay still has them."""
    kept = orjson.loads(stored)
    waiting = conn.execute(
        sa.select(sa.func.count()).select_from(outbox).where(outbox.c.id.in_(kept["ids"]))
    ).scalar_one()
    if waiting < len(kept["ids"]) or labelled.replayed:
        enqueue(conn, outbox, [_message(row, labelled) for row in kept["events"]])
    incident_id = known.incident_id if known else None
    return Settled(labelled.event.story_id, Reason.STAYED, incident_id, again=True)


def _message(row: dict[str, Any], labelled: Labelled) -> Message:
    return Message(
        topic=row["topic"],
        key=row["key"],
        value=row["value"].encode(),
        schema=row["schema"],
        trace=labelled.trace,
        headers={REPLAY: "1"} if labelled.replayed else {},
    )
