"""What an official may say of an incident, by a button in Telegram or at the desk."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from services.notifier.buttons import NOT_RELEVANT, WRONG_REGION
from services.notifier.tables import CORRECTION, MUTE

MUTE_S = 24 * 3600.0
#: The desk's names of the buttons, and what is stored as the correction; a mute is none.
ACTIONS = {"not_relevant": NOT_RELEVANT, "wrong_place": WRONG_REGION, "mute": ""}


@dataclass(frozen=True)
class Said:
    """Who said what of which state of an incident; ``what`` is a key of ``ACTIONS``."""

    official_id: str
    incident_id: str
    version: int
    what: str


def carry_out(conn: sa.Connection, said: Said, now: float) -> None:
    """Store a correction of this state of the incident, once, or hold the incident back for a day."""
    about = {"official_id": said.official_id, "incident_id": said.incident_id}
    code = ACTIONS[said.what]
    if not code:
        conn.execute(sa.delete(MUTE).where(*(MUTE.c[name] == value for name, value in about.items())))
        conn.execute(sa.insert(MUTE).values(**about, until=now + MUTE_S))
        return
    values = about | {"version": said.version, "kind": code}
    same = (CORRECTION.c[name] == value for name, value in values.items())
    if conn.execute(sa.select(CORRECTION.c.at).where(*same)).first() is None:
        conn.execute(sa.insert(CORRECTION).values(**values, at=now))
