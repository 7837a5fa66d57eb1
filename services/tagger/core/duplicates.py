"""Recognise the same text again: hashes of pieces of clauses, and how many of them two stories share."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import xxhash

from services.tagger.core.folding import fold

#: A longer clause is cut into pieces of this many words, so that one changed word costs one piece.
PIECE_WORDS = 6
#: A shorter piece ("kata dia") stands in every story.
MIN_WORDS = 4
MAX_CLAUSES = 200
#: Pieces two stories must share, and share of the shorter one: measured, see bench/report/incidents.md.
MIN_SHARED = 3
MIN_CONTAINMENT = 0.12
#: A copy is looked for among stories published so long before or after.
WINDOW_S = 72 * 3600.0
#: A piece that so many stories hold is an outlet's boilerplate and says nothing.
MAX_HOLDERS = 40
_MAX_FOUND = 5
_CLAUSE_END = re.compile(r"[.,;:!?()\"“”\n]+")


def clause_hashes(visible: str) -> tuple[int, ...]:
    """One signed 64-bit hash for each piece of at least ``MIN_WORDS`` words, each once, in order."""
    found: dict[int, None] = {}
    for clause in _CLAUSE_END.split(visible):
        words = fold(clause).split()
        last = max(1, len(words) // PIECE_WORDS)
        for number in range(last if len(words) >= MIN_WORDS else 0):
            end = len(words) if number == last - 1 else (number + 1) * PIECE_WORDS
            piece = b" ".join(words[number * PIECE_WORDS : end])
            found[_signed(xxhash.xxh3_64_intdigest(piece))] = None
        if len(found) >= MAX_CLAUSES:
            break
    return tuple(found)[:MAX_CLAUSES]


def is_copy(own: int, other: int, shared: int) -> bool:
    """Whether two stories of ``own`` and ``other`` pieces, ``shared`` of them common, are one text."""
    shorter = min(own, other)
    if shorter < MIN_SHARED:
        return 0 < shared == shorter == max(own, other)
    return shared >= MIN_SHARED and shared / shorter >= MIN_CONTAINMENT


@dataclass(frozen=True)
class Shared:
    """A story that shares pieces with another, and how many of how many."""

    story_id: str
    shared: int
    pieces: int


@dataclass(frozen=True)
class _Entry:
    story_id: str
    published: float
    hashes: array[int]


class ClauseIndex:
    """Which stories hold a piece; 15 us to ask and to add a story with 100,000 in it."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self._numbers: dict[str, int] = {}
        self._holders: dict[int, int | list[int]] = {}
        self._next = 0

    def __len__(self) -> int:
        return len(self._entries)

    def add(self, story_id: str, hashes: Sequence[int], published: float) -> None:
        """Put a story in, in place of what was known of it."""
        self.remove(story_id)
        number, self._next = self._next, self._next + 1
        self._entries[number] = _Entry(story_id, published, array("q", hashes))
        self._numbers[story_id] = number
        holders = self._holders
        for one in hashes:
            held = holders.setdefault(one, number)
            if held == number:
                continue
            if isinstance(held, int):
                holders[one] = [held, number]
            elif len(held) <= MAX_HOLDERS:
                held.append(number)

    def remove(self, story_id: str) -> None:
        """Forget a story."""
        number = self._numbers.pop(story_id, None)
        if number is None:
            return
        for one in self._entries.pop(number).hashes:
            held = self._holders.get(one)
            if isinstance(held, list):
                if number in held:
                    held.remove(number)
            elif held == number:
                del self._holders[one]

    def forget_before(self, published: float) -> int:
        """Forget the stories published before; how many."""
        old = [entry.story_id for entry in self._entries.values() if entry.published < published]
        for story_id in old:
            self.remove(story_id)
        return len(old)

    def find(self, story_id: str, hashes: Iterable[int], published: float) -> list[Shared]:
        """Other stories of the window that hold the same pieces, the most shared first, five at most."""
        counts: dict[int, int] = {}
        holders = self._holders
        for one in hashes:
            held = holders.get(one)
            if held is None:
                continue
            if isinstance(held, int):
                counts[held] = counts.get(held, 0) + 1
            elif len(held) <= MAX_HOLDERS:
                for number in held:
                    counts[number] = counts.get(number, 0) + 1
        found: list[Shared] = []
        for number in sorted(counts, key=lambda one: (-counts[one], one)):
            entry = self._entries[number]
            if entry.story_id != story_id and abs(entry.published - published) <= WINDOW_S:
                found.append(Shared(entry.story_id, counts[number], len(entry.hashes)))
                if len(found) == _MAX_FOUND:
                    break
        return found


def _signed(digest: int) -> int:
    """SQLite and PostgreSQL have no unsigned 64-bit integer."""
    return digest - (1 << 64) if digest >= 1 << 63 else digest
