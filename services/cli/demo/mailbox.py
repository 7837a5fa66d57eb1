"""A mail server on loopback that keeps every mail in a Maildir; for the demo and for tests."""

from __future__ import annotations

import asyncio
import mailbox
from collections.abc import Mapping
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from services.runtime.errors import OperatorError


class _Keeps:
    """What aiosmtpd calls for each mail."""

    def __init__(self, box: mailbox.Maildir, copies: Mapping[str, mailbox.Maildir]) -> None:
        self._box = box
        self._copies = copies

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        # The envelope is what counts for delivery, so it is kept beside the headers.
        received = f"X-Envelope-To: {', '.join(envelope.rcpt_tos)}\r\n".encode()
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        for box in (self._box, *(self._copies[to] for to in envelope.rcpt_tos if to in self._copies)):
            box.add(received + content)
        return "250 2.0.0 kept"


class Mailbox:
    """Listens on loopback; ``port=0`` takes a free one, which ``port`` then names.

    Args:
        folder: the Maildir of everybody.
        port: where to listen.
        copies: addresses whose mails are put into a Maildir of their own as well.
    """

    def __init__(self, folder: Path, *, port: int = 0, copies: Mapping[str, Path] | None = None) -> None:
        self.folder = folder
        self._copies = dict(copies or {})
        self.port = port
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen.

        Raises:
            OperatorError: the port is taken.
        """
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        copies = {to: mailbox.Maildir(folder, create=True) for to, folder in self._copies.items()}
        keeps = _Keeps(mailbox.Maildir(self.folder, create=True), copies)
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: SMTP(keeps, enable_SMTPUTF8=False, ident="Siaga demo"), "127.0.0.1", self.port
            )
        except OSError as error:
            raise OperatorError(f"mail port {self.port}", f"cannot be listened on: {error.strerror}") from None
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening; what was kept stays."""
        if self._server is not None:
            self._server.close()

    def mails(self) -> list[mailbox.MaildirMessage]:
        """Every mail kept so far, in the order they came."""
        box = mailbox.Maildir(self.folder, create=True)
        return [box[key] for key in sorted(box.keys())]
