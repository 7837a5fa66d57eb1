"""Weigh whether two stories tell of one event: what they share, what differs, and what rules it out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from math import sqrt

from services.tagger.core.incident_signature import Signature
from services.tagger.core.incident_words import TELLING
from services.tagger.core.round_up import RoundUp

#: Stories further apart than this never tell of the same event.
MAX_DAYS = 5
#: Topics that outlets use for one event in turn; stories of two families never tell of one event.
FAMILIES = {
    "human_trafficking": "people",
    "forced_criminality": "people",
    "illegal_labour_placement": "people",
    "migrant_smuggling": "people",
    "migrant_return_protection": "people",
    "document_immigration": "people",
    "goods_smuggling": "goods",
    "wildlife_timber": "goods",
    "maritime_fishing": "sea",
    "drug_trafficking": "drugs",
    "arms_explosives": "arms",
    "border_security": "border",
}
#: A story naming so many districts is a round-up: it has to share more than one of its events.
_ROUND_UP_DISTRICTS = 3
_SUNK = "sinking"


class Ground(StrEnum):
    """What speaks for or against one event; the names stand in ``siaga why``."""

    TOPIC = "same first topic"
    KIND = "same kind"
    DISTRICT = "same district"
    AROUND = "same place on the way"
    SPOTS = "same port, post or town"
    FIGURES = "same figures"
    FEW = "same small count"
    THINGS = "same things"
    WORDS = "unusual words in common"
    MEANT = "the same told in another language"
    DAYS = "days between"
    OTHER_DISTRICT = "another district"
    OTHER_SPOT = "another port, post or town"
    OTHER_FIGURES = "no figure in common"
    OTHER_PEOPLE = "another number of people"
    OTHER_AMOUNT = "another amount"
    NO_WORD = "no unusual word in common"
    ROUND_UP = "names many districts"


class Veto(StrEnum):
    """What no number of points outweighs."""

    TOPIC = "another sort of event"
    TIME = "too many days between"
    THINGS = "about other things"
    PLACE = "no place in common"
    TOWN = "another town and another port or post"
    DISTRICT = "another district, and no figure, port or post in common"
    ROUND_UP = "one lists several events, the other tells of one"


#: Points by ground.  Fitted (logistic, 2,181 pairs of one half of the constructed incidents), then rounded.
POINTS = {
    Ground.TOPIC: 0.6,
    Ground.KIND: 0.4,
    Ground.DISTRICT: 1.1,
    Ground.AROUND: 0.9,
    Ground.SPOTS: 0.8,  # each, two at most
    Ground.FIGURES: 2.2,  # times rarity, three at most
    Ground.FEW: 0.4,
    Ground.THINGS: 0.8,  # each, two at most
    Ground.WORDS: 0.35,  # each, four at most, and as much again as the share is high
    Ground.MEANT: 0.4,  # each, three at most
    Ground.DAYS: -0.55,  # each
    Ground.OTHER_DISTRICT: -1.4,
    Ground.OTHER_SPOT: -1.0,
    Ground.OTHER_FIGURES: -1.7,
    Ground.OTHER_PEOPLE: -1.0,  # where no figure says so already
    Ground.OTHER_AMOUNT: -1.2,  # what was seized is weighed once, people are counted again
    Ground.NO_WORD: -0.4,
    Ground.ROUND_UP: -1.5,
}
#: Points from which two stories tell of one event.
SAME_EVENT = 2.9


@dataclass(frozen=True)
class Likeness:
    """Points for one event, what gave them, and the veto if there is one."""

    points: float
    grounds: tuple[tuple[Ground, float], ...] = ()
    veto: Veto | None = None

    @property
    def is_same(self) -> bool:
        return self.veto is None and self.points >= SAME_EVENT

    def explain(self) -> str:
        """What spoke for and against, the weightiest first; no word of any story."""
        if self.veto:
            return self.veto.value
        parts = sorted(self.grounds, key=lambda one: -abs(one[1]))
        return f"{self.points:.1f} points of {SAME_EVENT}: " + ", ".join(f"{g.value} {p:+.1f}" for g, p in parts)


def weigh(one: Signature, other: Signature) -> Likeness:
    """Compare two stories."""
    veto = find_veto(one, other)
    if veto:
        return Likeness(0.0, veto=veto)
    grounds = tuple((ground, POINTS[ground] * times) for ground, times in _grounds(one, other) if times)
    return Likeness(sum(points for _, points in grounds), grounds)


def find_veto(one: Signature, other: Signature) -> Veto | None:
    """The first contradiction that rules out one event; a story that leaves something open contradicts nothing."""
    mine, theirs = one.things & TELLING, other.things & TELLING
    towns, spots = _stand_apart(one, other), one.spots & other.spots
    contradictions = (
        (Veto.TOPIC, not families(one) & families(other)),
        (Veto.ROUND_UP, is_list_and_item(one, other)),
        (Veto.TIME, abs(one.day - other.day) > MAX_DAYS),
        (Veto.THINGS, _differ(mine, theirs)),
        (Veto.PLACE, _differ(one.around, other.around)),
        (Veto.TOWN, towns and _differ(one.spots, other.spots)),
        (Veto.DISTRICT, towns and not spots and not one.figures & other.figures),
    )
    return next((veto for veto, holds in contradictions if holds), None)


def is_list_and_item(one: Signature, other: Signature) -> bool:
    """Whether one surely lists several events and the other tells of a single one: at most it is among them."""
    signs = RoundUp(one.round_up), RoundUp(other.round_up)
    return RoundUp.NO in signs and any(sign.is_sure for sign in signs)


def families(signature: Signature) -> frozenset[str]:
    """The sorts of event the story may be about."""
    return frozenset(FAMILIES[topic] for topic in signature.topics)


def _grounds(one: Signature, other: Signature) -> Iterator[tuple[Ground, float]]:
    figures = one.figures & other.figures
    words = len(one.words & other.words)
    share = words / (sqrt(len(one.words) * len(other.words)) or 1)
    yield Ground.TOPIC, float(one.topics[:1] == other.topics[:1])
    yield Ground.KIND, float(one.kind == other.kind)
    yield Ground.DISTRICT, float(bool(one.districts & other.districts))
    yield Ground.AROUND, float(bool(one.around & other.around))
    yield Ground.SPOTS, min(2, len(one.spots & other.spots))
    yield Ground.FIGURES, min(3.0, sum(map(rarity, figures)))
    yield Ground.FEW, float(any(count < 5 for count in one.people & other.people))
    yield Ground.THINGS, min(2, len(one.things & other.things & TELLING))
    yield Ground.WORDS, min(4, words) * (1 + min(0.5, share))
    yield Ground.MEANT, min(3, len((one.things & other.things) - TELLING)) * (one.language != other.language)
    yield Ground.DAYS, abs(one.day - other.day)
    yield Ground.OTHER_DISTRICT, float(_stand_apart(one, other))
    yield Ground.OTHER_SPOT, float(_differ(one.spots, other.spots))
    later, differ = _is_a_later_toll(one, other), _differ(one.figures, other.figures)
    yield Ground.OTHER_FIGURES, float(differ and not later)
    yield Ground.OTHER_PEOPLE, float(not (differ or later or figures) and _differ(one.people, other.people))
    yield Ground.OTHER_AMOUNT, float(_weighs_otherwise(one, other))
    yield Ground.NO_WORD, float(one.language == other.language and not words)
    yield Ground.ROUND_UP, float(is_round_up(one) != is_round_up(other))


def _stand_apart(one: Signature, other: Signature) -> bool:
    """Whether the scenes are different districts, and not both ends of the way that both tell of."""
    both_ways = one.districts & other.around and other.districts & one.around
    return _differ(one.districts, other.districts) and not both_ways


def _is_a_later_toll(one: Signature, other: Signature) -> bool:
    """The dead and missing of one place are counted again from day to day."""
    counted = (one.lost and other.lost) or _SUNK in one.things & other.things
    return bool(counted and one.spots & other.spots)


def _weighs_otherwise(one: Signature, other: Signature) -> bool:
    """Whether a unit that both give is given with other amounts."""
    units = {amount.partition(" ")[0] for amount in one.amounts}
    return not one.amounts & other.amounts and any(amount.partition(" ")[0] in units for amount in other.amounts)


def is_round_up(signature: Signature) -> bool:
    """Whether the story seems to tell of several events."""
    return len(signature.districts) >= _ROUND_UP_DISTRICTS


def rarity(figure: float) -> float:
    """How little two reports share a number by chance: 43,000 larvae little, 771 detained less, 20 litres much."""
    if figure >= 1000 or (figure >= 100 and figure % 100):
        return 2.0
    if figure >= 20 and figure % 10:
        return 1.5
    return 0.8 if figure >= 11 else 0.5


def _differ(one: frozenset[str] | frozenset[float], other: frozenset[str] | frozenset[float]) -> bool:
    return bool(one and other and not one & other)
