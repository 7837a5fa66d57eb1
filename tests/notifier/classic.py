"""The two classic orderings on our own ledger, for comparison: commit first and then send, or send first."""

from __future__ import annotations

import sqlalchemy as sa

from services.notifier import rows
from services.notifier.channels.base import DeliveryError, Receipt
from services.notifier.claims import Claimed
from services.notifier.core.ledger import State
from services.notifier.core.reason import Reason
from services.notifier.outcomes import Ended
from services.notifier.rows import LostRowError, Row
from services.notifier.sender import Sender

TRIES = 3
AGAIN_AFTER_S = 2.0


class CommitFirst(Sender):
    """Marked as sent, then sent, with up to three tries at once: what dies between the two is lost."""

    async def _deliver(self, one: Claimed) -> None:
        try:
            await self._paces.until(one.slot)
            sending = await self._mark_sending(one.row)
            if sending is None:
                return
            await self._write_outcome(Ended(sending, Receipt(""), None, 0.0))
            for _ in range(TRIES):
                await _pass(self, one)
                receipt, _error = await self._ask_channel(sending, one.message)
                if receipt is not None:
                    return
        finally:
            self._done(one)


class SendFirst(Sender):
    """Sent, then marked as sent; every error is tried again: what dies between the two is sent twice."""

    async def _deliver(self, one: Claimed) -> None:
        try:
            await self._paces.until(one.slot)
            await _pass(self, one)
            receipt, _error = await self._ask_channel(one.row, one.message)
            if receipt is None:
                await self._persist(lambda conn: self._later(conn, one.row))
                return
            sending = await self._mark_sending(one.row)
            if sending is not None:
                await self._write_outcome(Ended(sending, receipt, None, 0.0))
        finally:
            self._done(one)

    def _later(self, conn: sa.Connection, row: Row) -> None:
        at = self._tools.clock().timestamp()
        try:
            rows.move(conn, row, State.DUE, Reason.RESUMED, at, due_at=at + AGAIN_AFTER_S)
        except LostRowError:
            return


async def _pass(sender: Sender, one: Claimed) -> None:
    while True:
        try:
            (await sender._paces.pass_door(one.candidate))(None)
            return
        except DeliveryError as closed:
            await sender._tools.sleep(closed.result.retry_after_s or 0.1)


ORDERINGS: dict[str, type[Sender]] = {
    "intent, send, outcome": Sender,
    "commit first, then send": CommitFirst,
    "send first, then commit": SendFirst,
}
