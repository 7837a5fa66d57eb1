"""What `siaga run` shows: each story and what became of it, where to read the alerts, and how the parts do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from services.cli.canary_line import CanaryLine
from services.runtime.errors import one_line

SEVERITY_STYLE = {0: "dim", 1: "green", 2: "yellow", 3: "bold dark_orange", 4: "bold red"}
SEVERITY_WORD = {0: "background", 1: "low", 2: "medium", 3: "high", 4: "critical"}
_STATE_STYLE = {"ready": "green", "starting": "yellow"}

DEMO_NOTE = "Demo: five retold articles, the rest invented; digests every two minutes."
#: Fewer stories than these, and frames and headings give way to them.
_FEW_STORIES = 5


@dataclass(frozen=True)
class StoryLine:
    """One story: what the tagger said and what the notifier did."""

    story_id: str
    seen_at: datetime
    outlet: str
    title: str
    version: int
    relevant: bool | None
    reason: str = ""
    topics: tuple[str, ...] = ()
    kind: str = ""
    severity: int = 0
    regions: tuple[str, ...] = ()
    incident: str = ""
    joined: int = 1
    fate: tuple[tuple[str, str], ...] = ()
    """Pairs of an outcome's style and its words."""


@dataclass(frozen=True)
class PartLine:
    """One process."""

    name: str
    state: str
    address: str
    memory_mb: int


@dataclass(frozen=True)
class Picture:
    """Everything one frame shows."""

    broker: str
    broker_note: str
    stories: Sequence[StoryLine]
    parts: Sequence[PartLine]
    places: Sequence[tuple[str, str]]
    notes: Sequence[str]
    totals: str
    demo: bool = False
    canaries: Sequence[CanaryLine] = ()
    now: float = 0.0


def draw(picture: Picture, height: int) -> RenderableType:
    """One frame that fits ``height`` lines, 24 at least, whatever the width; the newest stories come first."""
    framed = _framed(picture)
    room = _room(framed, height)
    if room >= _FEW_STORIES:
        return _around(picture, framed, room)
    bare = _bare(picture)
    return _around(picture, bare, max(2, _room(bare, height)))


def _room(lines: Sequence[tuple[RenderableType, int]], height: int) -> int:
    """How many stories there is room for, two lines each, with their heading and the count of the others."""
    return (height - sum(taken for _, taken in lines) - 2) // 2


def _around(picture: Picture, rest: Sequence[tuple[RenderableType, int]], room: int) -> RenderableType:
    heading, *others = (what for what, _ in rest)
    return Group(heading, _stories(picture.stories[:room], len(picture.stories) - room), *others)


def _framed(picture: Picture) -> list[tuple[RenderableType, int]]:
    """What stands around the stories, each with the lines it takes; none may wrap."""
    heading = _heading(picture)
    return [
        (Panel(_lines(heading), border_style="cyan", padding=(0, 1)), len(heading) + 2),
        (
            Panel(
                _where(picture.places),
                title="read it here",
                title_align="left",
                border_style="dim",
                padding=(0, 1),
            ),
            len(picture.places) + 2,
        ),
        (_parts(picture.parts, headed=True), len(picture.parts) + 1),
        *_below(picture, notes=3),
    ]


def _bare(picture: Picture) -> list[tuple[RenderableType, int]]:
    """The same without frames, for a terminal with few lines."""
    heading = _heading(picture)
    with_address = [part for part in picture.parts if part.address or part.state != "ready"]
    return [
        (_lines(heading), len(heading)),
        (_where(picture.places), len(picture.places)),
        (_parts(with_address, headed=False), len(with_address)),
        *_below(picture, notes=1),
    ]


def _lines(texts: Sequence[Text]) -> Text:
    return Text("\n", no_wrap=True, overflow="ellipsis").join(texts)


def _heading(picture: Picture) -> list[Text]:
    lines = [
        Text.assemble(("Siaga ", "bold"), picture.totals),
        Text.assemble(("Broker: ", "bold"), picture.broker),
    ]
    if picture.broker_note:
        lines.append(Text(picture.broker_note, style="yellow"))
    if picture.demo:
        lines.append(Text(DEMO_NOTE, style="cyan"))
    return lines


def _below(picture: Picture, notes: int) -> list[tuple[RenderableType, int]]:
    lines = [
        *_canaries(picture),
        *(Text(f"· {one_line(note)}", style="yellow") for note in picture.notes[-notes:]),
        Text("Ctrl-C stops everything; started again it goes on where it was.", style="dim"),
    ]
    return [(_lines(lines), len(lines))]


def _stories(lines: Sequence[StoryLine], more: int) -> RenderableType:
    table = Table(expand=True, box=None, padding=(0, 1), show_edge=False, header_style="bold cyan")
    table.add_column("seen", no_wrap=True, width=8)
    table.add_column("outlet", no_wrap=True, width=10, overflow="ellipsis")
    table.add_column("story, and what became of it", ratio=1, overflow="ellipsis", no_wrap=True)
    for line in lines:
        table.add_row(
            f"{line.seen_at:%H:%M:%S}", one_line(line.outlet), Text.assemble(_title(line), "\n", _became(line))
        )
    if not lines:
        table.add_row("", "", Text("waiting for the first story …", style="dim"))
    if more > 0:
        table.add_row("", "", Text(f"and {more} more before these", style="dim"))
    return table


def _title(line: StoryLine) -> Text:
    # A headline is hostile: its control codes must not reach the operator's terminal.
    title = Text(one_line(line.title), style="bold" if line.relevant else "dim")
    if line.version > 1:
        title.append(f"  (revision {line.version})", style="cyan")
    return title


def _became(line: StoryLine) -> Text:
    if line.relevant is None:
        return Text("  … on its way to the tagger", style="dim")
    if not line.relevant:
        return Text(f"  not relevant: {one_line(line.reason).replace('_', ' ')}", style="dim")
    # What became of it stands before the labels: a narrow terminal cuts the end.
    text = Text("  ").append(SEVERITY_WORD[line.severity], style=SEVERITY_STYLE[line.severity])
    for style, words in line.fate or (("dim", "deciding who hears"),):
        text.append(" → ", style="dim").append(words, style=style)
    if line.joined > 1:
        text.append(f" · joined ({line.joined} sources)", style="cyan")
    return text.append(f" · {', '.join(line.topics)} · {line.kind} · {' '.join(line.regions) or 'no region'}")


def _where(places: Sequence[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, min_width=max((len(name) for name, _ in places), default=0))
    table.add_column(no_wrap=True, overflow="ellipsis")
    for name, address in places:
        table.add_row(Text(name, style="bold"), Text(address))
    return table


def _canaries(picture: Picture) -> list[Text]:
    """Whether a synthetic alert comes through to each channel: what no part's own health can say."""
    if not picture.canaries:
        return []
    text = Text("canary: ", style="bold cyan")
    for number, line in enumerate(picture.canaries):
        style = "red" if line.is_late(picture.now) else "green" if line.has_come else "yellow"
        text.append(" · " if number else "", style="dim").append(line.words(picture.now), style=style)
    return [text]


def _parts(parts: Sequence[PartLine], *, headed: bool) -> RenderableType:
    table = Table(box=None, padding=(0, 1), header_style="bold cyan", show_edge=False, show_header=headed)
    for column in ("part", "state", "MB", "health, readiness and metrics"):
        table.add_column(column, no_wrap=True, overflow="ellipsis")
    for part in parts:
        style = _STATE_STYLE.get(part.state, "red")
        table.add_row(part.name, Text(part.state, style=style), str(part.memory_mb or "-"), part.address)
    return table
