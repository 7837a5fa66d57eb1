"""Claim deliveries: the message is made and the intent written and announced, before anything leaves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import sqlalchemy as sa
import structlog

from services.contracts.delivery import Outcome
from services.notifier import rows
from services.notifier.channels.base import Outgoing
from services.notifier.core.ledger import SENDABLE, State
from services.notifier.core.reason import Reason
from services.notifier.due import Candidate
from services.notifier.outcomes import hold_back
from services.notifier.prepare import Impossible, prepare
from services.notifier.rows import Row
from services.notifier.vault import Vault
from services.runtime.errors import OperatorError
from services.runtime.trace import child

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Claimed:
    """A delivery whose intent is durable, its message, and the slot at which it may leave; ``at``: when."""

    row: Row
    candidate: Candidate
    message: Outgoing
    slot: float
    announcement: int
    at: float = 0.0


def claim(
    conn: sa.Connection, vault: Vault, chosen: Sequence[tuple[Candidate, float]], now: datetime
) -> list[Claimed]:
    """Those of the chosen that can still be sent; what must not be sent is held back here."""
    found = (_claim_one(conn, vault, candidate, slot, now) for candidate, slot in chosen)
    return [claimed for claimed in found if claimed is not None]


def _claim_one(
    conn: sa.Connection, vault: Vault, candidate: Candidate, slot: float, now: datetime
) -> Claimed | None:
    current = rows.read_row(conn, candidate.row.key)
    at = now.timestamp()
    if current is None or current.state not in SENDABLE or current.due_at > at:
        return None
    message = _prepare(conn, vault, current, now)
    if isinstance(message, Impossible):
        hold_back(conn, current, message, now)
        return None
    # The number of the attempt is the fence: what an earlier worker still holds of this row is void.
    attempts = current.attempts + 1
    moved = rows.move(conn, current, State.INTENDED, Reason.INTENDED, at, attempts=attempts)
    moved = replace(moved, trace=child(moved.trace))  # what is said of it from here on follows from the intent
    announcement = rows.announce(conn, moved, Outcome.INTENDED, Reason(current.why), at)
    return Claimed(moved, candidate, message, slot, announcement, at)


def _prepare(conn: sa.Connection, vault: Vault, row: Row, now: datetime) -> Outgoing | Impossible:
    try:
        with conn.begin_nested():
            return prepare(conn, vault, row, now)
    except (sa.exc.DBAPIError, OperatorError):
        raise
    except Exception:
        # One official or incident that cannot be rendered must not stop the others.
        log.exception("cannot render", channel=row.channel)
        return Impossible(Reason.NOT_RENDERED)
