"""What a second opinion weighs of a story the rules tell, and what it comes to."""

from __future__ import annotations

import math
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.tagger.core.boilerplate import blank
from services.tagger.core.book import Rulebook
from services.tagger.core.folding import fold
from services.tagger.core.matching import MAX_TEXT
from services.tagger.core.reading import Reading, read
from services.tagger.core.story import Article, tag_story
from services.tagger.core.topics import Trace

SIZE = 1 << 16
#: So many words below the title say what a story is about; the rest repeats it.
_WORDS = 250
_HEADLINE = 12
_DIGITS = frozenset(b"0123456789")


@dataclass(frozen=True, repr=False)
class Weights:
    """What judged stories taught: one small whole number a mark, added up alike everywhere."""

    values: Sequence[int]  # -127..127, by the mark's hash
    scale: float
    bias: float
    held_below: float


class Opinion(NamedTuple):
    """How far the judged stories speak for this one; above 0 for."""

    points: float
    held: bool


def give_opinion(marks: frozenset[int], weights: Weights) -> Opinion:
    """The sum of a story's marks, for its length; whole numbers first, so the order of marks is nothing."""
    values = weights.values
    total = sum([values[mark] for mark in marks])
    points = weights.bias + weights.scale * total / math.sqrt(max(1, len(marks)))
    return Opinion(points, points < weights.held_below)


def marks_of(reading: Reading, traces: Iterable[Trace], book: Rulebook) -> frozenset[int]:
    """What is weighed: words, how much fired and where, and places of the area or elsewhere; hashed.

    Names of places, masked names and figures are no words here: they say where and who, not what.
    """
    named = bytearray(fold(reading.whole))
    for hit in reading.named:
        named[hit.start : hit.end] = b" " * (hit.end - hit.start)
    cut = reading.whole.find("\n")
    title, body = _words(bytes(named[: max(0, cut)])), bytes(named[max(0, cut) :]).split()[: 2 * _WORDS]
    text = _words(b" ".join(body))[:_WORDS]
    marks = {b"w" + word for word in (*title, *text)}
    marks.update(b"t" + word for word in title or text[:_HEADLINE])
    marks.update(_of_rules(traces, has_title=bool(title), length=len(body)))
    marks.update(_of_places(reading, book))
    return frozenset(zlib.crc32(mark) & (SIZE - 1) for mark in marks)


def _words(folded: bytes) -> list[bytes]:
    return [word for word in folded.split() if len(word) > 1 and not _DIGITS.intersection(word)]


def _of_rules(traces: Iterable[Trace], *, has_title: bool, length: int) -> set[bytes]:
    """How many rules of which topics fired, how strongly and how early; their names change too often."""
    fired = [trace for trace in traces if trace.step == "fired" and "/" in trace.rule]
    points: defaultdict[str, float] = defaultdict(float)
    for trace in fired:
        points[trace.rule.split("/")[0]] += trace.points
    where = {sentence for trace in fired for sentence in trace.sentences}
    return {
        *(b"topic " + topic.encode() for topic in points),
        b"sentences %d" % min(len(where), 5),
        b"first %d" % min(min(where, default=9), 6),
        b"titled %d" % (has_title and 0 in where),
        b"length %d" % min(7, (1 + length).bit_length() - 1),
        b"points %d" % min(8, int(max(points.values(), default=0))),
        b"rules %d" % min(5, len(fired)),
    }


def _of_places(reading: Reading, book: Rulebook) -> set[bytes]:
    """Whether the places it names lie in the area."""
    inside = outside = 0
    for hit in reading.named:
        countries = {book.places[place].country for place in hit.pattern.places}
        inside += bool(countries & book.area)
        outside += bool(countries) and not countries & book.area
    share = 1 + 3 * inside // (inside + outside) if inside + outside else 0
    return {b"inside %d" % min(4, inside), b"outside %d" % min(4, outside), b"share %d" % share}


def marks_to_learn(article: Article, book: Rulebook, traces: Iterable[Trace] | None) -> frozenset[int]:
    """The marks of a story, told or not; ``traces`` are what other rules than the book's found."""
    told = tag_story(article, book)
    raw = blank(article.title, article.text[: MAX_TEXT - len(article.title)])
    reading = read(raw, f"{told.title}\n{told.text}", book, has_title=bool(told.title.strip()))
    return marks_of(reading, told.traces if traces is None else traces, book)
