"""Hand mails to a mail server, phase by phase, so that it is known how far each one got."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import aiosmtplib
from aiosmtplib import (
    SMTPConnectError,
    SMTPConnectTimeoutError,
    SMTPException,
    SMTPResponseException,
    SMTPServerDisconnected,
)

from services.contracts.delivery import Action
from services.notifier.channels.base import DeliveryError, Outgoing, Receipt, Scope
from services.notifier.core.bounce import has_status, is_gone, is_of_the_address
from services.notifier.core.card import Card
from services.notifier.core.clean import clean_line
from services.notifier.core.ledger import Verdict
from services.notifier.core.mail_text import (
    Letter,
    UnsafeMailError,
    card_html,
    card_text,
    compose,
    message_id,
    message_name,
    note_html,
    page,
)
from services.notifier.core.pacing import MAIL_PACE
from services.notifier.core.reason import Reason
from services.notifier.core.words import words_for

#: RFC 5321 section 4.5.3.2.6: wait ten minutes for the reply to the final dot; giving up early doubles mail.
FINAL_DOT_S = 600.0
STEP_S = 60.0
CONNECT_S = 15.0
#: A connection kept for ever hangs when the server has dropped it (aiosmtplib #243).
MESSAGES_A_CONNECTION = 100
IDLE_S = 30.0
#: Sign in first, or more securely (RFC 4954, 6): a lapse of our setup, whoever the mail is for.
_SETUP = frozenset({530, 534, 535, 538})
#: Characters of a signature: 64 bits.
SIGNATURE = 16
#: Makes the mark of a text for a purpose, as `Vault.mark` does.
Sign = Callable[[str, str], str]
#: Makes the address that stops the mails to an official and mailbox with one click (RFC 8058).
OneClick = Callable[[str, str], str]


@dataclass(frozen=True)
class MailServer:
    """Where mails are handed in.  ``plaintext`` is for a server on this very machine only."""

    host: str
    port: int
    sender: str
    security: Literal["starttls", "tls", "plaintext"] = "starttls"
    username: str = ""
    password: str = ""
    ca_file: Path | None = None
    final_dot_s: float = FINAL_DOT_S
    step_s: float = STEP_S

    @property
    def domain(self) -> str:
        """The domain of our Message-IDs."""
        return self.sender.rpartition("@")[2]


@dataclass
class _Line:
    client: aiosmtplib.SMTP
    sent: int = 0
    idle_since: float = 0.0


class Email:
    """The channel ``email``: one recipient a mail."""

    pace = MAIL_PACE

    def __init__(self, server: MailServer, sign: Sign | None = None, one_click: OneClick | None = None) -> None:
        self._server = server
        self._sign = sign
        self._one_click = one_click
        self._idle: list[_Line] = []

    @property
    def server(self) -> MailServer:
        """Where mails are handed in, and from whom they are."""
        return self._server

    async def open(self) -> None:
        """Connections are opened as they are needed: a mail server counts no seconds."""

    async def send(self, message: Outgoing) -> Receipt:
        """Hand one mail in; accepted means accepted by that server, a bounce may still come."""
        return await self.hand_in(write_letter(message, self._server, self._sign, self._one_click))

    async def hand_in(self, letter: Letter) -> Receipt:
        """The same for a letter that is no alert."""
        try:
            data = compose(letter)
        except UnsafeMailError as error:
            raise _error(str(error), Verdict.PERMANENT, Reason.REJECTED) from None
        line = await self._line_after_mail()
        try:
            await self._recipient(line, letter.recipient)
            answer = await self._data(line, data)
        except BaseException:
            _drop(line)
            raise
        line.sent += 1
        line.idle_since = time.monotonic()
        self._idle.append(line)
        return Receipt(letter.message_id, answer)

    async def close(self) -> None:
        """Say goodbye on every open connection."""
        while self._idle:
            with contextlib.suppress(SMTPException, OSError, TimeoutError):
                await self._idle.pop().client.quit(timeout=2)

    async def _line_after_mail(self) -> _Line:
        """A connection that has taken MAIL FROM; one that went stale while idle is replaced."""
        while self._idle:
            line = self._idle.pop()
            if line.sent < MESSAGES_A_CONNECTION and time.monotonic() - line.idle_since < IDLE_S:
                try:
                    await line.client.mail(self._server.sender, timeout=self._server.step_s)
                    return line
                except (SMTPException, OSError, TimeoutError):
                    pass
            _drop(line)
        line = _Line(await self._connect())
        try:
            await line.client.mail(self._server.sender, timeout=self._server.step_s)
        except SMTPResponseException as error:
            _drop(line)
            raise _sender_refused(error) from None
        except (SMTPException, OSError, TimeoutError) as error:
            _drop(line)
            raise _not_out(error) from None
        return line

    async def _connect(self) -> aiosmtplib.SMTP:
        server = self._server
        client = aiosmtplib.SMTP(
            hostname=server.host,
            port=server.port,
            timeout=server.step_s,
            # aiosmtplib's default goes on in clear text where a server hides STARTTLS.
            start_tls=False,
            use_tls=server.security == "tls",
            tls_context=_tls(server) if server.security != "plaintext" else None,
        )
        try:
            await client.connect(timeout=CONNECT_S)
            if server.security == "starttls":
                await client.starttls(tls_context=_tls(server))
            if server.username:
                await client.login(server.username, server.password)
        except (ssl.SSLError, SMTPResponseException) as error:
            client.close()
            raise _no_service(error) from None
        except (SMTPException, OSError, TimeoutError) as error:
            client.close()
            # A server without STARTTLS is a matter of setup; one that does not answer may come back.
            setup = not isinstance(
                error, SMTPConnectError | SMTPConnectTimeoutError | SMTPServerDisconnected | OSError
            )
            raise (_no_service(error) if setup else _not_out(error)) from None
        return client

    async def _recipient(self, line: _Line, address: str) -> None:
        try:
            await line.client.rcpt(address, timeout=self._server.step_s)
        except SMTPResponseException as error:
            raise _recipient_refused(error) from None
        except (SMTPException, OSError, TimeoutError) as error:
            raise _not_out(error) from None

    async def _data(self, line: _Line, data: bytes) -> str:
        try:
            answer = await line.client.data(data, timeout=self._server.final_dot_s)
        except SMTPResponseException as error:
            verdict = Verdict.PERMANENT if error.code >= 500 else Verdict.TRANSIENT
            reason = Reason.REJECTED if error.code >= 500 else Reason.SERVER_BUSY
            raise _error(_said(error), verdict, reason) from None
        except (SMTPException, OSError, TimeoutError, asyncio.IncompleteReadError) as error:
            # The final dot may have arrived: whether the mail is stored nobody here can tell.
            raise _error(type(error).__name__, Verdict.UNKNOWN, Reason.NO_ANSWER) from None
        return clean_line(f"{answer.code} {answer.message}", 120)


def _drop(line: _Line) -> None:
    line.client.close()


def _tls(server: MailServer) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=server.ca_file)


def _said(error: SMTPResponseException) -> str:
    return clean_line(f"{error.code} {error.message}", 200)


def _error(detail: str, verdict: Verdict, reason: Reason, scope: Scope = Scope.RECIPIENT) -> DeliveryError:
    return DeliveryError(detail, verdict=verdict, reason=reason, scope=scope)


def _not_out(error: Exception) -> DeliveryError:
    return _error(type(error).__name__, Verdict.TRANSIENT, Reason.NOT_CONNECTED)


def _no_service(error: Exception) -> DeliveryError:
    said = _said(error) if isinstance(error, SMTPResponseException) else clean_line(str(error), 200)
    busy = isinstance(error, SMTPResponseException) and error.code < 500
    reason = Reason.SERVER_BUSY if busy else Reason.BAD_TOKEN
    return _error(said, Verdict.TRANSIENT, reason, Scope.RECIPIENT if busy else Scope.CHANNEL)


def _sender_refused(error: SMTPResponseException) -> DeliveryError:
    return _no_service(error)


def _recipient_refused(error: SMTPResponseException) -> DeliveryError:
    if error.code < 500:
        return _error(_said(error), Verdict.TRANSIENT, Reason.SERVER_BUSY)
    if error.code in _SETUP:
        return _no_service(error)
    # 5.7.x is a policy of that server, 5.2.2 a full mailbox, 5.1.8 our own domain: the address itself exists.
    plain = not has_status(error.message) and is_of_the_address(error.code, error.message)
    gone = is_gone(error.message) or plain
    return _error(_said(error), Verdict.PERMANENT, Reason.GONE if gone else Reason.REJECTED)


def signed_message_id(subject: str, official_id: str, action: str, domain: str, sign: Sign | None) -> str:
    """The Message-ID of a mail, signed where there is a key."""
    signature = sign("mail", message_name(subject, official_id, action))[:SIGNATURE] if sign else ""
    return message_id(subject, official_id, action, domain, signature=signature)


def stop_token(official_id: str, sign: Sign) -> str:
    """What a mail written by the unsubscribe link of a mail program proves itself with: it quotes nothing."""
    return f"{official_id}.{sign('stop', official_id)[:SIGNATURE]}"


def _news_of(card: Card) -> str:
    """``DICABUT``: a list of mails shows subjects alone, where a withdrawal must not look like the alert again."""
    return clean_line(card.banner.partition(" · ")[0].partition(":")[0], 40)


def write_letter(
    message: Outgoing, server: MailServer, sign: Sign | None = None, one_click: OneClick | None = None
) -> Letter:
    """The mail of a message; pushes and digests of one incident thread by their Message-IDs."""
    words = words_for(message.language)
    body = message.body
    if isinstance(body, Card):
        subject = " · ".join(part for part in (_news_of(body), f"{body.mark} {body.title}", body.place) if part)
        text, boxes = card_text(body), [card_html(body)]
        html_closing: list[str] = []  # the box says it
        heading, closing = "", f"{body.notice}\n{body.thread}"
    else:
        subject = heading = body.heading
        entries = list(enumerate(body.entries, 1))
        text = "\n\n".join(card_text(entry.card, number, entry.remark) for number, entry in entries)
        text = "\n\n".join([body.heading, *filter(None, [text]), *body.notes])
        closing = body.footer
        html_closing = [body.footer]
        boxes = [card_html(entry.card, number, entry.remark) for number, entry in entries]
        boxes += [note_html(note) for note in body.notes]
    link = one_click(message.official_id, message.address) if one_click else ""
    footer = [words.labels["intro"], words.labels["stop"]]
    footer += [words.labels["stop_link"].format(x=link)] if link else []
    local, _, domain = server.sender.partition("@")
    token = f"%20{stop_token(message.official_id, sign)}" if sign else ""
    stop = f"<mailto:{local}@{domain}?subject=BERHENTI{token}>"
    return Letter(
        sender=server.sender,
        recipient=message.address,
        subject=subject,
        text="\n\n".join([text, closing, "-- \n" + "\n".join(footer)]) + "\n",
        html=page(message.language, heading, boxes, [*html_closing, *footer]),
        message_id=signed_message_id(message.subject, message.official_id, message.action, server.domain, sign),
        date=message.now,
        thread=message.thread,
        # RFC 8058 asks for HTTPS: a mail program posts to nothing else.
        unsubscribe=f"<{link}>, {stop}" if link else stop,
        one_click=link.startswith("https://"),
        bulk=message.action is Action.DIGEST,
        urgent=message.urgent,
    )
