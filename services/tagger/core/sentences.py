"""Cut a story into sentences, and tell which sentence an offset lies in."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

#: Full stop and then closing quotes, space and a capital, digit or opening quote; or glued to the next sentence
#: ("ke-36.Sidang"), as some feeds deliver it.  A run of stops is read once, from its first.
_GOES_ON = r"(?<![.!?]{2})[.!?]*+[\"”’)]*+\s++(?=[A-Z0-9\"“‘(])"
#: Each end mark is looked for by itself: one character is found many times as fast as a set of them.
_STOP = re.compile(rf"\.(?:{_GOES_ON}|(?=[A-Z][a-z]))")
_MARKS = {
    mark: re.compile(rf"{re.escape(mark)}{rest}")
    for mark, rest in {"!": _GOES_ON, "?": _GOES_ON, "។": r"\s*"}.items()
}
_LINE = re.compile(r"\n\s*")
#: No sentence ends without one of these.
MARKS = ".!?\n។"
#: What ``_STOP`` finds where nothing is to be asked but for the letters before it.
_SURE = re.compile(r"\.\s+(?=[A-Z])")
_SHORT = """
    Kab Kec Jl Jln No Nomor Dr Drs Hj Ir Sdr Pol Kombes Brigjen Irjen Mr Mrs Ms St Gen Col Maj Capt Lt art Art Ps
    hlm dkk a.n Rp US
"""
_ABBREVIATIONS = frozenset(_SHORT.split())
#: Asked first: few words end like an abbreviation.
_ENDINGS = frozenset(word[-2:] for word in _ABBREVIATIONS)
MAX_SENTENCES = 400
#: A text without marks is cut at every so many characters, as the rules look for words that stand near each other.
_UNMARKED, _CUT = 420, 170
_CLOSES = frozenset('.!?"”:')
_span = re.Match.span


@dataclass(frozen=True)
class Sentences:
    """Where each sentence starts and ends; the title is sentence 0 when there is one."""

    starts: tuple[int, ...]
    ends: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.starts)

    def at(self, offset: int) -> int:
        """The index of the sentence that holds ``offset``."""
        return max(0, bisect_right(self.starts, offset) - 1)


def split(whole: str, title_end: int = 0) -> Sentences:
    """Sentences of ``title + "\\n" + text``; never more than ``MAX_SENTENCES``, the rest is one."""
    stops = list(map(_span, _STOP.finditer(whole)))
    found = [
        (at, after)
        for at, after in stops
        if (whole[at - 1 : at].islower() and whole[at - 2 : at] not in _ENDINGS) or _ends(whole, at, after)
    ]
    for mark, pattern in _MARKS.items():
        if mark in whole:
            marked = list(map(_span, pattern.finditer(whole)))
            stops += marked
            found += [(at, after) for at, after in marked if not _is_short(whole, at)]
    if "\n" in whole:
        found += _lines(whole, title_end, stops, min(found)[0] if found else len(whole))
    found.sort()
    if found and found[-1][1] >= len(whole):
        del found[-1]
    if len(whole) - (found[-1][1] if found else 0) > _UNMARKED and len(found) <= 1:
        found += _cuts(whole, found[-1][1] if found else 0)
    del found[MAX_SENTENCES - 1 :]
    return Sentences((0, *[after for _, after in found]), (*[at for at, _ in found], len(whole)))


def sure_starts(whole: str, title_end: int = 0) -> list[int]:
    """Where sentences surely start: some of the starts that ``split`` finds, at a third of its price."""
    starts = [
        after
        for at, after in map(_span, _SURE.finditer(whole))
        if whole[at - 1 : at].islower() and whole[at - 2 : at] not in _ENDINGS
    ]
    title = whole[:title_end]
    if title and not any(mark in title for mark in MARKS):
        return [0, title_end + 1, *starts]
    return [0, *starts]


def _cuts(whole: str, start: int) -> list[tuple[int, int]]:
    """Breaks between the words of a run that has no marks."""
    cuts = []
    while len(whole) - start > 2 * _CUT:
        at = whole.find(" ", start + _CUT)
        if at < 0:
            break
        cuts.append((at, at + 1))
        start = at + 1
    return cuts


def _ends(whole: str, at: int, after: int) -> bool:
    """Whether this full stop ends a sentence."""
    last = whole[at - 1 : at]
    return (last.islower() or last.isdigit() or _ends_quote(last, after - at)) and not _is_short(whole, at)


def _is_short(whole: str, at: int) -> bool:
    """Whether an abbreviation stands before this mark."""
    return whole[at - 2 : at] in _ENDINGS and whole[max(0, at - 12) : at].rpartition(" ")[2] in _ABBREVIATIONS


def _lines(whole: str, title_end: int, stops: list[tuple[int, int]], first: int) -> list[tuple[int, int]]:
    """The breaks of lines that end a sentence, but for those that belong to the space after a stop.

    ``first`` is where the first sentence ends: a title before it ends with its line.
    """
    ended = {after for _, after in stops}
    return [
        (at, after)
        for at, after in map(_span, _LINE.finditer(whole))
        if at  # a text without a headline begins with its first sentence
        and after not in ended
        and (
            (at <= title_end and at < first)
            or whole[at - 1 : at] in _CLOSES
            or not _runs_on(whole[max(0, at - 12) : at], whole[after : after + 1])
        )
    ]


def _runs_on(before: str, after: str) -> bool:
    """Some feeds break the line before and after every link; such a break ends no sentence."""
    last = before.rstrip()[-1:]
    if not last or last in _CLOSES:
        return False
    return last in "-–—," or after.islower() or after.isdigit() or after in ",.;-–—("


def _ends_quote(last: str, length: int) -> bool:
    """A stop that is glued to the next word has to follow a small letter or a digit; another may end a quote."""
    return length > 1 and (last in ')]%"”’' or last.isupper())
