"""Read from the ledger what the workers before us sent and were told: their pace is kept over a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import sqlalchemy as sa

from services.notifier.core.ledger import State
from services.notifier.tables import ATTEMPT, CONTACT, META

_PAUSE = "paused_until:"
#: The longest distance a recipient's pace knows is a group's, a few seconds; attempts older than this are past.
_LOOK_BACK_S = 30.0
_LOOK_BACK_ROWS = 5000


@dataclass(frozen=True)
class Past:
    """What other workers did: channel, recipient, whether a group, seconds ago; and who was told to wait."""

    sent: tuple[tuple[str, str, bool, float], ...] = ()
    paused: Mapping[str, float] = field(default_factory=dict)


def read_past(conn: sa.Connection, now: float) -> Past:
    """What the ledger knows of the pace."""
    newest = (
        sa.select(ATTEMPT.c.channel, ATTEMPT.c.at, ATTEMPT.c.phase, CONTACT.c.fingerprint, CONTACT.c.is_group)
        .join(
            CONTACT,
            sa.and_(CONTACT.c.official_id == ATTEMPT.c.official_id, CONTACT.c.channel == ATTEMPT.c.channel),
        )
        .order_by(ATTEMPT.c.id.desc())
        .limit(_LOOK_BACK_ROWS)
    )
    sent = tuple(
        (row.channel, row.fingerprint, bool(row.is_group), now - row.at)
        for row in conn.execute(newest)
        if row.phase == State.SENDING and now - row.at < _LOOK_BACK_S
    )
    pauses = conn.execute(sa.select(META).where(META.c.name.startswith(_PAUSE, autoescape=True)))
    paused = {row.name.removeprefix(_PAUSE): float(row.value) - now for row in pauses}
    return Past(sent, {channel: seconds for channel, seconds in paused.items() if seconds > 0})


def keep_pause(conn: sa.Connection, channel: str, until: float) -> None:
    """Remember that a channel was told to wait, so that a restart does not ask it again."""
    conn.execute(sa.delete(META).where(META.c.name == f"{_PAUSE}{channel}"))
    conn.execute(sa.insert(META).values(name=f"{_PAUSE}{channel}", value=str(until)))
