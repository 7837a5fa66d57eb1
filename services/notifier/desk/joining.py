"""The pages by which an invited person joins: open the link, prove the office's mailbox, wait for approval.

The same invitations, codes and standings as by Telegram; the link is spent when the mailbox is proved.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from enum import StrEnum
from http import HTTPStatus

import sqlalchemy as sa
import structlog
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.notifier import invitations, mail_codes, roster
from services.notifier.core.mail_text import is_plain_address
from services.notifier.desk.desk import Desk, comes_from_us, read_form, show
from services.notifier.mail_codes import Asked, Proved

log = structlog.get_logger(__name__)
JOIN = "/desk/join"
#: So long the browser remembers which link was opened; the link itself is good for longer.
OPENED_S = 3600
_ADDRESS_LONGEST = 254  # RFC 5321, 4.5.3.1.3, without the brackets
_TOKEN_LONGEST = 100


class Joined(StrEnum):
    """What became of a code."""

    WAITING = "waiting"
    WRONG = "code_wrong"
    OVER = "code_over"
    #: The mailbox is proved and belongs to an official already, who only has to sign in.
    KNOWN = "known"


class _KnownError(Exception):
    """Take everything back: the mailbox is another official's."""


class JoinPages:
    """Open the link, give the address, give the code."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def open(self, request: Request) -> Response:
        """Take the token out of the address bar; looking alone, as a mail scanner does, spends nothing."""
        answer = RedirectResponse(JOIN, 303)
        answer.set_cookie(
            self._cookie,
            request.path_params["token"][:_TOKEN_LONGEST],
            max_age=OPENED_S,
            path="/",
            secure=self._desk.secure,
            httponly=True,
            samesite="lax",
        )
        return answer

    async def ask(self, request: Request) -> Response:
        """The form for the office's mail address; posting it sends a code there."""
        token, official_id = await self._guest(request)
        if official_id is None:
            return self._show(request, "over")
        if request.method != "POST":
            return self._show(request, "ask", token)
        form = await read_form(request)
        if not self._is_ours(request, form, token):
            return self._show(request, "ask", token, "expired")
        address = form.get("address", "").strip()[:_ADDRESS_LONGEST].lower()
        if not is_plain_address(address):
            return self._show(request, "ask", token, str(Asked.REFUSED))
        wish = mail_codes.Request(official_id, address)
        now, desk = self._desk.now(), self._desk
        asked = await desk.people.write(
            lambda conn: mail_codes.ask_code(conn, desk.vault, wish, desk.domains, now)
        )
        log.info("invitation followed at the desk", reason=asked, official_id=official_id)
        if asked is not Asked.SENT:
            return self._show(request, "ask", token, str(asked))
        return RedirectResponse(f"{JOIN}/code", 303)

    async def prove(self, request: Request) -> Response:
        """The form for the code; the right one spends the link and leaves the rest to who approves."""
        token, official_id = await self._guest(request)
        if official_id is None:
            return self._show(request, "over")
        if request.method != "POST":
            return self._show(request, "code", token)
        form = await read_form(request)
        if not self._is_ours(request, form, token):
            return self._show(request, "code", token, "expired")
        code = "".join(c for c in form.get("code", "") if c.isascii() and c.isdigit())[: mail_codes.DIGITS]
        try:
            joined = await self._desk.people.write(self._prove(token, official_id, code))
        except _KnownError:
            joined = Joined.KNOWN
        log.info("mailbox code at the desk", reason=joined, official_id=official_id)
        if joined in {Joined.WRONG, Joined.OVER}:
            return self._show(request, "code", token, str(joined))
        answer = self._show(request, str(joined))
        answer.delete_cookie(self._cookie, path="/", secure=self._desk.secure, httponly=True, samesite="lax")
        return answer

    def _prove(self, token: str, official_id: str, code: str) -> Callable[[sa.Connection], Joined]:
        now, vault = self._desk.now(), self._desk.vault

        def work(conn: sa.Connection) -> Joined:
            proved = mail_codes.prove(conn, vault, official_id, code, now)
            if proved is not Proved.RIGHT:
                return Joined.WRONG if proved is Proved.WRONG else Joined.OVER
            invitations.spend(conn, token, now)
            mail = roster.read_contact(conn, vault, official_id, "email", even_suspended=True)
            if mail and roster.find_by_address(conn, vault, "email", mail.address) != [official_id]:
                raise _KnownError
            return Joined.WAITING

        return work

    @property
    def _cookie(self) -> str:
        return f"{self._desk.cookie}-join"

    async def _guest(self, request: Request) -> tuple[str, str | None]:
        token = request.cookies.get(self._cookie, "")
        if not token or not self._desk.domains:
            return "", None
        now = self._desk.now()
        return token, await self._desk.people.read(lambda conn: invitations.find_guest(conn, token, now))

    def _csrf(self, token: str) -> str:
        return self._desk.vault.mark("join", token) if token else ""

    def _is_ours(self, request: Request, form: dict[str, str], token: str) -> bool:
        given = secrets.compare_digest(form.get("csrf", "").encode(), self._csrf(token).encode())
        return given and comes_from_us(request, form, None)

    def _show(self, request: Request, step: str, token: str = "", said: str = "") -> Response:
        values = {
            "step": step,
            "said": said,
            "csrf": self._csrf(token),
            "domains": sorted(self._desk.domains) if step == "ask" else [],
            "minutes": int(mail_codes.VALID_S // 60),
        }
        answer = show(self._desk, request, None, "join.html", values)
        if said:
            answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        elif step == "over":
            answer.status_code = HTTPStatus.NOT_FOUND
        return answer
