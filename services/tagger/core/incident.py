"""Decide which incident a story belongs to: a copy of a known text, the same event told anew, or a new one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import NAMESPACE_URL, uuid5

import xxhash

from services.contracts.codes import Role
from services.contracts.tagging import MASK, Facts, StoryTagged
from services.tagger.core.duplicates import is_copy
from services.tagger.core.folding import fold

#: Stories further apart than this never tell of the same event.
MAX_DAYS = 5
#: Points from which two stories tell of the same event; see ``likeness``.
SAME_EVENT = 3.0
#: Two reports rarely share a count like this by chance.
_ODD_COUNT = 5
_RARE_WORDS = 60
_SCENE = frozenset({Role.EVENT, Role.VENUE})


class Reason(StrEnum):
    """Why a story is, or is not, part of an incident."""

    NOT_RELEVANT = "not_relevant"
    FOUNDED = "founded_an_incident"
    NEAR_DUPLICATE = "copy_of_a_known_text"
    SAME_EVENT = "same_event_told_anew"
    STAYED = "stayed_in_its_incident"
    MERGED = "its_incident_became_part_of_another"
    LEFT = "no_longer_relevant"
    WITHDRAWN = "taken_back_by_the_outlet"
    COPIES_ONLY = "only_seen_elsewhere_again"
    STALE = "older_than_what_is_known"


@dataclass(frozen=True)
class Signature:
    """What a story is recognised by when its words are different."""

    topics: tuple[str, ...]
    kind: str
    countries: frozenset[str]
    regions: frozenset[str]
    districts: frozenset[str]
    numbers: frozenset[tuple[str, float]]
    words: frozenset[int]
    spots: frozenset[str]  # names of towns, ports and posts
    day: int  # ordinal of the event's date where the story gives one, else of publication


@dataclass(frozen=True)
class Candidate:
    """An incident that may be the one, with what its stories are recognised by."""

    incident_id: str
    signatures: tuple[Signature, ...]
    shared_clauses: tuple[tuple[int, int], ...] = ()  # (shared, clauses of the other story)


@dataclass(frozen=True)
class Joined:
    """The decision: the incident, or None for a new one, and why."""

    incident_id: str | None
    reason: Reason
    likeness: float = 0.0


def incident_id_of(story_id: str) -> str:
    """The id of the incident a story founds; never changes."""
    return str(uuid5(NAMESPACE_URL, f"siaga:incident:{story_id}"))


def sign(tagged: StoryTagged) -> Signature:
    """The signature of a tagged story."""
    scene = [place for place in tagged.places if place.role in _SCENE]
    days = [_ordinal(term.value) for term in tagged.facts.event_date]
    return Signature(
        topics=tuple(label.code.value for label in tagged.topics),
        kind=tagged.kind.code.value if tagged.kind else "",
        countries=frozenset(place.country for place in scene),
        regions=frozenset(place.region for place in scene if place.region),
        districts=frozenset(place.district for place in scene if place.district),
        numbers=frozenset(_numbers(tagged.facts)),
        words=_rare_words(f"{tagged.title}\n{tagged.text}", _labelled_words(tagged)),
        spots=frozenset(place.name for place in scene if place.district),
        day=days[0] if days else tagged.published_at.date().toordinal(),
    )


def decide_join(own: Signature, clauses: int, candidates: Sequence[Candidate]) -> Joined:
    """Join a copy first, else the likeliest same event, else found a new incident."""
    for candidate in candidates:
        if _is_elsewhere(own, candidate):
            continue  # offices fill the same form for every case: same clauses, another town
        if any(is_copy(clauses, other, shared) for shared, other in candidate.shared_clauses):
            return Joined(candidate.incident_id, Reason.NEAR_DUPLICATE)
    scored = [
        (max((likeness(own, other) for other in candidate.signatures), default=0.0), candidate.incident_id)
        for candidate in candidates
    ]
    best = max(scored, default=(0.0, ""))
    if best[0] >= SAME_EVENT:
        return Joined(best[1], Reason.SAME_EVENT, best[0])
    return Joined(None, Reason.FOUNDED, best[0])


def _is_elsewhere(own: Signature, candidate: Candidate) -> bool:
    """Whether every story of the incident names places and none of them is ours."""
    mine = own.districts or own.regions
    theirs = [one.districts if own.districts else one.regions for one in candidate.signatures]
    return bool(mine and theirs) and all(other and not mine & other for other in theirs)


def likeness(one: Signature, other: Signature) -> float:
    """Points for place, counts and rare words in common; 0 where topic, time or place contradict."""
    if not set(one.topics) & set(other.topics) or abs(one.day - other.day) > MAX_DAYS:
        return 0.0
    if one.regions and other.regions and not one.regions & other.regions:
        return 0.0
    if one.countries and other.countries and not one.countries & other.countries:
        return 0.0
    points = 0.4 if one.kind == other.kind else 0.0
    points += 0.5 if one.topics[:1] == other.topics[:1] else 0.0
    points += 0.5 if abs(one.day - other.day) <= 1 else 0.0
    if one.districts & other.districts:
        points += 1.5
    elif one.regions & other.regions:
        points += 1.0
    elif one.countries & other.countries:
        points += 0.5
    points += 0.5 * min(2, len(one.spots & other.spots))
    numbers, words = _same_numbers(one, other), _same_words(one, other)
    # Two raids of one town on one day are two incidents until a count or a name says otherwise.
    told_apart = numbers <= 0 and words <= 0
    # Nor do two districts of one province share an event that no odd count and no port or post has in common.
    told_apart |= bool(one.districts and other.districts) and not _one_scene(one, other)
    ceiling = SAME_EVENT - 0.1 if told_apart else 10.0
    return min(ceiling, points + numbers + words)


def _one_scene(one: Signature, other: Signature) -> bool:
    same_count = any(value >= _ODD_COUNT for _, value in one.numbers & other.numbers)
    return bool(one.districts & other.districts or one.spots & other.spots) or same_count


def _same_numbers(one: Signature, other: Signature) -> float:
    """Equal counts speak for one event, as much as they are odd; two different ones against it."""
    both = one.numbers & other.numbers
    points = sum(1.2 if value >= 10 else 0.7 for _, value in both)
    slots = {slot for slot, _ in one.numbers} & {slot for slot, _ in other.numbers}
    contradicted = slots - {slot for slot, _ in both}
    against = sum(0.6 if slot == "people" else 1.0 for slot in contradicted)
    return min(points, 2.5) - min(against, 1.6)


def _same_words(one: Signature, other: Signature) -> float:
    smaller = min(len(one.words), len(other.words))
    if smaller < 4:
        return 0.0
    share = len(one.words & other.words) / smaller
    if share >= 0.45:
        return 2.0
    if share >= 0.3:
        return 1.3
    if share >= 0.18:
        return 0.7
    return -0.4 if share < 0.06 else 0.0


def _numbers(facts: Facts) -> Iterable[tuple[str, float]]:
    for slot in ("victims", "suspects", "minors", "deaths", "missing", "persons"):
        for number in getattr(facts, slot):
            if number.low >= 2:
                yield ("people", number.low)
    for number in facts.quantities:
        yield (f"{number.unit}:{number.of}", round(number.low, 3))
    for number in facts.money:
        yield (number.unit, number.low)


def _labelled_words(tagged: StoryTagged) -> frozenset[bytes]:
    """Words that a label already rests on: places and agencies are shared by every raid of a port."""
    found: set[bytes] = set()
    for span in tagged.spans():
        found.update(fold(span.text).split())
    for place in tagged.places:
        found.update(fold(place.name).split())
    return frozenset(found)


def _rare_words(whole: str, labelled: frozenset[bytes]) -> frozenset[int]:
    """Hashes of capitalised words and of numbers, the words that tell two raids apart."""
    found: list[int] = []
    for word in whole.replace(MASK, " ").split():
        bare = word.strip(".,;:()\"'“”‘’!?-")
        plain = fold(bare).strip()
        if len(bare) >= 4 and (bare[0].isupper() or bare[0].isdigit()) and plain not in labelled:
            found.append(xxhash.xxh3_64_intdigest(plain) >> 1)
    return frozenset(sorted(dict.fromkeys(found))[:_RARE_WORDS])


def _ordinal(day: str) -> int:
    return date.fromisoformat(day).toordinal()
