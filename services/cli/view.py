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

DEMO_NOTE = (
    "Demo: five articles retold and invented stories, marked so in seeds/stories; digests come every two minutes."
)


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
    """One frame that fits ``height`` lines; the newest stories come first."""
    fixed = len(picture.parts) + len(picture.places) + min(len(picture.notes), 3) + 15
    room = max(4, (height - fixed) // 2)
    return Group(
        _heading(picture),
        _stories(picture.stories[:room], len(picture.stories) - room),
        _where(picture.places),
        _parts(picture.parts),
        *_canaries(picture),
        *(Text(f"· {note}", style="yellow") for note in picture.notes[-3:]),
        Text("Ctrl-C stops everything; started again it goes on where it was.", style="dim"),
    )


def _heading(picture: Picture) -> RenderableType:
    text = Text.assemble(("Siaga ", "bold"), (picture.totals, ""), "\n", ("Broker: ", "bold"), picture.broker)
    if picture.broker_note:
        text.append(f"\n{picture.broker_note}", style="yellow")
    if picture.demo:
        text.append(f"\n{DEMO_NOTE}", style="cyan")
    return Panel(text, border_style="cyan", padding=(0, 1))


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
        return Text(f"  not relevant: {one_line(line.reason)}", style="dim")
    text = Text("  ")
    text.append(SEVERITY_WORD[line.severity], style=SEVERITY_STYLE[line.severity])
    text.append(f" · {', '.join(line.topics)} · {line.kind} · {' '.join(line.regions) or 'no region'}")
    if line.joined > 1:
        text.append(f" · joined ({line.joined} sources)", style="cyan")
    for style, words in line.fate or (("dim", "deciding who hears"),):
        text.append(" → ", style="dim")
        text.append(words, style=style)
    return text


def _where(places: Sequence[tuple[str, str]]) -> RenderableType:
    table = Table.grid(padding=(0, 2))
    for name, address in places:
        table.add_row(Text(name, style="bold"), address)
    return Panel(table, title="read it here", title_align="left", border_style="dim", padding=(0, 1))


def _canaries(picture: Picture) -> list[Text]:
    """Whether a synthetic alert comes through to each channel: what no part's own health can say."""
    if not picture.canaries:
        return []
    text = Text("  canary: ", style="bold cyan")
    for number, line in enumerate(picture.canaries):
        style = "red" if line.is_late(picture.now) else "green" if line.has_come else "yellow"
        text.append(" · " if number else "", style="dim").append(line.words(picture.now), style=style)
    return [text]


def _parts(parts: Sequence[PartLine]) -> RenderableType:
    table = Table(box=None, padding=(0, 2), header_style="bold cyan", show_edge=False)
    for column in ("part", "state", "MB", "health, readiness and metrics"):
        table.add_column(column, no_wrap=True)
    for part in parts:
        style = _STATE_STYLE.get(part.state, "red")
        table.add_row(part.name, Text(part.state, style=style), str(part.memory_mb or "-"), part.address)
    return table
