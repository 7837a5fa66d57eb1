"""The card that labels are weighed with holds what the contract's does, and leaves as it."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from services.contracts.tagging import Facts
from services.tagger.core.book import Rulebook
from services.tagger.core.fact_card import NO_FACTS, SLOTS, Count, FactCard, Word, facts_of, rows_of
from services.tagger.core.spans import Span
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article

SAID = Span(4, 13, "11 korban", "facts/victims")


def test_it_has_the_slots_of_the_contract() -> None:
    assert tuple(Facts.model_fields) == SLOTS


def test_it_leaves_with_its_source_and_its_words() -> None:
    card = FactCard(victims=(Count(11, None, "person", "victims", (SAID,)),), agencies=(Word("police", (SAID,)),))
    facts = facts_of(card, "story-1")
    [victims], [police] = facts.victims, facts.agencies
    assert (victims.low, victims.high, victims.source, victims.evidence[0].text) == (
        11,
        None,
        "story-1",
        "11 korban",
    )
    assert (police.value, police.source, police.evidence[0].rule) == ("police", "story-1", "facts/victims")


def test_a_fact_without_words_does_not_leave() -> None:
    with pytest.raises(ValidationError, match="evidence"):
        facts_of(FactCard(agencies=(Word("police", ()),)), "story-1")


def test_a_line_of_the_command_says_what_the_contract_does(book: Rulebook) -> None:
    text = (
        "Polisi menangkap perekrut kasus tindak pidana perdagangan orang di Kupang. 11 korban, Rp 6,5 juta disita."
    )
    card = tag_story(an_article(text=text), book).facts
    rows = dict(rows_of(card, "story-1"))
    assert {"victims", "money"} <= rows.keys()
    told = facts_of(card, "story-1").model_dump(mode="json")
    assert rows == {slot: facts for slot, facts in told.items() if facts}


def test_a_story_without_facts_has_no_rows() -> None:
    assert not dict(rows_of(NO_FACTS, "story-1"))
    assert facts_of(NO_FACTS, "story-1") == Facts()
