"""Incidents: the list, one of them, its history, evidence, sources, who was told, and what a person says of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from services.notifier import actions
from services.notifier.actions import Said
from services.notifier.desk import export, find
from services.notifier.desk.api.answers import (
    INCIDENT_ID,
    ApiComparison,
    ApiIncident,
    ApiIncidents,
    ApiMap,
    ApiRow,
    ApiSpan,
    ApiStep,
    ApiTold,
    instant,
)
from services.notifier.desk.api.asking import AskingIncidents
from services.notifier.desk.api.caller import AnyCaller, Caller, WritingPerson
from services.notifier.desk.api.cursor import write_cursor
from services.notifier.desk.api.making import incident_answer, spans_answer, step_answer
from services.notifier.desk.api.problems import ProblemError
from services.notifier.desk.api.reply import GEOJSON, address, answer, answer_list, read_body
from services.notifier.desk.api.slices import cut_incidents
from services.notifier.desk.compare import compare
from services.notifier.desk.desk import Desk
from services.notifier.desk.find import Found

IncidentId = Annotated[str, Path(max_length=500, examples=[INCIDENT_ID])]


class What(StrEnum):
    """What a person may say of an incident, as by the buttons; a mute holds it back for a day."""

    NOT_RELEVANT = "not_relevant"
    WRONG_PLACE = "wrong_place"
    MUTE = "mute"


class ApiCorrection(BaseModel):
    """What is said of the incident as it is now."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"what": "wrong_place"}]}
    )

    what: What = Field(description="not relevant, wrong place, or hold it back for a day")


def incident_routes(desk: Desk) -> APIRouter:
    """What is known of incidents."""
    router = APIRouter(tags=["incidents"])

    async def cut(asking: AskingIncidents, caller: Caller) -> tuple[list[Found], str | None, int]:
        wanted, part, now = asking.wanted(), asking.cut(), desk.now()
        found, more, count = await desk.store.read(
            lambda conn: cut_incidents(conn, wanted, now, caller.scope, part)
        )
        return found, write_cursor(found[-1].changed_at, found[-1].incident_id) if more else None, count

    @router.get("/incidents", response_model=ApiIncidents)
    async def list_incidents(
        request: Request, caller: AnyCaller, asking: Annotated[AskingIncidents, Query()]
    ) -> Response:
        """Incidents in the token's regions and topics, what changed last first."""
        found, more, count = await cut(asking, caller)
        onward = address(request, more) if more else None
        page = ApiIncidents(items=[incident_answer(one) for one in found], count=count, next=onward)
        return answer(request, page, more=more)

    @router.get("/map", response_model=ApiMap)
    async def map_incidents(
        request: Request, caller: AnyCaller, asking: Annotated[AskingIncidents, Query()]
    ) -> Response:
        """The places of the same incidents as GeoJSON; the header Link leads on."""
        found, more, _ = await cut(asking, caller)
        drawn = ApiMap.model_validate_json(export.write_geojson(found, desk.outline))
        return answer(request, drawn, more=more, media_type=GEOJSON)

    @router.get("/incidents/{incident_id}", response_model=ApiIncident)
    async def show_incident(request: Request, caller: AnyCaller, incident_id: IncidentId) -> Response:
        """One incident: facts, places and sources; no sentence of a story."""
        return answer(request, incident_answer(await known_incident(desk, incident_id, caller)))

    _parts(router, desk)

    @router.post("/incidents/{incident_id}/corrections", status_code=204, tags=["own"])
    async def correct_incident(
        request: Request, person: WritingPerson, caller: AnyCaller, incident_id: IncidentId
    ) -> Response:
        """Say what is wrong with an incident, or hold it back for a day; saying it twice is saying it once."""
        given = await read_body(request, ApiCorrection)
        found = await known_incident(desk, incident_id, caller)
        said = Said(person.official_id, found.incident_id, found.version, given.what)
        now = desk.now()
        await desk.people.write(lambda conn: actions.carry_out(conn, said, now))
        return Response(status_code=204)

    return router


def _parts(router: APIRouter, desk: Desk) -> None:
    @router.get("/incidents/{incident_id}/history", response_model=list[ApiStep])
    async def show_history(request: Request, caller: AnyCaller, incident_id: IncidentId) -> Response:
        """What became of it, the newest first."""
        await known_incident(desk, incident_id, caller)
        steps = await desk.store.read(lambda conn: find.steps_of(conn, incident_id))
        return answer_list(request, map(step_answer, steps))

    @router.get("/incidents/{incident_id}/evidence", response_model=list[ApiSpan])
    async def show_evidence(request: Request, caller: AnyCaller, incident_id: IncidentId) -> Response:
        """The words of its stories that its labels rest on, in cleared text."""
        await known_incident(desk, incident_id, caller)
        stories = await desk.store.read(lambda conn: find.stories_of(conn, incident_id))
        spans = [span for story in stories if not story.withdrawn for span in spans_answer(story)]
        return answer_list(request, spans)

    @router.get("/incidents/{incident_id}/comparison", response_model=ApiComparison)
    async def compare_sources(request: Request, caller: AnyCaller, incident_id: IncidentId) -> Response:
        """What each source says of each fact, and where they disagree."""
        alert = (await known_incident(desk, incident_id, caller)).alert
        rows = [
            ApiRow(name=row.name, of=row.of, cells=[list(cell) for cell in row.cells], disagree=row.disagree)
            for row in compare(alert)
        ]
        return answer(request, ApiComparison(sources=[one.story_id for one in alert.sources], rows=rows))

    @router.get("/incidents/{incident_id}/deliveries", response_model=list[ApiTold])
    async def show_deliveries(request: Request, caller: AnyCaller, incident_id: IncidentId) -> Response:
        """Who was told of it, by random id: an admin's token sees all, an official's token its own."""
        await known_incident(desk, incident_id, caller)
        own = caller.official.official_id if caller.official else None
        if own is None and not caller.is_admin:
            raise ProblemError(403, "this takes a token of scope admin, or one that speaks for an official")
        told = await desk.store.read(lambda conn: find.told_of(conn, incident_id))
        return answer_list(
            request,
            [
                ApiTold(
                    official_id=row.official_id, channel=row.channel, action=row.action, outcome=row.outcome,
                    reason=row.reason, at=instant(row.at),
                )
                for row in told
                if caller.is_admin or row.official_id == own
            ],
        )  # fmt: skip


async def known_incident(desk: Desk, incident_id: str, caller: Caller) -> Found:
    """An incident that is there for this caller; whether it is there for others is not said.

    Raises:
        ProblemError: it is not.
    """
    found = None
    if "\x00" not in incident_id:
        found = await desk.store.read(lambda conn: find.find_incident(conn, incident_id))
    if found is None or not caller.may_see(found):
        raise ProblemError(404, "there is no such incident for this reader")
    return found
