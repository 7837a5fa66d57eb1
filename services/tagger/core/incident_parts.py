"""See that an incident was several: its stories fall into groups that contradict each other."""

from __future__ import annotations

from collections.abc import Mapping

from services.tagger.core.incident_likeness import Veto, find_veto
from services.tagger.core.incident_signature import Signature

#: Time and topic part nothing: a case is followed for weeks, and outlets name it differently.
_PARTING = frozenset({Veto.THINGS, Veto.PLACE, Veto.TOWN, Veto.ROUND_UP})


def part(stories: Mapping[str, Signature]) -> list[tuple[str, ...]]:
    """The groups of stories, each story of one ruled out by each of another; one group is no split.

    Groups and their stories come in the order of ``stories``.  Every story joined because some other story
    did not contradict it, so an incident falls apart only when the story between its parts changes or goes.
    """
    groups: list[list[str]] = []
    for story_id, own in stories.items():
        near = [group for group in groups if any(_held_together(own, stories[other]) for other in group)]
        groups = [group for group in groups if group not in near]
        groups.append([*(one for group in near for one in group), story_id])
    order = {story_id: number for number, story_id in enumerate(stories)}
    ordered = [tuple(sorted(group, key=order.__getitem__)) for group in groups]
    return sorted(ordered, key=lambda group: order[group[0]])


def _held_together(one: Signature, other: Signature) -> bool:
    return find_veto(one, other) not in _PARTING
