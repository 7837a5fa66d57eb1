"""A name that a ship or a company bears is no place, a capital that speaks is a state, and a lone scene is kept."""

from __future__ import annotations

import pytest

from services.contracts.codes import Role
from services.tagger.core.book import Rulebook
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article

CASE = "Polisi menangkap perekrut dalam kasus tindak pidana perdagangan orang"
EN_CASE = "Police arrested two recruiters in a human trafficking case"


def scenes(book: Rulebook, title: str, text: str) -> set[str | None]:
    tagging = tag_story(an_article(title=title, text=text), book)
    assert tagging.relevant, tagging.reason
    return {place.entry.region for place in tagging.places if place.role in {Role.EVENT, Role.VENUE}}


@pytest.mark.parametrize(
    ("said", "region"),
    [
        ("Bakamla lewat KN Tanjung Datu menahan kapal itu.", "ID-KB"),
        ("Para korban naik KM Dumai dari pelabuhan itu.", "ID-RI"),
    ],
)
def test_a_ship_named_like_a_place_is_none(book: Rulebook, said: str, region: str) -> None:
    assert region not in scenes(book, f"{CASE} di Kupang", said)


def test_a_place_beside_a_ship_is_one(book: Rulebook) -> None:
    assert "ID-RI" in scenes(book, f"{CASE} di Dumai", "Kapal KM Sinar ditahan di Dumai.")


def test_an_airline_named_like_a_town_is_none(book: Rulebook) -> None:
    text = f"PHUKET: {EN_CASE} in Phuket as they tried to board a Bangkok Airways flight."
    assert scenes(book, "Two recruiters held in Phuket trafficking case", text) == {"TH-83"}


def test_a_town_before_its_airport_is_one(book: Rulebook) -> None:
    text = f"{EN_CASE} in Bangkok. The two were taken off a flight to Phnom Penh."
    assert "TH-10" in scenes(book, "Two recruiters held in Bangkok trafficking case", text)


def test_a_capital_that_speaks_is_not_where_it_was(book: Rulebook) -> None:
    text = f"{EN_CASE} in Sihanoukville, Jakarta said on Friday, and freed 40 Indonesians."
    assert "ID-JK" not in scenes(book, "Recruiters held in trafficking case", text)


def test_a_capital_where_it_was_is_its_scene(book: Rulebook) -> None:
    text = f"{EN_CASE} in Jakarta on Friday and freed 40 women held in a flat."
    assert "ID-JK" in scenes(book, "Recruiters held in trafficking case", text)


def test_a_town_and_a_full_stop_before_the_first_sentence_say_where_it_was_written(book: Rulebook) -> None:
    text = (
        "Jakarta. The Riau Islands police said they had held two recruiters in a human trafficking case in Batam."
    )
    assert "ID-JK" not in scenes(book, "Two recruiters arrested in human trafficking case", text)


LONG = " ".join(f"Petugas masih memeriksa saksi nomor {index} hari itu." for index in range(6))


def test_the_only_scene_is_kept_though_it_is_named_far_down(book: Rulebook) -> None:
    text = f"{CASE}. Menurut penyidik di Bareskrim, korban masih anak. {LONG} Penggerebekan itu terjadi di Bogor."
    assert scenes(book, "Mucikari jual anak ditahan", text) == {"ID-JB"}


def test_a_place_named_once_far_down_beside_another_scene_is_not_kept(book: Rulebook) -> None:
    text = f"{CASE} di Kupang. {LONG} Kasus serupa pernah terjadi di Bogor."
    assert scenes(book, "Mucikari di Kupang ditahan", text) == {"ID-NT"}
