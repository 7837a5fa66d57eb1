"""The office for programs: who may receive, what could not be delivered or handled, corrections, who did what.

No address and no chat id; of a dead letter where it is and why, never its bytes.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import Response

from services.notifier import corrections, invitations, queries
from services.notifier.core.regions import has_no_region
from services.notifier.desk import sessions
from services.notifier.desk.api.answers import instant
from services.notifier.desk.api.asking import Going, plain
from services.notifier.desk.api.caller import OfficeActor, OfficeCaller
from services.notifier.desk.api.cursor import write_cursor
from services.notifier.desk.api.office_answers import (
    ApiEntries,
    ApiEntry,
    ApiInvitation,
    ApiInvited,
    ApiLetter,
    ApiLetters,
    ApiOfficial,
    ApiPress,
    ApiPresses,
    ApiResolution,
    ApiRole,
    ApiUnknown,
)
from services.notifier.desk.api.problems import ProblemError, faults_of
from services.notifier.desk.api.reply import WrongBodyError, address, answer, answer_list, read_body
from services.notifier.desk.api.slices import cut_audit, cut_letters
from services.notifier.desk.desk import Desk
from services.notifier.desk.office import OfficePages, people_of
from services.notifier.invitations import Guest
from services.notifier.resolving import resolve
from services.notifier.spec import OfficialSpec, refuse_reserved

OfficialId = Annotated[str, Path(max_length=64, examples=["3f1c"])]


def office_routes(desk: Desk) -> APIRouter:
    """What the office watches over, and its deeds."""
    router = APIRouter(prefix="/office", tags=["office"])
    _watch(router, desk)
    _lists(router, desk)
    _deeds(router, desk)
    return router


def _watch(router: APIRouter, desk: Desk) -> None:
    @router.get("/officials", response_model=list[ApiOfficial])
    async def list_officials(request: Request, caller: OfficeCaller) -> Response:
        """Everybody who is or was let in; who waits for approval comes first."""
        roles = await desk.store.read(sessions.roles)
        actor = _actor(caller.official.official_id) if caller.official else ""
        people = await desk.people.read(lambda conn: people_of(conn, desk, roles, actor))
        return answer_list(request, [ApiOfficial.model_validate(one, from_attributes=True) for one in people])

    @router.get("/deliveries/unknown", response_model=list[ApiUnknown])
    async def list_unknown_deliveries(request: Request, _: OfficeCaller) -> Response:
        """Deliveries whose outcome nobody could see, what changed last first."""
        found = await desk.people.read(queries.parked)
        return answer_list(request, [ApiUnknown.model_validate(one, from_attributes=True) for one in found])


def _lists(router: APIRouter, desk: Desk) -> None:
    @router.get("/letters", response_model=ApiLetters)
    async def list_letters(request: Request, _: OfficeCaller, going: Annotated[Going, Query()]) -> Response:
        """Where dead letters are and why, the newest first; what is in them stays in Kafka."""
        before = going.before
        rows, more = await desk.store.read(lambda conn: cut_letters(conn, going.limit, before))
        items = [
            ApiLetter(
                dead_offset=row.dead_offset, at=instant(row.at), service=row.service, topic=row.topic,
                partition=row.partition, offset=row.offset, reason=row.reason,
            )
            for row in rows
        ]  # fmt: skip
        cursor = write_cursor(rows[-1].dead_offset) if more else None
        onward = address(request, cursor) if cursor else None
        return answer(request, ApiLetters(items=items, next=onward), more=cursor)

    @router.get("/corrections", response_model=ApiPresses)
    async def list_corrections(request: Request, _: OfficeCaller, going: Annotated[Going, Query()]) -> Response:
        """What officials corrected, the oldest first: new ones come at the end."""
        first = going.before or 0
        found = await desk.people.read(
            lambda conn: list(itertools.islice(corrections.read_corrections(conn), first, first + going.limit + 1))
        )
        items = [ApiPress.model_validate(one, from_attributes=True) for one in found[: going.limit]]
        cursor = write_cursor(first + going.limit) if len(found) > going.limit else None
        onward = address(request, cursor) if cursor else None
        return answer(request, ApiPresses(items=items, next=onward), more=cursor)

    @router.get("/audit", response_model=ApiEntries)
    async def list_audit(request: Request, _: OfficeCaller, going: Annotated[Going, Query()]) -> Response:
        """Who did what, the newest first; each entry carries the hash of the one before."""
        before = going.before
        rows, more = await desk.people.read(lambda conn: cut_audit(conn, going.limit, before))
        items = [
            ApiEntry(
                id=row.id, at=instant(row.at), actor=row.actor, deed=row.deed, official_id=row.official_id,
                detail=json.loads(row.detail), previous=row.previous, hash=row.hash,
            )
            for row in rows
        ]  # fmt: skip
        cursor = write_cursor(rows[-1].id) if more else None
        onward = address(request, cursor) if cursor else None
        return answer(request, ApiEntries(items=items, next=onward), more=cursor)


def _deeds(router: APIRouter, desk: Desk) -> None:
    pages = OfficePages(desk)

    @router.post("/invitations", response_model=ApiInvited, status_code=201)
    async def invite_official(request: Request, actor: OfficeActor) -> Response:
        """Invite somebody for 72 hours; somebody else has to approve."""
        given = await read_body(request, ApiInvitation)
        _need_regions(given.regions)
        guest = Guest(_spec(given), given.title, _actor(actor.official_id))
        now = desk.now()
        made = await desk.people.write(lambda conn: invitations.invite(conn, desk.vault, guest, now))
        said = ApiInvited(official_id=made.official_id, token=made.token, expires_at=instant(made.expires_at))
        return Response(said.model_dump_json(), 201, {"cache-control": "no-store"}, "application/json")

    @router.post("/officials/{official_id}/approve", status_code=204)
    async def approve_official(actor: OfficeActor, official_id: OfficialId) -> Response:
        """Let somebody receive whom somebody else invited, or who was suspended."""
        return await carry_out("approve", official_id, actor.official_id)

    @router.post("/officials/{official_id}/suspend", status_code=204)
    async def suspend_official(actor: OfficeActor, official_id: OfficialId) -> Response:
        """Stop everything for somebody at once, and end the sessions at the desk."""
        return await carry_out("suspend", official_id, actor.official_id)

    @router.put("/officials/{official_id}/role", status_code=204)
    async def give_role(request: Request, actor: OfficeActor, official_id: OfficialId) -> Response:
        """Let somebody do more at the desk, or less."""
        given = await read_body(request, ApiRole)
        return await carry_out("role", official_id, actor.official_id, given.role)

    @router.post("/deliveries/resolutions", status_code=204)
    async def resolve_delivery(request: Request, actor: OfficeActor) -> Response:
        """Settle a delivery whose outcome nobody could see."""
        given = await read_body(request, ApiResolution)
        key = (plain(given.subject), plain(given.official_id), plain(given.channel), str(given.action))
        by, now = _actor(actor.official_id), desk.clock()
        if not await desk.people.write(lambda conn: resolve(conn, key, given.word, by, now)):
            raise ProblemError(409, "there is no such delivery whose outcome is unknown")
        return Response(status_code=204)

    async def carry_out(what: str, official_id: str, actor_id: str, role: str = "") -> Response:
        known = None
        if "\x00" not in official_id:
            known = await desk.people.read(lambda conn: invitations.standing_of(conn, official_id))
        if known is None:
            raise ProblemError(404, "there is no such official")
        if official_id == actor_id:
            raise ProblemError(409, "nobody approves, suspends or promotes oneself")
        if await pages.carry_out(what, official_id, _actor(actor_id), role) != "done":
            raise ProblemError(409, "has not followed the invitation yet, or was invited by who approves")
        return Response(status_code=204)


def _actor(official_id: str) -> str:
    """As the desk's pages write it into the audit."""
    return f"official {official_id}"


def _need_regions(given: Iterable[str]) -> None:
    """Let pass what stories can be placed in, and any region of a country of which we know none.

    Raises:
        ProblemError: a region its country does not have.
    """
    for region in given:
        if has_no_region(region):
            raise ProblemError(422, f"regions: {region} is no region of {region.partition('-')[0]}")


def _spec(given: ApiInvitation) -> OfficialSpec:
    wanted = [{"regions": given.regions, "topics": given.topics}]
    spec = {"channels": ["telegram"], "language": given.language, "zone": given.zone, "subscriptions": wanted}
    try:
        return refuse_reserved(OfficialSpec.model_validate(spec))
    except ValidationError as error:
        raise WrongBodyError(faults_of(error)) from None
    except ValueError as error:
        raise ProblemError(422, f"regions: {error}") from None
