"""Settle stories one after the other: label in hand, look up, decide, write, and enqueue what to tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import orjson
import sqlalchemy as sa

from services.contracts.base import Event
from services.contracts.story import Story, StoryEvent, StoryPublished, StoryWithdrawn
from services.contracts.tagging import StoryTagged
from services.contracts.topics import STORIES_TAGGED
from services.runtime.outbox import enqueue
from services.tagger import memory
from services.tagger.candidates import find_candidates
from services.tagger.clause_cache import ClauseCache
from services.tagger.core.alerts import Outgoing
from services.tagger.core.boilerplate import blank
from services.tagger.core.book import Rulebook
from services.tagger.core.duplicates import Pieces, read_pieces
from services.tagger.core.incident import Reason, decide_join, incident_id_of
from services.tagger.core.incident_signature import Signature, sign
from services.tagger.core.story import to_event
from services.tagger.labelling import Labelled, copies_only, with_label
from services.tagger.lives import merge, refresh, split
from services.tagger.tables import outbox
from services.tagger.telling import as_message, as_row, send, send_again


@dataclass(frozen=True)
class Settled:
    """What became of a story event; ``again`` where the answer was given before."""

    story_id: str
    reason: Reason
    incident_id: str | None
    events: tuple[Event, ...] = ()
    again: bool = False


def settle(
    conn: sa.Connection, batch: Sequence[Labelled], book: Rulebook, now: datetime, cache: ClauseCache | None = None
) -> list[Settled]:
    """Decide every story of a batch in order; call inside the one serial transaction.

    Args:
        cache: the process's index of texts; without one it is read from the store.
    """
    cache = ClauseCache() if cache is None else cache  # an empty one is falsy
    cache.read_on(conn)
    # Nearly every story is new: one question for the batch saves eight statements a story.
    seen = memory.which_are_known(conn, [one for labelled in batch for one in _ids_in(labelled.event)])
    desk = _Desk(conn, cache, book, now, seen)
    settled = []
    for labelled in batch:
        if _is_plain(desk, labelled):
            settled.append(_note_plain(desk, labelled))
            continue
        if not desk.seen.isdisjoint(_ids_in(labelled.event)):
            _write_plain(desk)  # it may be one of them
        settled.append(_settle_one(desk, labelled))
    _write_plain(desk)
    return settled


def _ids_in(event: StoryEvent) -> tuple[str, ...]:
    """The stories an event tells of."""
    heir = event.heir if isinstance(event, StoryWithdrawn) else None
    return (event.story_id, heir.story_id) if heir else (event.story_id,)


@dataclass(frozen=True)
class _Desk:
    """What every step of a decision works with."""

    conn: sa.Connection
    cache: ClauseCache
    book: Rulebook
    now: datetime
    seen: set[str]  # ids of stories that the store holds something of
    #: New and of no concern: decided, and written together at the end, for a statement costs as much as the rules.
    plain: list[tuple[Labelled, StoryTagged]] = field(default_factory=list)


@dataclass(frozen=True)
class _Placed:
    """Where a story belongs, why, and which incidents turn out to be that one."""

    incident_id: str | None
    reason: Reason
    why: str = ""
    merged: tuple[str, ...] = ()
    elsewhere: str | None = None  # the incident the story is most like, where it stays in another


def _is_plain(desk: _Desk, labelled: Labelled) -> bool:
    """Whether nothing is to be looked up for a story: it is new and not relevant."""
    fresh = labelled.event.story_id not in desk.seen
    return fresh and labelled.tagging is not None and not labelled.tagging.relevant


def _note_plain(desk: _Desk, labelled: Labelled) -> Settled:
    story, tagging = labelled.event, labelled.tagging
    if isinstance(story, StoryWithdrawn) or tagging is None:
        raise TypeError("only a story with a label can be decided")
    tagged = to_event(tagging, story, desk.book, desk.now, None)
    desk.plain.append((labelled, tagged))
    desk.seen.add(story.story_id)
    return Settled(story.story_id, Reason.NOT_RELEVANT, None, (tagged,))


def _write_plain(desk: _Desk) -> None:
    """Stories, their events, and what was sent of them: three statements for all of them."""
    if not desk.plain:
        return
    at = desk.now.timestamp()
    told = [(labelled, as_row(_tell(tagged), tagged.model_dump_json())) for labelled, tagged in desk.plain]
    ids = enqueue(desk.conn, outbox, [as_message(row, labelled) for labelled, row in told])
    memory.save_plain_stories(
        desk.conn,
        [
            memory.Plain(
                tagged, labelled.event.model_dump_json().encode(), row["value"].encode(), _is_old(labelled)
            )
            for (labelled, tagged), (_, row) in zip(desk.plain, told, strict=True)
        ],
        reason=Reason.NOT_RELEVANT.value,
        at=at,
    )
    kept = [
        (labelled.event.story_id, labelled.event.version, orjson.dumps({"ids": [one], "events": [row]}))
        for one, (labelled, row) in zip(ids, told, strict=True)
    ]
    memory.remember_all_sent(desk.conn, kept, at)
    desk.plain.clear()


def _is_old(labelled: Labelled) -> bool:
    """Whether the story was old news when it was first seen."""
    return not isinstance(labelled.event, StoryWithdrawn) and labelled.event.backfill


def _settle_one(desk: _Desk, labelled: Labelled) -> Settled:
    event, conn = labelled.event, desk.conn
    fresh = event.story_id not in desk.seen
    known = None if fresh else memory.find_story(conn, event.story_id)
    stored = None if fresh else memory.sent_before(conn, event.story_id, event.version)
    renewed = _is_renewed(labelled, known, desk.book)
    if stored is not None and not renewed:
        send_again(conn, labelled, stored)
        return Settled(event.story_id, Reason.STAYED, known.incident_id if known else None, again=True)
    if known and (event.version < known.version or (event.version == known.version and not renewed)):
        return _settle_late(desk, labelled, known)
    if not known and not fresh and event.version < memory.last_handled(conn, event.story_id):
        return _settle_late(desk, labelled, None)  # a dead letter put back after the story was withdrawn
    if isinstance(event, StoryWithdrawn):
        outgoing, settled = _take_back(desk, labelled, event, known)
    elif known and _brings_no_text(event, known) and not renewed:
        outgoing, settled = _count_copies(desk, event, known)
    else:
        outgoing, settled = _decide(desk, with_label(labelled, desk.book), known)
    send(conn, labelled, outgoing, desk.now, fresh=fresh)
    desk.seen.add(event.story_id)
    return settled


def _settle_late(desk: _Desk, labelled: Labelled, known: memory.Known | None) -> Settled:
    """What came after a newer version says nothing of its story; of an heir nobody else tells."""
    event = labelled.event
    settled = Settled(event.story_id, Reason.STALE, known.incident_id if known else None)
    if not isinstance(event, StoryWithdrawn) or event.heir is None:
        return settled
    outgoing = _let_inherit(desk, labelled, event.heir, known)
    if not outgoing:
        return settled
    home = memory.resolve_alias(desk.conn, known.incident_id) if known and known.incident_id else None
    if home:
        outgoing += refresh(desk.conn, home, desk.now, "stories_withdrawn")
    send(desk.conn, labelled, outgoing, desk.now, fresh=False)
    return replace(settled, events=tuple(one.event for one in outgoing))


def _brings_no_text(event: StoryEvent, known: memory.Known) -> bool:
    """Whether only its copies are new: not where the version before it became a dead letter."""
    return copies_only(event) and event.version == known.version + 1


def _is_renewed(labelled: Labelled, known: memory.Known | None, book: Rulebook) -> bool:
    """Whether a version that was answered before is to be answered anew.

    A redelivered record must get its first answer: the offset may be lost after the answer was sent, and an
    official would see the same story change for no reason.  A replay is the one exception, and only where the
    rules are others than those that gave the answer: then the answer is what the operator wants corrected.
    With the same rules a replay too repeats what was said, and the notifier knows it already.
    """
    return labelled.replayed and known is not None and known.tagged.tagger_version != book.version


def _decide(
    desk: _Desk, labelled: Labelled, known: memory.Known | None, home: str | None = None
) -> tuple[list[Outgoing], Settled]:
    """``home``: the incident of the story it stands for, which is told of when that is taken back."""
    story, tagging, conn = labelled.event, labelled.tagging, desk.conn
    if isinstance(story, StoryWithdrawn) or tagging is None:
        raise TypeError("only a story with a label can be decided")
    tagged = to_event(tagging, story, desk.book, desk.now, None)
    own = memory.resolve_alias(conn, known.incident_id) if known and known.incident_id else None
    placed = _Placed(own, Reason.LEFT if own else Reason.NOT_RELEVANT)
    signature = sign(tagged) if tagged.relevant else None
    if signature is not None:
        inherits = _Placed(home, Reason.NEAR_DUPLICATE, "stands for a copy that was taken back")
        placed = inherits if home and not own else _place(desk, labelled, tagged, signature, own)
        tagged = tagged.model_copy(update={"incident_id": placed.incident_id})
    if placed.reason is Reason.STAYED and known and known.why:
        placed = replace(placed, why=known.why)  # what brought it here says more than that it stayed
    raw = story.model_dump_json().encode()
    _keep_story(
        desk, tagged, raw, placed.reason,
        why=placed.why, pieces=labelled.pieces, backfill=story.backfill, signature=signature,
    )  # fmt: skip
    outgoing = [_tell(tagged)]
    for old in placed.merged:
        outgoing += merge(conn, old, str(placed.incident_id), desk.now)
    whole = placed.incident_id
    if own and not labelled.replayed:
        outgoing, placed = _see_parts(desk, tagged, placed, outgoing)
    if whole and not home:
        outgoing += refresh(conn, whole, desk.now, "not_relevant", placed.merged)
    settled = Settled(story.story_id, placed.reason, placed.incident_id, tuple(one.event for one in outgoing))
    return outgoing, settled


def _place(desk: _Desk, labelled: Labelled, tagged: StoryTagged, signature: Signature, own: str | None) -> _Placed:
    """The incident a relevant story belongs to."""
    if own and labelled.replayed:
        return _Placed(own, Reason.STAYED, "a replay keeps the link")
    published = tagged.published_at.timestamp()
    candidates = find_candidates(
        desk.conn, desk.cache, tagged.story_id, signature, pieces=labelled.pieces, published=published
    )
    joined = decide_join(signature, len(labelled.pieces), candidates)
    same = [joined.incident_id, *joined.merges] if joined.incident_id else []
    if own is None:
        into, merged = _oldest(desk.conn, same)
        return _Placed(into or incident_id_of(tagged.story_id), joined.reason, joined.why, merged)
    if own not in same and same and _is_alone(desk.conn, tagged.story_id, own):
        same.append(own)
    if own not in same:
        return _Placed(own, Reason.STAYED, "stays where it was", elsewhere=joined.incident_id)
    if len(same) == 1:
        return _Placed(own, Reason.STAYED, joined.why)
    into, merged = _oldest(desk.conn, same)
    return _Placed(into, Reason.MERGED if own in merged else Reason.STAYED, joined.why, merged)


def _oldest(conn: sa.Connection, same: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The incident that was told of first, and the others, which become part of it."""
    if len(same) < 2:
        return next(iter(same), None), ()
    ordered = sorted(same, key=lambda one: (*memory.age_of(conn, one), one))
    return ordered[0], tuple(ordered[1:])


def _is_alone(conn: sa.Connection, story_id: str, incident_id: str) -> bool:
    return all(member.tagged.story_id == story_id for member in memory.members_of(conn, incident_id))


def _see_parts(
    desk: _Desk, tagged: StoryTagged, placed: _Placed, outgoing: list[Outgoing]
) -> tuple[list[Outgoing], _Placed]:
    """After a revision: the incident may have been two, and the story may now be part of the other."""
    if placed.incident_id is None:
        return outgoing, placed
    elsewhere = (tagged.story_id, placed.elsewhere) if placed.elsewhere else None
    told, homes = split(desk.conn, placed.incident_id, desk.now, elsewhere)
    home = homes.get(tagged.story_id, placed.incident_id)
    if home != placed.incident_id:
        outgoing = [_tell(tagged.model_copy(update={"incident_id": home})), *outgoing[1:]]
        placed = replace(placed, incident_id=home, reason=Reason.SPLIT)
    return outgoing + told, placed


def _take_back(
    desk: _Desk, labelled: Labelled, event: StoryWithdrawn, known: memory.Known | None
) -> tuple[list[Outgoing], Settled]:
    """Take a story back, after its heir has its place: the incident stands as long as one story of it does."""
    outgoing = _let_inherit(desk, labelled, event.heir, known) if event.heir else []
    if known is None:
        told = tuple(one.event for one in outgoing)
        return outgoing, Settled(event.story_id, Reason.WITHDRAWN, None, told)
    update = {"withdrawn": True, "version": event.version, "occurred_at": desk.now}
    own, settled = _keep(desk, known.tagged.model_copy(update=update), known, Reason.WITHDRAWN)
    outgoing += own
    return outgoing, replace(settled, events=tuple(one.event for one in outgoing))


def _let_inherit(
    desk: _Desk, labelled: Labelled, heir: StoryPublished, known: memory.Known | None
) -> list[Outgoing]:
    """Tell of the copy that stands for a story; nothing where its own events were here before."""
    mine = memory.find_story(desk.conn, heir.story_id) if heir.story_id in desk.seen else None
    if mine and mine.version >= heir.version:
        return []
    home = memory.resolve_alias(desk.conn, known.incident_id) if known and known.incident_id else None
    read = with_label(replace(labelled, event=heir), desk.book)
    outgoing, _ = _decide(desk, read, mine, home)
    desk.seen.add(heir.story_id)
    return outgoing


def _count_copies(desk: _Desk, event: Story, known: memory.Known) -> tuple[list[Outgoing], Settled]:
    update = {"copies": len(event.copies), "version": event.version, "occurred_at": desk.now}
    return _keep(desk, known.tagged.model_copy(update=update), known, Reason.COPIES_ONLY)


def _keep(desk: _Desk, tagged: StoryTagged, known: memory.Known, reason: Reason) -> tuple[list[Outgoing], Settled]:
    """Save a story whose label stays what it was, and tell its incident."""
    incident_id = memory.resolve_alias(desk.conn, tagged.incident_id) if tagged.incident_id else None
    tagged = tagged.model_copy(update={"incident_id": incident_id})
    pieces = read_pieces(blank(tagged.title, tagged.text)) if tagged.relevant else ()
    _keep_story(desk, tagged, known.raw, reason, why=known.why, pieces=pieces, backfill=known.backfill)
    outgoing = [_tell(tagged)]
    if incident_id and reason is Reason.WITHDRAWN:
        outgoing += split(desk.conn, incident_id, desk.now)[0]
    if incident_id:
        outgoing += refresh(desk.conn, incident_id, desk.now, "stories_withdrawn")
    return outgoing, Settled(tagged.story_id, reason, incident_id, tuple(one.event for one in outgoing))


def _keep_story(
    desk: _Desk,
    tagged: StoryTagged,
    raw: bytes,
    reason: Reason,
    *,
    why: str,
    pieces: Pieces,
    backfill: bool,
    signature: Signature | None = None,
) -> None:
    memory.save_story(
        desk.conn,
        tagged,
        raw,
        reason=reason.value,
        why=why,
        pieces=pieces,
        backfill=backfill,
        signature=signature,
        at=desk.now.timestamp(),
        fresh=tagged.story_id not in desk.seen,
    )


def _tell(tagged: StoryTagged) -> Outgoing:
    return Outgoing(STORIES_TAGGED, tagged.story_id, tagged)
