"""Who asks: a reader by its token, how far it sees, for which official it speaks, and how often it may."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from services.notifier import roster
from services.notifier.core.outlets.entry import ALL
from services.notifier.core.subscription import Official
from services.notifier.desk import find, sessions
from services.notifier.desk.api.problems import ProblemError
from services.notifier.desk.desk import Desk
from services.notifier.desk.find import Found
from services.notifier.desk.sessions import Role
from services.notifier.outlets.gate import Asked, Gate
from services.notifier.outlets.readers import Reader, TokenScope


@dataclass(frozen=True)
class Caller:
    """A reader whose token counts.

    Attributes:
        official: whom the token speaks for; None for a system's.
        role: what that official may do at the desk now; None for a system's.
    """

    reader: Reader
    official: Official | None = None
    role: Role | None = None

    @property
    def scope(self) -> find.Scope:
        """What the lists are cut to."""
        return find.Scope(None if ALL in self.reader.regions else self.reader.regions, self.reader.topics)

    @property
    def sees_everything(self) -> bool:
        """Whether nothing is kept from it: also stories that belong to no incident."""
        return ALL in self.reader.regions and not self.reader.topics

    @property
    def is_admin(self) -> bool:
        """Whether the office is open: to a system by its token, to an official by the token and the role."""
        return (
            self.reader.scope is TokenScope.ADMIN
            and self.sees_everything
            and (self.role is None or self.role.covers(Role.ADMIN))
        )

    def may_see(self, found: Found) -> bool:
        """Whether an incident is in its regions and topics."""
        places = found.alert.places
        regions = {place.region or place.country for place in places} | {place.country for place in places}
        return any(
            self.reader.may_read(region, topic) for region in regions or {ALL} for topic in found.alert.topics
        )

    def may_see_region(self, region: str) -> bool:
        """Whether something about a whole region concerns it: its own, its country's, or within its country."""
        return any(code in {ALL, region, region[:2]} or region in {ALL, code[:2]} for code in self.reader.regions)


async def _caller_of(request: Request) -> Caller:
    desk: Desk = request.app.state.desk
    gate: Gate = request.app.state.gate
    reader = await gate.who(Asked(request.url.path, request.headers.get("authorization")))
    if reader is None:
        raise ProblemError(401, "a reader's token is needed", {"www-authenticate": 'Bearer realm="siaga"'})
    request.state.reader_id = reader.reader_id
    wait = gate.wait_for(reader)
    request.state.limits = gate.limits(reader)
    if wait:
        raise ProblemError(429, "too often", {"retry-after": str(max(1, math.ceil(wait)))})
    if reader.official_id is None:
        return Caller(reader)
    official_id = reader.official_id
    official = await desk.people.read(lambda conn: roster.find_official(conn, official_id))
    if official is None:
        raise ProblemError(401, "the official of this token is not active", {"www-authenticate": "Bearer"})
    roles = await desk.store.read(sessions.roles)
    return Caller(reader, official, Role(roles.get(official_id, Role.VIEWER)))


AnyCaller = Annotated[Caller, Depends(_caller_of)]


async def _person_of(caller: AnyCaller) -> Official:
    if caller.official is None:
        raise ProblemError(403, "this token speaks for no official")
    return caller.official


async def _writing_person(caller: AnyCaller) -> Official:
    if not caller.reader.scope.covers(TokenScope.WRITE):
        raise _too_little(TokenScope.WRITE)
    return await _person_of(caller)


async def _office_of(caller: AnyCaller) -> Caller:
    if not caller.is_admin:
        raise _too_little(TokenScope.ADMIN)
    return caller


async def _acting_office(caller: Annotated[Caller, Depends(_office_of)]) -> Official:
    # Two people let a third one in: a system is nobody, so it approves nobody.
    return await _person_of(caller)


def _too_little(needed: TokenScope) -> ProblemError:
    said = f'Bearer error="insufficient_scope", scope="{needed}"'  # RFC 6750, 3.1
    return ProblemError(403, f"this takes a token of scope {needed}", {"www-authenticate": said})


#: Resolved by FastAPI for each request.
Person = Annotated[Official, Depends(_person_of)]
WritingPerson = Annotated[Official, Depends(_writing_person)]
OfficeCaller = Annotated[Caller, Depends(_office_of)]
OfficeActor = Annotated[Official, Depends(_acting_office)]
