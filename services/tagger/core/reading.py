"""A story as the rules see it: which concepts stand in which sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property, reduce
from operator import or_

from services.contracts.tagging import MASK
from services.tagger.core.book import Rule, Window
from services.tagger.core.datelines import datelines_in
from services.tagger.core.folding import fold
from services.tagger.core.lexicon import Hit, Match
from services.tagger.core.matching import MAX_TEXT, Found
from services.tagger.core.sentences import Sentences
from services.tagger.core.spans import Span

_FEW = 5
MAX_EVIDENCE = 4
_span = tuple.__new__  # half of what the named form costs


@dataclass
class Reading:
    """One story, matched and cut; built once, read by every rule."""

    whole: str  # what is read: boilerplate is blank
    cleared: str  # what is shown: the same length
    sentences: Sentences
    found: Found
    bits: list[int]
    everything: int
    has_title: bool
    lead_end: int = 0
    lead_bits: int = 0
    listed: frozenset[int] = field(default_factory=frozenset)  # sentences that enumerate offences
    _known: dict[int, int] = field(default_factory=dict, repr=False)
    _hits: dict[int, list[Hit]] = field(default_factory=dict, repr=False)

    @cached_property
    def named(self) -> list[Hit]:
        """The names of the gazetteer that may be shown, in order of their end."""
        return self._shown(self.found.named())

    @cached_property
    def place_names(self) -> list[Hit]:
        """Of nested names only the longest: "Selat Malaka", not "Malaka"; the US of "US$" is none."""
        whole = self.whole
        kept: list[Hit] = []
        end = 0
        for hit in sorted(self.named, key=lambda one: (one.start, -one.end)):
            if hit.start >= end and whole[hit.end : hit.end + 1] != "$":
                kept.append(hit)
                end = hit.end
        return kept

    @cached_property
    def folded(self) -> bytes:
        """What is read, folded: the same offsets."""
        return fold(self.whole)

    def hits(self, index: int) -> list[Hit]:
        """The hits of concepts that may be shown of a sentence, in order of their end; few sentences are asked."""
        known = self._hits.get(index)
        if known is None:
            starts = self.sentences.starts
            end = starts[index + 1] if index + 1 < len(starts) else MAX_TEXT
            known = self._hits[index] = self._shown(self.found.told(self._matches, index, starts[index], end))
        return known

    @cached_property
    def _matches(self) -> list[list[list[Match]]]:
        return self.found.by_sentence(self.sentences.starts)

    def _shown(self, hits: list[Hit]) -> list[Hit]:
        """Those of which nothing is masked."""
        whole = self.whole
        if MASK not in whole:
            return hits
        return [hit for hit in hits if whole.find(MASK, hit.start, hit.end) < 0]

    @cached_property
    def datelines(self) -> list[tuple[int, int]]:
        """Where it says it was written."""
        return datelines_in(self.whole)

    def in_dateline(self, offset: int) -> bool:
        """Whether this belongs to where it says it was written; there are at most two."""
        for start, end in self.datelines:  # noqa: SIM110  # half the price of any() over so few
            if start <= offset < end:
                return True
        return False

    def fire(self, rule: Rule) -> tuple[int, ...]:
        """The sentences in which ``rule`` fires."""
        everything, window = self.everything, rule.window
        for group in rule.rarest:
            if not everything & group:
                return ()
        if window is Window.SENTENCE:
            found = self._sentences(rule)
        elif window is Window.NEIGHBOUR:
            found = self._neighbours(rule)
        elif window is Window.STORY:
            found = () if everything & rule.unless else (0,)
        elif window is Window.LEAD:
            found = (0,) if _holds(self.lead_bits, rule) else ()
        else:
            found = (0,) if self.has_title and _holds(self.bits[0], rule) else ()
        if found and rule.doubles:
            return tuple(index for index in found if self._has_a_word_each(rule, index))
        return found

    def _sentences(self, rule: Rule) -> tuple[int, ...]:
        first, *others = rule.rarest
        found = self._where(first)
        for group in others:
            found = self._of_these(found, group)
            if not found:
                return ()
        if rule.unless:
            found &= ~self._of_these(found, rule.unless)
        return _indexes(found) if found else ()

    def _neighbours(self, rule: Rule) -> tuple[int, ...]:
        """A sentence of the first group with the rest in itself and the next, or in itself and the one before."""
        found = after = before = self._where(rule.groups[0])
        for group in rule.groups:
            where = self._where(group)
            after &= where | where >> 1
            before &= where | where << 1
        if rule.unless and (after or before):
            where = self._where(rule.unless)
            after &= ~(where | where >> 1)
            before &= ~(where | where << 1)
        found &= after | before
        return _indexes(found) if found else ()

    def _has_a_word_each(self, rule: Rule, index: int) -> bool:
        """Whether no single word stands for two parts of the rule; a phrase holds words enough for several."""
        every = reduce(or_, rule.groups)
        told = [at for at in self._window(rule, index) if self.bits[at] & every or at in self.listed]
        hits = [hit for at in told for hit in self.hits(at) if hit.pattern.concepts & every]
        choices: list[list[tuple[int, int]]] = []
        for group in rule.groups:
            held = [hit for hit in hits if hit.pattern.concepts & group]
            if held and not any(" " in hit.pattern.term for hit in held):  # none: it stands in a masked name
                choices.append(sorted({(hit.start, hit.end) for hit in held}))
        return _can_differ(choices)

    def _of_these(self, sentences: int, group: int) -> int:
        """Those of these sentences that hold any of these concepts; of a few, only they are looked at."""
        known = self._known.get(group)
        if known is None and sentences.bit_count() > _FEW:
            known = self._where(group)
        if known is not None:
            return sentences & known
        found, bits = 0, self.bits
        while sentences:
            lowest = sentences & -sentences
            if bits[lowest.bit_length() - 1] & group:
                found |= lowest
            sentences ^= lowest
        return found

    def _where(self, group: int) -> int:
        """The sentences that hold any of these concepts, one bit each; rules share their groups."""
        known = self._known.get(group)
        if known is None:
            known = self._known[group] = sum([sentence for sentence, mask in self._telling if mask & group])
        return known

    @cached_property
    def _telling(self) -> list[tuple[int, int]]:
        return [(1 << index, mask) for index, mask in enumerate(self.bits) if mask]

    def evidence(self, rule: Rule, sentences: Iterable[int]) -> list[Span]:
        """What the rule rests on: for each group the first hit, in the first sentences it fired in."""
        spans: dict[tuple[int, int], Span] = {}
        for index in list(sentences)[:2]:
            window = self._window(rule, index)
            for group in rule.groups:
                hit = self._first_of(group, window)
                if hit and (hit.start, hit.end) not in spans:
                    spans[hit.start, hit.end] = self.span(hit.start, hit.end, rule.name)
        return list(spans.values())[:MAX_EVIDENCE]

    def shows(self, rule: Rule, sentences: Iterable[int]) -> bool:
        """Whether any of its evidence may be shown."""
        for index in list(sentences)[:2]:
            window = self._window(rule, index)
            if any(self._first_of(group, window) for group in rule.groups):
                return True
        return False

    def _first_of(self, group: int, window: Iterable[int]) -> Hit | None:
        bits, listed = self.bits, self.listed
        for at in window:
            if bits[at] & group or at in listed:
                for hit in self.hits(at):
                    if hit.pattern.concepts & group:
                        return hit
        return None

    def span(self, start: int, end: int, rule: str) -> Span:
        """What is shown at these offsets, up to the first mask."""
        text = self.cleared[start:end]
        if MASK in text:
            text = text[: text.index(MASK)]
        return _span(Span, (start, start + len(text), text, rule))

    def first(self, mask: int) -> Hit | None:
        """The first hit of any of these concepts."""
        if not self.everything & mask:
            return None
        for index, bits in enumerate(self.bits):
            if bits & mask or index in self.listed:
                for hit in self.hits(index):
                    if hit.pattern.concepts & mask:
                        return hit
        return None

    def count(self, mask: int) -> int:
        """How many sentences hold any of these concepts."""
        return sum(1 for bits in self.bits if bits & mask) if self.everything & mask else 0

    @property
    def title(self) -> str:
        """The headline as it is read; empty where there is none."""
        if not self.has_title:
            return ""
        own = self.whole.partition("\n")[0].strip()
        return own or self.whole[: (*self.sentences.starts, len(self.whole))[1]].strip()

    def governs(self, group: int, others: int) -> bool:
        """Whether the first of ``group`` in the headline stands before all of ``others``."""
        if not self.bits[0] & others:
            return True
        governor = min((h.start for h in self.hits(0) if h.pattern.concepts & group), default=-1)
        return governor >= 0 and not any(
            hit.start < governor and hit.pattern.concepts & others for hit in self.hits(0)
        )

    def in_lead(self, index: int) -> bool:
        """Whether this sentence is the title or among the first ones."""
        return index < self.lead_end

    def _window(self, rule: Rule, index: int) -> Iterable[int]:
        if rule.window is Window.NEIGHBOUR:
            return [at for at in (index, index + 1, index - 1) if 0 <= at < len(self.bits)]
        if rule.window is Window.LEAD:
            return range(self.lead_end)
        if rule.window is Window.STORY:
            return range(len(self.bits))
        return [index]


def _indexes(bits: int) -> tuple[int, ...]:
    """Which bits are set, the lowest first."""
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return tuple(found)


def _can_differ(choices: list[list[tuple[int, int]]], taken: frozenset[tuple[int, int]] = frozenset()) -> bool:
    """Whether one of each can be taken and none twice; of more than there are lists any would do."""
    if not choices:
        return True
    first, *others = sorted(choices, key=len)
    return any(
        _can_differ(others, taken | {one}) for one in first[: len(taken) + len(choices)] if one not in taken
    )


def _holds(mask: int, rule: Rule) -> bool:
    if mask & rule.unless:
        return False
    for group in rule.groups:  # noqa: SIM110  # half the price of all() over so few
        if not mask & group:
            return False
    return True
