"""My subscription: choose within what was granted, and see what the last month would have brought."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta

import sqlalchemy as sa
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from services.contracts.delivery import Action
from services.notifier import alert_log, audit, roster
from services.notifier.alert_log import Logged
from services.notifier.backtest import Happening, Held, Played, play
from services.notifier.core.digest import next_digest
from services.notifier.core.quiet import QuietHours
from services.notifier.core.subscription import Official
from services.notifier.core.wishes import DIGESTS_AT_MOST, Wishes, apply_wishes, granted_regions, granted_topics
from services.notifier.desk.desk import Desk, Visitor, comes_from_us, read_form, show, to_sign_in, visitor_of
from services.notifier.spec import OfficialSpec
from services.notifier.tables import OFFICIAL

LOOK_BACK = timedelta(days=30)
#: So many events of the last month are played; a busier month is shortened, and the page says from when.
EVENTS_AT_MOST = 3_000
SAMPLES = 6
#: As many times of day as can be granted; a form that shows fewer would take the others away.
DIGESTS_SHOWN, _DIGESTS_LEAST = 12, 4
Choice = tuple[Official, Wishes]
_CLOCK = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)$")


@dataclass(frozen=True)
class Chosen:
    """A posted form: wishes, or the word that says what is wrong with it."""

    wishes: Wishes
    wrong: str = ""


@dataclass(frozen=True)
class Preview:
    """What would have come: by day, in all, and some of it; and what is on its way.

    Attributes:
        since: from when alerts are stored, at most ``LOOK_BACK`` ago; None where none is.
        held: what quiet hours would have held, the newest first.
        next_at: when the next digest is due.
        next_digest: what it would say as things stand; empty where nothing waits for it.
    """

    since: datetime | None
    until: datetime
    days: tuple[tuple[str, int, int], ...]
    pushes: int
    digests: int
    listed: int
    samples: tuple[Happening, ...]
    held: tuple[Held, ...]
    next_at: datetime
    next_digest: tuple[Happening, ...]

    @property
    def a_day(self) -> float:
        """Pushes in 24 hours; of less than a day, as many as there were."""
        passed = (self.until - self.since) / timedelta(days=1) if self.since else 0.0
        return self.pushes / max(1.0, passed)

    @property
    def most(self) -> int:
        """Pushes of the busiest day, at least one."""
        return max([1, *(pushes for _, pushes, _ in self.days)])


class SubscriptionPages:
    """The form, the preview and the saving."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        # A month takes a second or so of one core: two previews at once would slow down what is urgent.
        self._one_at_a_time = asyncio.Semaphore(1)

    async def page(self, request: Request) -> Response:
        """Show the form; posting it shows the preview, or saves."""
        visitor = await visitor_of(self._desk, request)
        if visitor is None:
            return to_sign_in(request)
        held = await self._held(visitor)
        if request.method == "POST":
            return await self._posted(request, visitor, held)
        said = "saved" if request.query_params.get("said") == "saved" else ""
        return self._show(request, visitor, held, said)

    async def _held(self, visitor: Visitor) -> Choice:
        held = await self._desk.people.read(lambda conn: roster.granted(conn, visitor.official.official_id))
        return held or (visitor.official, Wishes())

    async def _posted(self, request: Request, visitor: Visitor, held: Choice) -> Response:
        form = await read_form(request)
        if not comes_from_us(request, form, visitor):
            return self._show(request, visitor, held, "expired")
        chosen = read_choice(form, *held)
        now_held = (held[0], chosen.wishes)
        if chosen.wrong:
            return self._show(request, visitor, now_held, chosen.wrong)
        official_id = visitor.official.official_id
        if form.get("what") == "save":
            await self._desk.people.write(self.saving(official_id, chosen.wishes))
            return RedirectResponse("/desk/subscription?said=saved", 303)
        preview = await self.preview(official_id, *now_held)
        return self._show(request, visitor, now_held, "", preview)

    def saving(self, official_id: str, wishes: Wishes) -> Callable[[sa.Connection], None]:
        now = self._desk.now()

        def work(conn: sa.Connection) -> None:
            roster.keep_wishes(conn, official_id, wishes, now)
            audit.record(conn, now, "official", "own choice changed", official_id, detail={"at": "desk"})

        return work

    async def preview(self, official_id: str, granted: Official, wishes: Wishes) -> Preview:
        until = self._desk.clock()
        official = apply_wishes(granted, wishes)
        # Played on until the next digest, nothing new comes, and the digest says what waits for it.
        next_at = next_digest(official.digest, until, official.zone, official.quiet)

        def read(conn: sa.Connection) -> tuple[str, list[Logged], datetime | None]:
            spec = conn.execute(
                sa.select(OFFICIAL.c.spec).where(OFFICIAL.c.official_id == official_id)
            ).scalar_one()
            log = list(alert_log.read_log(conn, until - LOOK_BACK, until))[-EVENTS_AT_MOST:]
            return str(spec), log, _since(alert_log.reach(conn), log, until)

        async with self._one_at_a_time:
            spec, log, since = await self._desk.people.read(read)
            parsed = OfficialSpec.model_validate_json(spec, by_alias=True, by_name=True)
            played = await asyncio.to_thread(play, parsed, wishes, log, next_at)
        return summarise(played, (since, until, next_at), official)

    def _show(
        self, request: Request, visitor: Visitor, held: Choice, said: str, preview: Preview | None = None
    ) -> Response:
        granted, wishes = held
        official = apply_wishes(granted, wishes)
        values = {
            "regions": [(code, code not in wishes.regions_off) for code in granted_regions(granted)],
            "topics": [(str(topic), topic not in wishes.topics_off) for topic in granted_topics(granted)],
            "quiet": official.quiet,
            "digests": official.digest.at,
            "digest_fields": max(_DIGESTS_LEAST, 0 if official.digest.every else len(official.digest.at)),
            "every": official.digest.every,
            "budget": official.max_pushes_a_day,
            "said": said,
            "preview": preview,
        }
        answer = show(self._desk, request, visitor, "subscription.html", values)
        if said and said != "saved":
            answer.status_code = 422
        return answer


def read_choice(form: Mapping[str, str], granted: Official, before: Wishes) -> Chosen:
    """Wishes from a form; what is not granted cannot be chosen, whatever the form says."""
    regions, topics = granted_regions(granted), granted_topics(granted)
    off = frozenset(code for code in regions if f"region:{code}" not in form)
    topics_off = frozenset(topic for topic in topics if f"topic:{topic}" not in form)
    quiet, no_quiet, wrong = _read_quiet(form, before)
    digest, wrong_digest = _read_digests(form, apply_wishes(granted, before).digest.at, before)
    wishes = Wishes(off, topics_off, quiet, no_quiet, digest, before.number)
    if len(off) == len(regions):
        return Chosen(wishes, "wrong_no_region")
    if len(topics_off) == len(topics):
        return Chosen(wishes, "wrong_no_topic")
    if not apply_wishes(granted, wishes).subscriptions:
        # Each region may be granted with topics of its own: what is left of both may have nothing in common.
        return Chosen(wishes, "wrong_nothing_left")
    return Chosen(wishes, wrong or wrong_digest)


def _read_quiet(form: Mapping[str, str], before: Wishes) -> tuple[QuietHours | None, bool, str]:
    start, end = form.get("quiet_from", "").strip(), form.get("quiet_to", "").strip()
    if not start and not end:
        return None, True, ""
    if not _CLOCK.match(start) or not _CLOCK.match(end):
        return before.quiet, before.no_quiet, "wrong_quiet"
    return QuietHours(time.fromisoformat(start), time.fromisoformat(end)), False, ""


def _read_digests(form: Mapping[str, str], shown: Sequence[time], before: Wishes) -> tuple[tuple[time, ...], str]:
    """The times of the form; more than may be chosen were granted, and stay as long as nobody touches them."""
    given = [form.get(f"digest_{n}", "").strip() for n in range(DIGESTS_SHOWN)]
    given = [text for text in given if text]
    if any(not _CLOCK.match(text) for text in given):
        return (), "wrong_digest"
    clocks = tuple(sorted({time.fromisoformat(text) for text in given}))
    if len(clocks) <= DIGESTS_AT_MOST:
        return clocks, ""
    return (before.digest, "") if clocks == tuple(sorted(shown)) else (clocks, "wrong_digests")


def _since(reach: tuple[datetime, datetime] | None, log: Sequence[Logged], until: datetime) -> datetime | None:
    """From when the preview speaks: no earlier than anything was stored, or than what was played."""
    if reach is None or reach[0] >= until:
        return None
    earliest = log[0].at if len(log) == EVENTS_AT_MOST else until - LOOK_BACK
    return max(earliest, reach[0])


def summarise(played: Played, span: tuple[datetime | None, datetime, datetime], official: Official) -> Preview:
    """Count by the official's own days; the newest pushes and the newest digest as samples.

    Args:
        played: up to the next digest.
        span: from when there are alerts, now, and when the next digest is due.
        official: whose zone counts.
    """
    since, until, next_at = span
    zone = official.zone
    first, last = (since or until).astimezone(zone).date(), until.astimezone(zone).date()
    days = {first + timedelta(days=n): [0, 0] for n in range((last - first).days + 1)}
    past = [one for one in played.happenings if one.at <= until]
    for one in past:
        day = days.get(one.at.astimezone(zone).date())
        if day is not None and one.action in {Action.PUSH, Action.DIGEST}:
            day[one.action is Action.DIGEST] += 1
    pushes = [one for one in past if one.action is Action.PUSH]
    digests = [one for one in past if one.action is Action.DIGEST]
    return Preview(
        since=since,
        until=until,
        days=tuple((day.isoformat(), pushed, listed) for day, (pushed, listed) in sorted(days.items())),
        pushes=len(pushes),
        digests=len(digests),
        listed=sum(one.incidents for one in digests),
        samples=tuple(reversed(pushes[-(SAMPLES - 1) :])) + tuple(digests[-1:]),
        held=tuple(reversed(played.held)),
        next_at=next_at,
        next_digest=tuple(one for one in played.happenings if one.at > until and one.action is Action.DIGEST),
    )
