"""Decide what sort of news a story is."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.codes import Kind, Topic
from services.tagger.core.book import Rule, Rulebook
from services.tagger.core.numerals import numbers_in
from services.tagger.core.reading import Reading
from services.tagger.core.spans import Span
from services.tagger.core.topics import Trace, weigh

#: Where two kinds weigh the same, the harder fact wins.
_ORDER = (Kind.JUDICIAL, Kind.ENFORCEMENT, Kind.INCIDENT, Kind.POLICY_COOPERATION, Kind.ADVISORY_ANALYSIS)


@dataclass(frozen=True)
class FoundKind:
    """A kind with what it rests on."""

    kind: Kind
    evidence: tuple[Span, ...]
    traces: tuple[Trace, ...]


#: A return or a clash is what happened to people, whoever arrested them before.
_PRIOR: dict[Topic, dict[Kind, float]] = {
    Topic.MIGRANT_RETURN_PROTECTION: {Kind.ENFORCEMENT: 0.5, Kind.POLICY_COOPERATION: 0.85},
    Topic.BORDER_SECURITY: {Kind.ENFORCEMENT: 0.85},
}


#: What is told without a verb of the police: these happen to people; the others come out because somebody acted.
_HAPPENS = frozenset({Topic.MIGRANT_RETURN_PROTECTION, Topic.BORDER_SECURITY, Topic.FORCED_CRIMINALITY})


#: A headline and a sentence or two.
_BARE = 3
_QUOTES = ("'", '"', "\u2018", "\u2019", "\u201c", "\u201d", "`")


def _by_shape(reading: Reading, book: Rulebook, topic: Topic, fallback: tuple[Span, ...]) -> FoundKind | None:
    """The kind that the grammar of the headline gives: who governs whom, a total, a question, a quotation."""
    for shape in book.shapes:
        if shape.topics and topic not in shape.topics:
            continue
        sentences = reading.fire(shape.rule)
        if not sentences or (shape.before and not reading.governs(shape.rule.groups[0], shape.before)):
            continue
        if shape.asks and not reading.title.endswith("?"):
            continue
        if shape.quoted and not (reading.title.startswith(_QUOTES) and reading.title.endswith(_QUOTES)):
            continue
        evidence = tuple(reading.evidence(shape.rule, sentences)[:3])
        trace = Trace("kind", shape.rule.name, shape.rule.points, sentences[:5])
        return FoundKind(shape.kind, evidence or fallback[:1], (trace,))
    return None


def _without_a_cue(reading: Reading, book: Rulebook, topic: Topic) -> Kind:
    """What a story is that names no act: the news of its topic, or of a bare headline a feature."""
    if reading.lead_bits & (book.bit("arrest") | book.bit("seize")):
        return Kind.ENFORCEMENT
    if topic in _HAPPENS:
        return Kind.INCIDENT
    if reading.has_title and len(reading.bits) <= _BARE and not _is_a_case(reading, book):
        return Kind.ADVISORY_ANALYSIS
    return Kind.ENFORCEMENT


def _is_a_case(reading: Reading, book: Rulebook) -> bool:
    """Whether a headline counts something or says what was done."""
    return bool(reading.lead_bits & book.bit("k_done")) or any(numbers_in(reading.title))


def decide_kind(reading: Reading, book: Rulebook, topic: Topic, fallback: tuple[Span, ...]) -> FoundKind:
    """The kind of the headline's shape, else whose cues weigh most; without any, what the topic's news is."""
    if reading.has_title and (shaped := _by_shape(reading, book, topic, fallback)):
        return shaped
    weights: dict[Kind, float] = {}
    firing: dict[Kind, list[tuple[Rule, tuple[int, ...]]]] = {}
    traces: list[Trace] = []
    for kind, rules in book.kinds:
        for rule in rules:
            if rule.rarest and not reading.everything & rule.rarest[0]:
                continue  # most rules end here, without a call
            sentences = reading.fire(rule)
            if not sentences:
                continue
            gained = weigh(rule, sentences, reading) * _PRIOR.get(topic, {}).get(kind, 1.0)
            weights[kind] = weights.get(kind, 0.0) + gained
            firing.setdefault(kind, []).append((rule, sentences))
            traces.append(Trace("kind", rule.name, round(gained, 2), sentences[:5]))
    if not weights:
        return FoundKind(_without_a_cue(reading, book, topic), fallback[:1], ())
    best = max(weights, key=lambda kind: (weights[kind], -_ORDER.index(kind)))
    evidence = (span for rule, sentences in firing[best] for span in reading.evidence(rule, sentences))
    spans = {(span.start, span.end): span for span in evidence}
    return FoundKind(best, tuple(list(spans.values())[:3]) or fallback[:1], tuple(traces))
