"""What every page of the desk works with, and who is looking at it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import jinja2
import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.notifier import roster
from services.notifier.core.clock import say_time
from services.notifier.core.numbers import say_amount
from services.notifier.core.regions import region_name
from services.notifier.core.subscription import Official
from services.notifier.core.words import say_outlet, words_for
from services.notifier.desk import sessions
from services.notifier.desk.maps import Outline
from services.notifier.desk.sessions import Role, Session
from services.notifier.desk.speech import Speech, preferred
from services.notifier.desk.values import say_fact, say_value
from services.notifier.vault import Vault
from services.runtime.store import Store

HOME = "/desk/"
SIGN_IN = "/desk/sign-in"
MAX_FORM_BYTES = 16 * 1024
#: Scripts and styles from here alone, none inline; no frame, no other host, forms go home.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SendCode = Callable[[sa.Connection, str, str, str, float], None]


@dataclass(frozen=True)
class Desk:
    """The stores and tools behind the pages.

    Attributes:
        store: the desk's own tables.
        people: the notifier's store: officials, corrections, mutes.
        land: the background of the maps, an SVG file.
        send_code: writes a sign-in code to an official: connection, official, channel, code, now.
        secure: the desk is reached by HTTPS alone, so its cookies say so.
        domains: at which an invited person proves a mailbox; none: nobody joins here.
    """

    store: Store
    people: Store
    vault: Vault
    outline: Outline
    land: str
    languages: Mapping[str, Speech]
    templates: jinja2.Environment
    send_code: SendCode
    clock: Callable[[], datetime]
    secure: bool
    domains: frozenset[str] = frozenset()

    @property
    def cookie(self) -> str:
        """The session's cookie; ``__Host-`` ties it to this host and to HTTPS (RFC 6265bis, 4.1.3)."""
        return "__Host-siaga" if self.secure else "siaga"

    @property
    def ticket_cookie(self) -> str:
        """The cookie of somebody who has asked for a code."""
        return f"{self.cookie}-ticket"

    def now(self) -> float:
        """Seconds since 1970."""
        return self.clock().timestamp()


@dataclass(frozen=True)
class Visitor:
    """Somebody who is signed in and may look."""

    session: Session
    official: Official

    @property
    def regions(self) -> tuple[str, ...]:
        """The regions of all their subscriptions."""
        return tuple(sorted({region for line in self.official.subscriptions for region in line.regions}))

    @property
    def may_approve(self) -> bool:
        """Whether the office is open to them."""
        return self.may(Role.APPROVER)

    def may(self, role: Role) -> bool:
        """Whether their role covers this one."""
        return self.session.role.covers(role)


async def visitor_of(desk: Desk, request: Request) -> Visitor | None:
    """Who is asking; None for nobody, for a session that is over, and for an official who is no longer active."""
    token = request.cookies.get(desk.cookie, "")
    if not token:
        return None
    now = desk.now()
    found = await desk.store.read(lambda conn: sessions.read_session(conn, token, now))
    if found is None:
        return None
    session, stale = found
    official = await desk.people.read(lambda conn: roster.find_official(conn, session.official_id))
    if official is None:
        return None
    if stale:
        await desk.store.write(lambda conn: sessions.touch(conn, token, now))
    return Visitor(session, official)


async def read_form(request: Request) -> dict[str, str]:
    """The fields of a posted form, each once; an oversized or strange body is an empty form."""
    if request.headers.get("content-type", "").split(";")[0].strip() != "application/x-www-form-urlencoded":
        return {}
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            return {}
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=100))
    except (UnicodeDecodeError, ValueError):
        return {}


def comes_from_us(request: Request, form: Mapping[str, str], visitor: Visitor | None) -> bool:
    """Whether a posted form is ours: by Sec-Fetch-Site or Origin, and by the session's own secret.

    Source: OWASP Cross-Site Request Forgery Prevention Cheat Sheet (synchroniser token and Fetch Metadata).
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin")
    if origin not in {None, "null"} and origin.partition("://")[2] != request.headers.get("host", ""):
        return False
    return visitor is None or secrets.compare_digest(form.get("csrf", "").encode(), visitor.session.csrf.encode())


def show(
    desk: Desk, request: Request, visitor: Visitor | None, template: str, values: Mapping[str, Any]
) -> HTMLResponse:
    """A page in the visitor's language."""
    language = (
        visitor.official.language
        if visitor
        else preferred(request.headers.get("accept-language", ""), desk.languages)
    )
    speech = speech_of(desk, language)
    language = speech["language"]
    words = words_for(language)
    zone = visitor.official.zone if visitor else ZoneInfo("Asia/Jakarta")
    offered = {
        "t": speech,
        "language": language,
        "visitor": visitor,
        "path": request.url.path,
        "topic_name": lambda code: words.topics.get(code, code),
        "kind_name": lambda code: words.kinds.get(code, code),
        "region_name": lambda code: region_name(code, language),
        "outlet_name": say_outlet,
        "term_name": lambda value: say_value(speech, words, value),
        "amount": lambda value: say_amount(words, round(value, 1)),
        "fact_value": lambda name, value: say_fact(speech, words, name, value),
        "when": lambda at: _when(at, zone, language),
    }
    text = desk.templates.get_template(template).render(offered | dict(values))
    return HTMLResponse(text, headers={"content-security-policy": POLICY})


def speech_of(desk: Desk, language: str) -> Speech:
    """The desk's words for somebody who reads this; English where there is no file for it."""
    return desk.languages.get(language) or desk.languages["en"]


def _when(at: float | datetime, zone: ZoneInfo, language: str) -> str:
    instant = at if isinstance(at, datetime) else datetime.fromtimestamp(at, UTC)
    return say_time(instant, zone, language)


def show_missing(desk: Desk, request: Request, visitor: Visitor) -> Response:
    """There is no such thing, or not any more."""
    answer = show(desk, request, visitor, "missing.html", {})
    answer.status_code = 404
    return answer


def to_sign_in(request: Request) -> Response:
    """Where somebody goes whom we do not know; the page asked for is not told on."""
    if request.headers.get("hx-request"):
        return Response(status_code=401, headers={"hx-redirect": SIGN_IN})
    return RedirectResponse(SIGN_IN, 303)


def make_templates(folder: str, assets: Mapping[str, str]) -> jinja2.Environment:
    """Templates that escape everything and refuse names that do not exist.

    Args:
        folder: where they are.
        assets: the address of each file that pages load.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["assets"] = dict(assets)
    environment.filters["pair"] = lambda code, name: (code, name(code))
    return environment
