"""Recognise the same text again: hashes of clauses, and how many of them two stories share."""

from __future__ import annotations

import re

import xxhash

from services.tagger.core.folding import fold

#: A shorter clause ("kata dia") stands in every story.
MIN_WORDS = 5
MAX_CLAUSES = 120
#: Measured on rewritten copies: recall 0.99 at no false join (clauses shared, and share of the shorter one).
MIN_SHARED = 3
MIN_CONTAINMENT = 0.15
_CLAUSE_END = re.compile(r"[.,;:!?()\"“”\n]+")


def clause_hashes(visible: str) -> tuple[int, ...]:
    """One signed 64-bit hash for each clause of at least ``MIN_WORDS`` words, each once, in order."""
    found: dict[int, None] = {}
    for clause in _CLAUSE_END.split(visible):
        words = fold(clause).split()
        if len(words) >= MIN_WORDS:
            found[_signed(xxhash.xxh3_64_intdigest(b" ".join(words)))] = None
            if len(found) >= MAX_CLAUSES:
                break
    return tuple(found)


def is_copy(own: int, other: int, shared: int) -> bool:
    """Whether two stories of ``own`` and ``other`` clauses, ``shared`` of them common, are one text."""
    shorter = min(own, other)
    if shorter < MIN_SHARED:
        return 0 < shared == shorter == max(own, other)
    return shared >= MIN_SHARED and shared / shorter >= MIN_CONTAINMENT


def _signed(digest: int) -> int:
    """SQLite and PostgreSQL have no unsigned 64-bit integer."""
    return digest - (1 << 64) if digest >= 1 << 63 else digest
