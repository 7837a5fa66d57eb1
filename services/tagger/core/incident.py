"""Decide which incident a story belongs to: a copy of a known text, the same event told anew, or a new one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from uuid import NAMESPACE_URL, uuid5

from services.tagger.core.duplicates import is_copy
from services.tagger.core.incident_likeness import SAME_EVENT, Veto, find_veto, is_list_and_item, weigh
from services.tagger.core.incident_signature import Signature

#: Two incidents become one only where a story is this much like both.
MERGE_AT = SAME_EVENT + 1.5
#: A case is followed for weeks.  What looks like it for longer is a place where the same happens again and again,
#: and each report would keep the incident open for the next one, for ever.
MAX_LIFE_DAYS = 30
#: A round-up with one item in it shares less of itself with that item's story.
_WHOLE = 0.8


class Reason(StrEnum):
    """Why a story is, or is not, part of an incident."""

    NOT_RELEVANT = "not_relevant"
    FOUNDED = "founded_an_incident"
    NEAR_DUPLICATE = "copy_of_a_known_text"
    SAME_EVENT = "same_event_told_anew"
    STAYED = "stayed_in_its_incident"
    MERGED = "its_incident_became_part_of_another"
    SPLIT = "its_incident_was_two"
    LEFT = "no_longer_relevant"
    WITHDRAWN = "taken_back_by_the_outlet"
    COPIES_ONLY = "only_seen_elsewhere_again"
    STALE = "older_than_what_is_known"


@dataclass(frozen=True)
class Copied:
    """A story of an incident that shares text with ours: how many of our sentences, and how many it has."""

    signature: Signature
    shared: int
    sentences: int


@dataclass(frozen=True)
class Candidate:
    """An incident that may be the one, with what its stories are recognised by.

    ``first_day`` is the ordinal of the day on which its earliest story was published, None where nobody knows.
    """

    incident_id: str
    signatures: tuple[Signature, ...]
    copied: tuple[Copied, ...] = ()
    first_day: int | None = None


@dataclass(frozen=True)
class Joined:
    """The decision: the incident, or None for a new one, why, and which others turn out to be the same."""

    incident_id: str | None
    reason: Reason
    why: str = ""
    merges: tuple[str, ...] = ()


def incident_id_of(story_id: str) -> str:
    """The id of the incident a story founds; never changes."""
    return str(uuid5(NAMESPACE_URL, f"siaga:incident:{story_id}"))


def part_id_of(incident_id: str, version: int, story_id: str) -> str:
    """The id of a part of an incident that was split at a version, where its founder's own id is in use."""
    return str(uuid5(NAMESPACE_URL, f"siaga:part:{incident_id}.{version}:{story_id}"))


def decide_join(own: Signature, sentences: int, candidates: Sequence[Candidate]) -> Joined:
    """Join a copy first, else the likeliest same event, else found a new incident."""
    for candidate in candidates:
        for copied in candidate.copied:
            # Offices fill the same form for every case: same text, another town.
            same_text = is_copy(sentences, copied.sentences, copied.shared)
            if same_text and not is_another_form(own, copied.signature) and not _is_quoted(own, sentences, copied):
                why = f"{copied.shared} of {min(sentences, copied.sentences)} sentences in common"
                return Joined(candidate.incident_id, Reason.NEAR_DUPLICATE, why, _also(own, candidate, candidates))
    ranked = sorted(
        ((_points(own, one), one) for one in candidates), key=lambda pair: (-pair[0], pair[1].incident_id)
    )
    still = [(points, one) for points, one in ranked if not _is_over(own, one)]
    if still and still[0][0] >= SAME_EVENT:
        best = still[0][1]
        return Joined(best.incident_id, Reason.SAME_EVENT, _explain(own, best), _also(own, best, candidates))
    if not ranked:
        return Joined(None, Reason.FOUNDED, "nothing like it was known")
    nearest = f"nearest incident: {_explain(own, ranked[0][1])}"
    over = f"; it began more than {MAX_LIFE_DAYS} days before" if _is_over(own, ranked[0][1]) else ""
    return Joined(None, Reason.FOUNDED, nearest + over)


def _is_over(own: Signature, candidate: Candidate) -> bool:
    """Whether the incident began too long before the story for anything but a copy to join it."""
    return candidate.first_day is not None and own.day - candidate.first_day > MAX_LIFE_DAYS


def is_another_form(own: Signature, other: Signature) -> bool:
    """Whether the same words are filled in for another district, other goods or another day."""
    if own.districts and other.districts and not own.districts & other.districts:
        return True
    return find_veto(own, other) in {Veto.PLACE, Veto.THINGS, Veto.TIME}


def _is_quoted(own: Signature, sentences: int, copied: Copied) -> bool:
    """Whether one is a round-up that holds the other's text; all of a text under another title is a copy."""
    whole = copied.shared >= _WHOLE * max(sentences, copied.sentences)
    return not whole and is_list_and_item(own, copied.signature)


def _points(own: Signature, candidate: Candidate) -> float:
    """The most points with any story of the incident; none where half of its stories rule it out."""
    likes = [weigh(own, other) for other in candidate.signatures]
    standing = [like.points for like in likes if like.veto is None]
    return max(standing) if len(standing) * 2 >= len(likes) and standing else 0.0


def _explain(own: Signature, candidate: Candidate) -> str:
    likes = [weigh(own, other) for other in candidate.signatures]
    return max(likes, key=lambda like: (like.veto is None, like.points)).explain() if likes else "shares text only"


def _also(own: Signature, best: Candidate, candidates: Sequence[Candidate]) -> tuple[str, ...]:
    """Further incidents that are this one: much like the story, and no story of one rules out one of the other."""
    return tuple(
        one.incident_id
        for one in candidates
        if one.incident_id != best.incident_id
        and not _is_over(own, one)
        and _points(own, one) >= MERGE_AT
        and _points(own, best) >= MERGE_AT
        and all(find_veto(left, right) is None for left, right in product(one.signatures, best.signatures))
    )
