"""Make what a program gets of what the desk knows: facts, and cleared text where it is asked for."""

from __future__ import annotations

from services.contracts.tagging import Facts, Number, Place, StoryTagged, Term
from services.notifier.core.links import safe_link
from services.notifier.desk.api.answers import (
    ApiCount,
    ApiIncident,
    ApiLabel,
    ApiPlace,
    ApiSource,
    ApiSpan,
    ApiStep,
    ApiStory,
    ApiTerm,
    instant,
)
from services.notifier.desk.find import Found, Step
from services.notifier.desk.marks import spans_of


def incident_answer(found: Found) -> ApiIncident:
    """An incident: facts, no sentence of a story."""
    alert = found.alert
    return ApiIncident(
        incident_id=found.incident_id,
        version=found.version,
        standing=found.standing,
        others=list(found.others),
        severity=int(alert.severity),
        topics=list(alert.topics),
        kind=alert.kind,
        confidence=alert.confidence,
        places=_places(alert.places),
        counts=_counts(alert.facts),
        terms=_terms(alert.facts),
        sources=[
            ApiSource(
                story_id=source.story_id, outlet=source.outlet, url=safe_link(source.url),
                language=source.language, published_at=source.published_at, withdrawn=source.withdrawn,
            )
            for source in alert.sources
        ],
        published_at=alert.published_at,
        first_seen_at=instant(found.first_seen_at),
        changed_at=instant(found.changed_at),
    )  # fmt: skip


def story_answer(story: StoryTagged) -> ApiStory:
    """A story with its labels and what they rest on."""
    return ApiStory(
        story_id=story.story_id,
        version=story.version,
        incident_id=story.incident_id,
        outlet=story.outlet,
        url=safe_link(story.url),
        language=story.language,
        published_at=story.published_at,
        title=story.title,
        text=story.text,
        relevant=story.relevant,
        reason=story.reason,
        withdrawn=story.withdrawn,
        severity=int(story.severity),
        kind=story.kind.code if story.kind else None,
        topics=[ApiLabel(code=topic.code, score=topic.score) for topic in story.topics],
        places=_places(story.places),
        counts=_counts(story.facts),
        terms=_terms(story.facts),
        evidence=spans_answer(story),
    )


def spans_answer(story: StoryTagged) -> list[ApiSpan]:
    """What a story's labels rest on, in the order of the text."""
    whole = f"{story.title}\n{story.text}"
    return [
        ApiSpan(
            story_id=story.story_id, label=span.what, start=span.start, end=span.end,
            text=whole[span.start : span.end],
        )
        for span in sorted(spans_of(story), key=lambda span: (span.start, span.end, span.what))
    ]  # fmt: skip


def step_answer(step: Step) -> ApiStep:
    """One event."""
    return ApiStep(
        version=step.version,
        event=step.event,
        at=instant(step.at),
        severity=step.severity,
        changed=list(step.changed),
    )


def _places(places: tuple[Place, ...]) -> list[ApiPlace]:
    return [ApiPlace.model_validate(place, from_attributes=True) for place in places]


def _counts(facts: Facts) -> list[ApiCount]:
    return [
        ApiCount(what=name, of=fact.of, unit=fact.unit, low=fact.low, high=fact.high, source=fact.source)
        for name in Facts.model_fields
        for fact in getattr(facts, name)
        if isinstance(fact, Number)
    ]


def _terms(facts: Facts) -> list[ApiTerm]:
    return [
        ApiTerm(what=name, value=fact.value, source=fact.source)
        for name in Facts.model_fields
        for fact in getattr(facts, name)
        if isinstance(fact, Term)
    ]
