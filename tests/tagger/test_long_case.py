"""A case that is told for weeks: more figures than a card holds, and the ones that matter stay on it."""

from __future__ import annotations

from collections.abc import Iterable

from services.contracts.alert import Alert
from services.contracts.tagging import Evidence, Facts, Number, StoryTagged, Term
from services.notifier.core.snapshot import has_grown, snapshot
from services.tagger.core.alerts import Member, compose
from services.tagger.core.book import Rulebook
from services.tagger.core.story import article_of, tag_story, to_event
from tests.tagger.builders import NOW, a_story

HELD_ON_A_CARD = 12


def reports(book: Rulebook, facts: Iterable[Facts]) -> list[Member]:
    """One report a day of the same interception, each with the facts it tells."""
    members = []
    for day, told in enumerate(facts):
        story = a_story(f"outlet{day}:1", hours=24 * day)
        tagged: StoryTagged = to_event(tag_story(article_of(story), book), story, book, NOW, None)
        members.append(Member(tagged.model_copy(update={"facts": told})))
    return members


def said(book: Rulebook) -> tuple[Evidence, ...]:
    story = a_story()
    return to_event(tag_story(article_of(story), book), story, book, NOW, None).topics[0].evidence


def the_case(members: list[Member]) -> Alert:
    alert = compose("inc-1", 1, members, NOW, None)
    assert alert is not None
    return alert


def tolls(book: Rulebook, *numbers: int) -> list[Facts]:
    evidence = said(book)
    return [
        Facts(deaths=(Number(low=number, high=number, unit="person", of="deaths", source="a", evidence=evidence),))
        for number in numbers
    ]


def test_a_toll_that_rose_after_many_reports_still_reaches_the_officials(book: Rulebook) -> None:
    weeks = reports(book, tolls(book, *range(1, HELD_ON_A_CARD + 1), 40))
    before, after = the_case(weeks[:-1]), the_case(weeks)
    assert len(after.facts.deaths) == HELD_ON_A_CARD
    assert has_grown(snapshot(before).counts, snapshot(after).counts)


def test_the_greatest_number_is_kept_when_lower_ones_follow(book: Rulebook) -> None:
    weeks = reports(book, tolls(book, 40, *range(1, HELD_ON_A_CARD + 1)))
    kept = [number.low for number in the_case(weeks).facts.deaths]
    assert kept == [40, *range(2, HELD_ON_A_CARD + 1)]


def test_as_many_figures_as_fit_all_stay_in_the_order_told(book: Rulebook) -> None:
    weeks = reports(book, tolls(book, *range(1, HELD_ON_A_CARD + 1)))
    assert [number.low for number in the_case(weeks).facts.deaths] == [*range(1, HELD_ON_A_CARD + 1)]


def test_of_words_without_a_number_the_latest_are_kept(book: Rulebook) -> None:
    evidence = said(book)
    stages = [Facts(case_stage=(Term(value=f"stage {day}", source="a", evidence=evidence),)) for day in range(14)]
    kept = [term.value for term in the_case(reports(book, stages)).facts.case_stage]
    assert kept == [f"stage {day}" for day in range(2, 14)]
