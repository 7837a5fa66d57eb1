"""Tell an official why an incident came: what it met, how it was sent, and for which reason each time."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import sqlalchemy as sa

from services.contracts.delivery import Action
from services.notifier import roster
from services.notifier.core.answers import answer, say_reason, spoken
from services.notifier.core.card import say_why, thread_name
from services.notifier.core.clock import say_time
from services.notifier.core.ledger import State
from services.notifier.core.match import Match, match_official
from services.notifier.core.menus import Menu, why_menu
from services.notifier.core.words import MARKS, words_for
from services.notifier.incidents import find_incident
from services.notifier.tables import DELIVERY

_SHOWN = 6
_LOOK_AT = 200


def _last_told(conn: sa.Connection, official_id: str) -> Mapping[str, str]:
    """The incidents last told, by short name, newest first."""
    query = (
        sa.select(DELIVERY.c.incident_id)
        .where(
            DELIVERY.c.official_id == official_id,
            DELIVERY.c.action.in_([*Action]),
            DELIVERY.c.state.in_([State.ACCEPTED, State.UNKNOWN, State.PARKED]),
            DELIVERY.c.incident_id.is_not(None),
        )
        .order_by(DELIVERY.c.created_at.desc())
        .limit(_LOOK_AT)
    )
    found: dict[str, str] = {}
    for row in conn.execute(query):
        found.setdefault(thread_name(row.incident_id), row.incident_id)
    return found


def last_incidents_menu(conn: sa.Connection, official_id: str, language: str) -> Menu:
    """A button for each of the last incidents."""
    words = words_for(language)
    buttons = []
    for name, incident_id in list(_last_told(conn, official_id).items())[:_SHOWN]:
        incident = find_incident(conn, incident_id)
        if incident is not None and incident.alert is not None:
            alert = incident.alert
            buttons.append((name, f"{MARKS[alert.severity]} {name} {words.topics[alert.topics[0]]}"))
    return why_menu(language, buttons)


def explain(conn: sa.Connection, official_id: str, name: str) -> str:
    """Why the incident of this short name came to this official; another official's is not found."""
    official = roster.find_official(conn, official_id)
    incident_id = _last_told(conn, official_id).get(name)
    incident = find_incident(conn, incident_id) if incident_id else None
    if official is None or incident is None or incident.alert is None:
        return answer(official.language if official else "en", "why_unknown")
    language, alert = official.language, incident.alert
    words = words_for(language)
    verdict = match_official(official, alert)
    why = say_why(words, verdict) if isinstance(verdict, Match) else answer(language, "why_not_now")
    lines = [
        answer(language, "why_head", x=name),
        answer(language, "why_level", x=words.levels[alert.severity]),
        why,
    ]
    query = (
        sa.select(DELIVERY)
        .where(
            DELIVERY.c.official_id == official_id,
            DELIVERY.c.incident_id == incident.incident_id,
            DELIVERY.c.state.in_([State.ACCEPTED, State.UNKNOWN, State.PARKED]),
        )
        .order_by(DELIVERY.c.created_at)
    )
    for row in conn.execute(query).all()[-_SHOWN:]:
        at = datetime.fromtimestamp(row.changed_at, UTC)
        lines.append(
            answer(
                language,
                "why_sent",
                when=say_time(at, official.zone, spoken(language)),
                how=answer(language, row.action),
                channel=row.channel,
                reason=say_reason(language, row.why),
            )
        )
    return "\n".join(lines)
