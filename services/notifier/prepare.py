"""Make a delivery ready to send: read the incident's present state and render it for its official."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa

from services.contracts.delivery import Action
from services.notifier import roster, rows
from services.notifier.buttons import card_buttons
from services.notifier.channels.base import Digest, Entry, Outgoing
from services.notifier.core.card import Card, Note, Status, View, make_card
from services.notifier.core.clock import say_time
from services.notifier.core.digest import next_digest
from services.notifier.core.ledger import EDITS_IN_PLACE, Priority
from services.notifier.core.match import Match, match_official
from services.notifier.core.quiet import is_quiet
from services.notifier.core.reason import Reason
from services.notifier.core.subscription import Official
from services.notifier.core.words import words_for
from services.notifier.dark_sources import say_notes
from services.notifier.incidents import MERGED, NOT_RELEVANT, OPEN, SPLIT, WITHDRAWN, Incident, find_incident
from services.notifier.rows import Row
from services.notifier.told import Memory, memory_of, thread_refs
from services.notifier.vault import Vault

_STATUS = {
    WITHDRAWN: Status.WITHDRAWN,
    NOT_RELEVANT: Status.NOT_RELEVANT,
    MERGED: Status.MERGED,
    SPLIT: Status.SPLIT,
}
#: What nobody has seen of it is never sent.
_GONE = frozenset({WITHDRAWN, NOT_RELEVANT})
_UPDATES = frozenset({
    Reason.SEVERITY_ROSE, Reason.COUNT_GREW, Reason.FACTS_CHANGED, Reason.UPDATED_SINCE_DIGEST,
    Reason.CANNOT_EDIT, Reason.NO_MESSAGE,
})  # fmt: skip


@dataclass(frozen=True)
class Impossible:
    """Why this delivery cannot or must not be sent now; with ``put_off`` the next digest lists it."""

    reason: Reason
    put_off: bool = False


def prepare(conn: sa.Connection, vault: Vault, row: Row, now: datetime) -> Outgoing | Impossible:
    """The message of a delivery, or why there is none."""
    official = roster.find_official(conn, row.official_id)
    if official is None:
        return Impossible(Reason.OFFICIAL_SUSPENDED)
    if row.action is Action.PUSH and row.priority is not Priority.CRITICAL and _is_night(official, now):
        return Impossible(Reason.QUIET_HOURS, put_off=True)
    contact = roster.read_contact(conn, vault, row.official_id, row.channel)
    if contact is None:
        return Impossible(Reason.NO_CHANNEL)
    outgoing = Outgoing(
        subject=row.subject,
        official_id=row.official_id,
        action=row.action,
        address=contact.address,
        language=official.language,
        body=Digest("", (), ""),
        now=now,
        urgent=row.priority is Priority.CRITICAL,
        silent=row.action is Action.DIGEST,
    )
    if row.action is Action.DIGEST:
        return replace(outgoing, body=_digest(conn, row, official, now))
    return _single(conn, vault, row, official, outgoing)


def _is_night(official: Official, now: datetime) -> bool:
    return is_quiet(official.quiet, now, official.zone)


def _single(
    conn: sa.Connection, vault: Vault, row: Row, official: Official, outgoing: Outgoing
) -> Outgoing | Impossible:
    incident = find_incident(conn, row.incident_id or "")
    card = _card(conn, incident, official, row, outgoing.now) if incident else None
    if incident is None or card is None:
        return Impossible(Reason.NO_MESSAGE)
    if row.action is Action.PUSH and incident.status in _GONE:
        return Impossible(Reason.WITHDRAWN_UNSENT)
    if row.action is Action.PUSH and not incident.concerns(official):
        return Impossible(Reason.NO_LONGER_YOURS)
    thread = thread_refs(conn, row.official_id, incident.incident_id, row.channel)
    correcting = row.action in {Action.EDIT, Action.WITHDRAW}
    if correcting and row.channel in EDITS_IN_PLACE and not any(thread):
        return _nothing_to_correct(conn, row, incident)
    buttons = card_buttons(vault, official, incident.incident_id) if card.buttons else ()
    fresh = row.action is Action.PUSH and incident.alert is not None and not incident.alert.backfill
    return replace(
        outgoing,
        body=card,
        thread=tuple(ref for ref in thread if ref),
        buttons=buttons,
        published_at=incident.alert.published_at if fresh and incident.alert else None,
        fetched_at=incident.alert.fetched_at if fresh and incident.alert else None,
        raised_at=incident.alert.occurred_at if fresh and incident.alert else None,
        story_id=next((one.story_id for one in incident.alert.sources), None) if incident.alert else None,
    )


def _nothing_to_correct(conn: sa.Connection, row: Row, incident: Incident) -> Impossible:
    """The push that should be there did not arrive: if it is tried again, it says the present state by itself."""
    if not rows.has_unsent_push(conn, row.official_id, incident.incident_id):
        return Impossible(Reason.NO_MESSAGE, put_off=True)
    return Impossible(Reason.WITHDRAWN_UNSENT if incident.status in _GONE else Reason.SUPERSEDED)


def _card(conn: sa.Connection, incident: Incident, official: Official, row: Row, now: datetime) -> Card | None:
    alert = incident.alert
    if alert is None:
        return None
    memory = memory_of(conn, official.official_id, incident.incident_id)
    verdict = match_official(official, alert)
    match = verdict if isinstance(verdict, Match) else None
    view = View(official.language, official.zone, now)
    return make_card(alert, match, view, _note(incident, row, memory))


def _note(incident: Incident, row: Row, memory: Memory | None) -> Note:
    before = memory.base.state if memory and memory.base else None
    status = _STATUS.get(incident.status, Status.NEW)
    if incident.status == OPEN and row.why == Reason.NO_LONGER_YOURS:
        status = Status.LEFT
    elif incident.status == OPEN and before is not None and row.why in _UPDATES:
        status = Status.UPDATED
    parts = int(incident.other) if incident.status == SPLIT else 0
    return Note(status, before, incident.other, parts, row.second_copy)


def _digest(conn: sa.Connection, row: Row, official: Official, now: datetime) -> Digest:
    words = words_for(official.language)
    members = one_each(rows.members_of(conn, row.official_id, row.subject))
    entries = []
    for member in members:
        incident = find_incident(conn, member.incident_id or "")
        card = _card(conn, incident, official, member, now) if incident else None
        if card is None:
            continue
        remark = words.labels["relisted"] if member.relisted or member.why == Reason.OUTCOME_UNKNOWN else ""
        if member.why == Reason.BACKFILL:
            remark = words.labels["backfill"]
        entries.append(Entry(card, remark))
    entries.sort(key=lambda entry: -entry.card.severity)
    following = next_digest(official.digest, now, official.zone, official.quiet)
    notes = say_notes(conn, official, row.subject)
    count = words.labels["digest_count"].format(n=len(entries))
    heading = f"{words.labels['digest']} · {count} · {say_time(now, official.zone, official.language)}"
    notice = entries[0].card.notice if entries else ""
    upcoming = words.labels["every"].format(x=say_time(following, official.zone, official.language))
    return Digest(heading, tuple(entries), f"{notice} {upcoming}".strip(), notes)


def one_each(members: Sequence[Row]) -> list[Row]:
    """One row for each incident: what was listed twice is shown once."""
    return list({member.incident_id: member for member in members}.values())
