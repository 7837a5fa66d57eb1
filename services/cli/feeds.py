"""`siaga feeds`: ask the sources once, politely, and say what each is worth."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from services.ingest.app import user_agent
from services.ingest.core.compose import name_entry, needs_page
from services.ingest.core.conditional import request_headers, validators_of
from services.ingest.core.dates import date_story
from services.ingest.core.feed import ParsedFeed, distinct_share, guids_are_distinct, judge
from services.ingest.core.hints import hints_of
from services.ingest.core.identity import AddressError
from services.ingest.core.outcome import reason_of_status
from services.ingest.core.source import Source
from services.ingest.core.state import window_of
from services.ingest.core.text import plain
from services.ingest.fetch import Answer, Fetcher, FetchError
from services.ingest.pacer import Pacer
from services.ingest.parser import ParseError, Parser
from services.ingest.sources import load_sources
from services.runtime.errors import OperatorError, one_line


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
    seconds: float = 0.0
    remarks: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        """Whether the source may be relied on."""
        return self.verdict == "usable"


class Prober:
    """Asks each source once, one request at a time for each registrable domain."""

    def __init__(self, agent: str) -> None:
        self._fetcher = Fetcher(agent)
        self._parser = Parser()
        self._pacer = Pacer(time.monotonic)

    async def probe(self, source: Source) -> Report:
        """What the source answers now; nothing is stored."""
        report = Report(source.id, source.url)
        began = time.monotonic()
        try:
            async with self._pacer.turn(source.politeness_key, source.min_gap_s):
                began = time.monotonic()
                answer = await self._fetcher.get(
                    source.url, hosts=source.outlet.hosts, accept=source.accept, loopback=source.loopback
                )
            report.seconds = round(time.monotonic() - began, 3)
            _note_answer(report, answer)
            if answer.status == 200:
                await self._note_body(report, source, answer)
        except (FetchError, ParseError) as error:
            report.verdict = str(error.reason)
            report.remarks.append(one_line(str(error), 200))
        return report

    async def close(self) -> None:
        """Close the connections and the worker."""
        await self._fetcher.close()
        await self._parser.close()

    async def _note_body(self, report: Report, source: Source, answer: Answer) -> None:
        sitemap = source.format == "news_sitemap"
        feed = await self._parser.feed(answer.body, answer.content_type, answer.url, sitemap=sitemap)
        report.verdict = str(judge(feed))
        _note_feed(report, source, feed)
        if answer.truncated:
            report.remarks.append("the body ended early")


def _note_answer(report: Report, answer: Answer) -> None:
    validators = validators_of(answer.raw_headers)
    report.status = answer.status
    report.final_url = answer.url if answer.url != report.url else ""
    report.etag, report.last_modified = validators.etag, validators.last_modified
    report.max_age_s = hints_of(answer.headers, datetime.now(UTC)).max_age_s
    report.server = answer.headers.get("server", "")[:60]
    reason = reason_of_status(answer.status, answer.challenged)
    report.verdict = str(reason or "")
    if not request_headers(validators):
        report.remarks.append("no validators: asked hourly at most")
    if answer.moved_to:
        report.remarks.append(f"moved to {answer.moved_to}")


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
    report.with_body = sum(not needs_page(entry) for entry in feed.entries)
    refused: dict[str, int] = {}
    for entry in feed.entries:
        try:
            name_entry(entry, source, report.distinct_guids)
            report.usable_links += 1
        except AddressError as error:
            refused[str(error)] = refused.get(str(error), 0) + 1
    report.remarks += [f"{count} links refused: {reason}" for reason, count in sorted(refused.items())]
    if feed.malformed:
        report.remarks.append(f"not well-formed: {feed.malformed}")
    if report.items and report.dated < report.items:
        report.remarks.append(f"{report.items - report.dated} without a date we trust")
    if feed.entries and not any(plain(entry.summary_html) for entry in feed.entries):
        report.remarks.append("headlines only")


async def probe_all(sources: Sequence[Source], agent: str, console: Console) -> list[Report]:
    """Probe every source; domains run side by side, sources of one domain one after the other."""
    prober = Prober(agent)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
            task = progress.add_task("probing", total=len(sources))

            async def one(source: Source) -> Report:
                report = await prober.probe(source)
                progress.advance(task)
                return report

            return list(await asyncio.gather(*(one(source) for source in sources)))
    finally:
        await prober.close()


@click.group(name="feeds")
def feeds_command() -> None:
    """The sources of stories.

    \b
    Example:
      siaga feeds probe antara-ntt --contact-url https://example.org/siaga
    """


@feeds_command.command()
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option(
    "--sources", "path", type=click.Path(path_type=Path), default=Path("seeds/feeds.yaml"), show_default=True
)
@click.option("--contact-url", envvar="SIAGA_CONTACT_URL", default="", help="Where an outlet can reach you.")
@click.option("--all", "everything", is_flag=True, help="Also the sources that are not enabled.")
@click.option("--demo-port", type=int, default=None, help="Where the demo's outlets listen.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line a source, on stdout.")
def probe(
    ids: tuple[str, ...], path: Path, contact_url: str, everything: bool, demo_port: int | None, as_json: bool
) -> None:
    """Ask each source once and say what it is worth.

    Exit status 1 when one of them cannot be used as it is.

    \b
    Example:
      siaga feeds probe antara-ntt tribun-ntt --contact-url https://example.org/siaga
    """
    wanted = _chosen(load_sources(path, loopback_port=demo_port), ids, everything, path)
    reports = asyncio.run(probe_all(wanted, user_agent(contact_url, wanted), Console(stderr=True)))
    if as_json:
        for report in reports:
            click.echo(json.dumps(asdict(report), ensure_ascii=False))
    else:
        _show(reports)
    if not all(report.good for report in reports):
        raise SystemExit(1)


def _chosen(sources: Sequence[Source], ids: Sequence[str], everything: bool, path: Path) -> list[Source]:
    unknown = sorted(set(ids) - {source.id for source in sources})
    if unknown:
        raise OperatorError(str(path), f"there is no source {unknown[0]}")
    return [one for one in sources if (one.id in ids if ids else everything or one.enabled)]


def _show(reports: Sequence[Report]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in (
        "source",
        "verdict",
        "status",
        "items",
        "links",
        "dated",
        "bodies",
        "window h",
        "validators",
        "remarks",
    ):
        table.add_column(heading, overflow="fold")
    for report in reports:
        kept = "+".join(name for name, value in (("etag", report.etag), ("lm", report.last_modified)) if value)
        table.add_row(
            report.id,
            report.verdict,
            str(report.status or "-"),
            str(report.items),
            f"{report.usable_links} ({report.distinct_links:.0%} distinct)",
            str(report.dated),
            str(report.with_body),
            "-" if report.window_h is None else str(report.window_h),
            kept or "-",
            one_line("; ".join(report.remarks), 200),
        )
    Console(width=None if os.isatty(1) else 200).print(table)
