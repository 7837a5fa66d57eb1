"""What stands around a name: an office before it, a place of the same name, the line of a headline."""

from __future__ import annotations

from typing import NamedTuple

from services.tagger.core.clearing_words import ROLES

LINE = 200
_PEOPLE = frozenset([b"negara", b"warga", b"wn", b"asal", b"warganegara", b"kewarganegaraan"])
_TOWARDS = frozenset(
    ["di", "ke", "dari", "in", "at", "from", "to", "near", "Kota", "Kabupaten", "Polda", "Polres", "Pulau"]
)
_TOWARDS_WIDTH = 1 + max(map(len, _TOWARDS))
_ROLES = frozenset(word.encode() for word in ROLES)


class Text(NamedTuple):
    """What is cleared, and its folded bytes: the same offsets, folded once for all who look at its words."""

    whole: str
    folded: bytes


def also_a_place(whole: str, word: str) -> bool:
    """Whether the story also uses a part of a name as a place: "di Flores"."""
    at = whole.find(f" {word}")
    while at >= 0:
        _, space, before = whole[max(0, at - _TOWARDS_WIDTH) : at].rpartition(" ")
        if space and before in _TOWARDS:
            return True
        at = whole.find(f" {word}", at + 1)
    return False


def after_office(folded: bytes, start: int) -> bool:
    """Whether an office or a rank stands right before the name."""
    before = folded[max(0, start - 24) : start].rsplit(None, 1)
    return bool(before) and before[-1] in _ROLES


def of_a_people(folded: bytes, start: int) -> bool:
    """Whether a state follows "warga negara": a nationality, no name."""
    before = folded[max(0, start - 16) : start].rsplit(None, 1)
    return bool(before) and before[-1] in _PEOPLE


def headline(whole: str, start: int, end: int) -> bool:
    """In a line of capitalised words a capital says nothing."""
    newline = whole.rfind("\n", max(0, start - LINE), start)
    left = newline + 1 if newline >= 0 else (0 if start <= LINE else -1)
    right = whole.find("\n", end, end + LINE)
    if left < 0 or (right < 0 and len(whole) > end + LINE):
        return False  # too long a line for a headline; never looked at beyond these bounds
    line = whole[left : right if right >= 0 else len(whole)]
    if len(line) > LINE or line.rstrip()[-1:] in (".", "”", '"', ","):
        return False
    words = [word for word in line.split() if word[0].isalpha()]
    return sum(word[0].isupper() for word in words) * 2 > len(words) and len(words) > 3
