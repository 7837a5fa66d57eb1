"""`siaga feeds`: ask the sources once, politely, and say what each is worth."""

from __future__ import annotations

import asyncio
import json
import os
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
import sqlalchemy as sa
from rich.console import Console
from rich.progress import Progress
from rich.table import Table
from sqlalchemy.exc import DBAPIError

from services.cli.dumps import exists
from services.cli.holdings import holdings, stores_at
from services.cli.where import DEFAULT_DATA
from services.ingest import claims
from services.ingest.app import user_agent
from services.ingest.core.source import Source
from services.ingest.probe import Prober, Report
from services.ingest.sources import load_sources
from services.runtime.errors import OperatorError, one_line


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
      siaga feeds resume antara-ntt
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


@feeds_command.command()
@click.argument("ids", nargs=-1, metavar="ID...", required=True)
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of a `siaga run` (default: {DEFAULT_DATA} where there is one, else the environment).",
)
def resume(ids: tuple[str, ...], data: Path | None) -> None:
    """Poll sources again that answered 401, 410 or 451, after you have looked: by itself nobody knocks again.

    A running ingest asks within a quarter of a minute.

    \b
    Example:
      siaga feeds probe antara-ntt && siaga feeds resume antara-ntt
    """
    stores = stores_at(data)
    (holding,) = holdings(("ingest",), data if data is not None or stores.urls else stores.folder)
    if not exists(holding):
        raise OperatorError(str(holding.file), "is not there; --data names the folder of a `siaga run`")
    engine = holding.engine()
    try:
        with engine.begin() as conn:
            for source_id in ids:
                _resume(conn, source_id)
    except DBAPIError as error:
        raise OperatorError("ingest store", one_line(str(error.orig), 200)) from None
    finally:
        engine.dispose()
    click.echo(f"asked again: {', '.join(ids)}", err=True)


def _resume(conn: sa.Connection, source_id: str) -> None:
    done = claims.resume(conn, source_id, time.time())
    if not done:
        why = "was never polled; is it in seeds/feeds.yaml?" if done is None else "has not stopped: it is polled"
        raise OperatorError(f"source {source_id}", why)


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
