"""Ask one source and read what it answers: the request, the body, what hangs below it, its entries."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime

from services.ingest.archive import Reading
from services.ingest.core.compose import Named, compose, name_entry, needs_page
from services.ingest.core.conditional import NONE, Validators, after_not_modified, validators_of
from services.ingest.core.dates import date_story
from services.ingest.core.feed import Entry, FeedVerdict, ParsedFeed, guids_are_distinct, judge
from services.ingest.core.gap import GapEnd
from services.ingest.core.hints import hints_of
from services.ingest.core.identity import AddressError
from services.ingest.core.outcome import Hints, Outcome, PollReason, reason_of_status
from services.ingest.core.sitemap import Child, Sitemap
from services.ingest.core.source import Source
from services.ingest.core.state import SourceState, doubts_304, median_gap, validators_to_send, window_of
from services.ingest.fetch import Answer, Fetcher, FetchError
from services.ingest.metrics import IngestMetrics
from services.ingest.pacer import Pacer
from services.ingest.pages import PageRead, PageReader
from services.ingest.parser import ParseError, Parser
from services.ingest.polled import Body, Polled
from services.ingest.sitemaps import SitemapWalk, Walked

#: Of a feed that turned over since the last look, pages up to this one are asked for; WordPress shows ten a page.
OLDER_MAX = 6
Known = Callable[[Sequence[Named]], Awaitable[bool]]


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
        self.pages = PageReader(fetcher=fetcher, parser=parser, pacer=pacer, metrics=metrics, now=now)

    async def poll(
        self, source: Source, state: SourceState, sitemaps: Mapping[str, Sitemap] | None = None
    ) -> Polled:
        """One conditional request, and the entries of the body if it brought a new one.

        Args:
            sitemaps: what is known of the sitemaps below the source's address.
        """
        try:
            answer = await self._ask(source, state.url, validators_to_send(state, self._now()))
        except FetchError as error:
            return Polled(Outcome(error.reason), error.detail)
        began = time.time()
        return replace(await self._read(source, state, answer, sitemaps or {}), parsed=(began, time.time()))

    async def older(
        self, source: Source, url: str, first: Sequence[Named], known: Known
    ) -> tuple[tuple[Named, ...], GapEnd]:
        """What a WordPress feed shows on its further pages, oldest first, and whether that closes the gap.

        Args:
            first: the stories of its first page.
            known: says whether one of these stories was seen before: then nothing lies between.
        """
        found: list[Named] = []
        shown = {one.story_id for one in first}
        for number in range(2, OLDER_MAX + 1):
            paged = f"{url}{'&' if '?' in url else '?'}paged={number}"
            try:
                answer = await self._ask(source, paged, NONE)
                feed = await self._parse(source, answer) if answer.status == 200 else ParsedFeed()
            except (FetchError, ParseError):
                return tuple(found), GapEnd.UNREADABLE
            if answer.status == 429 or answer.status >= 500:
                return tuple(found), GapEnd.UNREADABLE
            named, _ = self._named(source, feed)
            if {one.story_id for one in named} <= shown:  # none, or the page before once more
                break
            shown |= {one.story_id for one in named}
            found[:0] = named
            if await known(named):
                return tuple(found), GapEnd.CLOSED
        return tuple(found), GapEnd.NO_MORE

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
            read = PageRead(None)
            if source.fulltext == "allowed" and needs_page(one.entry):
                if len(ready) >= 3:
                    await publish(ready)
                    ready = []
                read = await self.pages.read(source, one.address.url, one.entry.title)
            ready.append(Reading(compose(one, source, read.page, fetched_at), entry_hash, read.fits))
        return ready

    async def _ask(self, source: Source, url: str, validators: Validators) -> Answer:
        async with self._pacer.turn(source.politeness_key, source.min_gap_s):
            return await self._fetcher.get(
                url,
                hosts=source.outlet.hosts,
                accept=source.accept,
                loopback=source.loopback,
                validators=validators,
            )

    async def _read(
        self, source: Source, state: SourceState, answer: Answer, sitemaps: Mapping[str, Sitemap]
    ) -> Polled:
        hints = hints_of(answer.headers, self._now())
        reason = reason_of_status(answer.status, answer.challenged)
        fresh = validators_of(answer.raw_headers)
        if reason is PollReason.NOT_MODIFIED:
            kept = after_not_modified(state.validators, fresh)
            same = Polled(Outcome(reason, answer.status, hints), validators=kept, body_hash=state.body_hash)
            return await self._below(source, state, same, sitemaps)
        if reason is not None:
            return Polled(Outcome(reason, answer.status, hints), detail=f"status {answer.status}")
        body_hash = hashlib.sha256(answer.body).hexdigest()
        if body_hash == state.body_hash:
            outcome = Outcome(PollReason.SAME_BODY, 200, hints)
            same = Polled(outcome, validators=fresh, body_hash=body_hash, moved_to=answer.moved_to)
            return await self._below(source, state, same, sitemaps)
        try:
            feed = await self._parse(source, answer)
        except ParseError as error:
            return Polled(Outcome(error.reason, 200, hints), str(error))
        if feed.children is None:
            return self._judged(source, answer, feed, body_hash, fresh)
        index = _index(answer, feed, body_hash, hints)
        return await self._below(source, state, index, sitemaps, feed.children) if feed.children else index

    async def _below(
        self,
        source: Source,
        state: SourceState,
        index: Polled,
        sitemaps: Mapping[str, Sitemap],
        children: tuple[Child, ...] | None = None,
    ) -> Polled:
        """What the sitemaps below an index bring; an answer without any stays what it is."""
        if children is None and not sitemaps:
            return index
        walk = SitemapWalk(
            source,
            sitemaps,
            ask=lambda url, validators: self._ask(source, url, validators),
            parse=lambda answer: self._parse(source, answer),
            now=self._now,
            conditional=not doubts_304(state, self._now()),
        )
        whole = index.outcome.reason is not PollReason.PARTIAL_BODY
        walked = await walk.walk(state.url, children, whole=whole)
        self._count(source, walked)
        outcome, detail = index.outcome, walked.summary
        hints = replace(outcome.hints, retry_after_s=walked.retry_after_s or outcome.hints.retry_after_s)
        if walked.failure is not None and not walked.entries:
            failed = Outcome(walked.failure, outcome.status, hints)
            return replace(index, outcome=failed, detail=detail, walked=walked)
        if not walked.entries:
            return replace(index, outcome=replace(outcome, hints=hints), detail=detail, walked=walked)
        feed = ParsedFeed(tuple(walked.entries), "news_sitemap")
        verdict = judge(feed)
        if verdict is not FeedVerdict.USABLE:
            return Polled(Outcome(PollReason(str(verdict)), outcome.status, hints), detail)
        reason = walked.failure or (PollReason.PARTIAL_BODY if walked.partial else PollReason.NEW_BODY)
        body, window_s = self._body(source, feed, index.body_hash or "")
        return replace(
            index, outcome=Outcome(reason, 200, hints, window_s), detail=detail, body=body, walked=walked
        )

    def _count(self, source: Source, walked: Walked) -> None:
        for reason, number in walked.reasons.items():
            self._metrics.sitemaps.labels(source.id, str(reason)).inc(number)
        for failure in walked.failed:
            self._metrics.sitemaps.labels(source.id, str(failure)).inc()

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
        hints = hints_of(answer.headers, self._now(), feed)
        verdict = judge(feed)
        if verdict is not FeedVerdict.USABLE:
            return Polled(Outcome(PollReason(str(verdict)), 200, hints), feed.malformed)
        partial = answer.truncated or feed.unfinished
        reason = PollReason.PARTIAL_BODY if partial else PollReason.NEW_BODY
        body, window_s = self._body(source, feed, body_hash)
        if not body.named and not body.pictures_only:
            return Polled(Outcome(PollReason.NO_USABLE_LINKS, 200, hints), f"none of {len(feed.entries)}")
        return Polled(
            Outcome(reason, 200, hints, window_s=window_s),
            feed.malformed,
            # A body cut off on its way must be asked for again, so it leaves no validators behind.
            validators=None if partial else fresh,
            body_hash=None if partial else body_hash,
            body=body,
            moved_to=None if partial else answer.moved_to,
        )

    def _body(self, source: Source, feed: ParsedFeed, body_hash: str) -> tuple[Body, float | None]:
        """What a feed said, and the window it spans."""
        offset, now = source.outlet.utc_offset_min, self._now()
        times = [
            dating.at
            for entry in feed.entries
            if not (dating := date_story(entry.published, entry.updated, now, offset)).assumed
        ]
        named, refused = self._named(source, feed)
        return Body(named, body_hash, median_gap(times), refused <= {"not_text"}), window_of(times)

    def _named(self, source: Source, feed: ParsedFeed) -> tuple[tuple[Named, ...], set[str]]:
        """The entries that are stories, and why the others are not."""
        distinct = guids_are_distinct(feed)
        found: dict[str, Named] = {}
        refused: set[str] = set()
        for entry in reversed(feed.entries):  # feeds put the newest first
            try:
                named = name_entry(entry, source, distinct)
            except AddressError as error:
                refused.add(str(error))
                self._metrics.refused_links.labels(source.id, str(error)).inc()
                continue
            found[named.story_id] = named
        return tuple(found.values()), refused


def _index(answer: Answer, feed: ParsedFeed, body_hash: str, hints: Hints) -> Polled:
    """An index by itself: it has no stories, so what it lists decides."""
    if not feed.children:
        return Polled(Outcome(PollReason.EMPTY_FEED, 200, hints))
    if answer.truncated or feed.unfinished:
        return Polled(Outcome(PollReason.PARTIAL_BODY, 200, hints))
    return Polled(
        Outcome(PollReason.SAME_BODY, 200, hints),
        validators=validators_of(answer.raw_headers),
        body_hash=body_hash,
        moved_to=answer.moved_to,
    )


def hash_entry(entry: Entry) -> str:
    """Recognises an entry that did not change; the link is left out, it may gain a tracking parameter."""
    parts = ("" if part.name in ("link", "guid") else str(getattr(entry, part.name)) for part in fields(entry))
    text = "\x1f".join(parts)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
