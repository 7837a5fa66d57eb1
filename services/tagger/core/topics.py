"""Weigh the rules that fired into topics, and decide whether a story is relevant."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from services.contracts.codes import Topic
from services.contracts.tagging import MASK
from services.tagger.core.book import Possible, Rule, Rulebook, Window
from services.tagger.core.reading import Reading
from services.tagger.core.spans import Span

MAX_TOPICS = 3
MAX_SPANS = 6
#: A second topic has to carry this share of the first one's points.
SECOND_SHARE = 0.45
_TITLE, _LEAD, _BODY = 1.5, 1.0, 0.6
_PASSING = 0.6
#: A story of so many sentences that comes back to a subject names it more than once.
_LONG, _LONGER = 8, 13
#: Fewer than one sentence in so many, and none of the first, is not what a story is about.
_SHARE = 6
#: From so many sentences on there is room to name what a story is not about.
_ROOM = 5
#: A lead has all a rule asks for, its headline nothing of it: common words that happen to stand together.
_UNTITLED = 0.7
_PLAIN = 4.0
#: What one sentence under a headline of its subject has to weigh: among the first ones two rules, below them more.
_SAID_EARLY, _SAID_LATE = 2.7, 5.0
_AGAIN, _AGAIN_MAX = 0.25, 4


_Firing = list[tuple[Rule, tuple[int, ...]]]


class Relevance(StrEnum):
    """Why a story is relevant, or what ended it."""

    RELEVANT = "relevant"
    NO_RULE = "no_rule_fired"
    TOO_WEAK = "too_weak"
    HELD_BACK = "held_back_by_frame"
    OUT_OF_AREA = "out_of_area"


@dataclass(frozen=True)
class FoundTopic:
    """A topic with what it rests on."""

    topic: Topic
    points: float
    score: float
    evidence: tuple[Span, ...]


class Trace(NamedTuple):
    """One line of ``--explain``."""

    step: str
    rule: str
    points: float
    sentences: tuple[int, ...]


@dataclass(frozen=True)
class Verdict:
    """The topics of a story, or why it has none."""

    reason: Relevance
    detail: str
    topics: tuple[FoundTopic, ...]
    traces: tuple[Trace, ...]


#: No rule of any topic finds all its parts.
NOTHING = Verdict(Relevance.NO_RULE, "", (), ())


def decide(reading: Reading, book: Rulebook, possible: Possible | None = None) -> Verdict:
    """Points of every topic, less what the frames hold back; relevant from the topic's threshold on."""
    traces: list[Trace] = []
    found: list[tuple[float, Topic, _Firing]] = []
    weak = False
    fired = _fired(reading, book.possible(reading.everything) if possible is None else possible)
    for number in sorted(fired):
        topic_rules, firing = book.topics[number], fired[number]
        points = 0.0
        where: set[int] = set()
        for rule, sentences in firing:
            gained = weigh(rule, sentences, reading)
            points += gained
            where.update(sentences)
            traces.append(Trace("fired", rule.name, round(gained, 2), sentences[:5]))
        if _in_passing(where, reading):
            points *= _PASSING
        if _named_once(where, points, firing, reading) or _told_late(where, firing, reading):
            points = 0.0
        if points >= topic_rules.threshold:
            if MASK in reading.whole and not any(reading.shows(*one) for one in firing):
                continue  # all of it is masked
            found.append((points, topic_rules.topic, firing))
        else:
            weak = True
    if not found:
        return Verdict(Relevance.TOO_WEAK if weak else Relevance.NO_RULE, "", (), tuple(traces))
    kept, held = _hold_back(found, reading, book, traces)
    if not kept:
        return Verdict(Relevance.HELD_BACK, held, (), tuple(traces))
    kept.sort(key=lambda one: (-one[0], one[1].value))
    best = kept[0][0]
    topics = tuple(
        FoundTopic(topic, points, round(min(1.0, points / 8), 3), _first_spans(firing, reading))
        for points, topic, firing in kept[:MAX_TOPICS]
        if points >= SECOND_SHARE * best
    )
    return Verdict(Relevance.RELEVANT, "", topics, tuple(traces))


def _fired(reading: Reading, possible: Possible) -> dict[int, _Firing]:
    """The rules that fire, each with its sentences, by the number of their topic; most end without a call."""
    fired: dict[int, _Firing] = {}
    for _, topic, rule in possible:
        if sentences := reading.fire(rule):
            fired.setdefault(topic, []).append((rule, sentences))
    return fired


def _in_passing(where: set[int], reading: Reading) -> bool:
    """Only a sentence or two far down in a longer story: it is about something else."""
    return len(where) < 3 and len(reading.bits) > 8 and not any(reading.in_lead(index) for index in where)


def _named_once(where: set[int], points: float, firing: _Firing, reading: Reading) -> bool:
    """One sentence of a longer story, and not its title; or the title alone, by words of many meanings."""
    if len(where) > 1:
        return False
    if reading.has_title and 0 in where:
        return len(reading.bits) >= _LONGER and points < _PLAIN
    if 0 in where or (reading.has_title and any(_headlined(rule, reading) for rule, _ in firing)):
        enough = _SAID_EARLY if any(reading.in_lead(index) for index in where) else _SAID_LATE
        return len(reading.bits) >= _LONG and points < enough
    return len(reading.bits) >= _ROOM


def _told_late(where: set[int], firing: _Firing, reading: Reading) -> bool:
    """A few sentences below the lead of a long story whose headline has nothing of it: one point among many."""
    if not reading.has_title or len(where) * _SHARE >= len(reading.bits):
        return False
    if any(reading.in_lead(index) for index in where):
        return False
    return not any(_headlined(rule, reading) for rule, _ in firing)


def _headlined(rule: Rule, reading: Reading) -> bool:
    """Whether the headline has anything of what the rule rests on."""
    return any(reading.bits[0] & group for group in rule.groups)


def weigh(rule: Rule, sentences: tuple[int, ...], reading: Reading) -> float:
    """A rule weighs most in the title, less far down, and a little more for each time it fires again."""
    if rule.window is Window.LEAD and reading.has_title and len(reading.bits) >= _LONG:
        return rule.points * (1.0 if _headlined(rule, reading) else _UNTITLED)
    if rule.window is Window.STORY or rule.window is Window.LEAD:
        return rule.points
    if reading.has_title and sentences[0] == 0:
        place = _TITLE
    else:
        place = _LEAD if reading.in_lead(sentences[0]) else _BODY
    return rule.points * (place + _AGAIN * min(len(sentences) - 1, _AGAIN_MAX))


def _hold_back(
    found: list[tuple[float, Topic, _Firing]], reading: Reading, book: Rulebook, traces: list[Trace]
) -> tuple[list[tuple[float, Topic, _Firing]], str]:
    """Take away what the frames hold back: fiction, sport, red cross, retail crime and their like."""
    thresholds = {rules.topic: rules.threshold for rules in book.topics}
    held = ""
    for frame in book.frames:
        if frame.rule.rarest and not reading.everything & frame.rule.rarest[0]:
            continue  # most frames end here, without a call
        sentences = reading.fire(frame.rule)
        if not sentences:
            continue
        weight = weigh(frame.rule, sentences, reading)
        traces.append(
            Trace("vetoed" if frame.veto else "held back", frame.rule.name, -round(weight, 2), sentences[:5])
        )
        kept = []
        for points, topic, firing in found:
            if frame.topics and topic not in frame.topics:
                kept.append((points, topic, firing))
                continue
            left = -1.0 if frame.veto else points - weight
            if left >= thresholds[topic]:
                kept.append((left, topic, firing))
            else:
                held = frame.rule.name
        found = kept
    return found, held


def _first_spans(firing: _Firing, reading: Reading) -> tuple[Span, ...]:
    """The first six places the rules rest on; the rest is never looked for."""
    unique: dict[tuple[int, int], Span] = {}
    for rule, sentences in firing:
        for span in reading.evidence(rule, sentences):
            unique.setdefault((span.start, span.end), span)
        if len(unique) >= MAX_SPANS:
            break
    return tuple(unique.values())[:MAX_SPANS]
