"""What a story costs in the near-duplicate index with 10,000 to 1,000,000 stories in the window."""

from __future__ import annotations

import gc
import random
import resource
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bench.incidents.copies import FINDERS
from bench.incidents.syndication import Writer
from services.tagger.core.duplicates import ClauseIndex, Pieces

#: A story of 330 words, the median of the feeds, has so many sentences and pieces.
SENTENCES, PIECES_A_SENTENCE = 20, 3
#: One piece in twelve is stock and stands in other stories too.
_STOCK_SHARE, _STOCK = 1 / 12, 200
_ASKED, _ROUNDS = 200, 9


@dataclass(frozen=True)
class Cost:
    """Microseconds of processor time a story, medians of nine rounds; memory the index took, of a peer unknown."""

    stories: int
    ask_us: float
    add_us: float
    kb_a_story: float | None


def ours(stories: int, seed: int) -> Cost:
    """Random pieces: only their number matters to the index."""
    chance = random.Random(seed)
    stock = [chance.getrandbits(63) for _ in range(_STOCK)]
    index = ClauseIndex()

    def pieces() -> Pieces:
        return tuple(
            tuple(
                stock[int(chance.random() * _STOCK)] if chance.random() < _STOCK_SHARE else chance.getrandbits(63)
                for _ in range(PIECES_A_SENTENCE)
            )
            for _ in range(SENTENCES)
        )

    def add(number: int, made: Pieces) -> None:
        index.add(f"story:{number}", list(dict.fromkeys(p for s in made for p in s)), len(made), 0.0)

    before = _memory_kb()
    gc.disable()
    for number in range(stories):
        add(number, pieces())
    gc.enable()
    gc.freeze()
    used = _memory_kb() - before
    fresh = [pieces() for _ in range(_ASKED * _ROUNDS)]
    ask = _median(lambda number: index.find("asking", fresh[number], 0.0))
    put = _median(lambda number: add(stories + number, fresh[number]))
    gc.unfreeze()
    return Cost(stories, ask, put, used / stories)


def peer(name: str, stories: int, seed: int) -> Cost:
    """A peer's index filled with signatures of random words; its own signing is measured apart."""
    finder = FINDERS[name]()
    chance = random.Random(seed)
    sign = _signer(name, chance)
    for number in range(stories):
        finder.add(f"story:{number}", sign())
    fresh = [sign() for _ in range(_ASKED * _ROUNDS)]
    ask = _median(lambda number: finder.find("asking", fresh[number]))
    put = _median(lambda number: finder.add(f"fresh:{number}", fresh[number]))
    return Cost(stories, ask, put, None)


def _signer(name: str, chance: random.Random) -> Callable[[], Any]:
    if name == "datasketch":
        import datasketch  # noqa: PLC0415 - a peer, wanted only here
        import numpy as np  # noqa: PLC0415

        draw = np.random.default_rng(chance.getrandbits(32))
        return lambda: datasketch.MinHash(
            128, hashvalues=draw.integers(0, 1 << 32, 128, dtype=np.uint64), scheme="legacy"
        )
    import rensa  # noqa: PLC0415

    def signed() -> Any:
        made = rensa.RMinHash(num_perm=128, seed=42)
        made.update([str(chance.getrandbits(63)) for _ in range(12)])
        return made

    return signed


def signing(seed: int, stories: int = 60) -> dict[str, float]:
    """Microseconds to read a made story of 330 words into its signature, medians, interleaved."""
    writer = Writer(seed)
    texts = [writer.story(words=330) for _ in range(stories)]
    finders = {name: make() for name, make in FINDERS.items()}
    spent: dict[str, list[float]] = {name: [] for name in finders}
    for text in texts:
        for name, finder in finders.items():
            started = time.process_time()
            finder.sign(text)
            spent[name].append(1e6 * (time.process_time() - started))
    return {name: statistics.median(values) for name, values in spent.items()}


def _median(step: Callable[[int], Any]) -> float:
    rounds = []
    for number in range(_ROUNDS):
        started = time.process_time()
        for one in range(number * _ASKED, (number + 1) * _ASKED):
            step(one)
        rounds.append(1e6 * (time.process_time() - started) / _ASKED)
    return statistics.median(rounds)


def _memory_kb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
