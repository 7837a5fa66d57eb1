"""The second reading: weak signs that stand together tell a story, and the same words apart or in a frame do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.contracts.codes import Severity, Topic
from services.tagger.core.book import Rulebook
from services.tagger.core.story import Article, Tagging, tag_story
from tests.tagger.test_book_files import change, mistake, seeds

__all__ = ["seeds"]  # the fixture


def tagged(book: Rulebook, title: str, text: str = "") -> Tagging:
    return tag_story(Article("s1", title, text), book)


#: Words of the field, and something else is told with them.
MUST_NOT = [
    "Prajurit Satgas Pamtas Ajari Anak Sebatik Membaca",
    "Warga Negara Singapura Meninggal di Hotel Batam karena Sakit Jantung",
    "Drone Pertanian Diuji di Sebatik",
    "Pasangan Muda Telantarkan Bayi di Teras Warga",
    "Motor Siswa Dijual Kakaknya, Orang Tua Melapor",
    "Arisan Bodong, Pelaku Kabur ke Luar Negeri",
    "Elephants Raid Plantation near Thai Border",
    "Gunmen Rob Bank near Thai Border in Poipet",
    "Thai Police Arrest Man for Stabbing Neighbour",
    "Navy Rescues Cambodian Man Floating at Sea",
    "Cambodian Brides Choose Smaller Weddings",
    "Malaysian Police Bust Online Loan Gang",
]

#: Their twins: who, what was done and where, and no rule of a topic has the words.
MUST = [
    (
        "Vila di Canggu Disulap Jadi Kantor Tipu-tipu Asmara, 38 Warga Tiongkok Digelandang",
        Topic.FORCED_CRIMINALITY,
    ),
    ("Lima Belas Tahun Tanpa Kabar, Perempuan Banyumas Ditemukan di Riyadh", Topic.MIGRANT_RETURN_PROTECTION),
    ("Sapi Bakalan Mengalir Diam-diam lewat Sungai Talau", Topic.GOODS_SMUGGLING),
    ("Truk Sayur Berisi Dua Puluh Warga Bangladesh Dihentikan di Dumai", Topic.MIGRANT_SMUGGLING),
    ("Puluhan Nuri Tanimbar Disembunyikan dalam Pipa di Geladak KM Sabuk Nusantara", Topic.WILDLIFE_TIMBER),
    ("Boss of Bokor Fraud Park Caught in Bangkok", Topic.FORCED_CRIMINALITY),
    ("Timor-Leste Expels Eleven Chinese Builders Without Permits", Topic.DOCUMENT_IMMIGRATION),
    ("Shots Fired as Villagers Farm Disputed Paddy in Preah Vihear", Topic.BORDER_SECURITY),
    ("Bot pancung bawa rokok tanpa cukai dikejar hingga ke Pulau Pisang", Topic.GOODS_SMUGGLING),
]


@pytest.mark.parametrize("title", MUST_NOT)
def test_words_of_the_field_in_another_story_are_not_told(book: Rulebook, title: str) -> None:
    assert not tagged(book, title).relevant


@pytest.mark.parametrize(("title", "topic"), MUST)
def test_weak_signs_together_are_told(book: Rulebook, title: str, topic: Topic) -> None:
    found = tagged(book, title)
    assert found.relevant
    assert found.topics[0].topic is topic
    assert found.reason.startswith(f"{topic.value}: second/")


@pytest.mark.parametrize(("title", "topic"), MUST)
def test_the_signs_are_shown_with_their_words_and_points(book: Rulebook, title: str, topic: Topic) -> None:
    found = tagged(book, title)
    assert len(found.topics[0].evidence) >= 2
    assert all(title[span.start : span.end] == span.text for span in found.topics[0].evidence)
    assert any(trace.step == "second" and trace.points >= book.second.threshold for trace in found.traces)


def test_a_story_that_a_rule_tells_is_not_read_again(book: Rulebook) -> None:
    found = tagged(book, "Bea Cukai gagalkan penyelundupan sabu dari Tawau di Nunukan")
    assert found.relevant
    assert not any(trace.step == "second" for trace in found.traces)


def test_signs_far_below_the_lead_are_not_told(book: Rulebook) -> None:
    filler = "Panitia menata kursi dan memeriksa pengeras suara sebelum acara dimulai.\n" * 6
    assert not tagged(
        book, "Suasana pagi di balai desa", filler + "Boss of Bokor Fraud Park Caught in Bangkok."
    ).relevant


def test_weak_signs_are_not_urgent_by_a_number_below_the_headline(book: Rulebook) -> None:
    text = "Officers of three provinces said that 230 people had been counted in the rooms that night."
    found = tagged(book, "Foreign Typists Found in Kandal Villa", text)
    assert found.reason.startswith("forced_criminality: second/")
    assert found.severity <= Severity.MEDIUM


def test_weak_signs_are_urgent_by_a_number_in_the_headline(book: Rulebook) -> None:
    found = tagged(book, "Vila di Canggu Disulap Jadi Kantor Tipu-tipu Asmara, 38 Warga Tiongkok Digelandang")
    assert found.severity >= Severity.HIGH


def test_a_frame_holds_weak_signs_back(book: Rulebook) -> None:
    assert not tagged(book, "Film tentang Warga Tiongkok di Kantor Tipu-tipu Asmara Tayang di Bioskop").relevant


def test_signs_of_no_topic_are_named(seeds: Path) -> None:
    change(seeds / "topics" / "_second.yaml", "topic: migrant_return_protection", "topic: migrant_retrun")
    message = mistake(seeds)
    assert "_second.yaml:" in message and "migrant_retrun" in message


def test_one_sign_alone_is_named(seeds: Path) -> None:
    change(
        seeds / "topics" / "_second.yaml", "all: [sr_worker_abroad, sr_plight|sr_send]", "all: [sr_worker_abroad]"
    )
    message = mistake(seeds)
    assert "_second.yaml:" in message and "two groups" in message
