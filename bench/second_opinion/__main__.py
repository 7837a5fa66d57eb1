"""What does the second opinion hold back of sources it was not taught?  Whole sources are left out of learning.

For each --held a model is learned from the files that do not begin so, and asked about those that do:

    python -m bench.second_opinion JUDGED.jsonl [...] --held C --held I [--told TOLD.jsonl]

--told is the output of ``siaga tag --jsonl --explain`` of an older checkout on these stories: what rules that had
not seen them told.  Without it the present rules are asked, which may have been written with the stories in view.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import orjson

from bench.second_opinion.learning import Judged, learn
from bench.second_opinion.marks import give_opinion, marks_to_learn
from services.cli.evaluate import read_gold
from services.contracts.codes import Severity
from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook
from services.tagger.core.figures import Share
from services.tagger.core.language import detect
from services.tagger.core.story import Article, tag_story
from services.tagger.core.topics import Trace

_SEEDS = Path(__file__).parents[2] / "seeds"
_OPENING = 200
_FOLDS = 5


@dataclass(frozen=True)
class Told:
    """What some rules made of a story."""

    relevant: bool
    severity: int
    traces: tuple[Trace, ...]


@dataclass(frozen=True)
class Figures:
    """Told stories of a source the weights have not seen, before and after."""

    held: str
    learned_from: int
    right: int
    wrong: int
    right_held_back: int
    wrong_held_back: int
    precision_before: str
    precision_after: str
    right_kept: str


def told_of(path: Path) -> dict[str, Told]:
    """The answers of `siaga tag --jsonl --explain`, by story."""
    rows = (orjson.loads(line) for line in path.read_bytes().splitlines())
    return {
        row["id"]: Told(
            row["relevant"],
            row["severity"] or 0,
            tuple(Trace(t["step"], t["rule"], t["points"], tuple(t["sentences"])) for t in row["explain"]),
        )
        for row in rows
    }


def stories_of(paths: Iterable[Path], book: Rulebook, told: Mapping[str, Told]) -> Iterator[tuple[Judged, int]]:
    """Each sure story once, with the severity it was told at."""
    seen: set[tuple[str, str]] = set()
    for path in paths:
        for article, gold in read_gold(path):
            key = (article.title, article.text[:_OPENING])
            if not gold.sure or key in seen:
                continue
            seen.add(key)
            answer = told.get(gold.story_id) or _asked(article, book)
            marks = marks_to_learn(article, book, answer.traces)
            language = "id" if detect(article.text or article.title, article.language) in {"id", "ms"} else "other"
            judged = Judged(gold.story_id, path.stem, gold.relevant, answer.relevant, marks, language)
            yield judged, answer.severity


def _asked(article: Article, book: Rulebook) -> Told:
    tagging = tag_story(article, book)
    return Told(tagging.relevant, int(tagging.severity), tagging.traces)


def measure(stories: Sequence[tuple[Judged, int]], held: str, lost: float) -> Figures:
    """What is held back of the sources that begin with ``held`` by weights of all the others."""
    others = [one for one, _ in stories if not one.group.startswith(held)]
    asked = [(one, severity) for one, severity in stories if one.group.startswith(held) and one.told]
    weights, _ = learn(others, lost, _FOLDS)
    back = [one for one, severity in asked if severity < Severity.HIGH and give_opinion(one.marks, weights).held]
    right, right_back = sum(one.relevant for one, _ in asked), sum(one.relevant for one in back)
    return Figures(
        held=held,
        learned_from=len(others),
        right=right,
        wrong=len(asked) - right,
        right_held_back=right_back,
        wrong_held_back=len(back) - right_back,
        precision_before=_share(right, len(asked)),
        precision_after=_share(right - right_back, len(asked) - len(back)),
        right_kept=_share(right - right_back, right),
    )


def _share(part: int, whole: int) -> str:
    share = Share(part, whole)
    low, high = share.interval
    return f"{part}/{whole} = {share.value:.3f} ({low:.3f}..{high:.3f})"


def main(arguments: Sequence[str]) -> int:
    """Print the figures, and write them where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("judged", type=Path, nargs="+")
    parser.add_argument("--held", action="append", required=True, help="how the names of the held files begin")
    parser.add_argument("--told", type=Path)
    parser.add_argument("--lost", type=float, default=0.02)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args(arguments)
    book = load_book(_SEEDS / "topics", _SEEDS / "places")
    stories = list(stories_of(options.judged, book, told_of(options.told) if options.told else {}))
    figures = [asdict(measure(stories, held, options.lost)) for held in options.held]
    text = json.dumps(figures, indent=2) + "\n"
    print(text, end="")
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
