"""Cut a story's cleared text into pieces, so that a page can mark what each label rests on."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

from services.contracts.tagging import Facts, StoryTagged


@dataclass(frozen=True)
class Piece:
    """Some text; ``what`` names the labels that rest on it, empty where none does."""

    text: str
    what: tuple[str, ...] = ()


@dataclass(frozen=True)
class Span:
    """From and to, in code points of ``title + newline + text``, and what rests on it."""

    start: int
    end: int
    what: str


def spans_of(story: StoryTagged) -> Iterator[Span]:
    """Every span of a story with the name of what rests on it: ``topic``, ``place``, ``kind``, a fact's field."""
    for topic in story.topics:
        yield from (Span(e.start, e.end, "topic") for e in topic.evidence)
    if story.kind:
        yield from (Span(e.start, e.end, "kind") for e in story.kind.evidence)
    for trigger in story.triggers:
        yield from (Span(e.start, e.end, "severity") for e in trigger.evidence)
    for place in story.places:
        yield from (Span(e.start, e.end, "place") for e in place.evidence)
    for name in Facts.model_fields:
        for fact in getattr(story.facts, name):
            yield from (Span(e.start, e.end, name) for e in fact.evidence)


def pieces(story: StoryTagged) -> tuple[list[Piece], list[list[Piece]]]:
    """The title, and the paragraphs, each in pieces."""
    whole = f"{story.title}\n{story.text}"
    cut = _cut(whole, sorted(spans_of(story), key=lambda span: (span.start, span.end)))
    lines: list[list[Piece]] = [[]]
    for piece in cut:
        for number, part in enumerate(piece.text.split("\n")):
            if number:
                lines.append([])
            if part:
                lines[-1].append(Piece(part, piece.what))
    # The title has no line break of its own: the contract's offsets count one between it and the text.
    return lines[0], [line for line in lines[1:] if line]


def _cut(whole: str, spans: list[Span]) -> Iterator[Piece]:
    edges = sorted({0, len(whole)} | {edge for span in spans for edge in (span.start, span.end)})
    open_spans: list[Span] = []
    waiting = iter(spans)
    upcoming = next(waiting, None)
    for start, end in itertools.pairwise(edges):
        while upcoming is not None and upcoming.start <= start:
            open_spans.append(upcoming)
            upcoming = next(waiting, None)
        open_spans = [span for span in open_spans if span.end > start]
        yield Piece(whole[start:end], tuple(dict.fromkeys(span.what for span in open_spans)))
