"""Count which kinds of mistakes the join made: stories missed, events told twice, events lumped together."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta

from bench.incidents.stories import Told

#: A story this long after the first tells what the next day's papers know.
_LATER = timedelta(hours=20)


def count_errors(told: Sequence[Told], incident_of: Mapping[str, str | None]) -> Counter[str]:
    """Stories a kind of mistake; ``incident_of`` gives None for a story that was not recognised as relevant."""
    found = [(one.incident, incident) for one in told if (incident := incident_of[one.event.story_id])]
    owner = _most([(incident, event) for event, incident in found])
    main = _most(found)
    first: dict[str, Told] = {}
    for one in told:
        if incident_of[one.event.story_id] == main.get(one.incident):
            first.setdefault(one.incident, one)
    kinds: Counter[str] = Counter()
    for one in told:
        incident = incident_of[one.event.story_id]
        if incident is None:
            kinds["not recognised as relevant, " + ("with its text" if one.event.text else "a title alone")] += 1
        elif owner[incident] != one.incident:
            round_up = "roundup" in one.incident + owner[incident]
            kinds["joined to another event, " + ("one of them a round-up" if round_up else "both single")] += 1
        elif incident != main[one.incident]:
            kinds[f"told as an event of its own, {_told_how(one, first[one.incident])}"] += 1
    return kinds


def _most(pairs: Sequence[tuple[str, str]]) -> dict[str, str]:
    """What stands most often beside each first; the earlier one when it is even."""
    votes: dict[str, Counter[str]] = {}
    for one, beside in pairs:
        votes.setdefault(one, Counter())[beside] += 1
    return {one: counted.most_common(1)[0][0] for one, counted in votes.items()}


def _told_how(one: Told, first: Told) -> str:
    if not one.event.text:
        return "a title alone"
    if one.event.language != first.event.language:
        return "in the other language"
    if abs(one.event.published_at - first.event.published_at) >= _LATER:
        return "a follow-up of a later day"
    return "in other words on the same day"
