"""No victim's name, age, home, school or number leaves the tagger; officials and places stay readable."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from services.contracts.tagging import MASK
from services.tagger.core.book import Rulebook

ITEMS = [json.loads(line) for line in (Path(__file__).parent / "redteam.jsonl").read_text("utf-8").splitlines()]


@pytest.mark.parametrize("item", ITEMS, ids=[item["id"] for item in ITEMS])
def test_nobody_is_pointed_at(book: Rulebook, item: dict[str, object]) -> None:
    whole = f"{item.get('title', 'Berita')}\n{item['text']}"
    cleared = book.clearer.clear(whole).whole
    assert len(cleared) == len(whole)
    leaked = [secret for secret in item["secret"] if str(secret) in cleared]  # type: ignore[attr-defined]
    lost = [kept for kept in item["keep"] if str(kept) not in cleared]  # type: ignore[attr-defined]
    assert (leaked, lost) == ([], [])


def test_a_story_without_people_is_unchanged(book: Rulebook) -> None:
    whole = "Neraca perdagangan surplus\nEkspor naik 12 persen, kata Badan Pusat Statistik."
    assert book.clearer.clear(whole).whole == whole


def test_a_name_in_the_title_goes_when_the_text_gives_it_away(book: Rulebook) -> None:
    whole = "Kisah Wulandari yang Lolos dari Poipet\nWulandari Pratiwi (22) kabur dari perusahaan penipuan daring."
    cleared = book.clearer.clear(whole).whole
    assert "Wulandari" not in cleared
    assert "Poipet" in cleared


def test_clearing_keeps_the_length_and_the_line_breaks(book: Rulebook) -> None:
    whole = "Judul\nKorban bernama Ina\nLestari (17).\nAkhir."
    cleared = book.clearer.clear(whole).whole
    assert len(cleared) == len(whole)
    assert [i for i, c in enumerate(cleared) if c == "\n"] == [i for i, c in enumerate(whole) if c == "\n"]
    assert MASK in cleared


def test_names_far_down_a_very_long_text_are_masked_too(book: Rulebook) -> None:
    whole = "Judul\n" + "Korban bernama Wulan Sari (17). " * 3000 + "Korban bernama Nirmala Dewi (16)."
    assert "Nirmala" not in book.clearer.clear(whole).whole


def test_a_name_in_a_headline_alone_goes_too(book: Rulebook) -> None:
    whole = "Ibu Korban Maria Taneo Minta Pelaku Dihukum\nMaria Taneo menangis di pengadilan, kata polisi."
    assert "Taneo" not in book.clearer.clear(whole).whole


def test_a_name_in_a_headline_goes_when_the_text_says_what_befell_it(book: Rulebook) -> None:
    whole = "Kisah Pilu Ayu Sekarwangi, Korban TPPO di Myanmar\nAyu Sekarwangi disekap di Myawaddy, kata polisi."
    cleared = book.clearer.clear(whole).whole
    assert "Sekarwangi" not in cleared
    assert "Myawaddy" in cleared


def test_a_headline_that_says_what_befell_many_stays_readable(book: Rulebook) -> None:
    whole = "Puluhan WNI Disekap di Kamboja, Keluarga Menunggu\nSabu dijual ke Malaysia, kata BNN. Polisi mencari."
    assert book.clearer.clear(whole).whole == whole


def test_a_headline_without_a_name_stays_readable(book: Rulebook) -> None:
    whole = "Tiga WN Afrika Divonis 3 Tahun Penjara Lantaran Overstay 4 Tahun\nMereka tinggal di Tangerang."
    assert book.clearer.clear(whole).whole == whole


def test_the_number_of_a_law_is_no_age(book: Rulebook) -> None:
    text = "Judul\nKeduanya dijerat Pasal 81 Undang-Undang Nomor 18 Tahun 2017."
    assert book.clearer.clear(text).whole == text


def test_but_an_age_in_years_still_is(book: Rulebook) -> None:
    assert "Sriyati" not in book.clearer.clear("Judul\nKorban Sriyati Lende 18 tahun ditemukan di kos.").whole


def test_a_hull_number_is_no_number_plate(book: Rulebook) -> None:
    whole = "Kapal ikan ditangkap\nKapal Vietnam bernomor lambung KG 2118 TS ditahan di Natuna."
    assert "KG 2118 TS" in book.clearer.clear(whole).whole
