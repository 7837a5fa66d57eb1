"""Ask one source and read what it answers: the request, the body, its entries, their pages."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import datetime, timedelta

import structlog

from services.ingest.archive import Reading
from services.ingest.core.compose import Named, Page, compose, name_entry, needs_page
from services.ingest.core.conditional import NONE, Validators, after_not_modified, validators_of
from services.ingest.core.dates import date_story
from services.ingest.core.feed import Entry, FeedVerdict, ParsedFeed, guids_are_distinct, judge
from services.ingest.core.hints import hints_of, retry_after
from services.ingest.core.identity import AddressError
from services.ingest.core.outcome import BLOCKS, WAITS, Outcome, PollReason, reason_of_status
from services.ingest.core.schedule import RETRY_AFTER_CAP_S
from services.ingest.core.source import Source
from services.ingest.core.state import SourceState, median_gap, validators_to_send, window_of
from services.ingest.fetch import Answer, Fetcher, FetchError
from services.ingest.metrics import IngestMetrics
from services.ingest.pacer import Pacer
from services.ingest.parser import ParseError, Parser
from services.ingest.robots import Robots

log = structlog.get_logger(__name__)

#: After a refused page no other page of the domain is asked for, at least this long.
PAGES_REST_S = 900.0
PAGE_ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"


@dataclass(frozen=True)
class Body:
    """What a feed said.  ``named`` are the entries whose story is known by name, oldest first."""

    named: tuple[Named, ...]
    hash: str
    median_gap_s: float | None


@dataclass(frozen=True)
class Polled:
    """One poll.  ``body`` is set where there are entries to look at; ``validators`` where they may be kept."""

    outcome: Outcome
    detail: str = ""
    validators: Validators | None = None
    body_hash: str | None = None
    body: Body | None = None
    moved_to: str | None = None


class SourceReader:
    """Reads sources; keeps nothing and decides nothing about stories."""

    def __init__(
        self,
        *,
        fetcher: Fetcher,
        parser: Parser,
        pacer: Pacer,
        metrics: IngestMetrics,
        now: Callable[[], datetime],
    ) -> None:
        self._fetcher = fetcher
        self._parser = parser
        self._pacer = pacer
        self._metrics = metrics
        self._now = now
        self._robots = Robots(fetcher, pacer, now)
        self._rest_until: dict[str, datetime] = {}

    async def poll(self, source: Source, state: SourceState) -> Polled:
        """One conditional request, and the entries of the body if it brought a new one."""
        try:
            async with self._pacer.turn(source.politeness_key, source.min_gap_s):
                answer = await self._fetcher.get(
                    state.url,
                    hosts=source.outlet.hosts,
                    accept=source.accept,
                    loopback=source.loopback,
                    validators=validators_to_send(state, self._now()),
                )
        except FetchError as error:
            return Polled(Outcome(error.reason), error.detail)
        return await self._read(source, state, answer)

    async def readings(
        self,
        source: Source,
        named: Sequence[Named],
        seen: dict[str, str],
        fetched_at: datetime,
        publish: Callable[[list[Reading]], Awaitable[None]],
    ) -> list[Reading]:
        """Drafts of the entries that are new or changed; what waits for pages is published as it comes.

        Args:
            seen: entry hashes of this source's last look, by story.
            publish: takes a few readings at a time; what is returned is left for the closing transaction.
        """
        ready: list[Reading] = []
        for one in named:
            entry_hash = hash_entry(one.entry)
            if seen.get(one.story_id) == entry_hash:
                continue
            page = None
            if source.fulltext == "allowed" and needs_page(one.entry):
                if len(ready) >= 3:
                    await publish(ready)
                    ready = []
                page = await self.page(source, one.address.url, one.entry.title)
            ready.append(Reading(compose(one, source, page, fetched_at), entry_hash))
        return ready

    async def page(self, source: Source, url: str, title: str) -> Page | None:
        """The text of an article's page, or None where it could not be had; the feed's own text then stands."""
        try:
            page = await self._page(source, url, title)
            if page is not None and page.truncated and source.outlet.shape == "tribun":
                page = await self._whole_page(source, url, title, page)
        except (FetchError, ParseError) as error:
            self._metrics.pages.labels(source.outlet.key, str(error.reason)).inc()
            log.warning("page not read", source=source.id, reason=str(error.reason), detail=str(error))
            return None
        self._metrics.pages.labels(source.outlet.key, page.method if page else "no_article").inc()
        return page

    async def _page(self, source: Source, url: str, title: str) -> Page | None:
        answer = await self.fetch_page(source, url)
        if answer.status != 200:
            raise FetchError(reason_of_status(answer.status) or PollReason.CLIENT_ERROR, str(answer.status))
        return await self.read_page(source, answer, title)

    async def _whole_page(self, source: Source, url: str, title: str, first: Page) -> Page:
        """The outlet splits long stories; its own "all on one page" costs one request more."""
        try:
            whole = await self._page(source, f"{url}?page=all", title)
        except (FetchError, ParseError):
            return first
        return whole if whole is not None and len(whole.text) > len(first.text) else first

    async def fetch_page(self, source: Source, url: str, validators: Validators = NONE) -> Answer:
        """A page's answer, if robots.txt lets us ask for it.

        Raises:
            FetchError: not allowed, or no usable answer.
        """
        rests_until = self._rest_until.get(source.politeness_key)
        if rests_until is not None and self._now() < rests_until:
            raise FetchError(PollReason.RESTING, "an answer before this one asked for patience")
        if not await self._robots.allows(source, url):
            raise FetchError(PollReason.ROBOTS, url)
        async with self._pacer.turn(source.politeness_key, await self._robots.gap_s(source, url)):
            answer = await self._fetcher.get(
                url,
                hosts=source.outlet.hosts,
                accept=PAGE_ACCEPT,
                loopback=source.loopback,
                validators=validators,
                limit=self._fetcher.limits.page_bytes,
            )
        reason = reason_of_status(answer.status, answer.challenged)
        if reason in WAITS or reason in BLOCKS:
            asked = retry_after(answer.headers.get("retry-after", ""), self._now()) or 0.0
            seconds = min(max(asked, PAGES_REST_S), RETRY_AFTER_CAP_S)
            self._rest_until[source.politeness_key] = self._now() + timedelta(seconds=seconds)
        return answer

    async def read_page(self, source: Source, answer: Answer, title: str) -> Page | None:
        """The article in a page's answer.

        Raises:
            ParseError: the worker was killed or failed.
        """
        page = await self._parser.page(answer.body, answer.charset, source.outlet.shape, title)
        return replace(page, truncated=page.truncated or answer.truncated) if page else None

    async def _read(self, source: Source, state: SourceState, answer: Answer) -> Polled:
        now = self._now()
        hints = hints_of(answer.headers, now)
        reason = reason_of_status(answer.status, answer.challenged)
        fresh = validators_of(answer.raw_headers)
        if reason is PollReason.NOT_MODIFIED:
            kept = after_not_modified(state.validators, fresh)
            return Polled(Outcome(reason, answer.status, hints), validators=kept, body_hash=state.body_hash)
        if reason is not None:
            return Polled(Outcome(reason, answer.status, hints), detail=f"status {answer.status}")
        body_hash = hashlib.sha256(answer.body).hexdigest()
        if body_hash == state.body_hash:
            same = Outcome(PollReason.SAME_BODY, 200, hints)
            return Polled(same, validators=fresh, body_hash=body_hash, moved_to=answer.moved_to)
        try:
            feed = await self._parse(source, answer)
        except ParseError as error:
            return Polled(Outcome(error.reason, 200, hints), str(error))
        return self._judged(source, answer, feed, body_hash, fresh)

    async def _parse(self, source: Source, answer: Answer) -> ParsedFeed:
        try:
            return await self._parser.feed(
                answer.body, answer.content_type, answer.url, sitemap=source.format == "news_sitemap"
            )
        finally:
            self._metrics.parser_kills.set(self._parser.kills)

    def _judged(
        self, source: Source, answer: Answer, feed: ParsedFeed, body_hash: str, fresh: Validators
    ) -> Polled:
        now = self._now()
        hints = hints_of(answer.headers, now, feed)
        verdict = judge(feed)
        if verdict is not FeedVerdict.USABLE:
            return Polled(Outcome(PollReason(str(verdict)), 200, hints), feed.malformed)
        offset = source.outlet.utc_offset_min
        times = [
            dating.at
            for entry in feed.entries
            if not (dating := date_story(entry.published, entry.updated, now, offset)).assumed
        ]
        partial = answer.truncated or feed.unfinished
        reason = PollReason.PARTIAL_BODY if partial else PollReason.NEW_BODY
        body = Body(self._named(source, feed), body_hash, median_gap(times))
        return Polled(
            Outcome(reason, 200, hints, window_s=window_of(times)),
            feed.malformed,
            # A body cut off on its way must be asked for again, so it leaves no validators behind.
            validators=None if partial else fresh,
            body_hash=None if partial else body_hash,
            body=body,
            moved_to=None if partial else answer.moved_to,
        )

    def _named(self, source: Source, feed: ParsedFeed) -> tuple[Named, ...]:
        distinct = guids_are_distinct(feed)
        found: dict[str, Named] = {}
        for entry in reversed(feed.entries):  # feeds put the newest first
            try:
                named = name_entry(entry, source, distinct)
            except AddressError as error:
                self._metrics.refused_links.labels(source.id, str(error)).inc()
                continue
            found[named.story_id] = named
        return tuple(found.values())


def hash_entry(entry: Entry) -> str:
    """Recognises an entry that did not change; the link is left out, it may gain a tracking parameter."""
    text = "\x1f".join(str(part) for part in astuple(replace(entry, link="", guid="")))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
