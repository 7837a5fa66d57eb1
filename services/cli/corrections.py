"""`siaga corrections`: what officials corrected by a button, as labels that `siaga eval` reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import click
import orjson

from services.cli.holdings import stores_at
from services.cli.where import DEFAULT_DATA
from services.notifier.corrections import as_line, read_corrections
from services.runtime.errors import OperatorError
from services.tagger.core.figures import Answer, Gold

_FIELDS = {"relevant": bool, "regions": list}


@click.group("corrections")
def corrections_command() -> None:
    """What officials corrected by a button under an alert.

    \b
    Example:
      siaga corrections export > corrections.jsonl
      siaga eval gold.jsonl --corrections corrections.jsonl
    """


@corrections_command.command("export")
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="From this day on, UTC.")
@click.option(
    "--data",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Folder of the stores (default: {DEFAULT_DATA} where there is one, else the environment).",
)
def export_corrections(since: datetime | None, data: Path | None) -> None:
    """One JSON line a correction: incident, stories, field, what was wrong, what is right if it is known.

    \b
    Example:
      siaga corrections export --since 2026-11-01 | jq -r .field | sort | uniq -c
    """
    begin = since.timestamp() if since else 0.0
    for found in stores_at(data).ask("notifier", lambda conn: list(read_corrections(conn, begin))):
        click.echo(json.dumps(as_line(found), ensure_ascii=False))


@dataclass(frozen=True)
class Judged:
    """One correction of one labelled story, and whether the tagger still says what was corrected."""

    story_id: str
    field: str
    wrong: Any
    now: Any
    still: bool


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The corrections of a file.

    Raises:
        OperatorError: the file cannot be read, or names the line that is no correction.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise OperatorError(str(path), f"cannot be read: {error.strerror}") from None
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = orjson.loads(line)
            wanted = _FIELDS[row["field"]]
            ids = row["story_ids"]
            if not isinstance(row["wrong"], wanted) or not all(isinstance(one, str) for one in ids):
                raise ValueError("wrong or story_ids")
        except (ValueError, KeyError, TypeError) as error:
            raise OperatorError(f"{path}:{number}", f"is no correction: {error!r}") from None
        found.append(row)
    return found


def judge(pairs: Iterable[tuple[Gold, Answer]], corrections: Iterable[dict[str, Any]]) -> Iterator[Judged]:
    """Each correction of a story that is among the labelled ones."""
    answers = {gold.story_id: answer for gold, answer in pairs}
    for row in corrections:
        for story_id in row["story_ids"]:
            answer = answers.get(story_id)
            if answer is None:
                continue
            now = answer.relevant if row["field"] == "relevant" else sorted(answer.regions)
            yield Judged(story_id, row["field"], row["wrong"], now, now == row["wrong"])


def report(pairs: list[tuple[Gold, Answer]], path: Path, errors: int) -> Iterator[str]:
    """What became of the corrections in a file, for people."""
    rows = read_lines(path)
    judged = list(judge(pairs, rows))
    known = {one.story_id for one in judged}
    without = sum(not known & set(row["story_ids"]) for row in rows)
    still = [one for one in judged if one.still]
    yield f"\ncorrections: {len(rows)}, {without} of them on stories that are not labelled here"
    yield f"  {len(judged) - len(still)} no longer said, {len(still)} still said"
    for one in still[:errors]:
        yield f"  {one.story_id}: {one.field} is still {one.wrong!r}"
