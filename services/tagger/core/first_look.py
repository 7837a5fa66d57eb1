"""Tell, before a story is cut, that no rule can fire in it: here most stories end.

Rules are tried on stretches wider than their own, and what speaks against them is not heard: sentences that end
only where one surely ends hold all that the true ones hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise, starmap
from operator import or_

from services.tagger.core.book import Possible, Rule, Window
from services.tagger.core.matching import Found
from services.tagger.core.read_story import FRAGMENT, LEAD_SENTENCES, with_masks
from services.tagger.core.sentences import MARKS, MAX_SENTENCES, sure_starts

#: Where more rules are possible, one of them fires in nearly all stories.
_MANY = 20


def may_fire(possible: Possible, found: Found, raw: str, cleared: str, *, has_title: bool) -> bool:
    """Whether any of these rules may fire; ``found`` is what stands in ``raw``, masked in ``cleared``."""
    if not has_title:
        return True  # its first sentence may stand for one
    if len(possible) > _MANY or found.others or sum(map(raw.count, MARKS)) >= MAX_SENTENCES:
        return True  # of so many sentences the last is all the rest
    whole = with_masks(raw, cleared)
    starts = sure_starts(whole, whole.index("\n"))
    bits = found.concepts(starts)
    tried: dict[Window, Sequence[int]] = {Window.SENTENCE: bits}
    for _, _, rule in possible:
        stretches = tried.get(rule.window)
        if stretches is None:
            stretches = tried[rule.window] = _stretches(rule.window, whole, starts, bits)
        if _holds_any(stretches, rule):
            return True
    return False


def _stretches(window: Window, whole: str, starts: Sequence[int], bits: Sequence[int]) -> Sequence[int]:
    """The concepts of every stretch of a story with a title in which a rule of this window may find its parts."""
    if window is Window.NEIGHBOUR:
        return list(starmap(or_, pairwise(bits))) or bits
    if window is Window.TITLE:
        return bits[:1]
    if window is Window.LEAD:
        bits = bits[: _lead_end(whole, starts)]
    return (reduce(or_, bits, 0),)


def _lead_end(whole: str, starts: Sequence[int]) -> int:
    """So many of these sentences hold the title and the lead; only those count in which no other can end."""
    wanted = LEAD_SENTENCES + 1
    for index, (start, end) in enumerate(pairwise(starts)):
        sentence = whole[start:end].strip().removesuffix(".")
        if index == 0 or (len(sentence) > FRAGMENT and not any(mark in sentence for mark in MARKS)):
            wanted -= 1
            if wanted == 0:
                return index + 1
    return len(starts)


def _holds_any(stretches: Sequence[int], rule: Rule) -> bool:
    """Whether any of these holds a concept of each of the rule's groups."""
    for mask in stretches:
        for group in rule.rarest:
            if not mask & group:
                break
        else:
            return True
    return False
