"""Counts in Khmer: digits of either script or words, with their noun; where it may be otherwise, nothing is read."""

from __future__ import annotations

import pytest

from services.tagger.core.book import Rulebook
from services.tagger.core.khmer_counts import khmer_counts
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article

NOTHING = {
    "no noun": "មាន១២នាក់",
    "officers": "នគរបាល១២នាក់",
    "a share of the counted": "ក្នុងនោះស្រី៥នាក់",
    "hurt": "មនុស្ស៣នាក់រងរបួស",
    "two nouns": "ជនរងគ្រោះ និងជនសង្ស័យ១២នាក់",
    "the noun of another sentence": "ជនរងគ្រោះបានទៅដល់។ សរុប១២នាក់",
    "an age": "ជនរងគ្រោះអាយុ១៧ឆ្នាំ",
    "a date": "ថ្ងៃទី១២ ខែមករា",
    "an ordinal": "ជនរងគ្រោះទីពីរនាក់",
    "the end of a range": "១០ទៅ១២នាក់",
    "no thousands": "ជនរងគ្រោះ១២,៥នាក់",
    "an unclear weight": "មេតំហ្វេតាមីន១,២០០គីឡូក្រាម",
    "a weight of nothing": "ទម្ងន់៥គីឡូក្រាម",
    "no number at all": "ជនរងគ្រោះច្រើននាក់",
}


@pytest.mark.parametrize("text", NOTHING.values(), ids=NOTHING)
def test_nothing_is_guessed(text: str) -> None:
    assert list(khmer_counts(text)) == []


COUNTED = {
    "victims": ("ជនរងគ្រោះ១២នាក់", "victims", 12, 12),
    "with a space": ("ជនរងគ្រោះ ១២ នាក់", "victims", 12, 12),
    "with number": ("ជនរងគ្រោះចំនួន ១២នាក់", "victims", 12, 12),
    "latin digits": ("ជនរងគ្រោះចំនួន 12 នាក់", "victims", 12, 12),
    "a word": ("ជនរងគ្រោះពីរនាក់", "victims", 2, 2),
    "a compound word": ("ជនរងគ្រោះដប់ពីរនាក់", "victims", 12, 12),
    "six is no five": ("ជនសង្ស័យប្រាំមួយនាក់", "suspects", 6, 6),
    "one": ("មេខ្យល់ម្នាក់", "suspects", 1, 1),
    "thousands": ("ពលករ១.២៣៤នាក់", "persons", 1234, 1234),
    "a scale": ("ជនបរទេស៣រយនាក់", "persons", 300, 300),
    "at least": ("ជនបរទេសជាង ១០០នាក់", "persons", 100, None),
    "and more": ("ជនបរទេស១០០នាក់ជាង", "persons", 100, None),
    "hundreds": ("ជនបរទេសរាប់រយនាក់", "persons", 200, 999),
    "foreign workers": ("ពលករជនជាតិឥណ្ឌូនេស៊ី ២១នាក់", "persons", 21, 21),
    "children": ("ជនរងគ្រោះជាអនីតិជន", None, 0, 0),
    "minors": ("កុមារ៣នាក់", "minors", 3, 3),
    "deaths": ("បណ្តាលឱ្យស្លាប់មនុស្ស៧នាក់", "deaths", 7, 7),
    "died": ("ពលករ៧នាក់បានស្លាប់", "deaths", 7, 7),
    "missing": ("បាត់ខ្លួន២១នាក់", "missing", 21, 21),
}


@pytest.mark.parametrize(("text", "slot", "low", "high"), COUNTED.values(), ids=COUNTED)
def test_people_are_counted(text: str, slot: str | None, low: float, high: float | None) -> None:
    found = [(one.slot, one.low, one.high) for one in khmer_counts(text)]
    assert found == ([(slot, low, high)] if slot else [])


def test_a_weight_of_a_drug_is_read() -> None:
    [found] = khmer_counts("ដកហូតមេតំហ្វេតាមីន២,៥គីឡូក្រាម")
    assert (found.slot, found.low, found.unit, found.of) == ("quantities", 2.5, "kg", "methamphetamine")


def test_each_noun_has_its_own_number() -> None:
    found = {one.slot: one.low for one in khmer_counts("ឃាត់ខ្លួនជនសង្ស័យ៣នាក់ និងសង្គ្រោះជនរងគ្រោះ១២នាក់ ក្នុងនោះស្រី៥នាក់")}
    assert found == {"suspects": 3, "victims": 12}


def test_the_card_of_a_khmer_story_carries_them(book: Rulebook) -> None:
    text = "នគរបាលខេត្តបន្ទាយមានជ័យឃាត់ខ្លួនមេខ្យល់ម្នាក់ដែលនាំពលករ១២នាក់ឆ្លងព្រំដែនខុសច្បាប់ទៅថៃ នៅស្រុកម៉ាឡៃ។"
    found = tag_story(an_article(text=text), book)
    assert [n.low for n in found.facts.persons] == [12] and [n.low for n in found.facts.suspects] == [1]
    for number in (*found.facts.persons, *found.facts.suspects):
        for span in number.evidence:
            assert f"\n{text}"[span.start : span.end] == span.text
