"""The first page of the benches says what the figures say, and nothing that nobody measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from bench.goals import GOALS, REPORT, Goal, page, plot

ROOT = Path(__file__).resolve().parents[2]


def a_goal(**changed: Any) -> Goal:
    given: dict[str, Any] = {
        "what": "speed", "aim": 100, "unit": "/s", "file": "data/x.json", "find": lambda d: d["speed"],
        "page": "x.md", "command": "make x",
    }  # fmt: skip
    return Goal(**given | changed)


def a_report(folder: Path, figures: dict[str, float]) -> Path:
    (folder / "data").mkdir()
    (folder / "data" / "x.json").write_text(json.dumps(figures), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("more", "value", "met"), [(True, 100, True), (True, 99, False), (False, 100, True), (False, 101, False)]
)
def test_a_goal_is_met_from_its_own_side(more: bool, value: float, met: bool) -> None:
    assert a_goal(more=more).met(value) is met


def test_a_missed_goal_is_called_missed(tmp_path: Path) -> None:
    text = page((a_goal(),), a_report(tmp_path, {"speed": 99}))
    assert "**missed**" in text
    assert "**0 of 1 goals are met**" in text


def test_a_met_goal_is_not_called_missed(tmp_path: Path) -> None:
    text = page((a_goal(),), a_report(tmp_path, {"speed": 100}))
    assert "**missed**" not in text
    assert "**1 of 1 goals are met**" in text


def test_a_figure_nobody_made_is_named_with_its_command(tmp_path: Path) -> None:
    text = page((a_goal(),), tmp_path)
    assert "not yet: `make x`" in text
    assert "**0 of 1 goals are met**, 0 missed, 1 not measured" in text


def test_a_figure_that_was_renamed_counts_as_not_measured(tmp_path: Path) -> None:
    assert a_goal().found(a_report(tmp_path, {"pace": 100})) is None


def test_a_bar_that_falls_short_has_another_colour(tmp_path: Path) -> None:
    report = a_report(tmp_path, {"speed": 50})
    short, reached = (plot((a_goal(aim=aim),), report) for aim in (100, 50))
    assert "#b5482a" in short
    assert "#b5482a" not in reached


def test_the_committed_page_is_made_of_the_committed_figures() -> None:
    assert (ROOT / REPORT / "README.md").read_text(encoding="utf-8") == page(GOALS, ROOT / REPORT)


def test_every_page_a_measured_goal_points_to_exists() -> None:
    measured = [goal for goal in GOALS if goal.found(ROOT / REPORT) is not None]
    assert not [goal.page for goal in measured if not (ROOT / REPORT / goal.page).is_file()]
