"""Ask a source once, politely, and say what it is worth before it is trusted."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from services.ingest.core.compose import name_entry, needs_page
from services.ingest.core.conditional import request_headers, validators_of
from services.ingest.core.dates import date_story
from services.ingest.core.feed import ParsedFeed, distinct_share, guids_are_distinct, judge
from services.ingest.core.hints import hints_of
from services.ingest.core.identity import AddressError, shown
from services.ingest.core.outcome import reason_of_status
from services.ingest.core.schedule import WINDOW_SHARE
from services.ingest.core.sitemap import DEPTH_MAX, Child, SitemapReason, in_order, judge_child
from services.ingest.core.source import Source
from services.ingest.core.state import window_of
from services.ingest.core.text import plain
from services.ingest.fetch import Answer, Fetcher, FetchError
from services.ingest.pacer import Pacer
from services.ingest.parser import ParseError, Parser
from services.runtime.errors import one_line

#: Fewer items than this are no feed to rely on, and one whose newest is older than this has probably moved.
ITEMS_FEW = 5
DORMANT_H = 14 * 24.0


@dataclass
class Report:
    """What one request to a source told."""

    id: str
    url: str
    verdict: str = ""
    status: int = 0
    final_url: str = ""
    etag: str | None = None
    last_modified: str | None = None
    max_age_s: float | None = None
    server: str = ""
    items: int = 0
    distinct_links: float = 0.0
    distinct_guids: bool = False
    usable_links: int = 0
    dated: int = 0
    date_sample: str = ""
    window_h: float | None = None
    with_body: int = 0
    content_type: str = ""
    newest_h: float | None = None
    fallback: str = ""
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether the source's own address may be relied on."""
        return self.verdict == "usable"


class Prober:
    """Asks each source once, one request at a time for each registrable domain."""

    def __init__(self, agent: str) -> None:
        self._fetcher = Fetcher(agent)
        self._parser = Parser()
        self._pacer = Pacer(time.monotonic)

    async def probe(self, source: Source) -> Report:
        """What the source answers now; nothing is stored.  Its fallback is asked only where it must serve."""
        report = await self._probe(source)
        if source.fallback is not None and not report.good:
            second = replace(source, url=source.fallback.url, format=source.fallback.format, fallback=None)
            report.fallback = (await self._probe(second)).verdict
            report.remarks.append(f"its fallback is {report.fallback}")
        return report

    async def _probe(self, source: Source) -> Report:
        report = Report(source.id, shown(source.url))
        began = time.monotonic()
        try:
            answer = await self._ask(source, source.url)
            report.seconds = round(time.monotonic() - began, 3)
            _note_answer(report, answer)
            if answer.status == 200:
                await self._note_body(report, source, answer)
        except (FetchError, ParseError) as error:
            report.verdict = str(error.reason)
            report.remarks.append(one_line(str(error), 200))
        return report

    async def _ask(self, source: Source, url: str) -> Answer:
        async with self._pacer.turn(source.politeness_key, source.min_gap_s):
            return await self._fetcher.get(
                url, hosts=source.outlet.hosts, accept=source.accept, loopback=source.loopback
            )

    async def close(self) -> None:
        """Close the connections and the worker."""
        await self._fetcher.close()
        await self._parser.close()

    async def _note_body(self, report: Report, source: Source, answer: Answer) -> None:
        feed = await self._parse(source, answer)
        for _ in range(DEPTH_MAX):
            if feed.children is None:
                break
            child = _first_child(feed.children, source)
            told = f"an index of {len(feed.children)} sitemaps"
            report.remarks.append(f"{told}, read {shown(child)}" if child else f"{told}, none of them of news")
            if not child:
                break
            answer = await self._ask(source, child)
            if answer.status != 200:
                report.verdict = str(reason_of_status(answer.status, answer.challenged))
                return
            feed = await self._parse(source, answer)
        report.verdict = str(judge(feed))
        _note_feed(report, source, feed)
        if answer.truncated:
            report.remarks.append("the body ended early")

    async def _parse(self, source: Source, answer: Answer) -> ParsedFeed:
        sitemap = source.format == "news_sitemap"
        return await self._parser.feed(answer.body, answer.content_type, answer.url, sitemap=sitemap)


def _first_child(children: Sequence[Child], source: Source) -> str:
    """The sitemap of an index that a poll would read first; empty where it would read none."""
    now = datetime.now(UTC)
    for child in in_order(children, {}):
        if judge_child(child, None, source, depth=1, seen=(), now=now) is SitemapReason.READ:
            return child.url
    return ""


def _note_answer(report: Report, answer: Answer) -> None:
    validators = validators_of(answer.raw_headers)
    report.status = answer.status
    report.final_url = shown(answer.url) if shown(answer.url) != report.url else ""
    report.content_type = answer.content_type[:80]
    report.etag, report.last_modified = validators.etag, validators.last_modified
    report.max_age_s = hints_of(answer.headers, datetime.now(UTC)).max_age_s
    report.server = answer.headers.get("server", "")[:60]
    reason = reason_of_status(answer.status, answer.challenged)
    report.verdict = str(reason or "")
    if not request_headers(validators):
        report.remarks.append("no validators: asked hourly at most")
    if answer.moved_to:
        report.remarks.append(f"moved to {shown(answer.moved_to)}")
    if "html" in report.content_type and answer.status == 200:
        report.remarks.append(f"calls itself {report.content_type}")


def _note_feed(report: Report, source: Source, feed: ParsedFeed) -> None:
    now = datetime.now(UTC)
    report.items = len(feed.entries)
    report.distinct_links = round(distinct_share([entry.link for entry in feed.entries]), 2)
    report.distinct_guids = guids_are_distinct(feed)
    dates = [date_story(e.published, e.updated, now, source.outlet.utc_offset_min) for e in feed.entries]
    times = [dating.at for dating in dates if not dating.assumed]
    report.dated = len(times)
    report.date_sample = next((entry.published for entry in feed.entries if entry.published), "")
    window = window_of(times)
    report.window_h = round(window / 3600, 1) if window is not None else None
    report.newest_h = round((now - max(times)).total_seconds() / 3600, 1) if times else None
    report.with_body = sum(not needs_page(entry) for entry in feed.entries)
    refused: dict[str, int] = {}
    for entry in feed.entries:
        try:
            name_entry(entry, source, report.distinct_guids)
            report.usable_links += 1
        except AddressError as error:
            refused[str(error)] = refused.get(str(error), 0) + 1
    report.remarks += [f"{count} links refused: {reason}" for reason, count in sorted(refused.items())]
    if report.good and not report.usable_links:
        report.verdict = "no_usable_links"
    elif report.good and report.newest_h is not None and report.newest_h > DORMANT_H:
        report.verdict = "dormant"
    _advise(report, source, window)
    if feed.malformed:
        report.remarks.append(f"not well-formed: {feed.malformed}")
    if report.items and report.dated < report.items:
        report.remarks.append(f"{report.items - report.dated} without a date we trust")
    if feed.entries and not any(plain(entry.summary_html) for entry in feed.entries):
        report.remarks.append("headlines only")


def _advise(report: Report, source: Source, window: float | None) -> None:
    """What to look at before the source is enabled."""
    if report.good and report.items < ITEMS_FEW:
        report.remarks.append(f"few items: {report.items}")
    if report.items > 1 and not report.distinct_guids:
        report.remarks.append("guids do not tell stories apart")
    if window is not None and 0 < WINDOW_SHARE * window < source.min_interval_s:
        report.remarks.append(
            f"turns over in {window / 60:.0f} minutes: min_interval_s {source.min_interval_s:g} may miss stories"
        )
