"""Tag the same stories by this checkout and by another one, and name the first that differ.

    .venv/bin/python -m bench.tagging.same OTHER [--stories 3000] [--more FILE.jsonl ...]

The stories: every labelled, red-team and incident story of the tests, made ones, crafted texts, and seeded
mosaics of all of their sentences.  Both sides read the rules of this checkout; compared are the line of
``siaga tag --explain`` and the event with the cleared text, byte for byte.  Exit code 1 where one differs.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TESTS = ROOT / "tests" / "tagger"
_SHOWN = 5
_CRAFTED = 5_000
_MOSAICS = 1_500
_SENTENCE = re.compile(r"[^\n.]{10,300}[.\n]?")


def main() -> int:
    """Make the stories, tag them twice, compare."""
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    asked.add_argument("other", type=Path)
    asked.add_argument("--stories", type=int, default=3_000, help="made ones")
    asked.add_argument("--more", type=Path, nargs="*", default=[], help="further JSON lines with title and text")
    options = asked.parse_args()
    rows = list(material(options.stories, options.more))
    given = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    ours, theirs = (tagged_by(root, given) for root in (ROOT, options.other.resolve()))
    different = [number for number, pair in enumerate(zip(ours, theirs, strict=True)) if pair[0] != pair[1]]
    for number in different[:_SHOWN]:
        print(f"{rows[number]['id']} {rows[number]['title'][:60]}\n  {_first(ours[number], theirs[number])}")
    print(f"{len(rows):,} stories, {len(different):,} different")
    return 1 if different else 0


def material(made: int, more: list[Path]) -> Iterator[dict[str, Any]]:
    """The stories; the same each time."""
    from bench.tagging import corpus, crafted  # noqa: PLC0415 - not needed by the side that only tags

    files = [TESTS / f"{name}.jsonl" for name in ("gold", "redteam", "incidents")]
    sentences: list[str] = []
    for file in [*files, *more]:
        for number, line in enumerate(file.read_text("utf-8").splitlines()):
            row = json.loads(line)
            sentences += _SENTENCE.findall(row["text"])
            yield _row(f"{file.stem}:{number}", row)
    for row in corpus.stories(made, 77):
        yield _row(row["id"], row)
    for name, make in crafted.TEXTS.items():
        yield _row(f"crafted:{name}", {"title": "Judul", "text": make(_CRAFTED)})
    pieces = [make(60) for make in crafted.TEXTS.values()]
    for number in range(_MOSAICS):
        chance = random.Random(number)
        bank = [
            *chance.choices(sentences, k=chance.randrange(1, 40)),
            *chance.choices(pieces, k=chance.randrange(4)),
        ]
        chance.shuffle(bank)
        text = "".join(piece + chance.choice(("", " ", " ", "\n")) for piece in bank)
        yield _row(f"mosaic:{number}", {"title": chance.choice(sentences)[:120].strip(), "text": text})


def _row(story_id: str, row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: row.get(name) or "" for name in ("title", "text", "language", "outlet", "published")}
    return {"id": story_id, **kept, "title": kept["title"] or "Berita"}


def tagged_by(root: Path, given: bytes) -> list[str]:
    """What the code of a checkout says of each story, with the rules of this one."""
    command = [sys.executable, __file__, "--print"]
    environment = os.environ | {"PYTHONPATH": str(root)}
    ran = subprocess.run(command, cwd=root, env=environment, input=given, stdout=subprocess.PIPE, check=True)
    return ran.stdout.decode().splitlines()


def tag_and_print() -> None:
    """What ``tagged_by`` runs: the line of ``siaga tag --explain`` and the event with the cleared text."""
    from services.cli.tag import row_of  # noqa: PLC0415 - of the checkout in PYTHONPATH
    from services.contracts.story import Extraction, StoryPublished  # noqa: PLC0415
    from services.tagger.book_files import load_book  # noqa: PLC0415
    from services.tagger.core.story import article_of, tag_story, to_event  # noqa: PLC0415

    book = load_book(ROOT / "seeds" / "topics", ROOT / "seeds" / "places")
    for line in sys.stdin:
        row = json.loads(line)
        at = datetime.fromisoformat((row["published"] or "2026-01-22")[:10]).replace(tzinfo=UTC)
        fields = {
            "story_id": row["id"],
            "title": row["title"],
            "text": row["text"],
            "outlet": row["outlet"] or "made",
        }
        story = StoryPublished(
            **fields,
            occurred_at=at,
            version=1,
            url="https://example.org/",
            language=row["language"] or "und",
            published_at=at,
            published_at_source="feed",
            fetched_at=at,
            extraction=Extraction(method="feed", extractor="made"),
        )
        tagging = tag_story(article_of(story), book)
        event = to_event(tagging, story, book, at, "incident" if tagging.relevant else None)
        event = event.model_copy(update={"tagger_version": "not compared"})  # other code calls itself otherwise
        print(json.dumps(row_of(tagging, explain=True)), event.model_dump_json())


def _first(ours: str, theirs: str) -> str:
    at = next((at for at, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), 0)
    return f"here  {ours[max(0, at - 60) : at + 90]}\n  there {theirs[max(0, at - 60) : at + 90]}"


if __name__ == "__main__":
    if sys.argv[1:] == ["--print"]:
        sys.path[:] = [path for path in sys.path if Path(path) != Path(__file__).parent]
        tag_and_print()
    else:
        sys.exit(main())
