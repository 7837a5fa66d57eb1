"""What a number lifts: the same kilograms before a court, the same people in a raid, and who is still held."""

from __future__ import annotations

import pytest

from services.contracts.codes import Kind, Topic
from services.tagger.core.book import Rulebook
from services.tagger.core.story import Tagging, tag_story
from tests.tagger.builders import an_article

#: What makes a headline alone relevant, by its last word.
MATTER = {
    "Sabah": "The pirates boarded a tugboat in the Sulu Sea and the hostages are Indonesian sailors.",
    "sailors": "The pirates boarded a tugboat in the Sulu Sea and the hostages were Indonesian sailors.",
    "employer": "The Indonesian domestic workers were abused and unpaid by their employer in Malaysia.",
}


def of(book: Rulebook, title: str, text: str) -> Tagging:
    return tag_story(an_article(title, text), book)


def test_what_was_seized_long_ago_is_not_critical_in_court(book: Rulebook) -> None:
    text = "Kurir membawa 180 kg sabu asal Malaysia lewat laut Batam."
    tried = of(book, "Kurir 180 Kg Sabu Asal Malaysia Divonis di Batam", f"Pengadilan Negeri memvonis. {text}")
    caught = of(book, "BNN Sita 180 Kg Sabu Asal Malaysia di Batam", f"BNN menangkap kurir. {text}")
    assert (tried.kind, caught.kind) == (Kind.JUDICIAL, Kind.ENFORCEMENT)
    assert tried.severity <= 3
    assert caught.severity == 4


@pytest.mark.parametrize(("count", "severity"), [(4, 1), (34, 3), (662, 4)])
def test_a_raid_is_as_grave_as_many_as_it_takes(book: Rulebook, count: int, severity: int) -> None:
    found = of(
        book, f"Immigration detains {count} undocumented migrants in Selangor raids", "They had no valid visas."
    )
    assert (found.topics[0].topic, found.kind) == (Topic.DOCUMENT_IMMIGRATION, Kind.ENFORCEMENT)
    assert found.severity == severity


def test_migrants_taken_off_a_boat_are_smuggled_not_raided(book: Rulebook) -> None:
    found = of(book, "34 undocumented migrants detained off Johor", "Their boat was stopped at sea by a patrol.")
    assert found.topics[0].topic is Topic.MIGRANT_SMUGGLING


@pytest.mark.parametrize(
    ("title", "severity"), [("WNI Disekap di Myanmar", 4), ("WNI yang Disekap di Myanmar Bebas dan Pulang", 3)]
)
def test_who_is_still_held_is_critical_and_who_came_home_is_not(book: Rulebook, title: str, severity: int) -> None:
    found = of(book, title, "Seorang WNI bekerja untuk perusahaan penipuan daring di Myawaddy.")
    assert found.kind is Kind.INCIDENT
    assert (found.severity == 4) is (severity == 4)


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Gunmen take two Indonesian sailors off Sabah", Kind.INCIDENT),
        ("Police arrest gunmen who kidnapped Indonesian sailors", Kind.ENFORCEMENT),
        ("Indonesian maids lodge police report against employer", Kind.INCIDENT),
        ("Police arrest employer of abused Indonesian maids", Kind.ENFORCEMENT),
        ("Border troops intensify patrols against smuggling from Papua New Guinea", Kind.POLICY_COOPERATION),
        ("Border troops seize goods smuggled from Papua New Guinea", Kind.ENFORCEMENT),
        ("Perundingan Damai Thailand-Kamboja Diwarnai Saling Tuding soal Perbatasan", Kind.POLICY_COOPERATION),
        ("Tentara Thailand dan Kamboja Baku Tembak di Perbatasan", Kind.INCIDENT),
    ],
)
def test_who_governs_the_headline_gives_the_kind(book: Rulebook, title: str, kind: Kind) -> None:
    found = of(book, title, MATTER.get(title.rpartition(" ")[2], ""))
    assert found.kind is kind


#: A story that opens with one man, and what its end adds.
ONE_MAN = (
    "TANGERANG - Petugas imigrasi bandara menahan seorang warga Sudan yang memakai paspor palsu. Ia hendak terbang "
    "ke Toronto. Paspor itu disita. Visanya juga palsu. Petugas memeriksa tasnya. "
)


@pytest.mark.parametrize(
    ("end", "grave"),
    [
        ("Sebelumnya petugas menangkap 45 WNA berpaspor palsu.", False),
        ("Sepanjang tahun 2021 petugas menangkap 45 WNA berpaspor palsu.", False),
        ("Di kamar hotelnya petugas mendapati 45 WNA lain yang berpaspor palsu.", True),
    ],
)
def test_what_was_counted_on_other_days_is_not_of_the_event(book: Rulebook, end: str, grave: bool) -> None:
    found = of(book, "Imigrasi Tahan WN Sudan Berpaspor Palsu di Bandara", ONE_MAN + end)
    assert found.topics[0].topic is Topic.DOCUMENT_IMMIGRATION
    assert (found.severity >= 3) is grave


@pytest.mark.parametrize(
    ("title", "text", "severity"),
    [
        ("Dua TKW Asal Blitar Tewas di Malaysia", "Keduanya bekerja di rumah majikan di Johor.", 3),
        ("Dua TKW Asal Blitar Tewas di Perairan Malaysia", "Perahu yang mereka tumpangi tenggelam di laut.", 4),
    ],
)
def test_a_death_at_work_is_grave_and_one_at_sea_is_critical(
    book: Rulebook, title: str, text: str, severity: int
) -> None:
    assert of(book, title, f"Jenazah dua pekerja migran itu akan dipulangkan. {text}").severity == severity


@pytest.mark.parametrize(("price", "crowd"), [("Rp 40 Juta, Imigran", False), ("Satu Kapal, 40 Imigran", True)])
def test_what_people_paid_is_no_count_of_them(book: Rulebook, price: str, crowd: bool) -> None:
    text = "Polisi menangkap penyelundup manusia yang mengangkut imigran gelap dengan perahu dari Banten."
    found = of(book, f"Dengan {price} Gelap Asal Iran Masuk Australia", text)
    assert any(number.low >= 40 for number in found.facts.persons) is crowd
