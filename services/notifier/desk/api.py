"""The desk for programs: incidents and sources as JSON, described by OpenAPI, a token for each reader.

A reader sees the regions and topics of its token.  Facts only: no sentence of a story, no name of an official.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException

from services.contracts.alert import Alert
from services.contracts.base import Region
from services.contracts.codes import Kind, Role, Topic
from services.contracts.source import Health
from services.contracts.tagging import Facts, Number, Term
from services.notifier.core.links import safe_link
from services.notifier.core.outlets.entry import ALL
from services.notifier.desk import find
from services.notifier.desk.desk import Desk
from services.notifier.desk.find import Found
from services.notifier.desk.wanted import DAYS, PAGE_HIGHEST, WORDS_LONGEST, Wanted
from services.notifier.outlets.gate import Asked, Gate
from services.notifier.outlets.readers import Reader

PREFIX = "/api/v1"


class Answer(BaseModel):
    """What a program gets; fields are only ever added."""

    model_config = ConfigDict(frozen=True)


class Problem(Answer):
    """Why there is no answer."""

    detail: str


class ApiPlace(Answer):
    """A place and what it has to do with the event; WGS 84 degrees."""

    name: str
    country: str
    region: str | None
    district: str | None
    lat: float | None
    lon: float | None
    role: Role


class ApiCount(Answer):
    """A count or measure as a range; ``high`` is null where a source says "at least"."""

    what: str
    of: str
    unit: str
    low: float
    high: float | None
    source: str


class ApiTerm(Answer):
    """A fact that is a word."""

    what: str
    value: str
    source: str


class ApiSource(Answer):
    """A story that reports it."""

    story_id: str
    outlet: str
    url: str | None
    language: str
    published_at: datetime
    withdrawn: bool


class ApiIncident(Answer):
    """An incident as it is known now.  Labels are made by a machine."""

    incident_id: str
    version: int
    standing: str = Field(description="open, withdrawn, merged or split")
    others: list[str] = Field(description="where it went when merged or split")
    severity: int = Field(ge=0, le=4)
    topics: list[Topic]
    kind: Kind
    confidence: str
    places: list[ApiPlace]
    counts: list[ApiCount]
    terms: list[ApiTerm]
    sources: list[ApiSource]
    published_at: datetime
    first_seen_at: datetime
    changed_at: datetime


class ApiIncidents(Answer):
    """A page of incidents, what changed last first."""

    items: list[ApiIncident]
    count: int
    page: int
    pages: int


class ApiStep(Answer):
    """One event of an incident."""

    version: int
    event: str
    at: datetime
    severity: int | None
    changed: list[str]


class ApiHealth(Answer):
    """How a source of ours is doing."""

    source_id: str
    outlet: str
    region: str
    health: Health
    reason: str
    since: datetime


class Asking(BaseModel):
    """A search."""

    model_config = ConfigDict(extra="forbid")

    words: str = Field(default="", max_length=WORDS_LONGEST, description="all of them, in the text of its stories")
    place: Region | None = Field(default=None, description="ISO 3166-1 or 3166-2")
    role: Role | None = None
    topic: Topic | None = None
    kind: Kind | None = None
    severity: int = Field(default=0, ge=0, le=4, description="at least")
    days: int = Field(default=7, ge=1, le=DAYS[-1], description="changed within so many days")
    page: int = Field(default=1, ge=1, le=PAGE_HIGHEST)

    def wanted(self) -> Wanted:
        """As the pages ask it."""
        return Wanted(
            self.words.replace("\x00", " "), self.place or "", self.role or "", self.topic or "", self.kind or "",
            self.severity, self.days, self.page,
        )  # fmt: skip


def create_api(desk: Desk, gate: Gate) -> FastAPI:
    """The application, to be mounted at ``PREFIX``."""
    refused: dict[int | str, dict[str, Any]] = {
        401: {"model": Problem, "description": "no token, or one that does not count"},
        422: {"model": Problem, "description": "a parameter that cannot be meant"},
        429: {"model": Problem, "description": "too often; Retry-After says how long to wait"},
    }
    api = FastAPI(
        title="Siaga desk",
        version="1",
        description="Incidents on human trafficking and border crime, as reported by the press.",
        docs_url=None,  # its page loads scripts from elsewhere
        redoc_url=None,
        responses=refused,
        servers=[{"url": PREFIX}],
        root_path_in_servers=False,
    )
    api.add_exception_handler(RequestValidationError, _say_what_is_wrong)
    api.state.gate = gate
    _incidents(api, desk)
    _sources(api, desk)
    return api


async def _say_what_is_wrong(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"][1:]) or str(first["loc"][0])
    return JSONResponse({"detail": f"{where}: {first['msg']}"}, 422)


async def _reader_of(request: Request) -> Reader:
    gate: Gate = request.app.state.gate
    reader = await gate.who(Asked(request.url.path, request.headers.get("authorization")))
    if reader is None:
        raise HTTPException(401, "a reader's token is needed", {"www-authenticate": "Bearer"})
    wait = gate.wait_for(reader)
    if wait:
        raise HTTPException(429, "too often", {"retry-after": str(int(wait) + 1)})
    return reader


#: Resolved by FastAPI for each request; the gate is the application's.
AskingReader = Annotated[Reader, Depends(_reader_of)]


def _incidents(api: FastAPI, desk: Desk) -> None:
    @api.get("/incidents")
    async def list_incidents(asking: Annotated[Asking, Query()], reader: AskingReader) -> ApiIncidents:
        """Incidents in the reader's regions and topics."""
        wanted, now = asking.wanted(), desk.now()
        scope = find.Scope(None if ALL in reader.regions else reader.regions, reader.topics)
        found, count = await desk.store.read(lambda conn: find.find_incidents(conn, wanted, now, (), scope=scope))
        pages = -(-count // find.PAGE)
        return ApiIncidents(items=[_incident(one) for one in found], count=count, page=wanted.page, pages=pages)

    missing: dict[int | str, dict[str, Any]] = {
        404: {"model": Problem, "description": "none, or not this reader's"}
    }

    @api.get("/incidents/{incident_id}", responses=missing)
    async def show_incident(
        incident_id: Annotated[str, Path(max_length=500)], reader: AskingReader
    ) -> ApiIncident:
        """One incident."""
        return _incident(await known(incident_id, reader))

    @api.get("/incidents/{incident_id}/history", responses=missing)
    async def show_history(
        incident_id: Annotated[str, Path(max_length=500)], reader: AskingReader
    ) -> list[ApiStep]:
        """What became of it, the newest first."""
        await known(incident_id, reader)
        steps = await desk.store.read(lambda conn: find.steps_of(conn, incident_id))
        return [
            ApiStep(
                version=step.version, event=step.event, at=_instant(step.at), severity=step.severity,
                changed=list(step.changed),
            )
            for step in steps
        ]  # fmt: skip

    async def known(incident_id: str, reader: Reader) -> Found:
        found = None
        if "\x00" not in incident_id:
            found = await desk.store.read(lambda conn: find.find_incident(conn, incident_id))
        if found is None or not _may(reader, found.alert):
            raise HTTPException(404, "there is no such incident for this reader")
        return found


def _sources(api: FastAPI, desk: Desk) -> None:
    @api.get("/sources")
    async def list_sources(reader: AskingReader) -> list[ApiHealth]:
        """How the sources are doing: silence of a source is news."""
        rows = await desk.store.read(find.sources)
        return [
            ApiHealth(
                source_id=row.source_id, outlet=row.outlet, region=row.region, health=row.health,
                reason=row.reason, since=_instant(row.since),
            )
            for row in rows
        ]  # fmt: skip


def _may(reader: Reader, alert: Alert) -> bool:
    regions = {place.region or place.country for place in alert.places} | {place.country for place in alert.places}
    return any(reader.may_read(region, topic) for region in regions or {ALL} for topic in alert.topics)


def _incident(found: Found) -> ApiIncident:
    alert = found.alert
    return ApiIncident(
        incident_id=found.incident_id,
        version=found.version,
        standing=found.standing,
        others=list(found.others),
        severity=int(alert.severity),
        topics=list(alert.topics),
        kind=alert.kind,
        confidence=alert.confidence,
        places=[ApiPlace.model_validate(place, from_attributes=True) for place in alert.places],
        counts=list(_counts(alert.facts)),
        terms=list(_terms(alert.facts)),
        sources=[
            ApiSource(
                story_id=source.story_id, outlet=source.outlet, url=safe_link(source.url),
                language=source.language, published_at=source.published_at, withdrawn=source.withdrawn,
            )
            for source in alert.sources
        ],
        published_at=alert.published_at,
        first_seen_at=_instant(found.first_seen_at),
        changed_at=_instant(found.changed_at),
    )  # fmt: skip


def _counts(facts: Facts) -> list[ApiCount]:
    return [
        ApiCount(what=name, of=fact.of, unit=fact.unit, low=fact.low, high=fact.high, source=fact.source)
        for name in Facts.model_fields
        for fact in getattr(facts, name)
        if isinstance(fact, Number)
    ]


def _terms(facts: Facts) -> list[ApiTerm]:
    return [
        ApiTerm(what=name, value=fact.value, source=fact.source)
        for name in Facts.model_fields
        for fact in getattr(facts, name)
        if isinstance(fact, Term)
    ]


def _instant(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)
