"""Tag one story: clear it, read it, and say what it is about, where, how urgent and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import islice
from typing import NamedTuple

from services.contracts.codes import Kind, Severity, Topic
from services.contracts.story import Story
from services.contracts.tagging import (
    KindLabel,
    Place,
    StoryTagged,
    TopicLabel,
    Trigger,
)
from services.tagger.core.area import out_of_area, stays_at_home
from services.tagger.core.boilerplate import blank
from services.tagger.core.book import Possible, Rulebook
from services.tagger.core.fact_card import NO_FACTS, FactCard, facts_of
from services.tagger.core.facts import read_facts
from services.tagger.core.first_look import may_fire
from services.tagger.core.folding import fold
from services.tagger.core.kind import FoundKind, decide_kind
from services.tagger.core.language import detect
from services.tagger.core.matching import MAX_TEXT, Found
from services.tagger.core.places import FoundPlace, find_places
from services.tagger.core.read_story import read
from services.tagger.core.reading import Reading
from services.tagger.core.severity import FoundSeverity, FoundTrigger, score
from services.tagger.core.spans import Span, evidence_of
from services.tagger.core.topics import NOTHING, FoundTopic, Relevance, Trace, Verdict, decide

#: Where so many rules are possible a story is hardly ever none of the field.
_SURELY = 40
#: What is found in a search at least, where somebody looks for what was held back.
_CLOSE = frozenset({Relevance.RELEVANT, Relevance.HELD_BACK, Relevance.OUT_OF_AREA})
#: Stories that are labelled together; of more the first are no longer near at hand.
_AT_ONCE = 64


@dataclass(frozen=True)
class Article:
    """What the tagger reads of a story; the title may be empty."""

    story_id: str
    title: str
    text: str
    language: str = "und"
    outlet: str = ""
    published: date | None = None
    default_region: str = ""


@dataclass(frozen=True)
class Tagging:
    """The tagger's answer on one story, in cleared text."""

    story_id: str
    title: str
    text: str
    language: str
    relevant: bool
    reason: str
    topics: tuple[FoundTopic, ...] = ()
    kind: Kind | None = None
    kind_evidence: tuple[Span, ...] = ()
    severity: Severity = Severity.BACKGROUND
    triggers: tuple[FoundTrigger, ...] = ()
    places: tuple[FoundPlace, ...] = ()
    facts: FactCard = NO_FACTS
    traces: tuple[Trace, ...] = ()


def article_of(story: Story) -> Article:
    """The tagger's view of a story from the wire."""
    return Article(
        story.story_id,
        story.title,
        story.text,
        story.language,
        story.outlet,
        story.published_at.date(),
        story.default_region,
    )


def tag_story(article: Article, book: Rulebook) -> Tagging:
    """Everything there is to say about one story; pure, the same for the same text and book."""
    return next(tag_stories((article,), book))


def tag_stories(articles: Iterable[Article], book: Rulebook) -> Iterator[Tagging]:
    """The same of many stories, each by itself, some dozens at a time: a tenth cheaper than one by one."""
    coming = iter(articles)
    while batch := list(islice(coming, _AT_ONCE)):
        yield from _tag(batch, book)


def _tag(articles: Iterable[Article], book: Rulebook) -> list[Tagging]:
    """Each step is taken with all of them before the next.

    What it works with is then near at hand for all but the first, an automaton of megabytes above all.
    """
    opened = [_open(article) for article in articles]
    found = [book.matcher.glance(one.raw, one.folded if one.raw == one.whole else None) for one in opened]
    possible = [book.possible(one.everything()) for one in found]
    # Where one of so many rules will fire, it is cleared closely at once and need not be judged twice.
    seen = [
        _see(one, stands, book, closely=len(rules) > _SURELY)
        for one, stands, rules in zip(opened, found, possible, strict=True)
    ]
    firing = [_may_fire(*those) for those in zip(seen, possible, strict=True)]
    complete = [one.complete() if fires else one for one, fires in zip(seen, firing, strict=True)]
    return [_answer(*those, book) for those in zip(complete, possible, firing, strict=True)]


class _Opened(NamedTuple):
    """A story with its boilerplate blanked."""

    article: Article
    whole: str  # headline and text
    folded: bytes
    raw: str  # ``whole``, boilerplate blank


class _Seen(NamedTuple):
    """What stands in a story, with nobody in it who must not be there."""

    opened: _Opened
    cleared: str
    closely: bool  # cleared also of those whom only their deeds point at
    found: Found

    @property
    def title(self) -> str:
        return self.cleared[: len(self.opened.article.title)]

    @property
    def text(self) -> str:
        return self.cleared[len(self.opened.article.title) + 1 :]

    @property
    def has_title(self) -> bool:
        return bool(self.title.strip())

    def complete(self) -> _Seen:
        return self._replace(found=self.found.complete())


def _open(article: Article) -> _Opened:
    title, text = article.title, article.text
    whole = f"{title}\n{text}"
    return _Opened(article, whole, fold(whole), blank(title, text[: MAX_TEXT - len(title)]))


def _see(opened: _Opened, found: Found, book: Rulebook, *, closely: bool = False) -> _Seen:
    cleared = book.clearer.clear(opened.whole, opened.folded, closely=closely)
    return _Seen(opened, cleared.whole, cleared.closely, found)


def _may_fire(seen: _Seen, possible: Possible) -> bool:
    raw = seen.opened.raw
    return bool(possible) and may_fire(possible, seen.found, raw, seen.cleared, has_title=seen.has_title)


def _answer(seen: _Seen, possible: Possible, fires: bool, book: Rulebook) -> Tagging:
    """The labels; what people will read, or nearly would have, is cleared closely and judged by what is left."""
    language = detect(seen.text or seen.title, seen.opened.article.language)
    reading, verdict = _judge(seen, possible, language, book) if fires else (None, NOTHING)
    if verdict.reason in _CLOSE and not seen.closely:
        closely = _see(seen.opened, seen.found, book, closely=True)
        if verdict.topics and closely.cleared != seen.cleared:
            reading, verdict = _judge(closely, possible, language, book)
        seen = closely
    told = verdict.topics and reading
    reason = f"{verdict.reason}: {verdict.detail}" if verdict.detail else verdict.reason.value
    plain = Tagging(
        seen.opened.article.story_id,
        seen.title,
        seen.text,
        language,
        relevant=False,
        reason="" if told else reason,
        traces=verdict.traces,
    )
    return _label(plain, seen.opened.article, told, verdict, book) if told else plain


def _judge(seen: _Seen, possible: Possible, language: str, book: Rulebook) -> tuple[Reading, Verdict]:
    (article, _, _, raw), cleared, _, found = seen
    paper = book.place_words.home_of(article.outlet)
    home = article.default_region[:2] or paper
    reading = read(raw, cleared, book, has_title=seen.has_title, found=found)
    verdict = decide(reading, book, possible)
    if verdict.topics and stays_at_home(reading, book, home, language):
        state = book.bit("foreign_state")
        reading = read(raw, cleared, book, has_title=seen.has_title, found=found, without=state)
        verdict = decide(reading, book, possible)
    held = out_of_area(reading, book, len(article.text), home=home, paper=paper) if verdict.topics else ""
    if held:
        verdict = Verdict(Relevance.OUT_OF_AREA, held, (), verdict.traces)
    return reading, verdict


def _label(plain: Tagging, article: Article, reading: Reading, verdict: Verdict, book: Rulebook) -> Tagging:
    topics = verdict.topics
    base = topics[0].evidence
    kind: FoundKind = decide_kind(reading, book, topics[0].topic, base)
    about = frozenset(reading.sentences.at(span.start) for topic in topics for span in topic.evidence)
    both_sides = any(topic.topic is Topic.BORDER_SECURITY for topic in topics)
    places = find_places(reading, book, kind.kind, about, both_sides=both_sides)
    facts = read_facts(reading, book, places, language=plain.language, published=article.published)
    severity: FoundSeverity = score(reading, book, [t.topic for t in topics], kind.kind, facts, fallback=base)
    return replace(
        plain,
        relevant=True,
        reason=f"{topics[0].topic.value}: {topics[0].evidence[0].rule}",
        topics=topics,
        kind=kind.kind,
        kind_evidence=kind.evidence,
        severity=severity.severity,
        triggers=severity.triggers,
        places=places,
        facts=facts,
        traces=verdict.traces + kind.traces,
    )


def to_event(
    tagging: Tagging, story: Story, book: Rulebook, now: datetime, incident_id: str | None
) -> StoryTagged:
    """The contract's event; pydantic checks here, once, that every label carries its evidence."""
    return StoryTagged(
        occurred_at=now,
        story_id=story.story_id,
        version=story.version,
        outlet=story.outlet,
        section=story.section,
        url=story.url,
        language=tagging.language,
        published_at=story.published_at,
        fetched_at=story.fetched_at,
        title=tagging.title,
        text=tagging.text,
        relevant=tagging.relevant,
        reason=tagging.reason,
        topics=tuple(
            TopicLabel(code=t.topic, score=t.score, evidence=evidence_of(t.evidence)) for t in tagging.topics
        ),
        kind=KindLabel(code=tagging.kind, evidence=evidence_of(tagging.kind_evidence)) if tagging.kind else None,
        severity=tagging.severity,
        triggers=tuple(Trigger(code=t.code, evidence=evidence_of(t.evidence)) for t in tagging.triggers),
        places=tuple(place_of(found) for found in tagging.places),
        facts=facts_of(tagging.facts, story.story_id),
        copies=len(story.copies),
        incident_id=incident_id,
        tagger_version=book.version,
    )


def place_of(found: FoundPlace) -> Place:
    """The contract's place."""
    entry = found.entry
    return Place(
        name=entry.name,
        region=entry.region,
        district=entry.district,
        country=entry.country,
        lat=entry.lat,
        lon=entry.lon,
        role=found.role,
        counterpart=entry.counterpart,
        evidence=evidence_of(found.evidence),
    )
