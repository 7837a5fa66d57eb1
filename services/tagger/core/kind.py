"""Decide what sort of news a story is."""

from __future__ import annotations

from dataclasses import dataclass

from services.contracts.codes import Kind, Topic
from services.tagger.core.book import Rule, Rulebook
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


def decide_kind(reading: Reading, book: Rulebook, topic: Topic, fallback: tuple[Span, ...]) -> FoundKind:
    """The kind whose cues weigh most; ``fallback`` evidence stands where no cue was found."""
    weights: dict[Kind, float] = {}
    firing: dict[Kind, list[tuple[Rule, tuple[int, ...]]]] = {}
    traces: list[Trace] = []
    for kind, rules in book.kinds:
        for rule in rules:
            sentences = reading.fire(rule)
            if not sentences:
                continue
            gained = weigh(rule, sentences, reading) * _PRIOR.get(topic, {}).get(kind, 1.0)
            weights[kind] = weights.get(kind, 0.0) + gained
            firing.setdefault(kind, []).append((rule, sentences))
            traces.append(Trace("kind", rule.name, round(gained, 2), sentences[:5]))
    if not weights:
        acted = reading.lead_bits & (book.bit("arrest") | book.bit("seize")) or topic not in _HAPPENS
        return FoundKind(Kind.ENFORCEMENT if acted else Kind.INCIDENT, fallback[:1], ())
    best = max(weights, key=lambda kind: (weights[kind], -_ORDER.index(kind)))
    evidence = (span for rule, sentences in firing[best] for span in reading.evidence(rule, sentences))
    spans = {(span.start, span.end): span for span in evidence}
    return FoundKind(best, tuple(list(spans.values())[:3]) or fallback[:1], tuple(traces))
