"""Write the life of incidents: composed anew, merged, split; and the events that tell of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

import sqlalchemy as sa

from services.contracts.alert import Alert, IncidentMerged, IncidentSplit
from services.contracts.topics import ALERTS, STORIES_TAGGED
from services.tagger import memory
from services.tagger.candidates import signatures_of
from services.tagger.core.alerts import Outgoing, WithdrawReason, compose, project, withdraw
from services.tagger.core.incident import Reason, incident_id_of, part_id_of
from services.tagger.core.incident_parts import part


def refresh(
    conn: sa.Connection, incident_id: str, now: datetime, why_empty: WithdrawReason, merged: Sequence[str] = ()
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
    if previous and merged:
        previous = previous.model_copy(update={"aliases": _with_aliases(conn, previous, merged)})
    alert = compose(incident_id, version, members, now, previous)
    if alert is None:
        return []
    _save(conn, incident_id, version, alert, withdrawn=False, now=now)
    return project(alert, alert.regions(), set(regions) - set(alert.regions()))


def _with_aliases(conn: sa.Connection, into: Alert, merged: Sequence[str]) -> tuple[str, ...]:
    """The ids that lead to an incident: those of the merged, and those that led to these."""
    found = dict.fromkeys(into.aliases)
    for one in merged:
        known = memory.find_incident(conn, one)
        found |= dict.fromkeys((one, *(known.alert.aliases if known and known.alert else ())))
    return tuple(found)


def merge(conn: sa.Connection, old: str, into: str, now: datetime) -> list[Outgoing]:
    """Make an incident part of another: its stories move, its id stays as an alias."""
    before = memory.find_incident(conn, old)
    if before is None or before.alert is None:
        return []
    version = before.version + 1
    merged = IncidentMerged(incident_id=old, version=version, occurred_at=now, into=into)
    _save(conn, old, version, before.alert, withdrawn=True, now=now, into=into)
    outgoing = []
    for story_id in [member.tagged.story_id for member in memory.members_of(conn, old)]:
        outgoing += _move(conn, story_id, into, Reason.MERGED, f"its incident {old} turned out to be this one")
    return outgoing + project(merged, before.alert.regions(), ())


def split(
    conn: sa.Connection, incident_id: str, now: datetime, home: tuple[str, str] | None = None
) -> tuple[list[Outgoing], Mapping[str, str]]:
    """Part an incident whose stories now contradict each other; what to tell, and where stories went.

    The part with the founding story, else with the earliest, keeps the id.

    Args:
        home: a story, and the incident it belongs to if it is parted from the rest all alone.
    """
    before = memory.find_incident(conn, incident_id)
    groups = part(signatures_of(conn, incident_id))
    if len(groups) < 2 or before is None or before.alert is None:
        return [], {}
    fixed = [group for group in groups if not (home and group == home[:1])]
    staying = next((group for group in fixed if incident_id in map(incident_id_of, group)), fixed[0])
    version = before.version + 1
    parts: dict[str, tuple[str, ...]] = {}
    for group in groups:
        if home and group == home[:1]:
            parts[home[1]] = group
        elif group is not staying:
            parts[_part_id(conn, incident_id, version, group[0])] = group
    event = IncidentSplit(incident_id=incident_id, version=version, occurred_at=now, parts=(incident_id, *parts))
    _save(conn, incident_id, version, before.alert, withdrawn=before.withdrawn, now=now)
    outgoing = project(event, before.alert.regions(), ())
    # Partitions are read at different speeds: whoever hears of a part has to know first where it comes from.
    outgoing += [Outgoing(ALERTS, one, event) for one in parts]
    for part_id, group in parts.items():
        for story_id in group:
            outgoing += _move(conn, story_id, part_id, Reason.SPLIT, f"contradicts the rest of {incident_id}")
        outgoing += refresh(conn, part_id, now, "not_relevant")
    return outgoing, {story: one for one, group in parts.items() for story in group}


def _part_id(conn: sa.Connection, incident_id: str, version: int, founder: str) -> str:
    own = incident_id_of(founder)
    return own if memory.find_incident(conn, own) is None else part_id_of(incident_id, version, founder)


def _move(conn: sa.Connection, story_id: str, into: str, reason: Reason, why: str) -> list[Outgoing]:
    moved = memory.move_story(conn, story_id, into, reason.value, why)
    return [Outgoing(STORIES_TAGGED, story_id, moved)] if moved else []


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
