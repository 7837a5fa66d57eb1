"""The office: who may receive, what could not be delivered or handled, what was corrected, who did what."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.notifier import audit, invitations, queries, roster
from services.notifier.core.clean import clean_line
from services.notifier.core.languages import NAMES
from services.notifier.core.regions import offered_regions, region_name
from services.notifier.desk import find, sessions
from services.notifier.desk.desk import (
    Desk,
    Visitor,
    comes_from_us,
    read_form,
    show,
    show_missing,
    to_sign_in,
    visitor_of,
)
from services.notifier.desk.joining import JOIN
from services.notifier.desk.sessions import Role
from services.notifier.invitations import Guest, InvitationOverError, NotApprovedError
from services.notifier.resolving import Word, resolve
from services.notifier.roster import NAME, Standing
from services.notifier.spec import LANGUAGES, OfficialSpec, refuse_reserved
from services.notifier.tables import AUDIT, CORRECTION, OFFICIAL

_SHOWN = 100
#: What an approver may do; giving roles takes an admin.
_DEEDS = {"approve": Role.APPROVER, "suspend": Role.APPROVER, "role": Role.ADMIN}
_ID_LONGEST = 64
_TITLE_LONGEST = 120
_SAID = frozenset({"done", "expired", "not_own_guest", "invitation_over", "resolved_before", "invite_wrong"})
#: Where the officials are; an operator gives any other zone with `siaga officials invite --zone`.
ZONES = (
    "Asia/Jakarta", "Asia/Makassar", "Asia/Jayapura", "Asia/Phnom_Penh", "Asia/Dili", "Asia/Vientiane",
    "Asia/Kuala_Lumpur", "Asia/Bangkok",
)  # fmt: skip


@dataclass(frozen=True)
class Person:
    """An official as the office shows one."""

    official_id: str
    title: str
    standing: str
    regions: tuple[str, ...]
    role: str
    own_guest: bool
    #: Suspended before anybody approved: only a new invitation helps.
    invitation_over: bool = False


class OfficePages:
    """One page to look at, one address to act; a visitor without the role is told that there is nothing."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def page(self, request: Request) -> Response:
        """Everything the office watches over."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        if not visitor.may(Role.APPROVER):
            return show_missing(self._desk, request, visitor)
        return await self._show(request, visitor, request.query_params.get("said", ""))

    async def _show(self, request: Request, visitor: Visitor, said: str, link: str = "") -> Response:
        roles = await self._desk.store.read(sessions.roles)
        actor = actor_of(visitor)
        values: dict[str, Any] = {
            "people": await self._desk.people.read(lambda conn: people_of(conn, self._desk, roles, actor)),
            "parked": await self._desk.people.read(queries.parked),
            "corrections": await self._desk.people.read(_corrections),
            "letters": await self._desk.store.read(find.letters),
            "said": said if said in _SAID else "",
            "link": link,
            "may_invite": bool(self._desk.domains),
            "places": self._places(visitor.official.language),
            "tongues": [(code, NAMES[code]) for code in LANGUAGES],
            "zones": ZONES,
            "roles": [str(role) for role in Role],
            "role_admin": visitor.may(Role.ADMIN),
            "entries": [],
            "broken": None,
        }
        values["titles"] = {person.official_id: person.title for person in values["people"]}
        if visitor.may(Role.ADMIN):
            values["entries"] = await self._desk.people.read(_entries)
            values["broken"] = await self._desk.people.read(audit.first_broken)
        return show(self._desk, request, visitor, "office.html", values)

    def _places(self, language: str) -> list[tuple[str, str]]:
        found = [(code, region_name(code, language)) for code in offered_regions()]
        return sorted(found, key=lambda one: ("-" in one[0], not one[0].startswith("ID"), one[1]))

    async def invite(self, request: Request) -> Response:
        """A link for somebody new, shown once; it is in no address, so that no log has it."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        if not visitor.may(Role.APPROVER) or not self._desk.domains:
            return show_missing(self._desk, request, visitor)
        form = await read_form(request)
        if not comes_from_us(request, form, visitor):
            return RedirectResponse("/desk/office?said=expired", 303)
        guest = read_guest(form, actor_of(visitor))
        if guest is None:
            return RedirectResponse("/desk/office?said=invite_wrong", 303)
        now, vault = self._desk.now(), self._desk.vault
        made = await self._desk.people.write(lambda conn: invitations.invite(conn, vault, guest, now))
        base = f"{'https' if self._desk.secure else 'http'}://{request.headers.get('host', '')}"
        return await self._show(request, visitor, "done", f"{base}{JOIN}/{made.token}")

    async def act(self, request: Request) -> Response:
        """Approve or suspend somebody, or give a role."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        form = await read_form(request)
        what, official_id = form.get("what", ""), form.get("official_id", "")[:_ID_LONGEST]
        if what not in _DEEDS or not visitor.may(_DEEDS[what]):
            return show_missing(self._desk, request, visitor)
        if not comes_from_us(request, form, visitor):
            return RedirectResponse("/desk/office?said=expired", 303)
        known = await self._desk.people.read(lambda conn: invitations.standing_of(conn, official_id))
        if known is None or official_id == visitor.official.official_id:
            return show_missing(self._desk, request, visitor)
        said = await self.carry_out(what, official_id, actor_of(visitor), form.get("role", ""))
        return RedirectResponse(f"/desk/office?said={said}", 303)

    async def resolve(self, request: Request) -> Response:
        """Somebody found out whether a message arrived."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        form = await read_form(request)
        word = form.get("word", "")
        if not visitor.may(Role.APPROVER) or word not in set(Word):
            return show_missing(self._desk, request, visitor)
        if not comes_from_us(request, form, visitor):
            return RedirectResponse("/desk/office?said=expired", 303)
        key = (
            form.get("subject", ""),
            form.get("official_id", "")[:_ID_LONGEST],
            form.get("channel", ""),
            form.get("action", ""),
        )
        actor, now = actor_of(visitor), self._desk.clock()
        done = await self._desk.people.write(lambda conn: resolve(conn, key, Word(word), actor, now))
        return RedirectResponse(f"/desk/office?said={'done' if done else 'resolved_before'}", 303)

    async def carry_out(self, what: str, official_id: str, actor: str, role: str) -> str:
        now = self._desk.now()
        if what == "role":
            if role not in set(Role):
                return "expired"
            await self._desk.people.write(_record(now, actor, "desk role given", official_id, role))
            await self._desk.store.write(
                lambda conn: sessions.give_role(conn, official_id, Role(role), actor, now)
            )
            return "done"
        try:
            await self._desk.people.write(self._standing(what, official_id, actor, now))
        except InvitationOverError:
            return "invitation_over"
        except NotApprovedError:
            return "not_own_guest"
        if what == "suspend":
            await self._desk.store.write(lambda conn: sessions.close_all(conn, official_id))
        return "done"

    def _standing(self, what: str, official_id: str, actor: str, now: float) -> Callable[[sa.Connection], None]:
        def work(conn: sa.Connection) -> None:
            if what == "approve":
                invitations.approve(conn, self._desk.vault, official_id, actor, now)
            else:
                roster.set_standing(conn, official_id, Standing.SUSPENDED, actor, now, why="at the desk")

        return work


def read_guest(form: Mapping[str, str], inviter: str) -> Guest | None:
    """Whom a form invites, for every topic of one region; None if that is unclear."""
    title = clean_line(form.get("title", ""), _TITLE_LONGEST)
    given = {
        "channels": ["telegram", "email"],
        "language": form.get("language", ""),
        "zone": form.get("zone", ""),
        "subscriptions": [{"regions": [form.get("region", "")]}],
    }
    try:
        return Guest(refuse_reserved(OfficialSpec.model_validate(given)), title, inviter) if title else None
    except ValueError:
        return None


def actor_of(visitor: Visitor) -> str:
    """How the audit names a visitor: by the random id."""
    return f"official {visitor.official.official_id}"


def _record(now: float, actor: str, deed: str, official_id: str, role: str) -> Callable[[sa.Connection], None]:
    return lambda conn: audit.record(conn, now, actor, deed, official_id, detail={"role": role})


def people_of(conn: sa.Connection, desk: Desk, roles: dict[str, str], actor: str) -> list[Person]:
    """Every official with the office's name for them; who waits for approval comes first."""
    rows = conn.execute(sa.select(OFFICIAL.c.official_id, OFFICIAL.c.state, OFFICIAL.c.invited_by)).all()
    suspended = [row.official_id for row in rows if row.state == Standing.SUSPENDED]
    over = set(suspended) - invitations.once_active(conn, suspended)
    found = []
    for row in rows:
        named = roster.read_contact(conn, desk.vault, row.official_id, NAME, even_suspended=True)
        granted = roster.granted(conn, row.official_id)
        lines = granted[0].subscriptions if granted else ()
        regions = tuple(sorted({region for line in lines for region in line.regions}))
        title = named.address if named else row.official_id[:8]
        role = roles.get(row.official_id, str(Role.VIEWER))
        own, ended = row.invited_by == actor, row.official_id in over
        found.append(Person(row.official_id, title, row.state, regions, role, own, ended))
    return sorted(found, key=lambda one: (one.standing != Standing.PENDING, one.title.casefold()))


def _corrections(conn: sa.Connection) -> list[sa.Row[Any]]:
    return list(conn.execute(sa.select(CORRECTION).order_by(CORRECTION.c.at.desc()).limit(_SHOWN)))


def _entries(conn: sa.Connection) -> list[dict[str, Any]]:
    query = sa.select(AUDIT).order_by(AUDIT.c.id.desc()).limit(_SHOWN)
    return [
        {
            "at": row.at,
            "actor": row.actor,
            "deed": row.deed,
            "official_id": (row.official_id or "")[:8],
            "detail": ", ".join(f"{name}: {value}" for name, value in json.loads(row.detail).items()),
        }
        for row in conn.execute(query)
    ]
