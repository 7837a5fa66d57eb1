"""`siaga replay`: stored stories once more, to correct what was sent; nobody is pushed for it."""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import sqlalchemy as sa
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from services.cli.where import DEFAULT_DATA
from services.ingest.app import MIGRATIONS
from services.ingest.replay import Span, count_by_outlet, count_waiting, replay_since, unknown_names
from services.ingest.settings import IngestSettings
from services.runtime.errors import OperatorError
from services.runtime.settings import load_settings
from services.runtime.store import Store

#: So many records may wait for ingest to publish them: fresh news must not queue behind a year of old.
MAX_WAITING = 2_000
#: Ingest that published nothing for so long does not run.
GIVE_UP_AFTER_S = 60.0
_LOOK_AGAIN_S = 0.5
_AGO = re.compile(r"(\d{1,5})([dh])")
EXIT_STOPPED = 1
#: Who says the same words again later than this means stories and rules of that later day.
_GOES_ON_WITHIN_S = 86_400.0


@dataclass(frozen=True)
class Bookmark:
    """How far a replay came; it lies beside the stores until the replay is complete."""

    asked: str
    after: str
    done: int
    at: float


class _StoppedError(Exception):
    """Ingest does not publish."""


def read_moment(option: str, text: str, now: datetime) -> datetime:
    """A date, a moment (UTC unless it says otherwise), or how long ago: ``7d``, ``12h``.

    Raises:
        OperatorError: it is none of these, or has not come yet.
    """
    ago = _AGO.fullmatch(text.strip())
    try:
        if ago:
            unit = timedelta(days=1) if ago[2] == "d" else timedelta(hours=1)
            return now - int(ago[1]) * unit
        moment = datetime.fromisoformat(text.strip())
    except (ValueError, OverflowError):
        raise OperatorError(
            f"{option} {text!r}", "is no date; write 2026-01-31, 2026-01-31T06:00, 7d or 12h"
        ) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if moment > now:
        raise OperatorError(f"{option} {text}", "has not come yet")
    return moment.astimezone(UTC)


def read_span(
    since: str, until: str | None, sources: tuple[str, ...], outlets: tuple[str, ...], now: datetime
) -> Span:
    """What was asked for.

    Raises:
        OperatorError: a date is none, or the span is empty.
    """
    span = Span(
        read_moment("--since", since, now),
        read_moment("--until", until, now) if until else None,
        sources,
        outlets,
    )
    if span.until and span.until <= span.since:
        raise OperatorError(f"--until {until}", f"is not after --since {since}")
    return span


async def replay(store: Store, span: Span, mark: Path, asked: str, progress: Progress) -> int:
    """Enqueue what is left of the span, batch by batch; how many stories in all, earlier starts included.

    Raises:
        _StoppedError: ingest does not publish; what was enqueued stays, the bookmark says how far it came.
    """
    bookmark = read_bookmark(mark, asked)
    done, after = bookmark.done, bookmark.after
    left = sum((await store.read(lambda conn: count_by_outlet(conn, span, after))).values())
    task = progress.add_task("replaying", total=done + left, completed=done)
    while True:
        await _until_published(store, progress)
        count, after = await store.write(lambda conn, start=after: replay_since(conn, span, start))  # type: ignore[misc]
        if count == 0:
            break
        done += count
        _write_bookmark(mark, Bookmark(asked, after, done, time.time()))
        progress.update(task, completed=done)
    _remove_bookmark(mark)
    return done


async def _until_published(
    store: Store, progress: Progress, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
) -> None:
    """Wait until ingest has published most of what it was given."""
    least, since = sys.maxsize, time.monotonic()
    while (waiting := await store.read(count_waiting)) > MAX_WAITING:
        if waiting < least:
            least, since = waiting, time.monotonic()
        if time.monotonic() - since > GIVE_UP_AFTER_S:
            raise _StoppedError(f"{waiting} records wait and ingest publishes none")
        await sleep(_LOOK_AGAIN_S)
        progress.refresh()


def read_bookmark(path: Path, asked: str) -> Bookmark:
    """Where the same replay was cut off within a day; the beginning for any other."""
    beginning = Bookmark(asked, "", 0, time.time())
    try:
        found = Bookmark(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return beginning
    return found if found.asked == asked and beginning.at - found.at < _GOES_ON_WITHIN_S else beginning


def _write_bookmark(path: Path, bookmark: Bookmark) -> None:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps(asdict(bookmark)) + "\n", encoding="utf-8")
    fresh.replace(path)


def _remove_bookmark(path: Path) -> None:
    path.unlink(missing_ok=True)


def _open(data: Path | None) -> tuple[Store, Path]:
    """Ingest's store, and the folder where a bookmark may lie."""
    settings = load_settings(IngestSettings)
    folder = data or (DEFAULT_DATA if (DEFAULT_DATA / "ingest.sqlite3").exists() else settings.data_dir)
    if data is None and settings.ingest_store:
        url, folder = settings.store_url, settings.data_dir
    else:
        path = folder / "ingest.sqlite3"
        if not path.exists():
            raise OperatorError(str(path), "is not there; --data names the folder of a `siaga run`")
        url = sa.URL.create("sqlite", database=str(path)).render_as_string()
    folder.mkdir(parents=True, exist_ok=True)
    return Store.open(url, MIGRATIONS, migrate=settings.migrates), folder


def _progress() -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


async def _run(span: Span, asked: str, data: Path | None, *, dry_run: bool) -> int:
    store, folder = _open(data)
    try:
        unknown = await store.read(lambda conn: unknown_names(conn, span))
        if unknown:
            raise OperatorError(f"source or outlet {unknown[0]!r}", "has no story in the store")
        mark = folder / "replay.json"
        bookmark = read_bookmark(mark, asked)
        if bookmark.after:
            click.echo(f"siaga: goes on after the {bookmark.done} stories of a start that was cut off", err=True)
        after = bookmark.after
        if dry_run:
            counts = await store.read(lambda conn: count_by_outlet(conn, span, after))
            for outlet, count in counts.items():
                click.echo(json.dumps({"outlet": outlet, "stories": count}))
            click.echo(json.dumps({"stories": sum(counts.values()), "dry_run": True}))
            return 0
        with _progress() as progress:
            done = await replay(store, span, mark, asked, progress)
        click.echo(json.dumps({"stories": done, "since": span.since.isoformat()}))
    except _StoppedError as stopped:
        click.echo(f"siaga: {stopped}; start it, then run the same command: it goes on from there", err=True)
        return EXIT_STOPPED
    finally:
        await store.close()
    return 0


@click.command("replay")
@click.option("--since", required=True, metavar="WHEN", help="Stories that changed from here on: a date, 7d, 12h.")
@click.option("--until", metavar="WHEN", help="And before this moment.  Dates are UTC unless they say otherwise.")
@click.option(
    "--source", "sources", multiple=True, help="Only this entry of the list of sources; may be repeated."
)
@click.option("--outlet", "outlets", multiple=True, help="Only this outlet; may be repeated.")
@click.option("--dry-run", is_flag=True, help="Say how many stories it would be, and do nothing.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of a `siaga run` (default: {DEFAULT_DATA} where there is one, else the environment).",
)
@click.pass_context
def replay_command(
    ctx: click.Context,
    since: str,
    until: str | None,
    sources: tuple[str, ...],
    outlets: tuple[str, ...],
    dry_run: bool,
    data: Path | None,
) -> None:
    """Put stored stories through the system again, after the rules were changed.

    A tagger whose rules are others than those that decided decides anew; a story stays in its incident, a
    message that is wrong now is edited, and nobody is pushed.  With the same rules nothing changes.  Start
    the tagger with the new rules first.

    Prints how many stories it were; progress goes to stderr.  Cut off, the same command goes on where it
    was, within a day.  Exit status: 0 complete, 1 ingest does not publish (start it, then run the same again),
    2 a mistake.

    \b
    Example:
      siaga replay --since 7d --dry-run
      siaga replay --since 2026-01-22 --until 2026-01-24 --outlet antaranews.com
    """
    span = read_span(since, until, sources, outlets, datetime.now(UTC))
    # As it was typed: "7d" is another moment at each start, and still the same replay.
    asked = json.dumps([since, until, sorted(sources), sorted(outlets)])
    ctx.exit(asyncio.run(_run(span, asked, data, dry_run=dry_run)))
