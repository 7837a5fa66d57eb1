"""Cut a story into sentences, and tell which sentence an offset lies in."""

from __future__ import annotations

import re
from bisect import bisect_right
from dataclasses import dataclass

#: An end mark, closing quotes, then space and a capital, digit or opening quote; or a new line.
#: Also a full stop glued to the next sentence ("ke-36.Sidang"), as some feeds deliver it.
#: Written so that it begins with one set of characters, which ``re`` looks for three times as fast; a run of
#: stops is read once, from its first.
_BREAK = re.compile(
    r"[.!?\n។](?:(?<=[.!?])(?<![.!?]{2})[.!?]*+[\"”’)]*+\s++(?=[A-Z0-9\"“‘(])|(?<=\.)(?=[A-Z][a-z])|(?<=\n)\s*|(?<=។)\s*)"
)
_SHORT = """
    Kab Kec Jl Jln No Nomor Dr Drs Hj Ir Sdr Pol Kombes Brigjen Irjen Mr Mrs Ms St Gen Col Maj Capt Lt art Art Ps
    hlm dkk a.n Rp US
"""
_ABBREVIATIONS = frozenset(_SHORT.split())
#: Asked first: few words end like an abbreviation.
_ENDINGS = frozenset(word[-2:] for word in _ABBREVIATIONS)
MAX_SENTENCES = 400
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
    starts, ends = [0], []
    for at, after in map(_span, _BREAK.finditer(whole)):
        last = whole[at - 1 : at]
        if whole[at] == "\n":
            before = whole[max(0, at - 12) : at]
            if not (len(starts) == 1 and at <= title_end) and _runs_on(before, whole[after : after + 1]):
                continue
        elif (whole[at] == "." and not (last.islower() or last.isdigit() or _ends_quote(last, after - at))) or (
            whole[at - 2 : at] in _ENDINGS and whole[max(0, at - 12) : at].rpartition(" ")[2] in _ABBREVIATIONS
        ):
            continue
        if after >= len(whole) or len(starts) >= MAX_SENTENCES:
            break
        ends.append(at)
        starts.append(after)
    ends.append(len(whole))
    return Sentences(tuple(starts), tuple(ends))


def _runs_on(before: str, after: str) -> bool:
    """Some feeds break the line before and after every link; such a break ends no sentence."""
    last = before.rstrip()[-1:]
    if not last or last in '.!?"”:':
        return False
    return last in "-–—," or after.islower() or after.isdigit() or after in ",.;-–—("


def _ends_quote(last: str, length: int) -> bool:
    """A stop that is glued to the next word has to follow a small letter or a digit; another may end a quote."""
    return length > 1 and (last in ')]%"”’' or last.isupper())
