"""Score how urgent an event is, and say what the score rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from services.contracts.codes import Kind, Severity, Topic
from services.tagger.core.book import Rulebook
from services.tagger.core.fact_card import Count, FactCard
from services.tagger.core.reading import Reading
from services.tagger.core.severity_routine import HARD_DRUGS, HELD_HIGH, SENT_MANY, is_routine
from services.tagger.core.spans import Span

_SOFT = frozenset({Kind.POLICY_COOPERATION, Kind.ADVISORY_ANALYSIS})
_PEOPLE_TOPICS = frozenset(
    {
        Topic.HUMAN_TRAFFICKING,
        Topic.FORCED_CRIMINALITY,
        Topic.ILLEGAL_LABOUR_PLACEMENT,
        Topic.MIGRANT_SMUGGLING,
        Topic.MIGRANT_RETURN_PROTECTION,
    }
)
#: Who lands, crosses or is rounded up in hundreds is no hundred set free.
_HELD_CRITICAL = 500
_SENT_HUNDREDS = 100
#: Whoever and whatever a court speaks of was freed or seized long ago.
_TRIED = 3
_PILLS = frozenset({"methamphetamine", "ecstasy", "narcotics"})
#: A meeting, a plan or an explainer is never urgent by the numbers it recites.
_SOFT_CEILING = 2
#: A list of events repeats what was told of each.
_LIST_CEILING = 1
#: What somebody did or suffered, told without a number or a word of any trigger: as much as a handful of people.
_NO_NUMBER = 2
#: The headline and two sentences are the news, even where they tell of a whole year.
_NEWS = 2


@dataclass(frozen=True)
class _Event:
    """Which counts are of the event; further down a story counts others, the year's and the country's."""

    reading: Reading
    other_days: int  # the concept of their words

    def of(self, counts: Iterable[Count]) -> list[Count]:
        """What the lead counts; where it counts none, whatever is not told of other days."""
        at = self.reading.sentences.at
        known = [(count, at(count.evidence[0].start)) for count in counts if count.evidence]
        fresh = [(count, index) for count, index in known if index <= _NEWS or not self._past(index)]
        told = [count for count, index in fresh if index < self.reading.lead_end]
        return told if any(count.low > 1 for count in told) else [count for count, _ in fresh]

    def _past(self, index: int) -> bool:
        """Of other days a sentence tells, and the one after it."""
        return any(self.reading.bits[one] & self.other_days for one in (index - 1, index))


@dataclass(frozen=True)
class FoundTrigger:
    """One reason for the severity."""

    code: str
    level: int
    evidence: tuple[Span, ...]


@dataclass(frozen=True)
class FoundSeverity:
    """The severity with the triggers that gave it, the strongest first."""

    severity: Severity
    triggers: tuple[FoundTrigger, ...]


def score(
    reading: Reading,
    book: Rulebook,
    topics: Sequence[Topic],
    kind: Kind,
    facts: FactCard,
    *,
    fallback: tuple[Span, ...],
) -> FoundSeverity:
    """The highest level any trigger gives; a soft kind is capped."""
    found = [*_by_words(reading, book, topics, kind)]
    if kind not in _SOFT:
        sent = reading.has_title and bool(reading.bits[0] & book.bit("sent_home_word"))
        tried = kind is Kind.JUDICIAL  # a court tells of nothing but other days
        event = _Event(reading, 0 if tried else book.bit("s_background"))
        captive = bool(reading.lead_bits & book.bit("s_captive"))
        counted = _by_counts(topics, kind, facts, event, sent=sent, captive=captive)
        found += [replace(one, level=min(one.level, _TRIED)) for one in counted] if tried else counted
    if not found:
        found = [FoundTrigger("background", 1 if kind in _SOFT else _NO_NUMBER, fallback[:1])]
    found.sort(key=lambda trigger: -trigger.level)
    level = found[0].level
    if kind in _SOFT:
        level = min(level, _LIST_CEILING if _is_list(reading, book) else _SOFT_CEILING)
        found = [trigger for trigger in found if trigger.level <= level] or found[-1:]
    elif level == _NO_NUMBER and is_routine(topics, kind, facts, reading, book):
        level = 1
    return FoundSeverity(Severity(level), tuple(found[:4]))


def _is_list(reading: Reading, book: Rulebook) -> bool:
    return reading.has_title and bool(reading.bits[0] & book.bit("g_list"))


def _by_words(reading: Reading, book: Rulebook, topics: Sequence[Topic], kind: Kind) -> Iterable[FoundTrigger]:
    for entry in book.severities:
        if entry.topics and not entry.topics & set(topics[:1]):
            continue
        if entry.kinds and kind not in entry.kinds:
            continue
        sentences = reading.fire(entry.rule)
        if sentences:
            evidence = tuple(reading.evidence(entry.rule, sentences))
            if evidence:
                yield FoundTrigger(entry.rule.name.removeprefix("severity/"), entry.level, evidence)


def _by_counts(
    topics: Sequence[Topic], kind: Kind, facts: FactCard, event: _Event, *, sent: bool, captive: bool
) -> Iterable[FoundTrigger]:
    primary = topics[0]
    people = [*facts.victims, *facts.persons, *facts.minors]
    if primary is Topic.FORCED_CRIMINALITY:
        people += facts.suspects  # who sits at the telephones may be held there
    people = event.of(people)
    sent_home = primary is Topic.MIGRANT_RETURN_PROTECTION
    if primary in _PEOPLE_TOPICS:
        freed = kind is not Kind.ENFORCEMENT or any(number in facts.victims for number in people) or captive
        yield from _people(people, primary, freed=freed)
        if kind is not Kind.JUDICIAL:
            dead = _deaths(event.of(facts.deaths), event.of(facts.missing))
            # Who dies abroad is brought home by the week; at sea or in captivity words say so.
            yield from (replace(one, level=min(one.level, 3)) for one in dead) if sent_home else dead
    if primary is Topic.DOCUMENT_IMMIGRATION and kind is Kind.ENFORCEMENT:
        yield from _sent(people) if sent else _held(people)
    if primary is Topic.DRUG_TRAFFICKING:
        yield from _drugs(event.of(facts.quantities))


def _people(people: Sequence[Count], primary: Topic, *, freed: bool) -> Iterable[FoundTrigger]:
    """So many freed, caught on a crossing, held at the telephones or sent home."""
    most = max(people, key=lambda number: number.low, default=None)
    if most is None or most.low > 100_000:
        return
    count = most.low
    routine = primary is Topic.MIGRANT_RETURN_PROTECTION
    held = primary is Topic.MIGRANT_SMUGGLING or (primary is Topic.FORCED_CRIMINALITY and not freed)
    if count >= (_HELD_CRITICAL if routine or held else 100):
        yield FoundTrigger(f"{int(count)} people", 4 if not routine else 3, most.evidence)
    elif count >= (50 if routine else 10):
        yield FoundTrigger(f"{int(count)} people", 3 if not routine else 2, most.evidence)
    elif count >= 2:
        yield FoundTrigger(f"{int(count)} people", 2, most.evidence)


def _held(people: Sequence[Count]) -> Iterable[FoundTrigger]:
    """A raid that takes hundreds is as grave as one that frees them; a handful is routine."""
    most = max(people, key=lambda number: number.low, default=None)
    if most is None or not HELD_HIGH <= most.low <= 100_000:
        return
    level = 4 if most.low >= _HELD_CRITICAL else 3
    yield FoundTrigger(f"{int(most.low)} people held", level, most.evidence)


def _sent(people: Sequence[Count]) -> Iterable[FoundTrigger]:
    """Foreigners put on a ferry or an aeroplane: routine below fifty."""
    most = max(people, key=lambda number: number.low, default=None)
    if most is None or not SENT_MANY <= most.low <= 100_000:
        return
    level = 3 if most.low >= _SENT_HUNDREDS else 2
    yield FoundTrigger(f"{int(most.low)} people sent home", level, most.evidence)


def _deaths(deaths: Sequence[Count], missing: Sequence[Count]) -> Iterable[FoundTrigger]:
    for number in deaths[:1]:
        if number.low >= 1:
            yield FoundTrigger("deaths", 4, number.evidence)
    for number in missing[:1]:
        if number.low >= 10:
            yield FoundTrigger("missing", 4, number.evidence)


def _drugs(quantities: Sequence[Count]) -> Iterable[FoundTrigger]:
    for number in quantities:
        if number.unit == "piece" and number.of in _PILLS:
            yield from _pills(number)
        if number.unit != "kg":
            continue
        hard = number.of in HARD_DRUGS
        if hard and number.low >= 100:
            yield FoundTrigger("100 kg of hard drugs", 4, number.evidence)
        elif (hard and number.low >= 5) or (number.of == "cannabis" and number.low >= 50):
            yield FoundTrigger("5 kg of hard drugs", 3, number.evidence)
        elif hard and number.low >= 1:
            yield FoundTrigger("1 kg of hard drugs", 2, number.evidence)


def _pills(number: Count) -> Iterable[FoundTrigger]:
    """A pill of the region weighs about a tenth of a gram: a million of them are a hundred kilograms."""
    for least, level in ((1_000_000, 4), (50_000, 3), (5_000, 2)):
        if number.low >= least:
            yield FoundTrigger(f"{least} pills", level, number.evidence)
            return
