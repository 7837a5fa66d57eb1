"""Stories in cleared text, a search over everything, and the sources they come from."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response

from services.notifier.desk import find
from services.notifier.desk.api.answers import (
    STORY_ID,
    ApiFindings,
    ApiHealth,
    ApiStories,
    ApiStory,
    ApiStoryLine,
    instant,
)
from services.notifier.desk.api.asking import LIMIT, AskingStories, AskingWords, plain
from services.notifier.desk.api.caller import AnyCaller, Caller
from services.notifier.desk.api.cursor import write_cursor
from services.notifier.desk.api.making import incident_answer, story_answer
from services.notifier.desk.api.problems import ProblemError
from services.notifier.desk.api.reply import address, answer, answer_list
from services.notifier.desk.api.slices import Cut, Stories, best_stories, cut_incidents, cut_stories, story_in
from services.notifier.desk.desk import Desk
from services.notifier.desk.search import HIT_END, HIT_START, Hit
from services.notifier.desk.wanted import DAYS, Wanted


def story_routes(desk: Desk) -> APIRouter:
    """What is known of stories and sources."""
    router = APIRouter()

    @router.get("/stories", response_model=ApiStories, tags=["stories"])
    async def list_stories(
        request: Request, caller: AnyCaller, asking: Annotated[AskingStories, Query()]
    ) -> Response:
        """Stories of the incidents this token sees, what came last first."""
        wanted = _stories(caller, plain(asking.words), asking.incident_id, everything=asking.all)
        before = asking.before
        found, more = await desk.store.read(lambda conn: cut_stories(conn, wanted, asking.limit, before))
        cursor = write_cursor(found[-1][0]) if more else None
        onward = address(request, cursor) if cursor else None
        return answer(request, ApiStories(items=[_line(hit) for _, hit in found], next=onward), more=cursor)

    @router.get("/stories/{story_id:path}", response_model=ApiStory, tags=["stories"])
    async def show_story(
        request: Request, caller: AnyCaller, story_id: Annotated[str, Path(max_length=500, examples=[STORY_ID])]
    ) -> Response:
        """One story: its cleared text, its labels and the words each rests on."""
        wanted = _stories(caller, everything=True)
        found = None
        if "\x00" not in story_id:
            found = await desk.store.read(lambda conn: story_in(conn, story_id, wanted))
        if found is None:
            raise ProblemError(404, "there is no such story for this reader")
        return answer(request, story_answer(found))

    @router.get("/search", response_model=ApiFindings, tags=["stories"])
    async def search_everything(
        request: Request, caller: AnyCaller, asking: Annotated[AskingWords, Query()]
    ) -> Response:
        """The incidents of a year that changed last and the stories that match best; the lists hold all."""
        words, now = plain(asking.words), desk.now()
        incidents, _, count = await desk.store.read(
            lambda conn: cut_incidents(conn, Wanted(words, days=DAYS[-1]), now, caller.scope, Cut(LIMIT))
        )
        wanted = _stories(caller, words)
        stories, more = await desk.store.read(lambda conn: best_stories(conn, wanted, LIMIT))
        found = ApiFindings(
            incidents=[incident_answer(one) for one in incidents],
            incident_count=count,
            stories=[_line(hit) for hit in stories],
            more_stories=more,
        )
        return answer(request, found)

    @router.get("/sources", response_model=list[ApiHealth], tags=["sources"])
    async def list_sources(request: Request, caller: AnyCaller) -> Response:
        """How the sources of the token's regions and countries are doing."""
        rows = await desk.store.read(find.sources)
        return answer_list(
            request,
            [
                ApiHealth(
                    source_id=row.source_id, outlet=row.outlet, region=row.region, health=row.health,
                    reason=row.reason, since=instant(row.since), expected_s=row.expected_s,
                    last_new_at=None if row.last_new_at is None else instant(row.last_new_at),
                )
                for row in rows
                if caller.may_see_region(row.region)
            ],
        )  # fmt: skip

    return router


def _stories(caller: Caller, words: str = "", incident_id: str = "", *, everything: bool = False) -> Stories:
    scope = find.EVERYTHING if caller.sees_everything else caller.scope
    return Stories(words, plain(incident_id), everything, scope)


def _line(hit: Hit) -> ApiStoryLine:
    snippet = hit.snippet
    return ApiStoryLine(
        story_id=hit.story_id,
        incident_id=hit.incident_id,
        outlet=hit.outlet,
        title=hit.title,
        snippet=snippet.replace(HIT_START, "").replace(HIT_END, "") if snippet else None,
        relevant=hit.relevant,
        published_at=instant(hit.published_at),
    )
