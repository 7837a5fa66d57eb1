"""Find the terms of the lexicon in one pass over a story, and the gazetteer's names when they are asked for."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property, reduce
from operator import itemgetter, or_

from services.tagger.core.blocks import Blocks
from services.tagger.core.crowding import MAX_HITS_OF_A_TERM, is_crowded, stands_too_often, thinned
from services.tagger.core.folding import begins_any, fold, fold_term
from services.tagger.core.lexicon import ASKS, Hit, Lexicon, Match, Pattern, Terms
from services.tagger.core.place_words import NO_WORDS, PlaceWords
from services.tagger.core.quoted import as_written, marks_within, without

#: A crafted text must not buy unbounded work: characters read.
MAX_TEXT = 40_000
#: Thai is the first script without spaces between words; Lao and Khmer follow it.
_OTHER_SCRIPTS = "\u0e00"
_ALL = -1
_CAPITAL = re.compile("[A-Z]")
#: A headline and a text: what is shorter is a headline alone.
_A_TEXT = 80

#: A hundred hits a story: half of what the named form costs.
_hit = tuple.__new__
_end = itemgetter(2)
_hit_end, _by_end = itemgetter(1), itemgetter(1, 0)  # of terms that end together the longest comes first

#: No text is written so: the patterns of a term are asked one by one.
_UNUSUAL = (" ", 0)


class Matcher:
    """The terms of the lexicon and the names of the gazetteer, which few stories are asked for, apart."""

    def __init__(
        self,
        patterns: Iterable[Pattern],
        blockers: int = 0,
        signs: int = _ALL,
        words: PlaceWords = NO_WORDS,
    ) -> None:
        """No term counts inside a phrase of the concepts ``blockers``.  ``signs`` are what topics are told by:

        most stories end for want of them, and are never asked for the other half of the lexicon.  ``words`` tell
        whether a name written small is one.
        """
        self.words = words
        own: list[Pattern] = []
        by_script: dict[str, list[Pattern]] = {}
        for pattern in patterns:
            if max(pattern.term) >= _OTHER_SCRIPTS:
                by_script.setdefault(pattern.term, []).append(pattern)
            else:
                own.append(pattern)
        self._other_scripts = by_script
        firsts = "".join({re.escape(term[0]) for term in by_script})
        self._begins_other = re.compile(f"[{firsts}]") if firsts else None
        self._first_bytes = bytes({term.encode()[0] for term in by_script})
        first = {fold_term(one.term) for one in own if one.concepts & (signs | blockers)}
        halves: dict[bool, list[Pattern]] = {True: [], False: []}
        for pattern in own:
            if not pattern.places:
                halves[fold_term(pattern.term) in first].append(pattern)
        self.signs, self.others = Lexicon(halves[True], blockers), Lexicon(halves[False], blockers)
        self.names = Terms(pattern for pattern in own if pattern.places)
        lexicon = frozenset((*self.signs.folded, *self.others.folded))
        self.both = frozenset(index for index, term in enumerate(self.names.folded) if term in lexicon)

    def find(self, text: str, folded: bytes | None = None) -> Found:
        """Every hit in the first ``MAX_TEXT`` characters; ``folded`` where all of the text is known so."""
        return self.glance(text, folded).complete()

    def glance(self, text: str, folded: bytes | None = None) -> Found:
        """The hits of signs, which ``Found.complete`` adds the others to."""
        text = text[:MAX_TEXT]
        padded = b" " + (fold(text) if folded is None else folded[:MAX_TEXT]) + b" "
        found = Found(self, text, padded, list(self._substrings(text)) if self._may_hold_others(text) else [])
        matches = found.look(self.signs)
        if stands_too_often(matches):  # how many of them are kept depends on all that stands here
            return found.with_all(matches)
        found.add(self.signs, matches)
        return found

    def _may_hold_others(self, text: str) -> bool:
        if text.isascii() or not self._begins_other or not begins_any(text, self._first_bytes):
            return False
        return self._begins_other.search(text) is not None

    def _substrings(self, text: str) -> Iterator[Hit]:
        """Khmer and Lao put no space between words: a term counts wherever it stands."""
        for term, patterns in self._other_scripts.items():
            at, count = text.find(term), 0
            while at >= 0 and count < MAX_HITS_OF_A_TERM:
                for pattern in patterns:
                    yield Hit(at, at + len(term), pattern)
                at, count = text.find(term, at + len(term)), count + 1


#: What stands of a lexicon, and the concepts of each match.
_Part = tuple[Lexicon, list[Match], list[int]]


class Found:
    """What stands in a story.  Most stories are told by their concepts alone: a hit is made when asked for."""

    def __init__(self, matcher: Matcher, text: str, padded: bytes, others: list[Hit]) -> None:
        self._matcher = matcher
        self._text = text
        self._padded = padded
        self._marks = marks_within(text)
        self._sought = without(padded, self._marks) if self._marks else padded
        self.others = others  # in scripts that put no space between words
        self._parts: list[_Part] = []
        blockers = matcher.signs.blockers
        #: Of phrases that mean something else.
        self._spans = [(hit.start, hit.end) for hit in others if hit.pattern.concepts & blockers]

    def look(self, terms: Terms) -> list[Match]:
        """Every match of these terms, also around a mark of quotation."""
        matches = terms.find(self._sought)
        return as_written(matches, self._marks) if self._marks else matches

    def add(self, lexicon: Lexicon, matches: list[Match]) -> None:
        """Take in what stands of a lexicon; of the signs first, which the blocking phrases are among."""
        masks = self._asked(lexicon, matches)
        if self._spans:
            self._clear(lexicon.blockers, matches, masks)
        self._parts.append((lexicon, matches, masks))

    def complete(self) -> Found:
        """With the rest of the lexicon, where that is not here yet."""
        if len(self._parts) > 1:
            return self
        others = self._matcher.others
        matches = self.look(others)
        if stands_too_often(matches):
            return Found(self._matcher, self._text, self._padded, self.others).with_all(self._parts[0][1], matches)
        self.add(others, matches)
        return self

    def with_all(self, signs: list[Match], others: list[Match] | None = None) -> Found:
        """Complete, and of a term that stands very often in a crowded text only the first hits."""
        others = self.look(self._matcher.others) if others is None else others
        if is_crowded(len(signs) + len(others), self.look(self._matcher.names), self._matcher.both):
            signs, others = thinned(signs), thinned(others)
        self.add(self._matcher.signs, signs)
        self.add(self._matcher.others, others)
        return self

    def everything(self) -> int:
        """Every concept that stands anywhere."""
        every = reduce(or_, [hit.pattern.concepts for hit in self.others], 0)
        for _, _, masks in self._parts:
            every = reduce(or_, masks, every)
        return every

    def concepts(self, starts: Sequence[int]) -> list[int]:
        """The concepts of each sentence, by the offsets the sentences start at."""
        bits = [0] * len(starts)
        for _, matches, masks in self._parts:
            at, lower, upper, held = 0, 0, -1, 0  # the sentence the last hit was in
            for mask, (_, start, _) in zip(masks, matches, strict=True):
                if lower <= start < upper:
                    held |= mask
                    continue
                bits[at] |= held
                held = mask
                at = bisect_right(starts, start) - 1
                lower, upper = starts[at], starts[at + 1] if at + 1 < len(starts) else MAX_TEXT
            bits[at] |= held
        for hit in self.others:
            if self._is_free(hit):
                bits[bisect_right(starts, hit.start) - 1] |= hit.pattern.concepts
        return bits

    def by_sentence(self, starts: Sequence[int]) -> list[list[list[Match]]]:
        """The matches of each lexicon that each sentence holds, in order of their end."""
        return [_grouped(matches, starts) for _, matches, _ in self._parts]

    def told(self, grouped: list[list[list[Match]]], index: int, start: int, end: int) -> list[Hit]:
        """The hits of concepts in a sentence, which stands between these offsets, in order of their end."""
        hits: list[Hit] = []
        for (lexicon, _, _), groups in zip(self._parts, grouped, strict=True):
            if matches := groups[index]:
                ordered = not hits
                hits += self._hits(lexicon, matches)
                if not ordered:
                    hits.sort(key=_by_end)
        if self.others:
            hits += [hit for hit in self.others if start <= hit.start < end and hit.pattern.concepts]
            hits.sort(key=_hit_end)
        return self._free(hits) if self._spans and self._blocks.touch(start, end) else hits

    def named(self) -> list[Hit]:
        """Every hit of a name of the gazetteer, in order of its end."""
        names = self.look(self._matcher.names)
        if is_crowded(sum(len(matches) for _, matches, _ in self._parts), names, self._matcher.both):
            names = thinned(names)
        hits = self._hits(self._matcher.names, names)
        if others := [hit for hit in self.others if hit.pattern.places]:
            hits = sorted([*hits, *others], key=_hit_end)
        return self._free(hits)

    def _free(self, hits: list[Hit]) -> list[Hit]:
        return [hit for hit in hits if self._is_free(hit)] if self._spans else hits

    def _hits(self, terms: Terms, matches: Iterable[Match]) -> list[Hit]:
        found: list[Hit] = []
        single, groups, text = terms.single, terms.groups, self._text
        for index, start, end in matches:
            stop, only = end - 2, single[index]
            if only is not None:
                if not only.capital or text[start].isupper() or self._means(only, start, stop):
                    found.append(_hit(Hit, (start, stop, only)))
                continue
            found += [
                _hit(Hit, (start, stop, pattern)) for pattern in groups[index] if self._holds(pattern, start, stop)
            ]
        return found

    def _asked(self, lexicon: Lexicon, matches: list[Match]) -> list[int]:
        """The concepts of each match, also of those that ask for their case; notes the blocking phrases."""
        concepts = lexicon.concepts
        masks = [concepts[index] for index, _, _ in matches]
        groups, usual, text = lexicon.groups, lexicon.usual, self._text
        blockers, at = lexicon.blockers, -1
        for _again in range(masks.count(ASKS)):
            at = masks.index(ASKS, at + 1)
            index, start, end = matches[at]
            written, mask = usual[index] or _UNUSUAL
            if written and text[start : end - 2] != written:
                mask = self._written(groups[index], start, end - 2)
            masks[at] = mask
            if mask & blockers:
                self._spans.append((start, end - 2))
        return masks

    def _written(self, group: Iterable[Pattern], start: int, stop: int) -> int:
        mask = 0
        for pattern in group:
            if self._holds(pattern, start, stop):
                mask |= pattern.concepts
        return mask

    def _clear(self, blockers: int, matches: list[Match], masks: list[int]) -> None:
        """Take their concepts from the words inside such phrases."""
        for first, last in self._spans:
            inside = range(*(bisect_right(matches, at + 2, key=_end) for at in (first, last)))
            for at in inside:
                if first <= matches[at][1] and not masks[at] & blockers:
                    masks[at] = 0

    @cached_property
    def _blocks(self) -> Blocks:
        return Blocks(self._spans)

    def _is_free(self, hit: Hit) -> bool:
        """Whether a hit is such a phrase, or in none."""
        blocks = hit.pattern.concepts & self._matcher.signs.blockers
        return bool(blocks) or not self._blocks.hold(hit.start, hit.end)

    def _holds(self, pattern: Pattern, start: int, stop: int) -> bool:
        """Whether a term is written as it has to be; in a text of capitals, or without any, case says nothing."""
        if pattern.exact and self._text[start:stop] != pattern.term and not self._shouting:
            return self._small and pattern.term.partition(" ")[0] not in self._matcher.words.words_when_small
        return not pattern.capital or self._text[start].isupper() or self._means(pattern, start, stop)

    def _means(self, name: Pattern, start: int, stop: int) -> bool:
        """Whether a name written small is one: where all is written so, and it is no everyday word."""
        if not self._small:
            return False
        if self._padded[start + 1 : stop + 1] not in self._matcher.words.also_words:
            return bool(name.places)
        before = self._padded[max(0, start - 24) : start + 1].split()
        return bool(name.places) and bool(before) and before[-1] in self._matcher.words.before_a_town

    @cached_property
    def _small(self) -> bool:
        """Whether the text, or all of it but its headline, is written without capitals, as in many collections."""
        text = self._text
        head = text.find("\n") + 1
        return _CAPITAL.search(text, head if len(text) - head > _A_TEXT else 0) is None

    @cached_property
    def _shouting(self) -> bool:
        return not _has_small_letters(self._text)


def _grouped(matches: list[Match], starts: Sequence[int]) -> list[list[Match]]:
    grouped: list[list[Match]] = [[] for _ in starts]
    lower, upper, group = 0, -1, grouped[0]
    for match in matches:
        start = match[1]
        if not lower <= start < upper:
            at = bisect_right(starts, start) - 1
            lower, upper = starts[at], starts[at + 1] if at + 1 < len(starts) else MAX_TEXT
            group = grouped[at]
        group.append(match)
    return grouped


def _has_small_letters(text: str) -> bool:
    return any(char.islower() for char in text[:400]) or text.upper() != text
