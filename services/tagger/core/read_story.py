"""Match and cut a story into what the rules read."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from functools import reduce
from operator import or_

from services.contracts.tagging import MASK
from services.tagger.core.book import Rulebook
from services.tagger.core.datelines import SEARCHED
from services.tagger.core.matching import Found
from services.tagger.core.reading import Reading
from services.tagger.core.sentences import Sentences, split

#: Title and this many sentences after it are the lead.
LEAD_SENTENCES = 4
FRAGMENT = 30
#: A text without a headline is read as if its first sentence were one, where it is no longer than one.
_HEADLINE = 220
_MASKED = re.compile(f"{MASK}{MASK}*")  # begins with one character, which is looked for at once


def read(
    raw: str, cleared: str, book: Rulebook, *, has_title: bool, found: Found | None = None, without: int = 0
) -> Reading:
    """Match and cut ``raw`` (boilerplate already blank); what is masked in ``cleared`` is evidence of nothing.

    ``found`` is what stands in ``raw`` where that is known.  A word that clearing took for a name still says what
    a story is about; no place, fact or span comes of it.  Concepts in ``without`` count nowhere.
    """
    whole = with_masks(raw, cleared)
    sentences = split(whole, whole.index("\n") if "\n" in whole else 0)
    has_title = has_title or 0 < len(whole[: sentences.ends[0]].strip()) <= _HEADLINE
    found = found or book.matcher.find(raw)
    bits = found.concepts(sentences.starts)
    if without:
        bits = [mask & ~without for mask in bits]
    reading = Reading(whole, cleared, sentences, found, bits, 0, has_title)
    reading.everything, state = _union(bits), book.bit("foreign_state")
    if reading.everything & book.bit("background_cue"):
        _forget_background(reading, book)
        reading.everything = _union(bits)
    if reading.everything & (state | book.any_offence):  # else neither has anything to take away
        _forget_where_written(reading, state)
        reading.listed = _strip_enumerations(bits, book)
        reading.everything = _union(bits)
    reading.lead_end = _lead_end(whole, sentences, has_title)
    reading.lead_bits = _union(bits[: reading.lead_end])
    return reading


def _union(masks: Iterable[int]) -> int:
    return reduce(or_, masks, 0)


def with_masks(raw: str, cleared: str) -> str:
    """``raw`` with the masks of ``cleared``: boilerplate stays blank, and nobody is named."""
    if MASK not in cleared:
        return raw
    pieces, at = [], 0
    for masked in _MASKED.finditer(cleared, 0, len(raw)):
        pieces += [raw[at : masked.start()], masked.group()]
        at = masked.end()
    return "".join([*pieces, raw[at:]])


def _lead_end(whole: str, sentences: Sentences, has_title: bool) -> int:
    """The index after the lead; fragments such as "Jakarta -" do not count as sentences of it."""
    wanted = LEAD_SENTENCES + (1 if has_title else 0)
    for index, (start, end) in enumerate(zip(sentences.starts, sentences.ends, strict=True)):
        if len(whole[start:end].strip()) >= FRAGMENT or (index == 0 and has_title):
            wanted -= 1
            if wanted == 0:
                return index + 1
    return len(sentences)


def _forget_background(reading: Reading, book: Rulebook) -> None:
    """What a place "has long been a haven for" is no news of it, but where that sentence also tells of a catch."""
    cue, caught = book.bit("background_cue"), book.bit("seize") | book.bit("foil") | book.bit("arrest")
    for index in range(reading.has_title + 1, len(reading.bits)):
        if reading.bits[index] & cue and not reading.bits[index] & caught:
            reading.bits[index] = 0


def _forget_where_written(reading: Reading, state: int) -> None:
    """The state a story is filed from ("SINGAPORE -", "CEBU CITY, Philippines -") is foreign to nobody in it."""
    near = bisect_right(reading.sentences.starts, SEARCHED) + 1  # sentences that one may stand in or before
    if not _union(reading.bits[:near]) & state:
        return
    for start, _ in reading.datelines:
        first = bisect_right(reading.sentences.starts, start) - 1
        for index in range(first, min(first + 2, len(reading.bits))):  # a dateline may end in a dot
            is_headline = index == 0 and reading.has_title
            if not is_headline and reading.bits[index] & state and not _told_in_text(reading, index, state):
                reading.bits[index] &= ~state


def _told_in_text(reading: Reading, index: int, concepts: int) -> bool:
    """Whether a sentence has any of these concepts outside its dateline."""
    return any(
        hit.pattern.concepts & concepts and not reading.in_dateline(hit.start) for hit in reading.hits(index)
    )


def _strip_enumerations(bits: list[int], book: Rulebook) -> frozenset[int]:
    """An official's list of crimes is no news of any of them: its offences count for no topic."""
    cue, listed = book.bit("enumeration_cue"), set()
    every = book.any_offence
    for index, mask in enumerate(bits):
        if index == 0 or not mask & every:
            continue
        named = sum(1 for offence in book.offences if mask & offence)
        if named >= 3 or (named >= 2 and mask & cue):
            bits[index] = mask & ~every
            listed.add(index)
    return frozenset(listed)
