"""Recognise the same text again: hashes of pieces of sentences, and how many sentences two stories share."""

from __future__ import annotations

import sys
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import xxhash

from services.tagger.core.folding import fold

#: A story by its sentences, each as the hashes of its pieces.
Pieces = tuple[tuple[int, ...], ...]

#: A longer clause is cut into pieces of this many words, so that one changed word costs one piece.
PIECE_WORDS = 5
#: A shorter piece ("kata dia") stands in every story.
MIN_WORDS = 4
MAX_SENTENCES = 100
#: Sentences two stories must share a piece of, and their share of the shorter story's: unrelated stories quote
#: one official and close with one stock phrase, a copy of which one word in seven was changed keeps a piece of
#: two sentences in three.  Measured, see bench/report/incidents.md.
MIN_SHARED = 3
MIN_CONTAINMENT = 0.3
#: A copy is looked for among stories published so long before or after.
WINDOW_S = 72 * 3600.0
#: A piece that so many stories hold is an outlet's boilerplate and says nothing.
MAX_HOLDERS = 40
_MAX_FOUND = 5
#: Bytes of an entry without its hashes (its object, array, time, number and id), and of a hash: in the entry's
#: array, and as the key of its holders.
_ENTRY_BYTES, _HASH_BYTES, _PIECE_BYTES = 320, 8, 36
_SENTENCE_END, _CLAUSE_END = b"\n", b","


def _marked(code: int) -> int:
    """The byte of a latin-1 character: folded, or the mark of the end of a sentence or clause."""
    if chr(code) in ".!\n":
        return _SENTENCE_END[0]
    return _CLAUSE_END[0] if chr(code) in ',;:()"?' else fold(chr(code))[0]


_TABLE = bytes(_marked(code) for code in range(256))


def read_pieces(visible: str) -> Pieces:
    """Signed 64-bit hashes of pieces of at least ``MIN_WORDS`` words, each hash once, by sentence."""
    known: set[int] = set()
    sentences: list[tuple[int, ...]] = []
    # A question mark is what every character outside latin-1 becomes: a curly quote ends a clause only.
    marked = visible.replace("?", ".").encode("latin-1", "replace").translate(_TABLE)
    for sentence in marked.split(_SENTENCE_END):
        fresh = [
            piece
            for clause in sentence.split(_CLAUSE_END)
            for piece in _pieces_of(clause.split())
            if piece not in known
        ]
        if fresh:
            known.update(fresh)
            sentences.append(tuple(dict.fromkeys(fresh)))
            if len(sentences) >= MAX_SENTENCES:
                break
    return tuple(sentences)


def _pieces_of(words: list[bytes]) -> Iterator[int]:
    if len(words) < MIN_WORDS:
        return
    last = max(1, len(words) // PIECE_WORDS) - 1
    for number in range(last):
        yield _hash(words[number * PIECE_WORDS : (number + 1) * PIECE_WORDS])
    yield _hash(words[last * PIECE_WORDS :])


def is_copy(own: int, other: int, shared: int) -> bool:
    """Whether two stories of ``own`` and ``other`` sentences, ``shared`` of them in common, are one text."""
    shorter = min(own, other)
    if shorter < MIN_SHARED:
        # The stump of a copy shares all it has; one sentence alone may be a quotation.
        return 0 < shared == (shorter if shorter > 1 else max(own, other))
    return shared >= MIN_SHARED and shared / shorter >= MIN_CONTAINMENT


@dataclass(frozen=True)
class Shared:
    """A story that shares text with another: in how many of our sentences, and how many it has itself."""

    story_id: str
    shared: int
    sentences: int


@dataclass(frozen=True, slots=True)
class _Entry:
    story_id: str
    published: float
    sentences: int
    hashes: array[int]


class ClauseIndex:
    """Which stories hold a piece; 15 us to ask and to add a story with 100,000 in it."""

    def __init__(self) -> None:
        self._entries: dict[int, _Entry] = {}
        self._numbers: dict[str, int] = {}
        self._holders: dict[int, int | list[int]] = {}
        self._next = 0
        self._hashes = 0

    def __len__(self) -> int:
        return len(self._entries)

    @property
    def pieces(self) -> int:
        """How many different pieces are held."""
        return len(self._holders)

    @property
    def weight(self) -> int:
        """Bytes of memory it takes, near enough; it grows until the first stories are forgotten."""
        tables = sum(map(sys.getsizeof, (self._entries, self._numbers, self._holders)))
        return tables + len(self) * _ENTRY_BYTES + self._hashes * _HASH_BYTES + self.pieces * _PIECE_BYTES

    def add(self, story_id: str, hashes: Sequence[int], sentences: int, published: float) -> None:
        """Put a story in, in place of what was known of it."""
        self.remove(story_id)
        number, self._next = self._next, self._next + 1
        self._entries[number] = _Entry(story_id, published, sentences, array("q", hashes))
        self._numbers[story_id] = number
        self._hashes += len(hashes)
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
        gone = self._entries.pop(number).hashes
        self._hashes -= len(gone)
        for one in gone:
            held = self._holders.get(one)
            if isinstance(held, list):
                if number in held:
                    held.remove(number)
                    if len(held) == 1:  # as if there had never been two: the last to leave takes the piece along
                        self._holders[one] = held[0]
            elif held == number:
                del self._holders[one]

    def forget_before(self, published: float) -> int:
        """Forget the stories published before; how many."""
        old = [entry.story_id for entry in self._entries.values() if entry.published < published]
        for story_id in old:
            self.remove(story_id)
        return len(old)

    def find(self, story_id: str, pieces: Pieces, published: float) -> list[Shared]:
        """Other stories of the window that hold the same pieces, the most sentences first, five at most."""
        counts: dict[int, int] = {}
        holders = self._holders
        known = holders.keys()
        for sentence in pieces:
            if known.isdisjoint(sentence):
                continue  # nobody else has any of it, as of most sentences
            here: set[int] = set()
            for one in sentence:
                held = holders.get(one)
                if isinstance(held, int):
                    here.add(held)
                elif held is not None and len(held) <= MAX_HOLDERS:
                    here.update(held)
            for number in here:
                counts[number] = counts.get(number, 0) + 1
        found: list[Shared] = []
        for number in sorted(counts, key=lambda one: (-counts[one], one)):
            entry = self._entries[number]
            if entry.story_id != story_id and abs(entry.published - published) <= WINDOW_S:
                found.append(Shared(entry.story_id, counts[number], entry.sentences))
                if len(found) == _MAX_FOUND:
                    break
        return found


def _hash(words: list[bytes]) -> int:
    """SQLite and PostgreSQL have no unsigned 64-bit integer."""
    digest = xxhash.xxh3_64_intdigest(b" ".join(words))
    return digest - (1 << 64) if digest >= 1 << 63 else digest
