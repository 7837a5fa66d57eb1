"""The rulebook: concepts, rules and places compiled from data into what the tagger reads with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property, reduce
from operator import itemgetter, or_
from typing import NamedTuple

from services.contracts.codes import Kind, Topic
from services.tagger.core.clearing import Clearer
from services.tagger.core.matching import Matcher
from services.tagger.core.place_words import PlaceWords

_ORDER = itemgetter(0)


class Window(StrEnum):
    """How close together the parts of a rule have to stand."""

    SENTENCE = "sentence"
    NEIGHBOUR = "neighbour"  # this sentence or the next of the same story
    LEAD = "lead"  # the title and the first sentences, each part anywhere in them
    STORY = "story"
    TITLE = "title"


@dataclass(frozen=True, slots=True)
class Rule:
    """Fires where every group has at least one concept in the window and no ``unless`` concept."""

    name: str
    groups: tuple[int, ...]
    unless: int = 0
    window: Window = Window.SENTENCE
    points: float = 1.0
    doubles: bool = False  # one word of the lexicon stands in two of its groups
    #: The groups by their number of concepts: of the first ones most stories lack one.
    rarest: tuple[int, ...] = field(init=False, repr=False, compare=False, default=())

    def __post_init__(self) -> None:
        object.__setattr__(self, "rarest", tuple(sorted(self.groups, key=int.bit_count)))


@dataclass(frozen=True, slots=True)
class TopicRules:
    """What makes a story belong to a topic."""

    topic: Topic
    threshold: float
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Frame:
    """A kind of story that borrows the field's words: holds back ``topics`` (all of them when empty).

    ``points`` are taken from those topics; ``veto`` ends them whatever their points are.
    """

    rule: Rule
    topics: frozenset[Topic]
    veto: bool


@dataclass(frozen=True, slots=True)
class SeverityRule:
    """A trigger that lifts a story to ``level``, or moves it by ``adjust``."""

    rule: Rule
    level: int = 0
    adjust: int = 0
    topics: frozenset[Topic] = frozenset()
    kinds: frozenset[Kind] = frozenset()


@dataclass(frozen=True, slots=True)
class Shape:
    """What a headline is by its grammar: it decides the kind before any points are counted."""

    rule: Rule
    kind: Kind
    topics: frozenset[Topic] = frozenset()
    before: int = 0  # the first group has to stand before every one of these: it governs them
    quoted: bool = False  # all of the title is somebody's words
    asks: bool = False  # the title is a question


@dataclass(frozen=True, slots=True)
class TermRule:
    """A fact that is a word of a closed list: a nationality, a transport, a case stage."""

    slot: str
    value: str
    concept: int


@dataclass(frozen=True, slots=True)
class PlaceEntry:
    """One place of the gazetteer."""

    name: str
    country: str
    region: str | None = None
    district: str | None = None
    lat: float | None = None
    lon: float | None = None
    counterpart: str | None = None
    type: str = "place"
    rank: int = 5  # which of several places of one name is meant when nothing else tells; low wins
    weak: bool = False  # also a common word or a person's name: needs "di", "Kabupaten", ... before it


#: The groups of a rule but its rarest one; its place in the order, the number of its topic, and itself.
_Candidate = tuple[tuple[int, ...], tuple[int, int, Rule]]
_Rules = tuple[int, list[_Candidate]]  # by their rarest group
Possible = Sequence[tuple[int, int, Rule]]
#: Groups that are looked for at once: most stories hold none of most shelves.
_SHELF = 8


def signs_of(topics: Iterable[TopicRules]) -> int:
    """The concepts that rules of topics ask for."""
    return reduce(or_, [group for topic in topics for rule in topic.rules for group in rule.groups], 0)


class Namesakes(NamedTuple):
    """The places of one name: all of them, those it names without a word before it, and where they lie."""

    entries: tuple[PlaceEntry, ...]
    plain: tuple[PlaceEntry, ...]
    regions: frozenset[str]  # of the plain ones
    countries: tuple[str, ...]  # of all, the first place's first


@dataclass(frozen=True, repr=False)
class Rulebook:
    """Everything a story is read with; immutable, shared by all stories."""

    version: str
    matcher: Matcher
    clearer: Clearer
    concepts: Mapping[str, int]  # name to bit
    topics: tuple[TopicRules, ...]
    frames: tuple[Frame, ...]
    kinds: tuple[tuple[Kind, tuple[Rule, ...]], ...]
    severities: tuple[SeverityRule, ...]
    terms: tuple[TermRule, ...]
    offences: tuple[int, ...]  # one mask a topic: the offence as such, as it stands in enumerations
    blockers: int
    places: tuple[PlaceEntry, ...]
    place_words: PlaceWords
    names: Mapping[int, str] = field(default_factory=dict)  # bit to name
    shapes: tuple[Shape, ...] = ()  # of headlines; the first that fits decides

    @cached_property
    def area(self) -> frozenset[str]:
        """The countries whose crimes, and whose people abroad, are watched."""
        return self.place_words.area

    @cached_property
    def any_offence(self) -> int:
        """All of ``offences``."""
        return reduce(or_, self.offences, 0)

    @cached_property
    def _by_rarest(self) -> list[tuple[int, list[_Rules]]]:
        """The topics' rules by their rarest group, a shelf of them under its concepts."""
        found: dict[int, list[_Candidate]] = {}
        every = ((number, rule) for number, topic in enumerate(self.topics) for rule in topic.rules)
        for place, (number, rule) in enumerate(every):
            rarest, *others = rule.rarest or (0,)  # a rule of no group is never possible
            found.setdefault(rarest, []).append((tuple(others), (place, number, rule)))
        groups = sorted(found.items(), key=_ORDER)
        shelves = [groups[at : at + _SHELF] for at in range(0, len(groups), _SHELF)]
        return [(reduce(or_, [rarest for rarest, _ in shelf]), shelf) for shelf in shelves]

    def possible(self, everything: int) -> list[tuple[int, int, Rule]]:
        """The topics' rules that a story of these concepts may fire: place in the order, number of topic, rule."""
        found = []
        shelves = [shelf for concepts, shelf in self._by_rarest if everything & concepts]
        for rules in [rules for shelf in shelves for rarest, rules in shelf if everything & rarest]:
            for others, rule in rules:
                for group in others:
                    if not everything & group:
                        break
                else:
                    found.append(rule)
        return sorted(found, key=_ORDER)

    @cached_property
    def _namesakes(self) -> dict[tuple[int, ...], Namesakes]:
        return {}

    def namesakes(self, places: tuple[int, ...]) -> Namesakes:
        """The places of these numbers; each name's are put together once."""
        known = self._namesakes.get(places)
        if known is None:
            entries = tuple(self.places[index] for index in places)
            plain = tuple(entry for entry in entries if not entry.weak)
            regions = frozenset(entry.region for entry in plain if entry.region)
            countries = tuple(dict.fromkeys(entry.country for entry in entries))
            known = self._namesakes[places] = Namesakes(entries, plain, regions, countries)
        return known

    def bit(self, name: str) -> int:
        """The bit of a concept that the code itself asks for; 0 where the data has none."""
        return self.concepts.get(name, 0)
