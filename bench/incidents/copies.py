"""How surely copies are found among look-alikes: pieces of clauses against MinHash by datasketch and rensa."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench.incidents.syndication import COPIES, Text, Writer, look_alikes
from services.tagger.core.duplicates import ClauseIndex, Pieces, is_copy, read_pieces

_PERMUTATIONS = 128


class Finder(Protocol):
    """Finds the stories a text is a copy of."""

    def sign(self, text: Text) -> Any: ...
    def add(self, name: str, signed: Any) -> None: ...
    def find(self, name: str, signed: Any) -> list[str]: ...


class Ours:
    """Ours."""

    def __init__(self) -> None:
        self._index = ClauseIndex()

    def sign(self, text: Text) -> Pieces:
        return read_pieces(text.whole)

    def add(self, name: str, signed: Pieces) -> None:
        self._index.add(name, [one for sentence in signed for one in sentence], len(signed), 0.0)

    def find(self, name: str, signed: Pieces) -> list[str]:
        found = self._index.find(name, signed, 0.0)
        return [one.story_id for one in found if is_copy(len(signed), one.sentences, one.shared)]


class Datasketch:
    """MinHash of 128 permutations over five-word shingles, xxh3, threshold 0.5."""

    def __init__(self) -> None:
        import datasketch  # noqa: PLC0415 - a peer, wanted only here
        import xxhash  # noqa: PLC0415

        self._new = lambda: datasketch.MinHash(_PERMUTATIONS, hashfunc=xxhash.xxh32_intdigest)
        self._index = datasketch.MinHashLSH(threshold=0.5, num_perm=_PERMUTATIONS)

    def sign(self, text: Text) -> Any:
        signed = self._new()
        signed.update_batch([shingle.encode() for shingle in shingles(text)])
        return signed

    def add(self, name: str, signed: Any) -> None:
        self._index.insert(name, signed)

    def find(self, name: str, signed: Any) -> list[str]:
        return list(self._index.query(signed))


class Rensa:
    """R-MinHash of 128 permutations over five-word shingles, 32 bands, threshold 0.5."""

    def __init__(self) -> None:
        import rensa  # noqa: PLC0415 - a peer, wanted only here

        self._new = lambda: rensa.RMinHash(num_perm=_PERMUTATIONS, seed=42)
        self._index = rensa.RMinHashLSH(threshold=0.5, num_perm=_PERMUTATIONS, num_bands=32)
        self._names: list[str] = []
        self._signed: list[Any] = []

    def sign(self, text: Text) -> Any:
        signed = self._new()
        signed.update(shingles(text))
        return signed

    def add(self, name: str, signed: Any) -> None:
        self._index.insert(len(self._names), signed)
        self._names.append(name)
        self._signed.append(signed)

    def find(self, name: str, signed: Any) -> list[str]:
        return [self._names[one] for one in self._index.query(signed) if signed.jaccard(self._signed[one]) >= 0.5]


FINDERS: dict[str, Callable[[], Finder]] = {"pieces of sentences": Ours, "datasketch": Datasketch, "rensa": Rensa}


def shingles(text: Text) -> list[str]:
    """Every five words in a row."""
    words = text.whole.lower().split()
    return [" ".join(words[start : start + 5]) for start in range(max(1, len(words) - 4))]


@dataclass
class Score:
    """What was found of what is there, by sort of copy, and what was found wrongly."""

    found: dict[str, int] = field(default_factory=dict)
    asked: int = 0
    right: int = 0
    wrong: int = 0
    sign_us: float = 0.0
    ask_us: float = 0.0

    @property
    def recall(self) -> float:
        return sum(self.found.values()) / (self.asked * len(COPIES))

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right else 0.0


def measure(make: Callable[[], Finder], seed: int, bases: int) -> Score:
    """Ask for every copy of ``bases`` stories, and for two look-alikes of each, among three times as many."""
    finder, score = make(), Score(dict.fromkeys(COPIES, 0), bases)
    stories = dict(_stories(seed, bases))
    for name, text in stories.items():
        finder.add(name, finder.sign(text))
    writer = Writer(seed + 1)
    spent = [0.0, 0.0, 0]
    for number in range(bases):
        base = f"base:{number}"
        for sort, copy in COPIES.items():
            found = _ask(finder, copy(stories[base], writer), spent)
            score.found[sort] += base in found
            score.right += base in found
            score.wrong += len(set(found) - {base})
        for other in look_alikes(stories[base], writer):
            score.wrong += len(_ask(finder, other, spent))
    score.sign_us, score.ask_us = (1e6 * one / spent[2] for one in spent[:2])
    return score


def _ask(finder: Finder, text: Text, spent: list[float]) -> list[str]:
    started = time.perf_counter()
    signed = finder.sign(text)
    between = time.perf_counter()
    found = finder.find("asked", signed)
    spent[0] += between - started
    spent[1] += time.perf_counter() - between
    spent[2] += 1
    return found


def _stories(seed: int, bases: int) -> Iterator[tuple[str, Text]]:
    writer = Writer(seed)
    for number in range(bases):
        story = writer.story()
        yield f"base:{number}", story
        for which, other in enumerate(look_alikes(story, writer)):
            yield f"other:{number}:{which}", other
