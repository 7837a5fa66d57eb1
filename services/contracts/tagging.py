"""What the tagger says of a story, and the spans of text each word of it rests on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from services.contracts.base import Country, Event, Identifier, Instant, Language, Region, Value
from services.contracts.codes import Kind, Role, Severity, Topic

#: One character of a cleared (masked) span; clearing keeps the length, so offsets hold in both texts.
MASK = "\N{FULL BLOCK}"


class Evidence(Value):
    """A span of ``title + "\\n" + text``, in code points, and the rule that saw something in it."""

    start: int = Field(ge=0)
    end: int = Field(gt=0)
    text: str
    rule: str = Field(min_length=1, max_length=200)

    @model_validator(mode="after")
    def _spans_its_text(self) -> Self:
        if self.end - self.start != len(self.text):
            raise ValueError(f"evidence {self.start}-{self.end} is not as long as its text")
        return self


Evidences = Annotated[tuple[Evidence, ...], Field(min_length=1)]


class TopicLabel(Value):
    """One topic of a story; ``score`` in 0..1."""

    code: Topic
    score: float = Field(ge=0, le=1)
    evidence: Evidences


class KindLabel(Value):
    """What sort of news the story is."""

    code: Kind
    evidence: Evidences


class Trigger(Value):
    """One reason for a severity."""

    code: str = Field(min_length=1, max_length=100)
    evidence: Evidences


class Place(Value):
    """A place the story names, and what it has to do with the event.

    ``lat`` and ``lon`` are WGS 84 degrees, for maps and distances, not for navigation.
    """

    name: str
    region: Region | None = None
    district: str | None = None
    country: Country
    lat: float | None = None
    lon: float | None = None
    role: Role
    counterpart: Region | None = Field(default=None, description="the region across the border")
    evidence: Evidences


class Number(Value):
    """A count or a measure as a range; ``high`` is None where a story says "at least"."""

    low: float = Field(ge=0)
    high: float | None = None
    unit: str = Field(description="person, kg, l, piece, boat, IDR, USD, ...")
    of: str = Field(default="", description="what is counted: victims, suspects, methamphetamine, ...")
    source: Identifier = Field(description="the story that says so")
    evidence: Evidences


class Term(Value):
    """A fact that is a word of a closed list: a nationality, a form of exploitation, a case stage."""

    value: str = Field(min_length=1, max_length=120)
    source: Identifier
    evidence: Evidences


class Facts(Value):
    """What the story reports.  Nothing is guessed; where sources differ, each stands for itself."""

    victims: tuple[Number, ...] = ()
    suspects: tuple[Number, ...] = ()
    minors: tuple[Number, ...] = ()
    deaths: tuple[Number, ...] = ()
    missing: tuple[Number, ...] = ()
    persons: tuple[Number, ...] = Field(default=(), description="people whose part the story leaves open")
    sexes: tuple[Term, ...] = ()
    nationalities: tuple[Term, ...] = ()
    quantities: tuple[Number, ...] = ()
    money: tuple[Number, ...] = ()
    route: tuple[Term, ...] = ()
    exploitation: tuple[Term, ...] = ()
    recruitment: tuple[Term, ...] = ()
    transport: tuple[Term, ...] = ()
    agencies: tuple[Term, ...] = ()
    legal_articles: tuple[Term, ...] = ()
    case_stage: tuple[Term, ...] = ()
    victim_status: tuple[Term, ...] = ()
    event_date: tuple[Term, ...] = Field(default=(), description="ISO 8601 dates of the event itself")


class StoryTagged(Event):
    """The tagger's whole answer on one version of one story, in cleared text.

    No victim's name, face, address or school is in any field: masked characters are ``MASK``.
    """

    event: Literal["StoryTagged"] = "StoryTagged"
    story_id: Identifier
    version: int = Field(ge=1)
    outlet: str
    section: str = ""
    url: str
    language: Language
    published_at: Instant
    fetched_at: Instant
    title: str
    text: str
    relevant: bool
    reason: str = Field(description="why it is relevant, or the guard or absence that ended it")
    withdrawn: bool = False
    topics: tuple[TopicLabel, ...] = Field(default=(), max_length=3)
    kind: KindLabel | None = None
    severity: Severity = Severity.BACKGROUND
    triggers: tuple[Trigger, ...] = ()
    places: tuple[Place, ...] = ()
    facts: Facts = Facts()
    copies: int = Field(default=0, ge=0)
    incident_id: Identifier | None = None
    tagger_version: str

    @model_validator(mode="after")
    def _labels_are_whole(self) -> Self:
        if self.relevant and not (self.topics and self.kind and self.triggers):
            raise ValueError("a relevant story has a topic, a kind and what its severity rests on")
        if not self.relevant and (self.topics or self.kind or self.incident_id):
            raise ValueError("a story that is not relevant carries no topic, kind or incident")
        whole = f"{self.title}\n{self.text}"
        for span in self.spans():
            if whole[span.start : span.end] != span.text:
                raise ValueError(f"evidence {span.start}-{span.end} of {span.rule} is not in the cleared text")
            if MASK in span.text:
                raise ValueError(f"evidence {span.start}-{span.end} of {span.rule} shows a masked part")
        return self

    def spans(self) -> Iterator[Evidence]:
        """Every span any label of this story rests on."""
        for topic in self.topics:
            yield from topic.evidence
        for trigger in self.triggers:
            yield from trigger.evidence
        for place in self.places:
            yield from place.evidence
        if self.kind:
            yield from self.kind.evidence
        for name in Facts.model_fields:
            for fact in getattr(self.facts, name):
                yield from fact.evidence


STORY_TAGGED: TypeAdapter[StoryTagged] = TypeAdapter(StoryTagged)
