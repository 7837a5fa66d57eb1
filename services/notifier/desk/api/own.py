"""What is a person's own: who the token is, the subscription, and what another choice would have brought."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from services.contracts.codes import Topic
from services.notifier import roster
from services.notifier.core.subscription import Official
from services.notifier.core.wishes import DIGESTS_AT_MOST, Wishes, apply_wishes, granted_regions, granted_topics
from services.notifier.desk.api.answers import Answer, instant
from services.notifier.desk.api.caller import AnyCaller, Person, WritingPerson
from services.notifier.desk.api.problems import ProblemError
from services.notifier.desk.api.reply import answer, has_mark, mark_of, read_body
from services.notifier.desk.desk import Desk
from services.notifier.desk.subscription import Preview, SubscriptionPages, read_choice
from services.notifier.outlets.readers import TokenScope
from services.notifier.spec import RegionOrAll

Clock = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
_WRONG = {
    "wrong_no_region": "regions: at least one has to stay",
    "wrong_no_topic": "topics: at least one has to stay",
    "wrong_quiet": "quiet: is not two times of day",
    "wrong_digest": "digests: are not times of day",
    "wrong_nothing_left": "topics: none of them was granted for one of the regions",
}


class ApiMe(Answer):
    """The token itself; empty ``topics`` mean all of them."""

    reader_id: str = Field(examples=["4be1"])
    name: str = Field(examples=["Case file of a unit"])
    scope: TokenScope
    regions: list[str] = Field(examples=[["ID-NT"]])
    topics: list[str] = Field(examples=[[]])
    expires_at: datetime
    official_id: str | None = Field(description="whom it speaks for", examples=["3f1c"])


class ApiQuiet(BaseModel):
    """Quiet hours in the official's own time; may cross midnight."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    start: Clock = Field(examples=["21:00"])
    end: Clock = Field(examples=["05:00"])


class ApiChoice(BaseModel):
    """What is wanted of what was granted; everything that is not named is switched off."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "regions": ["ID-NT"], "topics": ["illegal_labour_placement"],
                    "quiet": {"start": "21:00", "end": "05:00"}, "digests": ["06:30", "16:00"],
                }
            ]
        },
    )  # fmt: skip

    regions: list[RegionOrAll] = Field(min_length=1, max_length=100)
    topics: list[Topic] = Field(min_length=1, max_length=len(Topic))
    quiet: ApiQuiet | None = Field(description="null: none")
    digests: list[Clock] = Field(max_length=DIGESTS_AT_MOST, description="times of day; empty: as granted")


class ApiSubscription(Answer):
    """What was granted, and what of it is switched on."""

    regions_granted: list[str] = Field(examples=[["ID-NT"]])
    topics_granted: list[Topic]
    regions: list[str] = Field(examples=[["ID-NT"]])
    topics: list[Topic]
    quiet: ApiQuiet | None
    digests: list[str] = Field(description="empty: as granted", examples=[["06:30"]])
    digests_now: list[str] = Field(description="when digests come", examples=[["06:30", "16:00"]])
    max_pushes_a_day: int | None = Field(examples=[None])
    language: str = Field(examples=["id"])
    zone: str = Field(examples=["Asia/Makassar"])


class ApiDay(Answer):
    """One day in the official's own zone."""

    day: str = Field(examples=["2026-11-21"])
    pushes: int = Field(ge=0, examples=[1])
    digests: int = Field(ge=0, examples=[2])


class ApiSample(Answer):
    """A message that would have come, as it would have read."""

    at: datetime
    action: str = Field(examples=["push"])
    channel: str = Field(examples=["telegram"])
    incidents: int = Field(ge=0, examples=[1])
    text: str


class ApiPreview(Answer):
    """What a choice would have brought over the last 30 days, as far back as alerts are stored."""

    since: datetime | None
    pushes: int = Field(ge=0, examples=[4])
    digests: int = Field(ge=0, examples=[30])
    listed: int = Field(ge=0, description="incidents in those digests", examples=[12])
    pushes_a_day: float = Field(ge=0, examples=[0.13])
    days: list[ApiDay]
    samples: list[ApiSample]


def own_routes(desk: Desk) -> APIRouter:
    """What is a person's own."""
    router = APIRouter(tags=["own"])
    pages = SubscriptionPages(desk)

    @router.get("/me", response_model=ApiMe)
    async def show_token(request: Request, caller: AnyCaller) -> Response:
        """What this token may do."""
        reader = caller.reader
        return answer(
            request,
            ApiMe(
                reader_id=reader.reader_id, name=reader.name, scope=reader.scope, regions=list(reader.regions),
                topics=list(reader.topics), expires_at=instant(reader.expires_at), official_id=reader.official_id,
            ),
        )  # fmt: skip

    @router.get("/subscription", response_model=ApiSubscription)
    async def show_subscription(request: Request, person: Person) -> Response:
        """The subscription of the official the token speaks for."""
        return answer(request, _subscription(*await held(person)))

    @router.put("/subscription", response_model=ApiSubscription)
    async def replace_subscription(request: Request, person: WritingPerson) -> Response:
        """Choose anew within what was granted.  If-Match with the mark of what was read loses no other change."""
        given = await read_body(request, ApiChoice)
        granted, before = await held(person)
        if_match = request.headers.get("if-match")
        if if_match is not None and not has_mark(
            if_match, mark_of(_subscription(granted, before).model_dump_json().encode())
        ):
            raise _changed_meanwhile()
        wishes = _wishes(given, granted, before)
        save = pages.saving(person.official_id, wishes)

        def work(conn: sa.Connection) -> None:
            now = roster.granted(conn, person.official_id)
            if now is None or (if_match is not None and now[1].number != before.number):
                raise _changed_meanwhile()
            save(conn)

        await desk.people.write(work)
        return answer(request, _subscription(*await held(person)))

    @router.post("/subscription/preview", response_model=ApiPreview)
    async def preview_subscription(request: Request, person: Person) -> Response:
        """What a choice would have brought; nothing is changed."""
        given = await read_body(request, ApiChoice)
        granted, before = await held(person)
        wishes = _wishes(given, granted, before)
        return answer(request, _preview(await pages.preview(person.official_id, granted, wishes)))

    async def held(person: Official) -> tuple[Official, Wishes]:
        found = await desk.people.read(lambda conn: roster.granted(conn, person.official_id))
        return found or (person, Wishes())

    return router


def _changed_meanwhile() -> ProblemError:
    return ProblemError(412, "the subscription was changed meanwhile")


def _wishes(given: ApiChoice, granted: Official, before: Wishes) -> Wishes:
    """As the form of the page says it, and checked in the same place."""
    over = sorted({*given.regions} - {*granted_regions(granted)}) + sorted(
        {*given.topics} - {*granted_topics(granted)}
    )
    if over:
        raise ProblemError(422, f"{over[0]}: was not granted")
    form = {f"region:{code}": "on" for code in given.regions} | {f"topic:{topic}": "on" for topic in given.topics}
    form |= {f"digest_{n}": clock for n, clock in enumerate(given.digests)}
    if given.quiet:
        form |= {"quiet_from": given.quiet.start, "quiet_to": given.quiet.end}
    chosen = read_choice(form, granted, before)
    if chosen.wrong:
        raise ProblemError(422, _WRONG.get(chosen.wrong, chosen.wrong))
    return chosen.wishes


def _subscription(granted: Official, wishes: Wishes) -> ApiSubscription:
    official = apply_wishes(granted, wishes)
    quiet = official.quiet
    topics = granted_topics(granted)
    return ApiSubscription(
        regions_granted=granted_regions(granted),
        topics_granted=topics,
        regions=[code for code in granted_regions(granted) if code not in wishes.regions_off],
        topics=[topic for topic in topics if topic not in wishes.topics_off],
        quiet=ApiQuiet(start=f"{quiet.start:%H:%M}", end=f"{quiet.end:%H:%M}") if quiet else None,
        digests=[f"{clock:%H:%M}" for clock in wishes.digest],
        digests_now=[f"{clock:%H:%M}" for clock in official.digest.at],
        max_pushes_a_day=official.max_pushes_a_day,
        language=official.language,
        zone=official.zone.key,
    )


def _preview(preview: Preview) -> ApiPreview:
    return ApiPreview(
        since=preview.since,
        pushes=preview.pushes,
        digests=preview.digests,
        listed=preview.listed,
        pushes_a_day=preview.a_day,
        days=[ApiDay(day=day, pushes=pushes, digests=digests) for day, pushes, digests in preview.days],
        samples=[
            ApiSample(at=one.at, action=one.action, channel=one.channel, incidents=one.incidents, text=one.text)
            for one in preview.samples
        ],
    )
