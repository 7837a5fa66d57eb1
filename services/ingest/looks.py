"""Read the pages of stories that matter again: corrections become revisions, vanished pages withdrawals."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

import sqlalchemy as sa
import structlog

from services.contracts.story import Story
from services.contracts.tagging import StoryTagged
from services.ingest import claims
from services.ingest.archive import known_of, revise, story_row, withdraw
from services.ingest.core.compose import Page
from services.ingest.core.conditional import Validators, validators_of
from services.ingest.core.language import language_of
from services.ingest.core.looking import (
    Looked,
    LookReason,
    Others,
    Plan,
    after_look,
    first_look,
    how_others_do,
    may_withdraw,
)
from services.ingest.core.revision import Draft, decide
from services.ingest.core.source import Source
from services.ingest.core.text import clean
from services.ingest.events import last_event
from services.ingest.fetch import Answer, FetchError
from services.ingest.pages import PageRead
from services.ingest.parser import ParseError
from services.ingest.reading import SourceReader
from services.ingest.source_health import note_fits
from services.ingest.tables import domains, looks, outbox, stories
from services.ingest.witnesses import WITNESSES, count_missing, stories_beside
from services.runtime.outbox import Message, enqueue
from services.runtime.spans import Spans
from services.runtime.store import Store

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Look:
    """A page that is due to be read again."""

    story_id: str
    source_id: str
    plan: Plan
    validators: Validators
    story: Story


class LookAgain:
    """Takes one due page at a time of a domain this process leads."""

    def __init__(
        self,
        *,
        store: Store,
        reader: SourceReader,
        now: Callable[[], datetime],
        kick: Callable[[], None],
        count: Callable[[str, LookReason], None] = lambda source, reason: None,
        spans: Spans | None = None,
    ) -> None:
        """``count``: told of every look."""
        self._store = store
        self._count = count
        self._reader = reader
        self._now = now
        self._kick = kick
        self._spans = spans or Spans()

    async def step(self, domain: str, by_id: Mapping[str, Source]) -> LookReason | None:
        """Read one due page; None where none is due or the domain may not be asked now."""
        at = self._now().timestamp()
        began = time.time()
        look = await self._store.write(lambda conn: next_look(conn, domain, list(by_id), at))
        if look is None:
            return None
        source = by_id[look.source_id]
        answer, read = await self._ask(source, look)
        status = answer.status if answer else 0
        went_home = answer is not None and _leads_home(look.story.url, answer.url)
        others = Others.UNKNOWN
        if may_withdraw(status, went_home, look.plan, self._now()):
            others = await self._others(source, look)
        looked = after_look(status, went_home, look.plan, self._now(), others)
        told = await self._store.write(
            lambda conn: self._settle(conn, source, look, looked, answer=answer, read=read)
        )
        self._kick()
        if told is not None:
            self._spans.tell(
                "poll",
                told.trace,
                parent=None,
                began=began,
                ended=time.time(),
                source=source.id,
                outlet=source.outlet.key,
                story_id=look.story_id,
                look=True,
            )
        self._count(source.id, looked.reason)
        log.info("looked again", source=source.id, story=look.story_id, reason=str(looked.reason))
        return looked.reason

    async def _others(self, source: Source, look: Look) -> Others:
        """Ask the pages published next to a missing one: a move of the site takes these along."""
        beside = await self._store.read(lambda conn: stories_beside(conn, look.story))
        missing = await self._store.read(lambda conn: count_missing(conn, source.politeness_key, look.story_id))
        standing = asked = 0
        for url in beside:
            if standing or asked == WITNESSES:
                break
            try:
                answer = await self._reader.pages.fetch(source, url)
            except FetchError:
                continue
            went_home = _leads_home(url, answer.url)
            # A server in trouble, or one that turns us away, says nothing of the page.
            asked += went_home or answer.status in (200, 404, 410)
            standing += answer.status == 200 and not went_home
        return how_others_do(standing, asked, missing)

    async def _ask(self, source: Source, look: Look) -> tuple[Answer | None, PageRead]:
        pages = self._reader.pages
        try:
            answer = await pages.fetch(source, look.story.url, look.validators)
            if answer.status != 200 or _leads_home(look.story.url, answer.url):
                return answer, PageRead(None)  # the homepage's words are not the story's
            first = await pages.parse(source, answer, look.story.title)
            whole = await pages.completed(source, look.story.url, look.story.title, first)
            return answer, pages.judged(source, whole)
        except (FetchError, ParseError):
            return None, PageRead(None)

    def _settle(
        self,
        conn: sa.Connection,
        source: Source,
        look: Look,
        looked: Looked,
        *,
        answer: Answer | None,
        read: PageRead,
    ) -> Message | None:
        """Write down what the page said; the event it led to, if any."""
        told: Message | None = None
        now = self._now()
        claims.rest(conn, source.politeness_key, now.timestamp() + source.min_gap_s)
        note_fits(conn, source.id, [read.fits])
        row = story_row(conn, look.story_id)
        if row is None or row.withdrawn:
            conn.execute(sa.delete(looks).where(looks.c.story_id == look.story_id))
            return None
        if looked.withdrawn_as:
            told = withdraw(conn, row, looked.withdrawn_as, now)
        elif read.page is not None:
            draft = _draft(last_event(row), read.page)
            decision = decide(known_of(conn, row, last_event(row)), draft, row.source_id)
            if decision.publishes:
                told = revise(conn, source, draft, decision, row=row, now=now)
        enqueue(conn, outbox, [told] if told else [])
        is_its_own = answer is not None and answer.status == 200 and not _leads_home(look.story.url, answer.url)
        fresh = validators_of(answer.raw_headers) if answer and is_its_own else look.validators
        plan_look(conn, look.story_id, looked, fresh)
        return told


_NOTE_TAG = sa.update(stories).where(stories.c.story_id == sa.bindparam("this"))


def remember_tags(
    conn: sa.Connection, tagged: Sequence[StoryTagged], readable: Mapping[str, Source], now: datetime
) -> None:
    """Note what the tagger said; the page of a relevant story of a readable source is looked at again.

    Args:
        readable: the sources whose pages we may read, by id.
    """
    said = [{"this": one.story_id, "relevant": one.relevant, "incident_id": one.incident_id} for one in tagged]
    if said:
        conn.execute(_NOTE_TAG, said)
    # Nearly none is of the field: the others are not looked up.
    wanted = list(dict.fromkeys(one.story_id for one in tagged if one.relevant and not one.withdrawn))
    if not wanted:
        return
    planned = set(conn.execute(sa.select(looks.c.story_id).where(looks.c.story_id.in_(wanted))).scalars())
    for row in conn.execute(sa.select(stories).where(stories.c.story_id.in_(wanted))).all():
        source = readable.get(row.source_id)
        if source is None or row.story_id in planned or last_event(row).backfill:
            continue
        conn.execute(
            sa.insert(looks).values(
                story_id=row.story_id,
                source_id=source.id,
                domain=source.politeness_key,
                due_at=first_look(now).timestamp(),
            )
        )


def next_look(conn: sa.Connection, domain: str, source_ids: Sequence[str], now: float) -> Look | None:
    """The next due page of a domain that may be asked now; the domain is ours until it is released."""
    place = conn.execute(sa.select(domains).where(domains.c.domain == domain).with_for_update()).one()
    if now < max(place.next_allowed_at, place.cools_until):
        return None
    row = conn.execute(
        sa.select(looks, stories.c.event)
        .join(stories, stories.c.story_id == looks.c.story_id)
        .where(looks.c.domain == domain, looks.c.source_id.in_(source_ids), looks.c.due_at <= now)
        .order_by(looks.c.due_at)
        .limit(1)
    ).one_or_none()
    if row is None:
        return None
    since = None if row.missing_since is None else datetime.fromtimestamp(row.missing_since, UTC)
    plan = Plan(row.done, row.misses, since)
    return Look(row.story_id, row.source_id, plan, Validators(row.etag, row.last_modified), last_event(row))


def plan_look(conn: sa.Connection, story_id: str, looked: Looked, validators: Validators) -> None:
    """Store when the page is due again, or forget it."""
    here = looks.c.story_id == story_id
    if looked.next_at is None:
        # Kept, far off: a story is looked at by this plan once, however often it is tagged.
        conn.execute(sa.update(looks).where(here).values(due_at=float(2**40), done=looked.done, misses=0))
        return
    conn.execute(
        sa.update(looks)
        .where(here)
        .values(
            due_at=looked.next_at.timestamp(),
            done=looked.done,
            misses=looked.misses,
            missing_since=looked.missing_since.timestamp() if looked.missing_since else None,
            etag=validators.etag,
            last_modified=validators.last_modified,
        )
    )


def _draft(story: Story, page: Page) -> Draft:
    """The story with the text its page has now; heading and dates are the feed's to change."""
    read = clean(page.text, story.title)
    return Draft(
        story_id=story.story_id,
        aliases=(),
        url=story.url,
        title=story.title,
        text=read.text,
        language=language_of(f"{story.title}\n{read.text}", story.language),
        section=story.section,
        published_at=story.published_at,
        published_at_source=story.published_at_source,
        dateline=read.dateline or story.dateline,
        byline=read.byline or story.byline,
        method=page.method,
        extractor=page.extractor,
        truncated=page.truncated,
    )


def _leads_home(asked: str, ended: str) -> bool:
    return urlsplit(ended).path.strip("/") == "" and urlsplit(asked).path.strip("/") != ""


__all__ = ["LookAgain", "next_look", "remember_tags"]
