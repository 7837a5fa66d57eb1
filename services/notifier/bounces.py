"""Take in mails that came back: the delivery is marked, a dead address is not used again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path

import sqlalchemy as sa
import structlog

from services.contracts.delivery import Action, Outcome
from services.notifier import roster, rows
from services.notifier.core.bounce import Bounce, read_bounce
from services.notifier.core.ledger import State
from services.notifier.core.reason import Reason
from services.notifier.planner import put_off
from services.runtime.store import Store

log = structlog.get_logger(__name__)


class BounceReader:
    """Looks into a Maildir to which the mail server delivers what comes back; handled mails go to ``cur``."""

    def __init__(self, maildir: Path, store: Store, clock: Callable[[], datetime]) -> None:
        self._maildir = maildir
        self._store = store
        self._clock = clock

    async def __call__(self) -> None:
        """Take in what is new."""
        for path in await asyncio.to_thread(lambda: sorted((self._maildir / "new").glob("*"))):
            bounce = read_bounce(await asyncio.to_thread(path.read_bytes))
            if bounce is not None:
                now = self._clock()
                found = await self._store.write(partial(take_bounce, bounce=bounce, now=now))
                log.info("mail came back", status=bounce.status, known=found)
            # Only after the transaction: stopped in between, the mail is read again, and changes nothing.
            await asyncio.to_thread(path.rename, self._maildir / "cur" / f"{path.name}:2,S")


def take_bounce(conn: sa.Connection, bounce: Bounce, now: datetime) -> bool:
    """Mark the delivery, shut a dead address, and list what it held again; False if it is not one of ours."""
    row = rows.find_by_ref(conn, "email", bounce.message_id)
    if row is None or not bounce.permanent or row.state not in {State.ACCEPTED, State.UNKNOWN, State.PARKED}:
        return False
    at = now.timestamp()
    moved = rows.move(conn, row, State.BOUNCED, Reason.BOUNCED, at)
    rows.note_attempt(conn, moved, State.BOUNCED, Reason.BOUNCED, at, detail=bounce.status)
    rows.announce(conn, moved, Outcome.REFUSED, Reason.BOUNCED, at)
    if bounce.gone:
        roster.suspend_channel(conn, row.official_id, row.channel, Reason.BOUNCED, at)
    official = roster.find_official(conn, row.official_id)
    if official is not None and row.action is not Action.DIGEST and roster.usable_channels(conn, official):
        put_off(conn, moved, official, Reason.BOUNCED, now)
    return True
