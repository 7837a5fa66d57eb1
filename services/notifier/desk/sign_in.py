"""The pages by which an official signs in and out."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from http import HTTPStatus

import sqlalchemy as sa
import structlog
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.notifier import roster
from services.notifier.desk import sessions
from services.notifier.desk.desk import HOME, SIGN_IN, Desk, comes_from_us, read_form, show, visitor_of
from services.notifier.desk.sessions import CODE_VALID_S, LONGEST_S, Proved

log = structlog.get_logger(__name__)
CHANNELS = ("email", "telegram")
_ADDRESS_LONGEST = 254  # RFC 5321, 4.5.3.1.3, without the brackets
#: As many tickets as a browser keeps: more than the codes an official is sent while one is good.
_TICKETS = 12
_KNOWN_S = 180 * 86_400.0


class SignInPages:
    """Ask for a code, give it back, sign out."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def ask(self, request: Request) -> Response:
        """The form for the address; posting it sends a code, and says the same whether the address is known."""
        desk = self._desk
        if request.method != "POST":
            if await visitor_of(desk, request):
                return RedirectResponse(HOME, 303)
            return show(desk, request, None, "sign_in.html", {"step": "ask", "said": ""})
        form = await read_form(request)
        if not comes_from_us(request, form, None):
            return self._again("expired", request)
        address = form.get("address", "").strip()[:_ADDRESS_LONGEST].lower()
        channel = form.get("channel", "email")
        official_id = await desk.people.read(self._known(address))
        ticket = sessions.new_ticket()
        # After the answer: how long it takes tells nobody whether the address is known.
        later = BackgroundTask(
            self._send,
            official_id,
            ticket,
            channel=channel if channel in CHANNELS else "email",
            known_browser=self._was_here(request, official_id),
        )
        answer = RedirectResponse(f"{SIGN_IN}/code", 303, background=later)
        held = ".".join([ticket, *self._tickets(request)][:_TICKETS])
        self._set(answer, desk.ticket_cookie, held, CODE_VALID_S)
        return answer

    async def _send(self, official_id: str | None, ticket: str, *, channel: str, known_browser: bool) -> None:
        desk, now = self._desk, self._desk.now()
        made = await desk.store.write(
            lambda conn: sessions.ask(conn, official_id, ticket, now, known_browser=known_browser)
        )
        code = made.code
        if code is not None and official_id is not None:
            await desk.people.write(lambda conn: desk.send_code(conn, official_id, channel, code, now))
        log.info("sign-in asked", reason=made.asked, official_id=official_id or "")

    async def give_code(self, request: Request) -> Response:
        """The form for the code; the right one signs in."""
        desk = self._desk
        tickets = self._tickets(request)
        if not tickets:
            return RedirectResponse(SIGN_IN, 303)
        if request.method != "POST":
            return show(desk, request, None, "sign_in.html", {"step": "code", "said": ""})
        form = await read_form(request)
        if not comes_from_us(request, form, None):
            return self._again("expired", request)
        code = "".join(c for c in form.get("code", "") if c.isascii() and c.isdigit())[: sessions.DIGITS]
        now = desk.now()
        proved, official_id = await desk.store.write(lambda conn: sessions.prove_any(conn, tickets, code, now))
        log.info("sign-in code", reason=proved, official_id=official_id or "")
        if proved is not Proved.RIGHT or official_id is None:
            # One text for both: a ticket that never had a code must look like any other.
            return self._again("code_refused", request, step="code")
        token = await desk.store.write(lambda conn: sessions.open_session(conn, official_id, now))
        answer = RedirectResponse(HOME, 303)
        self._set(answer, desk.cookie, token, LONGEST_S)
        self._set(answer, self._known_cookie, self._seen_here(official_id), _KNOWN_S)
        answer.delete_cookie(desk.ticket_cookie, path="/", secure=desk.secure, httponly=True, samesite="lax")
        return answer

    async def leave(self, request: Request) -> Response:
        """Sign out."""
        desk = self._desk
        visitor = await visitor_of(desk, request)
        form = await read_form(request)
        if visitor is None or not comes_from_us(request, form, visitor):
            return RedirectResponse(SIGN_IN, 303)
        token = request.cookies[desk.cookie]
        await desk.store.write(lambda conn: sessions.close_session(conn, token))
        answer = RedirectResponse(SIGN_IN, 303)
        answer.delete_cookie(desk.cookie, path="/", secure=desk.secure, httponly=True, samesite="lax")
        return answer

    @property
    def _known_cookie(self) -> str:
        return f"{self._desk.cookie}-known"

    def _seen_here(self, official_id: str) -> str:
        """Says to us alone that this official signed in with this browser; it opens nothing."""
        salt = secrets.token_urlsafe(12)
        return f"{salt}.{self._desk.vault.mark('browser', f'{official_id}|{salt}')}"

    def _was_here(self, request: Request, official_id: str | None) -> bool:
        salt, _, mark = request.cookies.get(self._known_cookie, "").partition(".")
        return self._desk.vault.marked_by_us("browser", f"{official_id}|{salt}", mark)

    def _tickets(self, request: Request) -> list[str]:
        """The tickets of this browser, newest first."""
        held = request.cookies.get(self._desk.ticket_cookie, "").split(".")
        return [ticket for ticket in held if ticket][:_TICKETS]

    def _known(self, address: str) -> Callable[[sa.Connection], str | None]:
        def find(conn: sa.Connection) -> str | None:
            found = roster.find_by_address(conn, self._desk.vault, "email", address) if address else []
            active = [one for one in found if roster.find_official(conn, one) is not None]
            if len(active) > 1:
                # Whom a code would let in, nobody could say. The official sees no difference; the operator must.
                log.warning("officials share a mailbox and cannot sign in with it", officials=sorted(active))
            return active[0] if len(active) == 1 else None

        return find

    def _again(self, said: str, request: Request, step: str = "ask") -> Response:
        answer = show(self._desk, request, None, "sign_in.html", {"step": step, "said": said})
        answer.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return answer

    def _set(self, answer: Response, name: str, value: str, seconds: float) -> None:
        answer.set_cookie(
            name, value, max_age=int(seconds), path="/", secure=self._desk.secure, httponly=True, samesite="lax"
        )
