"""Make stories that look like days of news: seeded, the same on every machine, no outlet's words."""

from __future__ import annotations

import csv
import hashlib
import random
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from bench.tagging import phrases

PLACES = Path(__file__).resolve().parents[2] / "seeds" / "places"
#: Of the stories of a feed a few are of the field, some more borrow its words.
EVENT_SHARE, BORROWED_SHARE = 0.08, 0.15
#: How many of such a story's further sentences are of it: hits a KB come out as on real stories (23-28).
EVENT_SENTENCES, BORROWED_SENTENCES = 0.15, 0.2
INDONESIAN_SHARE = 0.6
MIN_WORDS, MAX_WORDS = 40, 2000
#: The words of a story are spread log-normally about this, as at the outlets.
MEDIAN_WORDS, SPREAD = 330, 0.75

Row = dict[str, Any]


def stories(count: int, seed: int, *, first: int = 0) -> Iterator[Row]:
    """A feed's mixture: both languages, all lengths, 8 % of the field."""
    for index in range(first, first + count):
        chance = random.Random(f"{seed}:{index}")
        wanted = round(chance.lognormvariate(0, SPREAD) * MEDIAN_WORDS)
        kind = chance.random()
        yield _story(chance, f"made:{seed}:{index}", kind, words=min(MAX_WORDS, max(MIN_WORDS, wanted)))


def of_size(count: int, seed: int, size: int, *, event: bool | None = None) -> list[Row]:
    """Stories cut at ``size`` characters; all of the field, none of it, or (None) the feed's mixture."""
    made = []
    for index in range(count):
        chance = random.Random(f"{seed}:{size}:{index}")
        kind = chance.random() if event is None else 0.0 if event else 1.0
        story = _story(chance, f"made:{seed}:{index}", kind, size=size)
        story["text"] = story["text"][: size - len(story["title"]) - 1]
        made.append(story)
    return made


def lines(rows: Iterable[Row]) -> bytes:
    """As JSON lines."""
    return b"".join(orjson.dumps(row) + b"\n" for row in rows)


def digest(rows: Iterable[Row]) -> str:
    """Tells whether two machines made the same stories."""
    return hashlib.sha256(lines(rows)).hexdigest()[:16]


def _story(chance: random.Random, story_id: str, kind: float, *, words: int = 1 << 30, size: int = 1 << 30) -> Row:
    language = "id" if chance.random() < INDONESIAN_SHARE else "en"
    event, borrows = kind < EVENT_SHARE, kind < EVENT_SHARE + BORROWED_SHARE
    fill = _Slots(chance, language)
    headlines = phrases.EVENT_HEADLINES if event else phrases.HEADLINES
    title = fill.sentence(headlines[language])
    pieces: list[str] = []
    long, wide = 0, len(title)
    while long < words and wide < size:
        bank: dict[str, tuple[str, ...]] = phrases.PLAIN
        if event and (len(pieces) < 4 or chance.random() < EVENT_SENTENCES):
            bank = phrases.EVENT
        elif borrows and chance.random() < BORROWED_SENTENCES:
            bank = phrases.BORROWED
        piece = fill.sentence(bank[language])
        long, wide = long + piece.count(" ") + 1, wide + len(piece) + 1
        pieces += [piece, "\n" if chance.random() < 0.3 else " "]
    published = f"2026-{chance.randrange(1, 13):02}-{chance.randrange(1, 28):02}"
    text = f"{fill.place()} - {''.join(pieces).strip()}"
    return {"id": story_id, "title": title, "text": text, "language": language, "published": published}


class _Slots:
    """Fills the slots of one story; a few names come back in it, as they do in news."""

    def __init__(self, chance: random.Random, language: str) -> None:
        self._chance, self._language = chance, language
        self._places = [self._any(_places()) for _ in range(4)]
        self._people = [f"{self._any(phrases.FIRST)} {self._any(phrases.LAST)}" for _ in range(3)]

    def sentence(self, bank: tuple[str, ...]) -> str:
        """One of the bank's sentences, filled."""
        return self._any(bank).format_map(self)

    def place(self) -> str:
        """Mostly one the story has named before."""
        return self._any(self._places) if self._chance.random() < 0.7 else self._any(_places())

    def __getitem__(self, slot: str) -> str:
        number = _NUMBERS.get(slot)
        if number:
            return str(number[0] + int(self._chance.random() * number[1]))
        if slot == "place":
            return self.place()
        if slot == "person":
            return self._any(self._people)
        if slot == "initials":
            return "".join(word[0] for word in self._any(self._people).split())
        return self._any(_BANKS[slot][self._language])

    def _any(self, choices: tuple[str, ...] | list[str]) -> str:
        return choices[int(self._chance.random() * len(choices))]


#: First number and how many follow it.
_NUMBERS = {"n": (2, 96), "few": (2, 8), "money": (10, 890), "d": (1, 28), "m": (1, 12)}
_BANKS: dict[str, dict[str, tuple[str, ...]]] = {
    "good": phrases.GOODS,
    "day": phrases.WEEKDAYS,
    "month": phrases.MONTHS,
    "office": phrases.OFFICES,
    "term": phrases.OFFENCES,
    "abroad": phrases.ABROAD,
}


@cache
def _places() -> tuple[str, ...]:
    """Places of Indonesia and its neighbours, as the gazetteer spells them."""
    names: list[str] = []
    for path in sorted(PLACES.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as rows:
            names += [row["name"] for row in csv.DictReader(rows) if row["name"].isascii()]
    return tuple(dict.fromkeys(names))
