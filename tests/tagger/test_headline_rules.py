"""Headlines that are told by two or three words that stand together there, and the same words in another story."""

from __future__ import annotations

import pytest

from services.contracts.codes import Topic
from services.tagger.core.book import Rulebook
from services.tagger.core.story import Article, Tagging, tag_story


def tagged(book: Rulebook, title: str, text: str = "") -> Tagging:
    return tag_story(Article("s1", title, text), book)


#: Words of the field, and something else is told with them.
MUST_NOT = [
    "Prajurit Satgas Pamtas Ajari Anak Sebatik Membaca",
    "Warga Negara Singapura Meninggal di Hotel Batam karena Sakit Jantung",
    "Warga Vietnam Diam-diam Terlalu Banyak Makan Gula, Kata Dokter",
    "Uang Tunai Disembunyikan di Bawah Kasur, Kakek Lupa Tempatnya",
    "Tujuh Angkot Terbakar di Terminal Rawa Buaya",
    "Banjir di Vietnam Tewaskan Puluhan Orang, Tidak Ada WNI",
    "Arab Saudi Larang Masuk Warga Sebelas Negara karena Wabah",
    "Ahli Temukan Telur Buaya Langka di Rawa Kamboja",
    "Mayat Turis Yunani Ditemukan di Pantai",
    "Atase di Kuwait Raih Penghargaan Perlindungan Pekerja Migran",
    "Kapal Rumah Sakit Layani Warga Natuna",
    "Dua Negara Sepakat Kelola Migas di Ambalat",
    "Tapal Batas Dua Desa di Sleman Bergeser",
    "Arisan Bodong, Pelaku Kabur ke Luar Negeri",
    "Elephants Raid Plantation near Thai Border",
    "Gunmen Rob Bank near Thai Border in Poipet",
    "Thai Police Arrest Man for Stabbing Neighbour",
    "Navy Rescues Vietnamese Fishermen Caught in Storm",
    "Cambodian Brides Choose Smaller Weddings",
    "Banks Clash over Cross-Border Payments in Thailand",
    "Immigration Clearance Slow at Woodlands as System Fails",
    "Domestic Helper Loses Wallet in Singapore, Stranger Pays for Lunch",
    "Thai Cybercrime Law to Be Amended",
    "Korean Caught with Play Money at Manila Casino",
]

#: Their twins: who, what was done and where.
MUST = [
    ("Kapal Perang China Tampak Lagi di Laut Natuna", Topic.MARITIME_FISHING),
    ("Brunei Detains Six Vietnamese Fishermen", Topic.MARITIME_FISHING),
    ("Patok Batas di Sebatik Bergeser Dua Meter", Topic.BORDER_SECURITY),
    ("Lao, Thai Police Begin Monthly Patrols on Land Border", Topic.BORDER_SECURITY),
    ("Malaysia Sebut Ambalat Bagian Laut Sulawesi", Topic.BORDER_SECURITY),
    ("Cambodian Ambassador Recalled from Thailand", Topic.BORDER_SECURITY),
    ("Malaysia Turns Back Boat Carrying Rohingya", Topic.MIGRANT_SMUGGLING),
    ("Truk Sayur Berisi Dua Puluh Warga Bangladesh Dihentikan di Johor", Topic.MIGRANT_SMUGGLING),
    ("Puluhan Nuri Tanimbar Disembunyikan dalam Pipa di Geladak Kapal", Topic.WILDLIFE_TIMBER),
    ("Three Kenyans Nabbed in Cebu Drug Bust", Topic.DRUG_TRAFFICKING),
    ("Penumpang Pesawat dari Malaysia Telan Puluhan Kapsul Sabu", Topic.DRUG_TRAFFICKING),
    ("Onion Smuggling Charges against Two Traders", Topic.GOODS_SMUGGLING),
    ("Solar Langka di Rote karena Diselundupkan", Topic.GOODS_SMUGGLING),
    ("Buronan Asal China Diserahkan kepada Negaranya", Topic.DOCUMENT_IMMIGRATION),
    ("Puluhan TKA Tambang Belum Kantongi Izin Kerja", Topic.DOCUMENT_IMMIGRATION),
    ("Tiga Pemuda Melintas ke Timor Leste Tanpa Paspor", Topic.DOCUMENT_IMMIGRATION),
    ("Lima Belas Tahun Tanpa Kabar, Perempuan Banyumas Ditemukan di Riyadh", Topic.MIGRANT_RETURN_PROTECTION),
    ("Sembilan PMI Asal Sumba Pulang Tak Bernyawa", Topic.MIGRANT_RETURN_PROTECTION),
    ("Indonesia dan Taiwan Bahas Perlindungan Pekerja Migran", Topic.MIGRANT_RETURN_PROTECTION),
    (
        "Vila di Canggu Disulap Jadi Kantor Tipu-tipu Asmara, 38 Warga Tiongkok Digelandang",
        Topic.FORCED_CRIMINALITY,
    ),
    ("Boss of Bokor Fraud Park Caught in Bangkok", Topic.FORCED_CRIMINALITY),
    ("Slaves on Thai Fishing Boats Tell Their Story", Topic.HUMAN_TRAFFICKING),
    ("Dua ABK WNI Dilarungkan dari Kapal Taiwan", Topic.HUMAN_TRAFFICKING),
    ("Manpower Ministry Suspends Licences of Three Maid Agencies", Topic.ILLEGAL_LABOUR_PLACEMENT),
    ("Brokers Promise Thai Jobs in Kampot Villages", Topic.ILLEGAL_LABOUR_PLACEMENT),
    ("Satgas Pamtas Terima Dua Senpi Rakitan dari Warga Belu", Topic.ARMS_EXPLOSIVES),
]


@pytest.mark.parametrize("title", MUST_NOT)
def test_words_of_the_field_in_another_story_are_not_told(book: Rulebook, title: str) -> None:
    assert not tagged(book, title).relevant


@pytest.mark.parametrize(("title", "topic"), MUST)
def test_words_that_stand_together_in_a_headline_are_told(book: Rulebook, title: str, topic: Topic) -> None:
    found = tagged(book, title)
    assert found.relevant
    assert found.topics[0].topic is topic


@pytest.mark.parametrize(("title", "topic"), MUST)
def test_the_words_are_shown_as_evidence(book: Rulebook, title: str, topic: Topic) -> None:
    found = tagged(book, title)
    assert len(found.topics[0].evidence) >= 2
    assert all(title[span.start : span.end] == span.text for span in found.topics[0].evidence)


def test_such_words_below_a_headline_of_something_else_are_not_told(book: Rulebook) -> None:
    assert not tagged(book, "Suasana pagi di balai desa", "Boss of Bokor Fraud Park Caught in Bangkok.").relevant


def test_kidnappers_of_fishermen_off_sabah_are_told_by_the_lead(book: Rulebook) -> None:
    found = tagged(book, "Patrols doubled after Monday", "Masked men kidnapped two fishermen near Semporna.")
    assert found.topics[0].topic is Topic.MARITIME_FISHING


def test_a_television_crew_once_kidnapped_there_is_not_told(book: Rulebook) -> None:
    assert not tagged(book, "Kidnapped TV crew speak of Abu Sayyaf").relevant
