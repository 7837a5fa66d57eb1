"""The pages to look at: what is now, one incident, a search, the sources."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.contracts.codes import Kind, Role, Topic
from services.contracts.source import Health
from services.contracts.tagging import Number
from services.notifier import actions
from services.notifier.actions import Said
from services.notifier.core.card import Card, Note, Status, View, make_card
from services.notifier.core.links import safe_link, shown_host
from services.notifier.core.words import words_for
from services.notifier.desk import export, find, maps, overview
from services.notifier.desk.compare import compare
from services.notifier.desk.desk import (
    HOME,
    Desk,
    Visitor,
    comes_from_us,
    read_form,
    show,
    show_missing,
    speech_of,
    to_sign_in,
    visitor_of,
)
from services.notifier.desk.find import Found
from services.notifier.desk.marks import pieces
from services.notifier.desk.overview import Glance, Spot
from services.notifier.desk.search import HIT_END, HIT_START, Hit, find_stories
from services.notifier.desk.values import say_number
from services.notifier.desk.wanted import DAYS, PAGE, Wanted, read_wanted

#: A source in one of these cannot be relied on.
DARK = frozenset({Health.STALE, Health.BLOCKED, Health.BROKEN, Health.GONE})
#: Reasons that say no more than the word for the health does.
_USUAL = frozenset({"new_stories", "silent_as_usual", "no_story_yet"})
#: What is younger than this is shown as new.
_NEW_S = 6 * 3600.0
_FILE_AT_MOST = 5_000
_STATUS = {"withdrawn": Status.WITHDRAWN, "merged": Status.MERGED, "split": Status.SPLIT}


@dataclass(frozen=True)
class Line:
    """An incident as a list shows it."""

    found: Found
    card: Card
    fresh: str


class Pages:
    """Pages that only show, and the three buttons of an incident."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def now(self, request: Request) -> Response:
        """The map and the list of the last days, at first of the official's own regions."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        wanted = read_wanted(request.query_params, place="mine")
        values = await self._look(visitor, wanted)
        return show(self._desk, request, visitor, "now.html", values)

    async def live(self, request: Request) -> Response:
        """Whether there is something new since the page was made; nothing, in few bytes, if not."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        pulse = await self._desk.store.read(find.pulse)
        if request.query_params.get("pulse", "") == pulse:
            return Response(status_code=204)
        wanted = read_wanted(request.query_params, place="mine")
        return show(self._desk, request, visitor, "_live.html", await self._look(visitor, wanted))

    async def _look(self, visitor: Visitor, wanted: Wanted) -> dict[str, Any]:
        now = self._desk.now()

        def read(conn: sa.Connection) -> tuple[list[Found], int, Glance, list[Spot], list[Any], str]:
            found, count = find.find_incidents(conn, wanted, now, visitor.regions)
            glance = overview.glance(conn, wanted, now, visitor.regions, _NEW_S)
            spots = overview.find_spots(conn, wanted, now, visitor.regions)
            return found, count, glance, spots, find.sources(conn), find.pulse(conn)

        found, count, glance, spots, sources, pulse = await self._desk.store.read(read)
        dots = maps.dots(self._desk.outline, [(spot.region, spot.severity, spot.count) for spot in spots])
        return {
            "wanted": wanted,
            "lines": [self._line(visitor, one, now) for one in found],
            "count": count,
            "glance": glance,
            "pages": -(-count // PAGE),
            "dots": dots,
            "box": maps.view_box([(dot.x, dot.y) for dot in dots]),
            "dark": [one for one in sources if one.health in DARK and self._concerns(visitor, wanted, one.region)],
            "pulse": pulse,
            "choices": _choices(visitor),
        }

    def _concerns(self, visitor: Visitor, wanted: Wanted, region: str) -> bool:
        codes = visitor.regions if wanted.place == "mine" else (wanted.place or "*",)
        return any(code in {"*", region, region[:2]} or code[:2] == region for code in codes)

    def _line(self, visitor: Visitor, found: Found, now: float) -> Line:
        official = visitor.official
        view = View(official.language, official.zone, datetime.fromtimestamp(now, UTC))
        note = Note(_STATUS.get(found.standing, Status.NEW), None, next(iter(found.others), ""), len(found.others))
        fresh = "" if found.standing == "open" else found.standing
        if not fresh and now - found.first_seen_at < _NEW_S:
            fresh = "new"
        elif not fresh and found.version > 1 and now - found.changed_at < _NEW_S:
            fresh = "changed"
        return Line(found, make_card(found.alert, None, view, note), fresh)

    async def incident(self, request: Request) -> Response:
        """Everything about one incident."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        incident_id = request.path_params["incident_id"]

        def read(conn: sa.Connection) -> tuple[Any, ...]:
            return (
                find.find_incident(conn, incident_id),
                find.stories_of(conn, incident_id),
                find.steps_of(conn, incident_id),
                find.told_of(conn, incident_id),
            )

        found, stories, steps, told = await self._desk.store.read(read)
        if found is None:
            return show_missing(self._desk, request, visitor)
        points = [
            (place, maps.project(*at))
            for place in found.alert.places
            if (at := maps.where(self._desk.outline, place)) is not None
        ]
        own = [one for one in told if one.official_id == visitor.official.official_id]
        values = {
            "line": self._line(visitor, found, self._desk.now()),
            "alert": found.alert,
            "rows": compare(found.alert, self._number_sayer(visitor)),
            "links": {s.story_id: (safe_link(s.url), shown_host(s.url)) for s in found.alert.sources},
            "stories": [(story, *pieces(story)) for story in stories if not story.withdrawn],
            "steps": steps,
            "told": own,
            "others": len({one.official_id for one in told} - {visitor.official.official_id}),
            "points": points,
            "way": maps.way([(place.role, point) for place, point in points]),
            "box": maps.view_box([point for _, point in points]),
            "said": request.query_params.get("said", "")
            if request.query_params.get("said")
            in {"done_not_relevant", "done_wrong_place", "done_mute", "expired"}
            else "",
        }
        return show(self._desk, request, visitor, "incident.html", values)

    def _number_sayer(self, visitor: Visitor) -> Callable[[Number], str]:
        speech, words = speech_of(self._desk, visitor.official.language), words_for(visitor.official.language)
        return lambda number: say_number(speech, words, number)

    async def press(self, request: Request) -> Response:
        """A button of an incident: the same three as in Telegram, stored in the same way."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        incident_id = request.path_params["incident_id"]
        back = request.url.path.removesuffix("/press")
        form = await read_form(request)
        if not comes_from_us(request, form, visitor):
            return RedirectResponse(f"{back}?said=expired", 303)
        known = await self._desk.store.read(lambda conn: find.find_incident(conn, incident_id))
        what = form.get("what", "")
        if known is None or what not in actions.ACTIONS:
            return show_missing(self._desk, request, visitor)
        now, said = self._desk.now(), Said(visitor.official.official_id, incident_id, known.version, what)
        await self._desk.people.write(lambda conn: actions.carry_out(conn, said, now))
        return RedirectResponse(f"{back}?said=done_{what}", 303)

    async def search(self, request: Request) -> Response:
        """Incidents and stories by words, place, topic and date; the address repeats the search."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        query = {"days": "365"} | dict(request.query_params)
        wanted = read_wanted(query)
        everything = request.query_params.get("all") == "1"
        now = self._desk.now()

        def read(conn: sa.Connection) -> tuple[list[Found], int, list[Hit], bool]:
            found, count = find.find_incidents(conn, wanted, now, visitor.regions)
            hits, more = find_stories(conn, wanted.words, everything=everything, page=wanted.page)
            return found, count, hits, more

        found, count, hits, more = await self._desk.store.read(read)
        values = {
            "wanted": wanted,
            "everything": everything,
            "lines": [self._line(visitor, one, now) for one in found],
            "count": count,
            "pages": -(-count // PAGE),
            "hits": [(hit, _snippet(hit.snippet)) for hit in hits],
            "more": more,
            "choices": _choices(visitor),
        }
        return show(self._desk, request, visitor, "search.html", values)

    async def save(self, request: Request) -> Response:
        """The incidents of a search as a file."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        if request.path_params["form"] not in {"csv", "geojson"}:
            return show_missing(self._desk, request, visitor)
        wanted = replace(read_wanted({"days": "365"} | dict(request.query_params)), page=1)
        now = self._desk.now()
        found, _ = await self._desk.store.read(
            lambda conn: find.find_incidents(conn, wanted, now, visitor.regions, limit=_FILE_AT_MOST)
        )
        if request.path_params["form"] == "csv":
            # Thousands of rows take a second or so: the loop goes on sending meanwhile.
            body, media_type = await asyncio.to_thread(export.write_csv, found), "text/csv; charset=utf-8"
        else:
            body = await asyncio.to_thread(export.write_geojson, found, self._desk.outline)
            media_type = "application/geo+json"
        name = f"siaga-{self._desk.clock():%Y-%m-%d}.{request.path_params['form']}"
        return Response(
            body, media_type=media_type, headers={"content-disposition": f'attachment; filename="{name}"'}
        )

    async def sources(self, request: Request) -> Response:
        """Every source and how it is doing."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        rows = await self._desk.store.read(find.sources)
        return show(self._desk, request, visitor, "sources.html", {"rows": rows, "dark": DARK, "usual": _USUAL})

    async def land(self, request: Request) -> Response:
        """The background of the maps."""
        return Response(
            self._desk.land,
            media_type="image/svg+xml",
            headers={"cache-control": "public, max-age=604800"},
        )


def _snippet(text: str) -> list[tuple[str, bool]]:
    """A snippet in parts, each with whether it is a hit."""
    parts = []
    for number, part in enumerate(text.split(HIT_START)):
        hit, closed, rest = part.partition(HIT_END)
        parts += [(hit, True), (rest, False)] if number and closed else [(part, False)]
    return [(part, is_hit) for part, is_hit in parts if part]


def _choices(visitor: Visitor) -> dict[str, Any]:
    own = [code for code in visitor.regions if code != "*"]
    countries = ["ID", "KH", "LA", "TL", "MY", "TH", "VN", "MM", "PH", "SG"]
    return {
        "places": list(dict.fromkeys([*own, *countries])),
        "topics": [str(topic) for topic in Topic],
        "kinds": [str(kind) for kind in Kind],
        "roles": [str(role) for role in Role],
        "days": DAYS,
        "home": HOME,
    }
