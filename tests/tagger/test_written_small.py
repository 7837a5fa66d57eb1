"""Texts without capitals, marks or a headline, as many collections have them."""

from __future__ import annotations

import pytest

from services.contracts.codes import Kind, Topic
from services.tagger.core.book import Rulebook
from services.tagger.core.sentences import split
from services.tagger.core.story import Tagging, tag_story
from tests.tagger.builders import an_article


def tagged(book: Rulebook, title: str, text: str = "") -> Tagging:
    return tag_story(an_article(title=title, text=text), book)


def regions(tagging: Tagging) -> set[str | None]:
    return {place.entry.region for place in tagging.places}


@pytest.mark.parametrize(
    ("title", "region"),
    [
        ("polda kepri gagalkan pengiriman pekerja migran ilegal dari batam", "ID-KR"),
        ("polisi tangkap perekrut pekerja migran ilegal di padang", "ID-SB"),
    ],
)
def test_a_place_written_small_is_found(book: Rulebook, title: str, region: str) -> None:
    assert region in regions(tagged(book, title))


@pytest.mark.parametrize(
    "title",
    [
        "perekrut pekerja migran ilegal serang petugas imigrasi",
        "pekerja migran ilegal bawa batu dan sabu saat ditangkap polisi",
        "Polisi gagalkan pengiriman pekerja migran ilegal yang akan serang petugas",
    ],
)
def test_an_everyday_word_written_small_is_no_place(book: Rulebook, title: str) -> None:
    assert not regions(tagged(book, title)) & {"ID-BT", "ID-JI", "ID-NT"}


def test_a_small_name_in_a_text_with_capitals_is_no_place(book: Rulebook) -> None:
    title = "Polisi gagalkan pengiriman pekerja migran ilegal lewat batam"
    assert not regions(tagged(book, title))


def test_an_abbreviation_written_small_counts(book: Rulebook) -> None:
    tagging = tagged(book, "tkw dideportasi dari malaysia tiba di nunukan")
    assert tagging.topics[0].topic is Topic.MIGRANT_RETURN_PROTECTION


def test_an_english_word_written_small_is_no_state(book: Rulebook) -> None:
    assert not tagged(book, "the truck was seized as the driver fled with cigarettes").relevant


def test_a_run_without_marks_is_cut_between_words() -> None:
    whole = "judul\n" + "kata " * 200
    cut = split(whole, 5)
    assert len(cut) > 4
    assert all(whole[at - 1] in " \n" for at in cut.starts[1:])


def test_a_text_with_marks_is_cut_at_them_alone() -> None:
    whole = "Judul\n" + "Kata pertama. " + "Kata " * 200 + "selesai. Lalu kata lain."
    assert len(split(whole, 5)) == 4


def test_words_far_apart_in_a_run_without_marks_make_no_rule(book: Rulebook) -> None:
    far = "warga menonton film di bioskop " * 12
    text = f"harga rokok naik {far} pelabuhan ramai {far} petugas menyita sepeda"
    assert not tagged(book, "kabar kota", text).relevant


def test_the_first_sentence_stands_for_a_missing_headline(book: Rulebook) -> None:
    first = "Kemlu pulangkan 12 pekerja migran korban perdagangan orang dari Myanmar"
    rest = "Mereka tiba di Bandara Soekarno-Hatta."
    bare, headed = tagged(book, "", f"{first}. {rest}"), tagged(book, first, rest)
    assert (bare.kind, bare.topics[0].topic) == (headed.kind, headed.topics[0].topic)
    assert bare.kind is Kind.INCIDENT


def test_a_first_paragraph_is_no_headline(book: Rulebook) -> None:
    long = "Warga yang tinggal di kampung itu " * 8 + "bercerita tentang pekerja migran ilegal yang ditangkap."
    assert tagged(book, "", f"{long} Cuaca cerah.").title == ""
