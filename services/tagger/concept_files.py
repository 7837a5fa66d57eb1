"""Read the concepts of the lexicon: a bit for each, and the terms that stand for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from services.runtime.errors import OperatorError
from services.tagger.core.lexicon import Pattern
from services.tagger.core.terms import TermError, expand
from services.tagger.seed_files import SeedFile, mapping_of, split_terms

#: The concept of phrases no word counts inside of.
BLOCKERS = "_block"
#: The concept of phrases that are what their first word is, and whose other words say nothing: "kapal kayu".
AS_THE_FIRST = "as_the_first_word"


@dataclass
class Draft:
    """What has been read so far."""

    bits: dict[str, int] = field(default_factory=dict)
    terms: dict[str, list[str]] = field(default_factory=dict)
    where: dict[str, str] = field(default_factory=dict)
    together: dict[int, int] = field(default_factory=dict)  # concepts that share a single word with each

    def add(self, name: str, terms: list[str], where: str) -> None:
        if name in self.bits:
            raise OperatorError(where, f"concept {name!r} is already defined at {self.where[name]}")
        self.bits[name] = 1 << len(self.bits)
        self.terms[name] = terms
        self.where[name] = where

    def mask(self, names: str, where: str) -> int:
        """The mask of ``a|b``."""
        mask = 0
        for name in names.split("|"):
            if name.strip() not in self.bits:
                raise OperatorError(where, f"there is no concept {name.strip()!r}")
            mask |= self.bits[name.strip()]
        return mask

    def beside(self, mask: int) -> int:
        """The concepts that share a single word with any of ``mask``."""
        return reduce(or_, (self.together.get(bit, 0) for bit in _bits(mask)), 0)


def read_concepts(files: Sequence[SeedFile]) -> Draft:
    """The concepts of all files; the blocking phrases are one of them."""
    draft = Draft()
    for file in files:
        for name, terms in mapping_of(file, "concepts"):
            where = file.at(f"concepts.{name}")
            draft.add(name, split_terms(terms, where), file.at(f"concepts.{name}", file.content["concepts"]))
    if BLOCKERS not in draft.bits:
        blocked = [
            term for file in files for term in split_terms(file.content.get("blockers", ""), file.at("blockers"))
        ]
        draft.add(BLOCKERS, blocked, "blockers")
    return draft


def patterns_of(draft: Draft) -> Iterator[Pattern]:
    """One pattern for each surface form of all terms."""
    masks: dict[tuple[str, bool], int] = {}
    for name, terms in draft.terms.items():
        for term in terms:
            try:
                surfaces = list(expand(term))
            except TermError as error:
                raise OperatorError(draft.where[name], str(error)) from None
            for surface, exact in surfaces:
                key = (surface, exact)
                masks[key] = masks.get(key, 0) | draft.bits[name]
    said_by_the_first = draft.bits.get(AS_THE_FIRST, 0)
    for (surface, exact), mask in masks.items():
        also = (
            masks.get((surface.partition(" ")[0], exact), 0) | draft.bits[BLOCKERS]
            if mask & said_by_the_first
            else 0
        )
        yield Pattern(surface, concepts=mask | also, exact=exact)


def shared_words(patterns: Iterable[Pattern]) -> dict[int, int]:
    """For each concept those that share a single word with it, itself where it has any."""
    found: dict[int, int] = {}
    for mask in {pattern.concepts for pattern in patterns if " " not in pattern.term}:
        for bit in _bits(mask):
            found[bit] = found.get(bit, 0) | mask
    return found


def _bits(mask: int) -> Iterator[int]:
    """The bits of a mask, the lowest first."""
    while mask:
        lowest = mask & -mask
        yield lowest
        mask ^= lowest
