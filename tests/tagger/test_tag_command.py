"""`siaga tag` and `siaga eval` as a shell sees them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from services.cli.evaluate import eval_command
from services.cli.tag import tag_command
from services.runtime.errors import OperatorError
from tests.tagger.builders import INTERCEPTED, INTERCEPTED_TITLE

LINE = json.dumps({"id": "1", "title": INTERCEPTED_TITLE, "text": INTERCEPTED, "language": "id", "extra": 1})


def run(*lines: str, options: tuple[str, ...] = ()) -> tuple[int, list[dict[str, object]]]:
    result = CliRunner().invoke(tag_command, ["--jsonl", *options], input="\n".join(lines))
    return result.exit_code, [json.loads(line) for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    "bad",
    [
        "{",
        "[]",
        '{"title": "no id"}',
        '{"id": 3, "text": "x"}',
        '{"id": "2", "text": 5}',
        '{"id": "2", "titel": "x"}',
    ],
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


def labelled(**changes: Any) -> str:
    label = {
        "relevant": True,
        "topics": ["drug_trafficking"],
        "kind": "enforcement",
        "severity": 2,
        "regions": ["ID-NT"],
    }
    return json.dumps({"id": "1", "title": INTERCEPTED_TITLE, "text": INTERCEPTED, "gold": label | changes})


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("", "holds no labelled story"),
        ("\n\n", "holds no labelled story"),
        ("{", ":1: is no labelled story"),
        ("[]", ":1: is no labelled story"),
        (f"{labelled()}\n{LINE}", ":2: has no 'gold'"),
        ('{"id": "1", "text": "x", "gold": {}}', "has no 'relevant'"),
        ('{"id": "1", "text": "x", "gold": true}', "gold has to be an object"),
        ('{"id": "1", "text": 5, "gold": {"relevant": true}}', "text has to be a string"),
        (labelled(severity="high"), "gold.severity 'high' is not 0 to 4"),
        (labelled(severity=[2]), "gold.severity"),
        (labelled(topics="drug_trafficking"), "gold.topics has to be a list of words"),
    ],
)
def test_a_file_that_cannot_be_measured_is_one_line(written: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(written)
    failed = CliRunner().invoke(eval_command, [str(path)])
    assert isinstance(failed.exception, OperatorError), failed.output
    assert said in str(failed.exception)


def test_a_labelled_file_is_measured(tmp_path: Path) -> None:
    path = tmp_path / "gold.jsonl"
    path.write_text(f"{labelled()}\n\n")
    assert CliRunner().invoke(eval_command, [str(path)]).output.startswith("1 stories")
