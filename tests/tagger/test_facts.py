"""The facts card: counts, weights, money and dates with the words they stand in; nothing is guessed."""

from __future__ import annotations

from services.tagger.core.book import Rulebook
from services.tagger.core.fact_card import SLOTS, FactCard
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article

LEAD = "Polisi menangkap perekrut dalam kasus tindak pidana perdagangan orang di Kupang. "


def facts_of(book: Rulebook, text: str, language: str = "id") -> FactCard:
    tagging = tag_story(an_article(text=LEAD + text, language=language), book)
    assert tagging.relevant
    return tagging.facts


def test_an_age_is_no_count(book: Rulebook) -> None:
    facts = facts_of(book, "Korban berusia 17 tahun.")
    assert facts.victims == () and facts.persons == ()


def test_a_year_is_no_count(book: Rulebook) -> None:
    assert facts_of(book, "Kasus serupa terjadi pada 2019 di Ende.").persons == ()


def test_a_share_is_no_count(book: Rulebook) -> None:
    facts = facts_of(book, "Sekitar 90% korban dan 80 per cent of victims came from there.")
    assert facts.victims == ()


def test_a_count_beside_a_share_is_one(book: Rulebook) -> None:
    assert [n.low for n in facts_of(book, "Sebanyak 90 korban, 80% perempuan, dipulangkan.").victims] == [90]


def test_victims_and_suspects_are_counted_apart(book: Rulebook) -> None:
    facts = facts_of(book, "Sebanyak 11 korban diselamatkan dan 2 tersangka ditahan.")
    assert [n.low for n in facts.victims] == [11]
    assert [n.low for n in facts.suspects] == [2]


def test_conflicting_counts_both_stand(book: Rulebook) -> None:
    facts = facts_of(book, "Polisi menyebut 9 korban. Dinas sosial mencatat 11 korban.")
    assert [n.low for n in facts.victims] == [9, 11]


def test_a_range_keeps_both_ends(book: Rulebook) -> None:
    [number] = facts_of(book, "Diperkirakan 10 hingga 12 korban masih di sana.").victims
    assert (number.low, number.high) == (10, 12)


def test_at_least_has_no_upper_end(book: Rulebook) -> None:
    [number] = facts_of(book, "Sedikitnya 30 korban telah melapor.").victims
    assert (number.low, number.high) == (30, None)


def test_weights_become_kilograms(book: Rulebook) -> None:
    facts = facts_of(book, "Petugas juga menyita 27,311 kg sabu dan 1,2 ton ganja.")
    assert {(n.of, n.low, n.unit) for n in facts.quantities} == {
        ("methamphetamine", 27.311, "kg"),
        ("cannabis", 1200, "kg"),
    }


def test_money_keeps_its_currency(book: Rulebook) -> None:
    facts = facts_of(book, "Korban membayar Rp 6,5 juta, pelaku lain meminta US$2,500.", "en")
    assert {(n.unit, n.low) for n in facts.money} == {("IDR", 6_500_000), ("USD", 2500)}


def test_a_date_without_year_is_read_from_the_publication(book: Rulebook) -> None:
    facts = facts_of(book, "Penangkapan berlangsung Kamis (15/1).")
    assert [term.value for term in facts.event_date] == ["2026-01-15"]


def test_an_old_date_is_not_the_event(book: Rulebook) -> None:
    assert facts_of(book, "Ia pernah dihukum pada 3 Mei 2019.").event_date == ()


def test_words_of_closed_lists_are_found(book: Rulebook) -> None:
    facts = facts_of(book, "Mereka direkrut lewat Facebook dan dibawa dengan kapal ke Malaysia.")
    assert "social media" in {term.value for term in facts.recruitment}
    assert "boat" in {term.value for term in facts.transport}
    assert "police" in {term.value for term in facts.agencies}


def test_every_fact_shows_its_words(book: Rulebook) -> None:
    text = "Sebanyak 11 korban diselamatkan. Petugas menyita 2 kg sabu."
    tagging = tag_story(an_article(text=LEAD + text), book)
    whole = "\n" + LEAD + text
    for slot in SLOTS:
        for fact in getattr(tagging.facts, slot):
            for span in fact.evidence:
                assert whole[span.start : span.end] == span.text


def test_pills_named_between_number_and_unit_are_counted(book: Rulebook) -> None:
    card = facts_of(book, "Lao police find 12 million yaba tablets in a truck near the border with Thailand.")
    assert [(n.low, n.unit, n.of) for n in card.quantities] == [(12_000_000, "piece", "methamphetamine")]


def test_a_number_before_another_noun_is_no_quantity(book: Rulebook) -> None:
    card = facts_of(book, "Police stopped 12 million-riel taxis and seized ketamine at the border with Laos.")
    assert all(n.of != "methamphetamine" for n in card.quantities)
