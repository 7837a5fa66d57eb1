"""What a story is recognised by when another outlet tells of the same event in other words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import xxhash

from services.contracts.codes import Role
from services.contracts.tagging import MASK, Facts, Place, StoryTagged
from services.tagger.core.folding import fold
from services.tagger.core.incident_words import THINGS, USUAL
from services.tagger.core.numerals import numbers_in, range_of
from services.tagger.core.round_up import RoundUp, find_round_up

_SCENE = frozenset({Role.EVENT, Role.VENUE})
_MAX_WORDS = 120
_MAX_FIGURES = 40
#: A lower number stands in every second story.
_LEAST_FIGURE = 5
_YEARS = range(1990, 2051)
_PEOPLE = ("victims", "suspects", "minors", "deaths", "missing", "persons")


@dataclass(frozen=True)
class Signature:
    """The features two stories are compared by; ``day`` is an ordinal, words are hashes."""

    topics: tuple[str, ...] = ()
    kind: str = ""
    language: str = ""
    countries: frozenset[str] = frozenset()  # of the scene
    regions: frozenset[str] = frozenset()  # of the scene
    districts: frozenset[str] = frozenset()  # of the scene
    around: frozenset[str] = frozenset()  # regions and districts of every place, the ends of the route too
    spots: frozenset[str] = frozenset()  # ports, posts and towns by name, without those named like their district
    people: frozenset[float] = frozenset()  # labelled counts of persons
    lost: frozenset[float] = frozenset()  # labelled counts of dead and missing
    figures: frozenset[float] = frozenset()  # every number of the text from five on, dates apart
    amounts: frozenset[str] = frozenset()  # labelled quantities, "kg 12"
    things: frozenset[str] = frozenset()
    words: frozenset[int] = frozenset()  # hashes of unusual words
    round_up: str = RoundUp.NO.value  # whether it lists several events, and by which sign
    day: int = 0  # of the event where the story gives one, else of publication


def sign(tagged: StoryTagged) -> Signature:
    """The signature of a tagged story."""
    told = [place for place in tagged.places if place.role is not Role.STATEMENT]
    scene = [place for place in told if place.role in _SCENE]
    days = [date.fromisoformat(term.value).toordinal() for term in tagged.facts.event_date]
    visible = f"{tagged.title}\n{tagged.text}".replace(MASK, " ")
    tokens = fold(visible).split()
    named = {word for place in tagged.places for word in fold(place.name).split()}
    return Signature(
        topics=tuple(label.code.value for label in tagged.topics),
        kind=tagged.kind.code.value if tagged.kind else "",
        language=tagged.language,
        countries=frozenset(place.country for place in scene),
        regions=frozenset(place.region for place in scene if place.region),
        districts=frozenset(place.district for place in scene if place.district),
        around=frozenset(where for place in told for where in (place.region, place.district) if where),
        spots=frozenset(place.name for place in told if place.district and not _is_named_like_district(place)),
        people=frozenset(_people(tagged.facts)),
        lost=frozenset(number.low for number in (*tagged.facts.deaths, *tagged.facts.missing)),
        figures=frozenset(_figures(visible, tagged.language)),
        amounts=frozenset(f"{number.unit} {number.low:g}" for number in tagged.facts.quantities),
        things=frozenset(THINGS[token] for token in tokens if token in THINGS),
        words=frozenset(_unusual(tokens, named)),
        round_up=find_round_up(tagged.title, tagged.text, _named_at(scene)).value,
        day=days[0] if days else tagged.published_at.date().toordinal(),
    )


def _is_named_like_district(place: Any) -> bool:
    return str(place.district).removeprefix("Kab. ").removeprefix("Kota ").startswith(place.name.split(" city")[0])


def _named_at(scene: Iterable[Place]) -> Iterator[tuple[str, int]]:
    """Districts in which something happened, with where each is first named."""
    for place in sorted(scene, key=lambda one: -one.evidence[0].start):
        if place.district:
            yield place.district, place.evidence[0].start


def _people(facts: Facts) -> Iterator[float]:
    for slot in _PEOPLE:
        for number in getattr(facts, slot):
            if number.low >= 2:
                yield number.low


def _figures(visible: str, language: str) -> Iterable[float]:
    found: dict[float, None] = {}
    for match in numbers_in(visible):
        if visible[match.end() : match.end() + 1] == "/":  # a date
            continue
        bounds = range_of(match, language)
        value = bounds[0] if bounds else 0.0
        if value >= _LEAST_FIGURE and value not in _YEARS:
            found[value] = None
            if len(found) >= _MAX_FIGURES:
                break
    return found


def _unusual(tokens: Iterable[bytes], named: set[bytes]) -> Iterable[int]:
    """Hashes of the first unusual words: places, numbers and the names of things are compared by themselves."""
    found: dict[int, None] = {}
    for token in tokens:
        if len(token) < 4 or token in USUAL or token in THINGS or token in named or token.isdigit():
            continue
        found[xxhash.xxh3_64_intdigest(token) >> 1] = None
        if len(found) >= _MAX_WORDS:
            break
    return found


def pack(signature: Signature) -> dict[str, Any]:
    """As plain lists, for a store."""
    return {
        name: sorted(value) if isinstance(value := getattr(signature, name), frozenset) else value
        for name in Signature.__dataclass_fields__
    }


def unpack(packed: dict[str, Any]) -> Signature:
    """The signature that ``pack`` gave."""
    shapes = {"kind": str, "language": str, "round_up": str, "day": int, "topics": tuple}
    values: dict[str, Any] = {
        name: shapes.get(name, frozenset)(packed[name])
        for name in Signature.__dataclass_fields__
        if name in packed
    }
    return Signature(**values)
