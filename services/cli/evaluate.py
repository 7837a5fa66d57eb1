"""``siaga eval``: the tagger's figures on a labelled file, with intervals and the worst errors."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import orjson

from services.contracts.codes import Role
from services.runtime.errors import OperatorError
from services.tagger.book_files import load_book
from services.tagger.core.figures import Answer, Figures, Gold, by_language, compare
from services.tagger.core.story import Article, Tagging, tag_story

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
def eval_command(gold: Path, errors: int, seeds: Path) -> None:
    """Print how well the tagger does on GOLD, a file of labelled stories.

    Each line is a story as `siaga tag` reads it, with "gold": {relevant, topics, kind, severity, regions, sure}.

    Example: siaga eval tests/tagger/gold.jsonl --errors 20
    """
    book = load_book(seeds / "topics", seeds / "places")
    pairs = [(label, answer_of(tag_story(article, book))) for article, label in read_gold(gold)]
    figures = compare(pairs)
    click.echo(f"{figures.stories} stories, rules {book.version}\n")
    _print_shares(figures)
    click.echo("\ntopic                        F1     right wrong missed")
    for code, topic in figures.topics.items():
        click.echo(f"{code:27} {topic.f1:5.3f}   {topic.right:5} {topic.wrong:5} {topic.missed:6}")
    click.echo(f"{'macro':27} {figures.macro_f1:5.3f}")
    for language, own in by_language(pairs).items():
        click.echo(f"\nlanguage {language}: {own.stories} stories")
        _print_shares(own)
    if errors and figures.errors:
        click.echo("\nworst errors")
        for _, line in figures.errors[:errors]:
            click.echo(f"  {line}")


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
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise OperatorError(f"{path}:{number}", f"is no labelled story: {error!r}") from None


def _pair(row: dict[str, Any]) -> tuple[Article, Gold]:
    label = row["gold"]
    article = Article(row["id"], row.get("title") or "", row["text"], row.get("language") or "und")
    return article, Gold(
        story_id=row["id"],
        title=article.title or article.text[:80],
        language=article.language,
        relevant=bool(label["relevant"]),
        topics=tuple(label.get("topics") or ()),
        kind=label.get("kind"),
        severity=label.get("severity"),
        regions=frozenset(label.get("regions") or ()),
        sure=bool(label.get("sure", True)),
    )


if __name__ == "__main__":
    eval_command()


__all__ = ["answer_of", "eval_command", "read_gold"]
