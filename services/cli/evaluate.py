"""``siaga eval``: the tagger's figures on a labelled file, with intervals and the worst errors."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

from services.cli.corrections import report
from services.cli.evaluate_against import lines_of
from services.cli.evaluate_folds import SCALES, out_of_fold, resampled, scaled
from services.cli.tag import article_of_row
from services.contracts.codes import Role, Severity
from services.runtime.errors import OperatorError
from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook
from services.tagger.core.figures import MIN_ROWS, Answer, Figures, Gold, by_language, compare
from services.tagger.core.story import Article, Tagging, tag_stories

_SEEDS = Path(__file__).resolve().parents[2] / "seeds"
_SCENE = frozenset({Role.EVENT, Role.VENUE})


@click.command("eval")
@click.argument("gold", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--errors", type=click.IntRange(0), default=10, show_default=True, help="worst errors to print")
@click.option(
    "--seeds",
    type=click.Path(path_type=Path, file_okay=False),
    default=_SEEDS,
    help="folder with topics/ and places/",
)
@click.option("--folds", type=click.IntRange(2, 50), help="measure out of fold, in so many folds")
@click.option(
    "--against",
    type=click.Path(path_type=Path, file_okay=False),
    help="another seeds folder: print what these rules gain and lose against it, story by story",
)
@click.option(
    "--corrections",
    type=click.Path(path_type=Path, dir_okay=False),
    help="what officials corrected, from `siaga corrections export`: is it still said?",
)
def eval_command(
    gold: Path, errors: int, seeds: Path, folds: int | None, against: Path | None, corrections: Path | None
) -> None:
    """Print how well the tagger does on GOLD, a file of labelled stories.

    Each line is a story as `siaga tag` reads it, with "gold": {relevant, topics, kind, severity, regions,
    countries, sure}.

    Example: siaga eval tests/tagger/gold.jsonl --errors 20
    """
    labelled = list(read_gold(gold))
    if not labelled:
        raise OperatorError(str(gold), "holds no labelled story")
    book = _book(seeds)
    if against is not None:
        before, after = _answers(labelled, _book(against)), _answers(labelled, book)
        for line in lines_of(before, after, (str(against), str(seeds)), errors):
            click.echo(line)
        return
    if folds is None:
        pairs = _answers(labelled, book)
        click.echo(f"{compare(pairs).stories} stories, rules {book.version}\n")
    else:
        found = out_of_fold({scale: _answers(labelled, scaled(book, scale)) for scale in SCALES}, folds)
        pairs = found.pairs
        chosen = ", ".join(f"x{scale} in {times}" for scale, times in sorted(found.chosen.items()))
        click.echo(f"{compare(pairs).stories} stories in {folds} folds, rules {book.version}")
        click.echo(f"fitted on the other folds: the scale of the thresholds ({chosen})")
        click.echo("not fitted anew: the rules, written by hand, perhaps with these stories in view\n")
    _print(pairs, errors)
    for line in report(pairs, corrections, errors) if corrections else ():
        click.echo(line)


def _book(seeds: Path) -> Rulebook:
    return load_book(seeds / "topics", seeds / "places")


def _answers(labelled: Sequence[tuple[Article, Gold]], book: Rulebook) -> list[tuple[Gold, Answer]]:
    tagged = tag_stories((article for article, _ in labelled), book)
    return [(label, answer_of(tagging)) for (_, label), tagging in zip(labelled, tagged, strict=True)]


def _print(pairs: list[tuple[Gold, Answer]], errors: int) -> None:
    figures = compare(pairs)
    _print_shares(figures)
    click.echo("\ntopic                        F1     right wrong missed")
    for code, topic in figures.topics.items():
        few = "" if topic.rows >= MIN_ROWS else f"   fewer than {MIN_ROWS} rows"
        click.echo(f"{code:27} {topic.f1:5.3f}   {topic.right:5} {topic.wrong:5} {topic.missed:6}{few}")
    for name, score in _SCORES.items():
        low, high = resampled(pairs, score)
        click.echo(f"{name:27} {score(figures):5.3f}   ({low:.3f}-{high:.3f})")
    for language, own in by_language(pairs).items():
        click.echo(f"\nlanguage {language}: {own.stories} stories")
        _print_shares(own)
    if errors and figures.errors:
        click.echo("\nworst errors")
        for _, line in figures.errors[:errors]:
            click.echo(f"  {line}")


_SCORES: dict[str, Callable[[Figures], float]] = {
    f"macro, {MIN_ROWS} rows or more": lambda figures: figures.macro_f1_of_many,
    "macro, all": lambda figures: figures.macro_f1,
    "micro": lambda figures: figures.micro_f1,
}


def _print_shares(figures: Figures) -> None:
    for name, share in figures.shares.items():
        low, high = share.interval
        click.echo(f"{name:22} {share.value:5.3f}  ({low:.3f}-{high:.3f})  {share.hits}/{share.of}")


def answer_of(tagging: Tagging) -> Answer:
    """A tagging as the figures see it."""
    return Answer(
        relevant=tagging.relevant,
        topics=tuple(found.topic.value for found in tagging.topics),
        kind=tagging.kind.value if tagging.kind else None,
        severity=int(tagging.severity),
        regions=frozenset(p.entry.region for p in tagging.places if p.role in _SCENE and p.entry.region),
        countries=frozenset(p.entry.country for p in tagging.places if p.role in _SCENE),
        reason=tagging.reason,
    )


def read_gold(path: Path) -> Iterator[tuple[Article, Gold]]:
    """The stories and labels of a file.

    Raises:
        OperatorError: the file cannot be read, or names the line that is not a labelled story.
    """
    try:
        lines = path.read_bytes().splitlines()
    except OSError as error:
        raise OperatorError(str(path), f"cannot be read: {error.strerror}") from None
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield _pair(orjson.loads(line))
        except KeyError as error:
            raise OperatorError(f"{path}:{number}", f"has no {error.args[0]!r}; see siaga eval --help") from None
        except ValueError as error:
            raise OperatorError(f"{path}:{number}", f"is no labelled story: {error}") from None


def _pair(row: Any) -> tuple[Article, Gold]:
    article = article_of_row(row)
    label = row["gold"]
    if not isinstance(label, dict):
        raise ValueError("gold has to be an object")  # noqa: TRY004  # bad data, not a bad call
    severity = label.get("severity")
    if severity is not None and severity not in tuple(Severity):
        raise ValueError(f"gold.severity {severity!r} is not 0 to 4")
    return article, Gold(
        story_id=article.story_id,
        title=article.title or article.text[:80],
        language=article.language,
        relevant=bool(label["relevant"]),
        topics=_words(label, "topics"),
        kind=label.get("kind"),
        severity=severity,
        regions=frozenset(_words(label, "regions")),
        countries=frozenset(_words(label, "countries")),
        sure=bool(label.get("sure", True)),
    )


def _words(label: dict[str, Any], key: str) -> tuple[str, ...]:
    words = label.get(key) or ()
    if not isinstance(words, list | tuple) or not all(isinstance(word, str) for word in words):
        raise ValueError(f"gold.{key} has to be a list of words")
    return tuple(words)


if __name__ == "__main__":
    eval_command()


__all__ = ["answer_of", "eval_command", "read_gold"]
