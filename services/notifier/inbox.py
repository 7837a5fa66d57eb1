"""Take in what comes back by mail: mails that were returned, and answers to ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import sqlalchemy as sa
import structlog

from services.notifier import canary
from services.notifier.bounces import take_bounce
from services.notifier.channels.email import SIGNATURE
from services.notifier.core.bounce import read_bounce
from services.notifier.core.mail_answer import read_answer, read_own
from services.notifier.mail_answers import Letterbox, take_answer
from services.notifier.vault import Vault
from services.runtime.errors import UnavailableError
from services.runtime.store import Store

log = structlog.get_logger(__name__)

#: A look takes in at most so many, so that a flood of mail does not hold up the process.
_AT_ONCE = 200
_OWN = "synthetic"


@dataclass(frozen=True)
class Mail:
    """One mail of the Maildir: its bytes, and the name it will have once it is handled."""

    data: bytes
    file: str


class Inbox:
    """Looks into a Maildir to which the mail server delivers what comes back; handled mails go to ``cur``."""

    def __init__(
        self, maildir: Path, store: Store, vault: Vault, box: Letterbox, clock: Callable[[], datetime]
    ) -> None:
        self._maildir = maildir
        self._store = store
        self._vault = vault
        self._box = box
        self._clock = clock

    async def __call__(self) -> None:
        """Take in what is new."""
        found = await asyncio.to_thread(lambda: sorted((self._maildir / "new").glob("*"))[:_AT_ONCE])
        for path in found:
            await self._take(path)

    async def _take(self, path: Path) -> None:
        said: dict[str, object] = {}
        handled = self._maildir / "cur" / f"{path.name}:2,S"
        try:
            mail = Mail(await asyncio.to_thread(path.read_bytes), handled.name)
            said = await self._handle(mail)
            if said:
                log.info("mail taken in", **said)
        except UnavailableError:
            raise
        except Exception:
            # A mail that nobody foresaw must not stop the ones behind it; it stays in ``cur`` to be looked at.
            log.exception("mail passed over", file=path.name)
        # Only after the transaction: stopped in between, the mail is read again, and changes nothing.
        if said.get("kind") == _OWN:
            await asyncio.to_thread(path.unlink)  # one every quarter of an hour: nobody wants to keep them
        else:
            await asyncio.to_thread(path.rename, handled)

    def _take_own(self, conn: sa.Connection, own: tuple[str, str], now: datetime) -> bool:
        """A mail of ours that came to the test mailbox counts if only our key could have signed its name."""
        local, domain = own
        name, _, signature = local.rpartition(".")
        parts = name.rsplit(".", 3)
        if domain != self._box.domain.lower() or len(parts) != 4:
            return False
        if not self._vault.marked_by_us("mail", name, signature, length=SIGNATURE):
            return False
        return canary.take_mail(conn, parts[0], parts[1], now)

    async def _handle(self, mail: Mail) -> dict[str, object]:
        now = self._clock()
        bounce = read_bounce(mail.data)
        if bounce is not None:
            known = await self._store.write(lambda conn: take_bounce(conn, bounce, now))
            return {"kind": "bounce", "status": bounce.status, "known": known}
        own = read_own(mail.data)
        if own is not None and await self._store.write(lambda conn: self._take_own(conn, own, now)):
            return {"kind": _OWN}
        answer = read_answer(mail.data)
        if answer is None:
            return {}

        def work(conn: sa.Connection) -> str:
            at = now.timestamp()
            return take_answer(conn, self._vault, self._box, answer, file=mail.file, now=at)

        return {"kind": "answer", "wanted": answer.wanted, "taken": await self._store.write(work)}
