"""`siaga tag` and `siaga eval` as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from services.cli.evaluate import eval_command
from services.cli.tag import tag_command
from tests.tagger.builders import INTERCEPTED, INTERCEPTED_TITLE

LINE = json.dumps({"id": "1", "title": INTERCEPTED_TITLE, "text": INTERCEPTED, "language": "id", "extra": 1})


def run(*lines: str, options: tuple[str, ...] = ()) -> tuple[int, list[dict[str, object]]]:
    result = CliRunner().invoke(tag_command, ["--jsonl", *options], input="\n".join(lines))
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    "bad", ["{", "[]", '{"title": "no id"}', '{"id": 3, "text": "x"}', '{"id": "2", "text": 5}']
)
def test_a_bad_line_is_an_error_line_and_the_rest_is_tagged(bad: str) -> None:
    code, rows = run(bad, LINE)
    assert code == 1
    assert "error" in rows[0]
    assert rows[1]["relevant"] is True


def test_good_lines_end_well() -> None:
    code, rows = run(LINE, "", LINE)
    assert code == 0
    assert [row["id"] for row in rows] == ["1", "1"]


def test_a_row_has_the_agreed_fields() -> None:
    _, [row] = run(LINE)
    assert set(row) == {"id", "relevant", "topics", "kind", "severity", "places", "facts", "language"}
    whole = f"{INTERCEPTED_TITLE}\n{INTERCEPTED}"
    for label in (*row["topics"], *row["places"]):  # type: ignore[misc]
        for span in label["evidence"]:
            assert whole[span["start"] : span["end"]] == span["text"]


def test_an_empty_story_is_not_relevant() -> None:
    code, [row] = run(json.dumps({"id": "1", "title": "", "text": ""}))
    assert (code, row["relevant"], row["topics"]) == (0, False, [])


def test_explain_names_the_rules() -> None:
    _, [row] = run(LINE, options=("--explain",))
    assert any(step["rule"].startswith("illegal_labour_placement/") for step in row["explain"])  # type: ignore[attr-defined]


def test_workers_keep_the_order() -> None:
    lines = [json.dumps({"id": str(n), "text": "Harga cabai naik."}) for n in range(150)]
    _, rows = run(*lines, options=("--workers", "2"))
    assert [row["id"] for row in rows] == [str(n) for n in range(150)]


def test_eval_prints_intervals() -> None:
    result = CliRunner().invoke(eval_command, [str(Path(__file__).parent / "gold.jsonl"), "--errors", "0"])
    assert result.exit_code == 0
    assert "precision" in result.output and "language en" in result.output
