"""Read article pages, where the outlet allows it: robots.txt obeyed, refusals respected, long stories whole."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from services.ingest.core.compose import Page
from services.ingest.core.conditional import NONE, Validators
from services.ingest.core.extract import RULES
from services.ingest.core.hints import retry_after
from services.ingest.core.outcome import BLOCKS, WAITS, PollReason, reason_of_status
from services.ingest.core.schedule import RETRY_AFTER_CAP_S
from services.ingest.core.source import Source
from services.ingest.fetch import Answer, Fetcher, FetchError
from services.ingest.metrics import IngestMetrics
from services.ingest.pacer import Pacer
from services.ingest.parser import ParseError, Parser
from services.ingest.robots import Robots

log = structlog.get_logger(__name__)

#: After a refused page no other page of the domain is asked for, at least this long.
REST_S = 900.0
ACCEPT = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1"
#: Of a story on numbered pages no more than this many are asked for.
PARTS_MAX = 20


@dataclass(frozen=True)
class PageRead:
    """What came of reading a page.  ``fits``: whether its outlet's rules matched; None where there are none."""

    page: Page | None
    fits: bool | None = None


class PageReader:
    """Asks for pages one after the other; keeps nothing but when a domain wants to be left alone."""

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

    async def read(self, source: Source, url: str, title: str) -> PageRead:
        """The text of an article's page; without one where it could not be had, and the feed's own text stands."""
        try:
            page = await self.completed(source, url, title, await self._page(source, url, title))
        except (FetchError, ParseError) as error:
            self._metrics.pages.labels(source.outlet.key, str(error.reason)).inc()
            log.warning("page not read", source=source.id, reason=str(error.reason), detail=str(error))
            return PageRead(None)
        return self.judged(source, page)

    async def fetch(self, source: Source, url: str, validators: Validators = NONE) -> Answer:
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
                accept=ACCEPT,
                loopback=source.loopback,
                validators=validators,
                limit=self._fetcher.limits.page_bytes,
            )
        reason = reason_of_status(answer.status, answer.challenged)
        if reason in WAITS or reason in BLOCKS:
            asked = retry_after(answer.headers.get("retry-after", ""), self._now()) or 0.0
            seconds = min(max(asked, REST_S), RETRY_AFTER_CAP_S)
            self._rest_until[source.politeness_key] = self._now() + timedelta(seconds=seconds)
        return answer

    async def parse(self, source: Source, answer: Answer, title: str, *, part: bool = False) -> Page | None:
        """The article in a page's answer; ``part``: a later page of it.

        Raises:
            ParseError: the worker was killed or failed.
        """
        page = await self._parser.page(answer.body, answer.charset, source.outlet.shape, title, part=part)
        return replace(page, truncated=page.truncated or answer.truncated) if page else None

    async def completed(self, source: Source, url: str, title: str, page: Page | None) -> Page | None:
        """The page with the rest of its story, where the outlet put that on pages of its own."""
        if page is None or not page.truncated or source.outlet.shape != "tribun":
            return page
        return await self._whole(source, url, title, page)

    def judged(self, source: Source, page: Page | None) -> PageRead:
        """Count how the text was won; a page that came and did not fit its outlet's rules is worth an alarm."""
        self._metrics.pages.labels(source.outlet.key, page.method if page else "no_article").inc()
        ruled = source.outlet.shape in RULES
        return PageRead(page, (page is not None and page.method == "rules") if ruled else None)

    async def _page(self, source: Source, url: str, title: str, *, part: bool = False) -> Page | None:
        answer = await self.fetch(source, url)
        if answer.status != 200:
            raise FetchError(reason_of_status(answer.status) or PollReason.CLIENT_ERROR, str(answer.status))
        return await self.parse(source, answer, title, part=part)

    async def _whole(self, source: Source, url: str, title: str, first: Page) -> Page:
        """A story the outlet splits: its own "all on one page" costs one request, else page after page."""
        try:
            whole = await self._page(source, f"{url}?page=all", title)
        except (FetchError, ParseError):
            whole = None
        if whole is not None and not whole.truncated and len(whole.text) > len(first.text):
            return whole
        return await self._page_by_page(source, url, title, first)

    async def _page_by_page(self, source: Source, url: str, title: str, first: Page) -> Page:
        """The first page and those after it, up to the first that cannot be had: then the story is cut there."""
        texts = [first.text]
        for number in range(2, min(first.parts, PARTS_MAX) + 1):
            try:
                part = await self._page(source, f"{url}?page={number}", title, part=True)
            except (FetchError, ParseError):
                break
            # Asked for a page it does not have, a site shows one it has.
            if part is None or part.text in texts:
                break
            texts.append(part.text)
        return replace(first, text="\n".join(texts), truncated=len(texts) < first.parts)
