"""The day's work is a 1; what is prized, forged, heavy or violent is more."""

from __future__ import annotations

import pytest

from services.tagger.core.book import Rulebook
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article

ROUTINE = {
    "Karantina Tahan Ratusan Burung Kicau Tanpa Dokumen di Bakauheni": "Petugas karantina menyita 300 ekor burung.",
    "Bea Cukai Gagalkan Penyelundupan Emas ke Malaysia": "Seorang penumpang membawa emas senilai Rp 1,2 miliar.",
    "MMEA foils bid to smuggle rice to Indonesia": "The skipper carried 500kg of rice worth RM9,000 off Tawau.",
    "Satgas Pamtas Sita 80 Gram Sabu dari Malaysia": "Sabu 80 gram ditemukan di jalan tikus perbatasan Sebatik.",
    "17 PNG nationals deported through Skouw": "The immigration office of Jayapura deported 17 people without visas.",
    "Malaysia Deportasi 27 TKI Lewat Nunukan": "Sebanyak 27 TKI tiba di Pelabuhan Tunon Taka, Nunukan.",
}
MORE = {
    "Customs stops tortoises at Bangkok airport": "Customs seized 90 rare tortoises smuggled in luggage to Thailand.",
    "Bea Cukai Gagalkan Penyelundupan Emas Batangan ke Malaysia": "Petugas menyita emas senilai Rp 12,5 miliar.",
    "Navy seizes sugar smuggled from Malaysia": "The boat carried 12 tonnes of sugar bound for Indonesia.",
    "Satgas Pamtas Sita 3 Kg Sabu dari Malaysia": "Sabu 3 kg ditemukan di jalan tikus perbatasan Sebatik.",
    "Pakai Paspor Palsu, Dua WN Nigeria Ditangkap Imigrasi": "Imigrasi menangkap dua WNA yang memakai paspor palsu.",
    "Malaysia Deportasi 166 TKI Lewat Nunukan": "Sebanyak 166 TKI tiba di Pelabuhan Tunon Taka, Nunukan.",
}


def level(book: Rulebook, title: str, text: str) -> int:
    found = tag_story(an_article(title, text), book)
    assert found.relevant, found.reason
    return int(found.severity)


@pytest.mark.parametrize("title", ROUTINE)
def test_the_work_of_a_day_is_low(book: Rulebook, title: str) -> None:
    assert level(book, title, ROUTINE[title]) == 1


@pytest.mark.parametrize("title", MORE)
def test_what_is_more_than_the_work_of_a_day_is_not(book: Rulebook, title: str) -> None:
    assert level(book, title, MORE[title]) >= 2


def test_whom_the_lead_counts_weighs_more_than_the_sum_of_a_year(book: Rulebook) -> None:
    lead = "Polres Karimun menggagalkan pengiriman 7 calon PMI ilegal ke Malaysia. "
    rest = "Kapal kayu itu disita di Pelabuhan Moro. Calo ditahan bersama seorang nakhoda kapal. " * 3
    text = f"{lead}{rest}Sepanjang tahun 250 PMI dicegah."
    assert level(book, "Polres Karimun Gagalkan Pengiriman Tujuh PMI Ilegal", text) == 2


def test_a_landing_of_hundreds_is_high_and_no_freeing_of_hundreds(book: Rulebook) -> None:
    landed = "Sebanyak 139 pengungsi Rohingya mendarat dengan kapal kayu di pantai Sabang, Aceh."
    assert level(book, "139 Imigran Rohingya Terdampar di Sabang", landed) == 3
    freed = "Polisi membebaskan 139 korban perdagangan orang yang disekap di penampungan di Batam."
    assert level(book, "Polisi Bebaskan 139 Korban Perdagangan Orang", freed) == 4


def test_a_murdered_worker_is_high_and_one_who_died_in_bed_is_not(book: Rulebook) -> None:
    text = "Jenazah pekerja migran Indonesia asal Malang itu dipulangkan dari Malaysia."
    assert level(book, "Jenazah TKW yang Dibunuh Majikan Tiba di Malang", text) == 3
    assert level(book, "Jenazah TKW Asal Malang Tiba di Rumah Duka", text) == 2


def test_arms_over_a_border_are_high_and_a_single_cartridge_is_not(book: Rulebook) -> None:
    text = "Polisi menyita senjata dan amunisi selundupan dari Papua Nugini di Jayapura."
    assert level(book, "Polisi Sita Senjata Selundupan dari Papua Nugini", text) == 3
    text = "Satgas menangkap 14 warga Papua Nugini di perbatasan dan menemukan satu amunisi selundupan."
    assert level(book, "14 Warga PNG Ditangkap, Satgas Temukan Satu Amunisi", text) < 4


def test_a_pact_of_states_is_more_than_a_meeting(book: Rulebook) -> None:
    text = "The two countries will share information on human trafficking, officials said in Bangkok."
    assert level(book, "Thailand and Cambodia sign agreement against human trafficking", text) == 2
    assert level(book, "Thailand and Cambodia meet on human trafficking", text) == 1


def test_suspects_rounded_up_in_hundreds_are_high_and_victims_freed_are_critical(book: Rulebook) -> None:
    held = "Police detained 187 foreigners at an online scam centre in Sihanoukville on Monday."
    assert level(book, "Police detain 187 online scam suspects in Sihanoukville", held) == 3
    freed = "Police freed 187 victims from an online scam compound in Sihanoukville, where they were held."
    assert level(book, "Police free 187 victims from scam compound in Sihanoukville", freed) == 4


def test_the_year_of_a_date_counts_nobody(book: Rulebook) -> None:
    text = "On 17 October 2010 people smugglers were stopped at Woodlands with two migrants in the car boot."
    assert level(book, "Officers stop migrant smuggling at Woodlands", text) < 4


def test_a_shut_crossing_in_the_headline_is_high_and_one_named_in_passing_is_not(book: Rulebook) -> None:
    text = "Thailand closed eight checkpoints along the border with Cambodia on Monday, officials said."
    assert level(book, "Thai crossings with Cambodia closed", text) == 3
    text = "People smuggle vanilla through the jungle despite the official border closure with Indonesia."
    assert level(book, "Smuggling over the Indonesian border goes on, governor of West Sepik says", text) < 3
