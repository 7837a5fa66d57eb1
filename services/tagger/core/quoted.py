"""Read past the quotation marks that papers put around a word or two: a ‘call centre’ gang."""

from __future__ import annotations

import re
from bisect import bisect_right

from services.tagger.core.lexicon import Match

#: The headline and the lead; further down quotation marks are mostly speech.
_HEAD = 800
_MARKS = "'\"‘’“”«»"
#: Up to four words between marks.  It begins with the mark, which the engine looks for fast.
_QUOTED = re.compile(rf"[{_MARKS}](?<!\w.)[\w-]+(?: [\w-]+){{0,3}}[{_MARKS}](?!\w)")


def marks_within(text: str) -> tuple[int, ...]:
    """Where marks stand between two words of one phrase, in order."""
    head = text[:_HEAD]
    found = []
    for quoted in _QUOTED.finditer(head):
        first, last = quoted.start(), quoted.end() - 1
        if first and head[first - 1] == " ":
            found.append(first)
        if head[last + 1 : last + 2] == " ":
            found.append(last)
    return tuple(found)


def without(padded: bytes, marks: tuple[int, ...]) -> bytes:
    """Folded text with a space before and after it, and without the bytes of these marks."""
    pieces, at = [], 0
    for mark in marks:
        pieces.append(padded[at : mark + 1])
        at = mark + 2
    return b"".join([*pieces, padded[at:]])


def as_written(matches: list[Match], marks: tuple[int, ...]) -> list[Match]:
    """Matches in text without these marks by their offsets in the text that has them."""
    gone = [mark - index for index, mark in enumerate(marks)]
    # The last letter tells where a term ends: a mark may stand right after it.
    return [
        (term, start + bisect_right(gone, start), end + bisect_right(gone, end - 3))
        for term, start, end in matches
    ]
