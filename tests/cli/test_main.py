"""The command line answers for every command, with an example, and never with a traceback."""

from __future__ import annotations

import io
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from rich.console import Console

from services.cli.canary_line import CanaryLine
from services.cli.main import COMMANDS
from services.cli.view import PartLine, Picture, StoryLine, draw
from services.notifier.canary import Seen


def siaga(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "services.cli.main", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself_with_an_example(command: str) -> None:
    done = siaga(command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Example:" in done.stdout


def test_a_command_that_does_not_exist_is_one_line_and_status_2() -> None:
    done = siaga("dance")
    assert done.returncode == 2
    assert "dance" in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize("words", [(), ("officials",), ("officials", "admin"), ("webhooks",)], ids=" ".join)
def test_a_command_without_what_to_do_shows_what_there_is_and_status_2(words: tuple[str, ...]) -> None:
    done = siaga(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert "\nCommands:\n" in done.stderr
    assert "Traceback" not in done.stderr


def test_data_and_messages_go_their_own_ways() -> None:
    done = siaga("why", "x", "--data", "/nowhere")
    assert done.stdout == ""
    assert "/nowhere" in done.stderr


def line(title: str, **changes: object) -> StoryLine:
    values: dict[str, object] = {
        "story_id": "s",
        "seen_at": datetime(2026, 11, 22, tzinfo=UTC),
        "outlet": "antara",
        "title": title,
        "version": 1,
        "relevant": True,
        "topics": ("human_trafficking",),
        "kind": "incident",
        "severity": 4,
        "regions": ("ID-NT",),
        "fate": (("green", "pushed: Telegram 2"),),
    }
    return StoryLine(**(values | changes))  # type: ignore[arg-type]


def shown(stories: list[StoryLine], height: int = 40, width: int = 120) -> str:
    picture = Picture(
        broker="embedded at 127.0.0.1:1",
        broker_note="in memory",
        stories=stories,
        parts=[PartLine("ingest", "ready", "http://127.0.0.1:1/healthz", 90)],
        places=[("Telegram", "http://127.0.0.1:2/")],
        notes=[],
        totals="1 stories",
    )
    console = Console(width=width, height=height, record=True, file=io.StringIO())
    console.print(draw(picture, height))
    return console.export_text()


def test_the_view_shows_what_became_of_a_story() -> None:
    text = shown([line("Kapal tenggelam")])
    assert "Kapal tenggelam" in text
    assert "critical → pushed: Telegram 2 · human_trafficking · incident · ID-NT" in text


def test_a_headline_with_markup_or_control_codes_is_shown_as_it_is_and_does_nothing() -> None:
    text = shown([line("[red]merah[/red] \x1b[2Jhapus")])
    assert "[red]merah[/red]" in text
    assert "\x1b" not in text


def test_a_story_not_yet_tagged_shows_no_headline_of_its_own() -> None:
    text = shown([line("…", relevant=None)])
    assert "on its way to the tagger" in text


def a_full_picture(stories: int) -> Picture:
    """As a demo shows it once something went wrong, with lines that are too long for any terminal."""
    ports = {"stand-ins": "", "ingest": "8601", "tagger": "8602", "notifier": "8603"}
    return Picture(
        broker="embedded at 127.0.0.1:1",
        broker_note="in memory " + "and so on " * 50,
        stories=[line(f"Berita {number} " + "panjang " * 50) for number in range(stories)],
        parts=[
            PartLine(name, "ready", f"http://127.0.0.1:{port}/healthz  /readyz  /metrics" if port else "", 120)
            for name, port in ports.items()
        ],
        places=[
            (name, f"{name}'s address " + "x" * 200)
            for name in ("Telegram", "Desk", "", "E-mail", "Feeds", "Logs")
        ],
        notes=[f"a part ended {number} " + "and again " * 50 for number in range(5)],
        totals="100 stories",
        demo=True,
        canaries=[CanaryLine(name, Seen(0.0, 0.0), 60.0) for name in ("telegram", "email")],
    )


@pytest.mark.parametrize("height", range(24, 81, 4))
@pytest.mark.parametrize("width", [80, 132, 200])
def test_the_view_fits_the_terminal_with_all_an_operator_needs(height: int, width: int) -> None:
    console = Console(width=width, height=height, record=True, file=io.StringIO())
    console.print(draw(a_full_picture(100), height))
    text = console.export_text()
    assert len(text.rstrip("\n").splitlines()) <= height
    assert max(len(row) for row in text.splitlines()) <= width
    for needed in (
        "→ pushed: Telegram 2",
        ":8601/healthz",
        ":8603/healthz  /readyz  /metrics",
        "Telegram  Telegram's",
        "Ctrl-C",
    ):
        assert needed in text
    assert "a part ended 4" in text


def test_a_high_terminal_shows_more_stories_than_a_low_one() -> None:
    assert shown([line(f"Berita {number}") for number in range(100)], height=80).count("Berita") > 20
