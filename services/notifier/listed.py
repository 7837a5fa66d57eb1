"""Look after what a digest lists: it ends as the digest does, and is in no other once it was told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import sqlalchemy as sa

from services.contracts.delivery import Action, Outcome
from services.notifier import roster, rows
from services.notifier.core.decide import Way
from services.notifier.core.digest import next_digest
from services.notifier.core.ledger import State
from services.notifier.core.reason import Reason
from services.notifier.core.snapshot import snapshot
from services.notifier.incidents import find_incident
from services.notifier.rows import Row
from services.notifier.told import Memory, memory_of, remember, thread_refs

#: A digest that could not be seen to arrive is listed again at most so often.
_RELIST_AT_MOST = 2


def settle_members(conn: sa.Connection, digest: Row, now: datetime) -> None:
    """What travelled in a digest ends as the digest ended."""
    at = now.timestamp()
    for member in rows.members_of(conn, digest.official_id, digest.subject):
        if member.state is not State.BUNDLED:
            continue
        if digest.state is State.ACCEPTED:
            rows.move(conn, member, State.ACCEPTED, Reason.IN_DIGEST, at)
            was_told(conn, member, at)
        elif digest.state in {State.REFUSED, State.SUPPRESSED}:
            rows.move(conn, member, State.REFUSED, Reason(digest.reason), at)
        elif member.relisted >= _RELIST_AT_MOST:
            rows.move(conn, member, State.UNKNOWN, Reason.OUTCOME_UNKNOWN, at)
        else:
            _list_again(conn, member, now)


def list_no_more(conn: sa.Connection, row: Row, reason: Reason, at: float) -> None:
    """What has arrived as its own message waits for no digest: there it would be told twice."""
    if row.incident_id is None or row.action is Action.DIGEST:
        return
    member = rows.find_member(conn, row.subject, row.official_id)
    if member is not None and member.state is State.PLANNED:
        rows.move(conn, member, State.SUPPRESSED, reason, at)
        rows.announce(conn, member, Outcome.SUPPRESSED, reason, at)
    was_told(conn, row, at)


def is_told_now(conn: sa.Connection, row: Row, at: float) -> None:
    """What is told is this message again, and not the digest that still lists it.

    The digest lists it until the message is accepted: it may be lost again, or held back for the night.
    """
    member = rows.find_member(conn, row.subject, row.official_id)
    memory = memory_of(conn, row.official_id, row.incident_id or "")
    if member is None or member.state is not State.PLANNED or memory is None:
        return
    if memory.told.way is Way.DIGEST_WAITING:
        remember(conn, replace(memory, told=replace(memory.told, way=Way.PUSH)), at)


def was_told(conn: sa.Connection, member: Row, at: float) -> None:
    """Remember that an official knows an incident, once nothing of it waits for a digest any more."""
    incident = find_incident(conn, member.incident_id or "")
    if incident is None or incident.alert is None:
        return
    key = (member.official_id, incident.incident_id)
    memory = memory_of(conn, *key)
    if memory is None or memory.told.way is not Way.DIGEST_WAITING:
        return
    planned = rows.waiting_rows(conn, member.official_id, incident.incident_id)
    if planned:
        return
    sent = member.action is not Action.DIGEST and member.ref
    pushed = sent or thread_refs(conn, member.official_id, incident.incident_id, "telegram")
    state = replace(snapshot(incident.alert), version=max(incident.version, memory.told.state.version))
    told = replace(memory.told, way=Way.PUSH if pushed else Way.DIGEST, state=state)
    remember(conn, Memory(*key, told, None), at)


def _list_again(conn: sa.Connection, member: Row, now: datetime) -> None:
    official = roster.find_official(conn, member.official_id)
    due = next_digest(official.digest, now, official.zone, official.quiet) if official else now
    rows.move(
        conn,
        member,
        State.PLANNED,
        Reason.RELISTED,
        now.timestamp(),
        due_at=due.timestamp(),
        bundle=None,
        relisted=member.relisted + 1,
    )


def list_bounced(conn: sa.Connection, digest: Row, now: datetime) -> None:
    """What a digest held that came back is listed in the next one, unless the official heard more of it since."""
    at = now.timestamp()
    official = roster.find_official(conn, digest.official_id)
    reachable = official is not None and bool(roster.usable_channels(conn, official))
    for member in rows.members_of(conn, digest.official_id, digest.subject):
        if member.state is not State.ACCEPTED:
            continue
        gone = rows.move(conn, member, State.BOUNCED, Reason.BOUNCED, at)
        if reachable and member.relisted < _RELIST_AT_MOST and not rows.has_later(conn, member):
            _list_again(conn, gone, now)
            is_waiting_again(conn, gone, at)


def is_waiting_again(conn: sa.Connection, member: Row, at: float) -> None:
    """What was told with a digest has not been heard: nothing is an update of it until the next one."""
    memory = memory_of(conn, member.official_id, member.incident_id or "")
    if memory is not None:
        remember(conn, replace(memory, told=replace(memory.told, way=Way.DIGEST_WAITING)), at)
