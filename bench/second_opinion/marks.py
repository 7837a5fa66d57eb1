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
from services.tagger.core.countries import countries_named
from services.tagger.core.matching import MAX_TEXT, Hit
from services.tagger.core.read_story import read
from services.tagger.core.reading import Reading
from services.tagger.core.story import Article, tag_story
from services.tagger.core.topics import Trace

SIZE = 1 << 16
#: So many words below the title say what a story is about; the rest repeats it.
_WORDS = 250
_HEADLINE = 12
_DIGITS = frozenset(b"0123456789")
#: Points are told in halves, up to here.
_MOST = 15


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


def marks_of(reading: Reading, traces: Iterable[Trace], book: Rulebook, home: str) -> frozenset[int]:
    """What is weighed: words, concepts, how much fired and where, and which countries it names; hashed.

    Names of places, masked names and figures are no words here: they say where and who, not what.  Concepts are
    the lexicon's, the same in all its languages; ``home`` is the country of the paper.
    """
    named = bytearray(reading.folded)
    for hit in reading.named:
        named[hit.start : hit.end] = b" " * (hit.end - hit.start)
    cut = reading.whole.find("\n")
    title, body = _words(bytes(named[: max(0, cut)])), bytes(named[max(0, cut) :]).split()[: 2 * _WORDS]
    text = _words(b" ".join(body))[:_WORDS]
    marks = {b"w" + word for word in (*title, *text)}
    marks.update(b"t" + word for word in title or text[:_HEADLINE])
    first, rules = _of_rules(traces, has_title=bool(title))
    marks.update(word.encode() for word in (*rules, *_of_concepts(reading, book, first)))
    marks.update(word.encode() for word in _of_countries(reading, book, first, home))
    return frozenset(zlib.crc32(mark) & (SIZE - 1) for mark in marks)


def _words(folded: bytes) -> list[bytes]:
    return [word for word in folded.split() if len(word) > 1 and not _DIGITS.intersection(word)]


def _of_rules(traces: Iterable[Trace], *, has_title: bool) -> tuple[str, set[str]]:
    """The first topic; how strongly and how early its rules fired, and how many; their names change too often."""
    found = list(traces)
    fired = [trace for trace in found if trace.step == "fired" and "/" in trace.rule]
    points: defaultdict[str, float] = defaultdict(float)
    for trace in fired:
        points[trace.rule.split("/")[0]] += trace.points
    first = max(sorted(points), key=lambda topic: points[topic], default="")
    where = {sentence for trace in fired for sentence in trace.sentences}
    titled = has_title and 0 in where
    most = min(_MOST, int(2 * points.get(first, 0.0)))
    count = sum(trace.rule.split("/")[0] == first for trace in fired)
    marks = {
        f"topic {first}",
        f"topic {first} points {most // 2}",
        f"topic {first} rules {min(3, count)}",
        f"topic {first} titled {titled} again {len(where) > 1}",
        *(f"points from {least}" for least in range(5, most + 1)),
    }
    if len(points) > 1:
        marks.add(f"topics {len(points)}")
    if any(trace.step in {"held back", "vetoed"} for trace in found):
        marks.add("held back")
    return first, marks


def _of_concepts(reading: Reading, book: Rulebook, topic: str) -> set[str]:
    """The concepts of the headline, of the lead and of the whole, and with which topic they stand above."""
    above = reading.bits[0] if reading.has_title else 0
    above_all = above or reading.lead_bits
    return {
        *(f"headline {name}" for name in _names(above, book)),
        *(f"lead {name}" for name in _names(reading.lead_bits, book)),
        *(f"story {name}" for name in _names(reading.everything, book)),
        *(f"{topic} with {name}" for name in _names(above_all, book)),
    }


def _names(mask: int, book: Rulebook) -> list[str]:
    return [name for bit, name in book.names.items() if mask & bit]


def _of_countries(reading: Reading, book: Rulebook, topic: str, home: str) -> set[str]:
    """Whether the countries it names are the paper's own, others of the area or far ones; above, and in all."""
    end = reading.whole.find("\n")
    above = {_country(hit, book) for hit in reading.place_names if hit.end <= end}
    every = {_country(hit, book) for hit in reading.place_names}
    told = countries_named(reading, book)
    inside = sum(count for country, count in told.items() if country in book.area)
    headline, story = _sides(above, book, home), _sides(every, book, home)
    return {
        f"headline in {headline}",
        f"story in {story}",
        f"{topic} headline in {headline}",
        f"{topic} story in {story}",
        f"countries {min(4, len(every))}",
        f"inside {min(2, inside)} outside {min(2, told.total() - inside)}",
    }


def _country(hit: Hit, book: Rulebook) -> str:
    return min(book.places[place].country for place in hit.pattern.places)


def _sides(countries: Iterable[str], book: Rulebook, home: str) -> str:
    sides = {"home" if one == home else "area" if one in book.area else "far" for one in countries}
    return " ".join(sorted(sides)) or "none"


def marks_to_learn(article: Article, book: Rulebook, traces: Iterable[Trace] | None) -> frozenset[int]:
    """The marks of a story, told or not; ``traces`` are what other rules than the book's found."""
    told = tag_story(article, book)
    raw = blank(article.title, article.text[: MAX_TEXT - len(article.title)])
    reading = read(raw, f"{told.title}\n{told.text}", book, has_title=bool(told.title.strip()))
    home = article.default_region[:2] or ("ID" if told.language == "id" else "")
    return marks_of(reading, told.traces if traces is None else traces, book, home)
