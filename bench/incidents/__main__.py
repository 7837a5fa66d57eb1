"""`python -m bench.incidents [quality|copies|cost|join|page]`: measure, keep the figures, write the page.

Each step keeps its figures in ``bench/report/data``; a step that is not named keeps those it had.
"""

from __future__ import annotations

import json
import platform
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bench.incidents.copies import FINDERS, measure
from bench.incidents.cost import ours, peer, signing
from bench.incidents.errors import count_errors
from bench.incidents.page import write_page
from bench.incidents.quality import bcubed, clusters_of, join_stories
from bench.incidents.rejoin import rejoin
from bench.incidents.stories import read_stories
from services.contracts.story import Extraction, StoryPublished
from services.runtime.records import Received
from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook
from services.tagger.labelling import Labelled, label

ROOT = Path(__file__).resolve().parents[2]
DATA = ROOT / "bench" / "report" / "data"
SEED = 20260122
_BASES = 500
_STORIES = 5_000
Figures = dict[str, Any]


def _book() -> Rulebook:
    return load_book(ROOT / "seeds" / "topics", ROOT / "seeds" / "places")


def quality() -> Figures:
    """BCubed over the constructed incidents, by part and language."""
    told, book = read_stories(), _book()
    settled = join_stories(told, book)
    found = clusters_of(settled)
    truth = {one.event.story_id: one.incident for one in told}
    parts: dict[str, list[str]] = {"all": list(truth)}
    for one in told:
        for part in (one.part, one.event.language):
            parts.setdefault(part, []).append(one.event.story_id)
    sizes = Counter(truth.values())
    incident_of = {story: done.incident_id for story, done in settled.items()}
    scores: Figures = {
        part: asdict(score) | {"f1": score.f1} for part, of in parts.items() if (score := bcubed(found, truth, of))
    }
    fresh = [one for one in told if one.part == "fresh"]
    errors = dict(count_errors(fresh, incident_of).most_common())
    return {
        "rules": book.version,
        "incidents": len(sizes),
        "with_2_to_6_stories": sum(2 <= size <= 6 for size in sizes.values()),
        "fresh_incidents": len({one.incident for one in fresh}),
        "not_relevant": sum(incident is None for incident in incident_of.values()),
        "reasons": Counter(done.reason.value for done in settled.values()),
        "bcubed": scores,
        "first": {"fresh": scores["fresh"] | {"rules": book.version, "errors": errors}} | _first_measured(),
        "fresh_errors": errors,
    }


def _first_measured() -> Figures:
    """What was measured of a part before anyone looked at its errors; a later measurement never replaces it."""
    kept = DATA / "incidents-quality.json"
    found: Figures = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    return dict(found.get("first", {}))


def copies() -> Figures:
    """Recall and precision on constructed syndication, ours and the peers'."""
    return {name: asdict(score) | {"recall": score.recall, "precision": score.precision}
            for name, make in FINDERS.items() if (score := measure(make, SEED, _BASES))}  # fmt: skip


def cost() -> Figures:
    """Microseconds a story at growing windows."""
    found: Figures = {"signing_us": signing(SEED), "ours": [], "datasketch": [], "rensa": []}
    for stories in (10_000, 100_000, 1_000_000):
        found["ours"].append(asdict(ours(stories, SEED)))
    for name in ("datasketch", "rensa"):
        found[name] = [asdict(peer(name, stories, SEED)) for stories in (10_000, 100_000)]
    return found


def join() -> Figures:
    """Stories a second through the join alone."""
    book = _book()
    with tempfile.TemporaryDirectory() as folder:
        done = rejoin(_labelled(book), book, Path(folder) / "tagger.sqlite3")
    return asdict(done) | {"per_s": done.per_s}


def _labelled(book: Rulebook) -> Iterator[Labelled]:
    """Made stories, one in ten about an incident of the constructed set shifted through the year."""
    from bench.tagging.corpus import stories  # noqa: PLC0415 - only this step needs it

    told = read_stories()
    start = datetime(2025, 1, 1, tzinfo=UTC)
    for number, row in enumerate(stories(_STORIES, SEED)):
        at = start + timedelta(minutes=number)
        one = told[(number // 10) % len(told)].event
        event = one if number % 10 == 0 else StoryPublished(**_fields(row, at))
        shifted = event.model_copy(update={"story_id": f"made:{number}", "published_at": at, "occurred_at": at})
        yield label(Received(shifted, b"", "stories", 0, number, 0), book)


def _fields(row: Figures, at: datetime) -> Figures:
    return {
        "occurred_at": at, "story_id": row["id"], "version": 1, "outlet": "made.example",
        "url": "https://made.example/", "title": row["title"], "text": row["text"], "language": row["language"],
        "published_at": at, "published_at_source": "feed", "fetched_at": at,
        "extraction": Extraction(method="feed", extractor="made"),
    }  # fmt: skip


STEPS: dict[str, Callable[[], Figures]] = {"quality": quality, "copies": copies, "cost": cost, "join": join}


def main(wanted: list[str]) -> int:
    """Run the steps, all by default."""
    unknown = [name for name in wanted if name not in {*STEPS, "page"}]
    if unknown:
        print(f"bench.incidents: no step {unknown[0]}; there are {', '.join(STEPS)} and page", file=sys.stderr)
        return 2
    DATA.mkdir(parents=True, exist_ok=True)
    for name in wanted or STEPS:
        if name in STEPS:
            figures = STEPS[name]() | {"python": platform.python_version()}
            (DATA / f"incidents-{name}.json").write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
            print(name, "done", file=sys.stderr)
    write_page(DATA, DATA.parent / "incidents.md")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
