"""Give a text written in one case the capitals its names would have: clearing goes by them.

Every character keeps its place.  A text is left alone when its letters are of both cases, as nearly all are.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from services.tagger.core.clearing_given_names import ALSO_WORDS, PURE
from services.tagger.core.clearing_people_words import AFFIXED, DONE_TO, NO_NAMES, SPEAKS, TAKES, WAS
from services.tagger.core.clearing_words import CUES, HONORIFICS, NOT_NAMES, Cue

_GAPS = frozenset([" ", ", ", ": ", ' "', " (", "\n"])
_AGE = re.compile(r",? \(?\d{1,2}(?:[),]| tahun)")
#: What stands before a name that is written small: the cues of one word, but those that stand before any word.
_ANNOUNCE = (
    frozenset(
        term.strip()
        for cue in (Cue.VICTIM, Cue.KIN, Cue.CALLED)
        for term in CUES[cue].split(";")
        if " " not in term.strip()
    )
    - {"nama", "warga", "anak", "pekerja", "called", "keluarga", "saksi", "bayi"}
    | TAKES
)
_WORD = re.compile(r"[^\W\d_]{2,}")
_CAPITALS = bytes(range(ord("A"), ord("Z") + 1))
#: A text with fewer capitals than one in so many characters is written small.
_ONE_IN, _LEAST = 250, 25
#: Asked first: here nearly all texts have capitals enough.
_BEGINNING = 800
_FEWEST_WORDS = 3
_SHORTEST, _SHORT = 3, 4
_BEFALLS = DONE_TO | {"was", "were"}
_TELLS = DONE_TO | SPEAKS | WAS


class _Word(NamedTuple):
    start: int
    end: int
    low: str


def with_capitals(whole: str, folded: bytes, known: frozenset[str]) -> str:
    """``whole`` with capitals where a name may stand, if it is written in one case throughout or by the line."""
    if len(whole) < _LEAST or not any(map(str.isalpha, whole[:_LEAST])):
        return whole
    if _is_small(whole, whole[:_BEGINNING]) and _is_small(whole, whole):
        return _capitalised(whole, folded, known)
    lines = whole.split("\n")
    if not any(map(str.isupper, lines)):
        return whole
    at, restored = 0, []
    for line in lines:
        shouted = line.isupper() and line.count(" ") >= _FEWEST_WORDS
        lowered = line.lower() if shouted else line
        part = folded[at : at + len(line)]
        restored.append(_capitalised(lowered, part, known) if shouted and len(lowered) == len(line) else line)
        at += len(line) + 1
    return "\n".join(restored)


def _is_small(whole: str, part: str) -> bool:
    """Whether the capitals of this part are too few for all of it."""
    shown = part.encode("latin-1", "replace")
    return (len(shown) - len(shown.translate(None, _CAPITALS))) * _ONE_IN < len(whole)


def _capitalised(text: str, folded: bytes, known: frozenset[str]) -> str:
    words = [_Word(*found.span(), folded[found.start() : found.end()].decode()) for found in _WORD.finditer(text)]
    names = [word.low in PURE for word in words]
    for index, word in enumerate(words):
        if not names[index]:
            before, after = words[index - 1] if index else None, words[index + 1 : index + 2]
            gap = text[before.end : word.start] if before else ""
            beside = gap == " " and names[index - 1]
            if _may_be_name(word.low, known, beside=beside):
                announced = before is not None and gap in _GAPS and before.low in _ANNOUNCE
                told = bool(after) and text[word.end : after[0].start] == " " and after[0].low in _BEFALLS
                names[index] = announced or beside or told or _AGE.match(text, word.end) is not None
            elif beside and len(word.low) <= _SHORT and word.low not in NOT_NAMES:  # "sokha chan said"
                names[index] = text[word.end : word.end + 1] == "," or (bool(after) and after[0].low in _TELLS)
    for index in range(len(words) - 2, -1, -1):  # "putri lestari": what stands before a name
        word = words[index]
        if names[index + 1] and not names[index] and text[word.end : words[index + 1].start] == " ":
            names[index] = word.low in ALSO_WORDS or _may_be_name(word.low, known)
    again = {word.low for word, named in zip(words, names, strict=True) if named and len(word.low) > _SHORT}
    pieces: list[str] = []
    at = 0
    for word, named in zip(words, names, strict=True):
        if named or (word.low in again and word.low not in known):
            pieces += (text[at : word.start], text[word.start : word.end].capitalize())
            at = word.end
    return "".join([*pieces, text[at:]])


def _may_be_name(word: str, known: frozenset[str], *, beside: bool = False) -> bool:
    """Whether a word may be one: of no lexicon, and no form of a verb, unless a name stands before."""
    if len(word) < _SHORTEST or word in known or word in HONORIFICS or word in NO_NAMES:
        return False
    return beside or not AFFIXED.match(word)
