"""What an official may say of an incident, by a button in Telegram or at the desk."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from services.notifier.buttons import MUTE as MUTE_BUTTON
from services.notifier.buttons import NOT_RELEVANT, WRONG_REGION
from services.notifier.tables import CORRECTION, MUTE

MUTE_S = 24 * 3600.0
#: The desk's names of the buttons; a button's code is what is stored as the correction, but a mute is none.
ACTIONS = {"not_relevant": NOT_RELEVANT, "wrong_place": WRONG_REGION, "mute": MUTE_BUTTON}


@dataclass(frozen=True)
class Said:
    """Who said what of which state of an incident; ``what`` is a key of ``ACTIONS``."""

    official_id: str
    incident_id: str
    version: int
    what: str


def carry_out(conn: sa.Connection, said: Said, now: float) -> None:
    """Store a correction of this state of the incident, once, or hold the incident back for a day."""
    code = ACTIONS[said.what]
    if code == MUTE_BUTTON:
        mute(conn, said.official_id, said.incident_id, now + MUTE_S)
        return
    about = {"official_id": said.official_id, "incident_id": said.incident_id}
    values = about | {"version": said.version, "kind": code}
    same = (CORRECTION.c[name] == value for name, value in values.items())
    if conn.execute(sa.select(CORRECTION.c.at).where(*same)).first() is None:
        conn.execute(sa.insert(CORRECTION).values(**values, at=now))


def mute(conn: sa.Connection, official_id: str, incident_id: str, until: float) -> None:
    """Hold one incident back, or everything."""
    where = (MUTE.c.official_id == official_id, MUTE.c.incident_id == incident_id)
    conn.execute(sa.delete(MUTE).where(*where))
    conn.execute(sa.insert(MUTE).values(official_id=official_id, incident_id=incident_id, until=until))
