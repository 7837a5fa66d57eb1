"""Find the runs of capitalised words that may be somebody's name, with the words around them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from services.tagger.core.clearing_context import headline
from services.tagger.core.clearing_given_names import ALSO_WORDS, PURE
from services.tagger.core.clearing_people_words import (
    AFFIXED,
    DOES,
    DONE_TO,
    HONORED,
    HONORED_ALONE,
    NO_NAMES,
    NO_PERSON_AFTER,
    NO_PERSON_BEFORE,
    OFFICES,
    SPEAKS,
    TOWARDS,
)
from services.tagger.core.clearing_stretch import WORD as CAPITALISED
from services.tagger.core.clearing_stretch import Stretches
from services.tagger.core.clearing_words import HONORIFICS, NOT_NAMES

_CAPITAL = re.compile(CAPITALISED)
_LINKS = frozenset([" ", " bin ", " binti ", " dos ", " da ", " de ", " dela ", " van ", ". "])
#: As many of them as these join.
_CHAIN = re.compile(rf"{CAPITALISED}(?:\.? (?:(?:bin|binti|dos|da|de|dela|van) )?{CAPITALISED})*")
_SENTENCE_ENDS = frozenset(".!?:;\n\"“”'‘’()[]-–—•*/|")
#: Characters and words looked at around a run.
NEAR, _WORDS_AFTER = 48, 5
_AFTER = re.compile(r"[\w'’-]+|[,()./]")
#: "(dari kiri) Samsiah": who is seen first in a photograph.
_ON_A_SIDE = re.compile(r"\((?:dari |from |from the )?(?:kiri|kanan|left|right)[^()\n]{0,12}\)\s$")
FIRST_SIDE = "kiri"
_COMPOUND = re.compile(r"-[a-z]")  # "EV-friendly"
SHORT, _IN_HEADLINE, _ENDS = 4, 2, 2
NAMES = PURE | ALSO_WORDS
_NO_PART = NOT_NAMES | NO_NAMES | DONE_TO | DOES | SPEAKS | OFFICES | HONORED | NO_PERSON_AFTER | NO_PERSON_BEFORE


class Word(NamedTuple):
    """A capitalised word; ``low`` is folded."""

    start: int
    end: int
    low: str
    shown: str


class Run(NamedTuple):
    """A stretch of words that may be a name, with what stands around."""

    words: Sequence[Word]
    sure: bool  # one of them is a name and hardly anything else
    strange: int  # how many are of no lexicon
    before: str  # the word before, folded
    after: Sequence[str]  # the words after, folded; a comma is a word
    honored: bool
    honored_alone: bool  # by a word that stands before names alone
    begins_sentence: bool
    in_headline: bool

    @property
    def span(self) -> tuple[int, int]:
        return self.words[0].start, self.words[-1].end


def without_hope(known: frozenset[str]) -> frozenset[str]:
    """Words with which no name begins, of these of the lexicon and of our own; put together once."""
    return (known | HONORIFICS | _NO_PART) - NAMES - HONORED_ALONE


def stretches_in(
    names: Stretches, within: Sequence[tuple[int, int]], hopeless: frozenset[str]
) -> Iterator[list[Word]]:
    """Capitalised words that stand side by side, where any of them may be a name: few do."""
    whole, lows = names.whole, names.folded.decode()
    hopes = {word for first, last in within for word in lows[first:last].split()} - hopeless
    for chain in (chain for first, last in within for chain in _CHAIN.finditer(whole, first, last)):
        start, end = chain.span()
        if hopes.isdisjoint(lows[start:end].split()):
            continue
        stretch: list[Word] = []
        for found in _CAPITAL.finditer(whole, start, end):
            word = _word(found, lows)
            if stretch and _breaks(stretch[-1], whole[stretch[-1].end : word.start]):
                yield stretch
                stretch = []
            stretch.append(word)
        yield stretch


def _word(found: re.Match[str], lows: str) -> Word:
    start, end = found.span()
    shown = found.group()
    low = lows[start:end].partition(" ")[0]
    return Word(start, end - 2 if shown.endswith(("'s", "’s")) else end, low, shown)


def _breaks(last: Word, gap: str) -> bool:
    """Whether a stretch ends with this word, by what stands between it and the next."""
    if gap == ". ":
        return len(last.shown) > 1 and last.low not in HONORED
    return gap not in _LINKS


def _is_strange(names: Stretches, word: Word) -> bool:
    return (
        len(word.low) > 1
        and not word.shown.isupper()
        and not _COMPOUND.search(word.shown)
        and names.is_strange(word.low)
    )


def runs_of(names: Stretches, stretch: list[Word]) -> Iterator[Run]:
    """The parts of a stretch that may be a name."""
    shouted: bool | None = None
    at, looked, barred = 0, 0, False
    while at < len(stretch):
        first = at
        while at < len(stretch) and _may_be_name(names, stretch[at], stretch[at - 1] if at else None):
            at += 1
        if first == at:
            at += 1
            continue
        if shouted is None:
            shouted = headline(names.whole, stretch[0].start, stretch[-1].end)
        if not shouted:
            first, at = _widened(stretch, first, at)
        barred = barred or any(word.low in NO_PERSON_BEFORE for word in stretch[looked:first])
        looked = max(looked, first)
        # Of what stands before only its first and its last word are asked: a stretch may be as long as the text.
        before = stretch[:first] if first <= _ENDS else [stretch[0], stretch[first - 1]]
        words, after = stretch[first:at], stretch[at : at + 1]
        if names.is_place(" ".join(word.low for word in words)):
            continue
        if shouted:
            words = _in_headline(words)
        elif not before and len(words) > 1 and AFFIXED.match(words[0].low) and words[0].low not in NAMES:
            words = words[1:]  # "Sayangnya Rifat"
        run = _run(names, words, before, after, shouted=shouted) if words and not barred else None
        if run:
            yield run


def _widened(stretch: Sequence[Word], first: int, at: int) -> tuple[int, int]:
    """With the known words beside that can only be part of the name: "Sok" and "Chan"."""
    if first == 1 and len(stretch[0].shown) <= SHORT and _may_be_part(stretch[0]):
        first = 0
    if at == len(stretch) - 1 and _may_be_part(stretch[at]):
        at += 1
    return first, at


def _may_be_part(word: Word) -> bool:
    return word.low not in _NO_PART and not word.shown.isupper() and not AFFIXED.match(word.low)


def _may_be_name(names: Stretches, word: Word, before: Word | None) -> bool:
    if word.low in NAMES:
        return True
    if before and before.low in HONORED_ALONE and _may_be_part(word):
        return True
    return word.low not in _NO_PART and _is_strange(names, word)


def _in_headline(words: list[Word]) -> list[Word]:
    """Where a capital says nothing, from the first name that is hardly another word."""
    for index, word in enumerate(words):
        if word.low in PURE:
            last = index + 1
            while last < len(words) and not AFFIXED.match(words[last].low):
                last += 1
            return words[index:last]
    return words if len(words) <= _IN_HEADLINE else []


def _run(
    names: Stretches, words: Sequence[Word], before: Sequence[Word], after: Sequence[Word], *, shouted: bool
) -> Run | None:
    """The words with what stands around; None where that shows a place or a firm."""
    whole = names.whole
    honored = bool(before) and before[-1].low in HONORED
    if after and after[0].low in NO_PERSON_AFTER:
        return None
    leading = before[0].start if before else words[0].start
    begins = _begins_sentence(whole, leading)
    sure = any(word.low in PURE for word in words)
    if not shouted and not sure and not honored:
        led = len(before) > 1 or (before and not begins)
        if after or (led and before[-1].low not in NOT_NAMES):
            return None  # "Polda Xxx", "Hotel Xxx": a capital that is no name begins it
    previous = ""
    if before and not honored:
        previous = before[-1].low
    elif not begins:
        previous = (names.folded[max(0, leading - NEAR) : leading].decode().split() or [""])[-1]
    if previous in NO_PERSON_BEFORE or (previous in TOWARDS and not honored):
        return None
    if _ON_A_SIDE.search(whole, max(0, leading - NEAR), leading):
        previous = FIRST_SIDE
    strange = sum(1 for word in words if word.low in ALSO_WORDS or _is_strange(names, word))
    strange -= len(words) == 1 and words[0].low in ALSO_WORDS
    ahead = words_after(whole, words[-1].end)
    alone = honored and before[-1].low in HONORED_ALONE
    return Run(words, sure, strange, previous, ahead, honored, alone, begins and not before, shouted)


def _begins_sentence(whole: str, start: int) -> bool:
    before = whole[max(0, start - 3) : start].rstrip(" \t")
    return not before or before[-1] in _SENTENCE_ENDS


def words_after(whole: str, end: int) -> Sequence[str]:
    return [word.lower() for word in _AFTER.findall(whole, end, end + NEAR)[:_WORDS_AFTER]] or [""]
