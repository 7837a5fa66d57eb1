"""Look at the stores and the parts of a running stack, and show what changed."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil
from rich.console import Console
from rich.live import Live

from services.cli.canary_line import CanaryLine, canary_lines
from services.cli.fates import fates_of
from services.cli.stack import Plan
from services.cli.stores import Stores
from services.cli.view import PartLine, Picture, StoryLine, draw
from services.contracts.tagging import StoryTagged
from services.ingest import queries as ingest_queries
from services.notifier.canary import last_seen
from services.notifier.officials_file import read_officials
from services.tagger import queries as tagger_queries

if TYPE_CHECKING:
    from services.cli.run import Stack

LOOK_EVERY_S = 0.5
STORIES_SHOWN = 60


async def watch(stack: Stack, stop: asyncio.Event, *, plain: bool) -> None:
    """Show the stack until ``stop``: as a picture on a terminal, else one JSON line a change."""
    shows: Any = _lines() if plain or not sys.stdout.isatty() else _picture()
    with shows as show:
        async with httpx.AsyncClient(timeout=2.0) as client:
            while not stop.is_set():
                show(await look(stack, client))
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_EVERY_S):
                        await stop.wait()


@contextlib.contextmanager
def _picture() -> Iterator[Callable[[Picture], None]]:
    console = Console()
    with Live(console=console, screen=True, auto_refresh=False) as live:
        yield lambda picture: live.update(draw(picture, console.size.height), refresh=True)


@contextlib.contextmanager
def _lines() -> Iterator[Callable[[Picture], None]]:
    said: dict[str, Any] = {}

    def say(key: str, line: dict[str, Any]) -> None:
        if said.get(key) != line:
            said[key] = line
            print(json.dumps(line, ensure_ascii=False), flush=True)

    def show(picture: Picture) -> None:
        for part in picture.parts:
            say(f"part {part.name}", {"part": part.name, "state": part.state, "address": part.address})
        for canary in picture.canaries:
            say(f"canary {canary.channel}", dict(canary.line()))
        for name, address in picture.places:
            say(f"place {name}", {"place": name, "address": address})
        for number, note in enumerate(picture.notes):
            say(f"note {number}", {"note": note})
        for story in reversed(picture.stories):
            line = {
                "story": story.story_id,
                "version": story.version,
                "title": story.title,
                "relevant": story.relevant,
                "reason": story.reason,
                "topics": story.topics,
                "kind": story.kind,
                "severity": story.severity,
                "regions": story.regions,
                "incident": story.incident,
                "sources": story.joined,
                "fate": [words for _, words in story.fate],
            }
            say(f"story {story.story_id}", line)

    yield show


async def look(stack: Stack, client: httpx.AsyncClient) -> Picture:
    """Everything one frame shows, as it is now."""
    data = stack.plan.data
    stories = await asyncio.to_thread(read_stories, data)
    parts = await asyncio.gather(*(_part(client, name, stack) for name in list(stack.supervisor.running)))
    broker = stack.broker
    relevant = sum(1 for story in stories if story.relevant)
    return Picture(
        broker=f"{broker.kind} at {broker.bootstrap}" if broker else "starting …",
        broker_note=broker.note if broker else "",
        stories=stories,
        parts=parts,
        places=places(stack),
        notes=stack.notes,
        totals=f"{len(stories)} stories, {relevant} relevant, {_incidents(stories)} incidents",
        demo=stack.plan.demo,
        canaries=await asyncio.to_thread(read_canaries, data, stack.plan.canary_every_s),
        now=time.time(),
    )


def read_canaries(data: Path, every_s: float) -> list[CanaryLine]:
    """When each channel's synthetic alert was last read back; empty where there is no test subscriber."""
    seen = Stores(data).ask_if_ready("notifier", last_seen) or {}
    return canary_lines(seen, every_s)


def _incidents(stories: list[StoryLine]) -> int:
    return len({story.incident for story in stories if story.incident})


def places(stack: Stack) -> list[tuple[str, str]]:
    """Where a person can read what was sent."""
    ports, data = stack.plan.ports, stack.plan.data
    found = []
    if stack.plan.local_telegram:
        found.append(("Telegram", f"http://127.0.0.1:{ports.of('telegram')}/   a local stand-in, not Telegram"))
    found += desk_places(stack.plan)
    if stack.plan.local_mail:
        found.append(("E-mail", f"{_short(data / 'demo' / 'mail')}   a Maildir written by a local mail server"))
    if stack.plan.demo:
        feed = f"http://kupang.antaranews.localhost:{ports.of('feeds')}/rss/terkini.xml"
        found.append(("Feeds", f"{feed}   one of the seed feeds, served to ourselves"))
    return [*found, ("Logs", _short(stack.supervisor.log_of("*")))]


def desk_places(plan: Plan) -> list[tuple[str, str]]:
    """The desk, and as whom one can sign in there: with a mail server of ours the code is on this machine."""
    found = [("Desk", f"http://127.0.0.1:{plan.ports.of('desk')}/desk/")]
    if plan.local_mail and (address := _first_mailbox(plan.officials_file)):
        box = _short(plan.data / "demo" / "mail")
        found.append(("", f"as {address}; its code is in {box}"))
    return found


@functools.cache
def _first_mailbox(officials: Path) -> str:
    """The mail address of the file's first official who has one."""
    entries = read_officials(officials) if officials.exists() else []
    return next((entry.contacts.email for entry in entries if entry.contacts.email), "")


def _short(path: Path) -> str:
    with contextlib.suppress(ValueError):
        return str(path.relative_to(Path.cwd()))
    return str(path)


async def _part(client: httpx.AsyncClient, name: str, stack: Stack) -> PartLine:
    running = stack.supervisor.running.get(name)
    memory = 0
    with contextlib.suppress(psutil.Error):
        if running:
            memory = int(psutil.Process(running.pid).memory_info().rss / 1e6)
    probe = running.part.probe if running else None
    if probe is None:
        return PartLine(name, "ready" if running else "stopped", "", memory)
    address = f"{probe}/healthz  /readyz  /metrics"
    try:
        answer = await client.get(f"{probe}/readyz")
    except httpx.HTTPError:
        return PartLine(name, "starting", address, memory)
    state = "ready" if answer.status_code == httpx.codes.OK else answer.text.strip().splitlines()[0][:60]
    return PartLine(name, state, address, memory)


def read_stories(data: Path) -> list[StoryLine]:
    """Each story and what became of it, the newest first; empty while the stores are not there yet."""
    stores = Stores(data)
    seen = stores.ask_if_ready("ingest", lambda conn: ingest_queries.recent_stories(conn, STORIES_SHOWN)) or []
    decided = stores.ask_if_ready("tagger", lambda conn: tagger_queries.recent_stories(conn, 2 * STORIES_SHOWN))
    tagged = {one.story_id: one.tagged for one in decided or []}
    incidents = {one.incident_id for one in tagged.values() if one.incident_id}
    sources = stores.ask_if_ready(
        "tagger",
        lambda conn: {incident: len(tagger_queries.stories_of(conn, incident)) for incident in incidents},
    )
    fates = stores.ask_if_ready("notifier", lambda conn: fates_of(conn, incidents))
    return [_line(row, tagged.get(row.story.story_id), sources or {}, fates or {}) for row in seen]


def _line(
    row: ingest_queries.StoryRow,
    tagged: StoryTagged | None,
    sources: dict[str, int],
    fates: dict[str, tuple[tuple[str, str], ...]],
) -> StoryLine:
    if tagged is None:
        # A raw headline may name a victim; it is shown once the tagger has cleared it.
        return StoryLine(row.story.story_id, row.first_seen_at.astimezone(), row.story.outlet, "…", 1, None)
    regions = {place.region or place.country for place in tagged.places if place.role in ("event", "venue")}
    incident = tagged.incident_id or ""
    return StoryLine(
        story_id=tagged.story_id,
        seen_at=row.first_seen_at.astimezone(),
        outlet=tagged.outlet,
        title=tagged.title,
        version=tagged.version,
        relevant=tagged.relevant,
        reason=tagged.reason,
        topics=tuple(topic.code.value for topic in tagged.topics),
        kind=tagged.kind.code.value if tagged.kind else "",
        severity=int(tagged.severity),
        regions=tuple(sorted(regions)),
        incident=incident,
        joined=sources.get(incident, 1),
        fate=fates.get(incident, ()),
    )
