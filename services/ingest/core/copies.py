"""Tell a syndicated copy from another report of the same event: the words say, and the numbers decide."""

from __future__ import annotations

import re
from dataclasses import dataclass

import xxhash

SHINGLE_WORDS = 5
#: One shingle in eight is an anchor: enough to find a copy of any length, few enough to keep for days.
ANCHOR_SHARE = 8
#: So much of the newer text must be in the older one.  A cut copy of a real story has 0.95, an independent
#: report of the same event 0.00.
CONTAINED_MIN = 0.9
#: The same of a text that names its original; edited copies of one have 0.84 and more, other reports 0.00.
CONTAINED_STATED_MIN = 0.5
#: Fewer words than this say too little to be sure.
WORDS_MIN = 20
#: An anchor hit this often among the anchors of the newer text makes a candidate worth reading.
CANDIDATE_SHARE = 0.4

_NUMBERS = (
    "satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas belas puluh ratus seratus "
    "ribu seribu juta belasan puluhan ratusan seorang sebuah one two three four five six seven eight "
    "nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty "
    "thirty forty fifty sixty seventy eighty ninety hundred thousand million dozen dozens hundreds "
)
_NUMBER_WORDS = frozenset(_NUMBERS.split())
_WORD = re.compile(r"\w+")


@dataclass(frozen=True)
class Print:
    """What of a story is compared."""

    shingles: frozenset[int]
    numbers: frozenset[str]
    words: int

    @property
    def anchors(self) -> frozenset[int]:
        """The few shingles by which copies are found."""
        return frozenset(one for one in self.shingles if one % ANCHOR_SHARE == 0)


def print_of(title: str, text: str) -> Print:
    """The print of a story.  The heading is often rewritten, so only its numbers count."""
    words = _WORD.findall(text.casefold())
    return Print(
        shingles=frozenset(
            # 63 bits: the signed integers of every database hold them.
            xxhash.xxh3_64_intdigest(" ".join(words[at : at + SHINGLE_WORDS]).encode()) >> 1
            for at in range(max(0, len(words) - SHINGLE_WORDS + 1))
        ),
        numbers=frozenset(_numbers(words)) | frozenset(_numbers(_WORD.findall(title.casefold()))),
        words=len(words),
    )


def is_copy(newer: Print, older: Print, *, stated: bool = False) -> bool:
    """Whether the newer text says nothing the older one does not: its words are there, and all its numbers.

    A copy in which a count was changed is a new fact and no copy.

    Args:
        stated: the newer one says itself that it repeats the older: then an edited half is enough.
    """
    if newer.words < WORDS_MIN or not newer.shingles or not newer.numbers <= older.numbers:
        return False
    share = len(newer.shingles & older.shingles) / len(newer.shingles)
    return share >= (CONTAINED_STATED_MIN if stated else CONTAINED_MIN)


def _numbers(words: list[str]) -> set[str]:
    return {word for word in words if word in _NUMBER_WORDS or any(letter.isdigit() for letter in word)}
