"""``siaga tag``: tag stories from stdin, one JSON line each, with the same function as the service."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from itertools import chain, islice
from pathlib import Path
from typing import Any

import click
import orjson

from services.tagger.book_files import load_for_good
from services.tagger.core.book import Rulebook
from services.tagger.core.fact_card import rows_of
from services.tagger.core.story import Article, Tagging, tag_stories

_SEEDS = Path(__file__).resolve().parents[2] / "seeds"
_CHUNK = 64
#: From input lines to output lines, each with whether its input was bad.
LineTagger = Callable[[Sequence[bytes]], list[tuple[bytes, bool]]]
_taggers: list[LineTagger] = []  # one a worker process; filled by ``_start``


@click.command("tag")
@click.option("--jsonl", is_flag=True, required=True, help="read JSON lines from stdin, write one line each")
@click.option("--workers", type=click.IntRange(1, 64), default=1, show_default=True, help="processes")
@click.option("--explain", is_flag=True, help="add every rule that fired, held back or vetoed")
@click.option(
    "--seeds",
    type=click.Path(path_type=Path, file_okay=False),
    default=_SEEDS,
    help="folder with topics/ and places/",
)
def tag_command(jsonl: bool, workers: int, explain: bool, seeds: Path) -> None:
    """Tag stories without a broker.

    Example: siaga tag --jsonl < stories.jsonl > labels.jsonl
    """
    del jsonl
    failed = False
    for line, bad in _tagged(sys.stdin.buffer, workers, explain, seeds):
        failed |= bad
        sys.stdout.buffer.write(line + b"\n")
    sys.stdout.buffer.flush()
    if failed:
        raise SystemExit(1)


def _tagged(lines: Iterable[bytes], workers: int, explain: bool, seeds: Path) -> Iterator[tuple[bytes, bool]]:
    full = (line for line in lines if line.strip())
    if workers == 1:
        tag = line_tagger(load_for_good(seeds / "topics", seeds / "places"), explain)
        while block := list(islice(full, _CHUNK)):
            yield from tag(block)
        return
    with ProcessPoolExecutor(workers, initializer=_start, initargs=(seeds, explain)) as pool:
        while block := list(islice(full, _CHUNK * workers * 4)):
            chunks = [block[at : at + _CHUNK] for at in range(0, len(block), _CHUNK)]
            yield from chain.from_iterable(pool.map(_tag, chunks))


def _start(seeds: Path, explain: bool) -> None:
    _taggers.append(line_tagger(load_for_good(seeds / "topics", seeds / "places"), explain))


def _tag(lines: Sequence[bytes]) -> list[tuple[bytes, bool]]:
    return _taggers[0](lines)


def line_tagger(book: Rulebook, explain: bool) -> LineTagger:
    """A function from input lines to their output lines, each with whether its input was bad."""

    def tag(lines: Sequence[bytes]) -> list[tuple[bytes, bool]]:
        read = [_read(line) for line in lines]
        tagged = tag_stories((one for one in read if isinstance(one, Article)), book)
        return [(one, True) if isinstance(one, bytes) else (_line(next(tagged), explain), False) for one in read]

    return tag


def _read(line: bytes) -> Article | bytes:
    """The story of a line, or the line that says why it holds none."""
    row: Any = None
    try:
        row = orjson.loads(line)
        return article_of_row(row)
    except ValueError as error:
        known = row.get("id") if isinstance(row, dict) else None
        return orjson.dumps({"id": known, "error": str(error)})


def _line(tagging: Tagging, explain: bool) -> bytes:
    return orjson.dumps(row_of(tagging, explain=explain))


def article_of_row(row: Any) -> Article:
    """The story of an input line.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(row, dict):
        raise ValueError("a line has to be a JSON object")  # noqa: TRY004  # bad data, not a bad call
    if row.keys().isdisjoint(("title", "text")):
        raise ValueError("neither title nor text is given")  # else a mistyped key is a story of no concern
    fields = {name: row.get(name) or "" for name in ("title", "text", "language", "outlet")}
    for name, value in (("id", row.get("id")), *fields.items()):
        if not isinstance(value, str) or (name == "id" and not value):
            raise ValueError(f"{name} has to be a string")
    return Article(
        story_id=row["id"],
        title=fields["title"],
        text=fields["text"],
        language=fields["language"] or "und",
        outlet=fields["outlet"],
        published=day_of(row.get("published")),
    )


def day_of(value: Any) -> date | None:
    """The day of a date in ISO form; None where it is none."""
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None


def row_of(tagging: Tagging, *, explain: bool) -> dict[str, Any]:
    """The output line of a tagging."""
    row: dict[str, Any] = {
        "id": tagging.story_id,
        "relevant": tagging.relevant,
        "topics": [
            {"code": t.topic.value, "score": t.score, "evidence": [span._asdict() for span in t.evidence]}
            for t in tagging.topics
        ],
        "kind": tagging.kind.value if tagging.kind else None,
        "severity": int(tagging.severity) if tagging.relevant else None,
        "places": [
            {
                "name": p.entry.name,
                "region": p.entry.region,
                "district": p.entry.district,
                "country": p.entry.country,
                "role": p.role.value,
                "evidence": [span._asdict() for span in p.evidence],
            }
            for p in tagging.places
        ],
        "facts": dict(rows_of(tagging.facts, tagging.story_id)),
        "language": tagging.language,
    }
    if explain:
        row["reason"] = tagging.reason
        row["triggers"] = [
            {"code": t.code, "evidence": [span._asdict() for span in t.evidence]} for t in tagging.triggers
        ]
        row["explain"] = [
            {"step": t.step, "rule": t.rule, "points": t.points, "sentences": list(t.sentences)}
            for t in tagging.traces
        ]
    return row


if __name__ == "__main__":
    tag_command()
