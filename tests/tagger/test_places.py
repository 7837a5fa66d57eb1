"""Which place a name means, and what it has to do with the event."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from services.contracts.codes import Role
from services.tagger.core.book import Rulebook
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article

LEAD = "Polisi menangkap perekrut dalam kasus tindak pidana perdagangan orang"


def found(book: Rulebook, text: str, title: str = "") -> dict[tuple[str | None, str], Role]:
    tagging = tag_story(an_article(title=title, text=text), book)
    assert tagging.relevant, tagging.reason
    return {(p.entry.region or p.entry.country, p.entry.name): p.role for p in tagging.places}


@pytest.mark.parametrize(
    "text",
    [
        "Hakim menyebut pelaku serang korban dan nasibnya malang di perkebunan. " + LEAD + " itu.",
        LEAD + ". Bunga kamboja menghiasi halaman kantor.",
    ],
)
def test_a_common_word_is_no_place(book: Rulebook, text: str) -> None:
    assert not {name for _, name in found(book, text)} & {"Serang", "Malang", "Cambodia"}


def test_a_link_to_another_story_gives_no_place(book: Rulebook) -> None:
    text = (
        LEAD
        + " di Denpasar, Bali.\nBaca juga: WNI disekap perusahaan penipuan di Kamboja\nPolisi masih mendalami."
    )
    assert "KH" not in {region[:2] for region, _ in found(book, text) if region}


def test_a_person_named_like_a_town_is_no_place(book: Rulebook) -> None:
    text = LEAD + " di Denpasar, Bali, kata Deputi Gede Surya Mataram."
    assert "ID-NB" not in {region for region, _ in found(book, text)}


@pytest.mark.parametrize(
    ("where", "region"),
    [
        ("di Tanjung Balai Karimun, Kepulauan Riau", "ID-KR"),
        ("di Tanjungbalai, Asahan, Sumatera Utara", "ID-SU"),
        ("di Pelabuhan Bolok, Kabupaten Kupang", "ID-NT"),
        ("oleh Polres Belu", "ID-NT"),
        ("di PLBN Entikong, Sanggau", "ID-KB"),
        ("di Bandara Soekarno-Hatta", "ID-BT"),
        ("di Poipet, Banteay Meanchey", "KH-1"),
        ("di Kabupaten Malaka", "ID-NT"),
    ],
)
def test_a_name_resolves_to_its_region(book: Rulebook, where: str, region: str) -> None:
    assert (region, Role.EVENT) in {(r, role) for (r, _), role in found(book, f"{LEAD} {where}.").items()}


def test_origin_and_destination_are_not_the_event(book: Rulebook) -> None:
    places = found(book, f"{LEAD} di Batam. Korban berasal dari Lampung dan hendak dikirim ke Malaysia.")
    roles = {name: role for (_, name), role in places.items()}
    assert roles["Batam"] is Role.EVENT
    assert roles["Lampung"] is Role.ORIGIN
    assert roles["Malaysia"] is Role.DESTINATION


def test_the_place_of_a_statement_is_not_the_event(book: Rulebook) -> None:
    text = f"{LEAD} di Entikong, Sanggau. Hal itu dikatakan Kapolda dalam keterangan di Pontianak, Kamis (15/1)."
    roles = {name: role for (_, name), role in found(book, text).items()}
    assert roles["Pontianak"] is Role.STATEMENT


def test_a_statement_place_stands_in_where_there_is_no_other(book: Rulebook) -> None:
    text = f"{LEAD}. Hal itu dikatakan Kapolda dalam keterangan di Pontianak, Kamis (15/1)."
    roles = {name: role for (_, name), role in found(book, text).items()}
    assert roles["Pontianak"] is Role.EVENT


def test_khmer_is_read_without_spaces(book: Rulebook) -> None:
    text = "នគរបាលបានឃាត់ខ្លួនជនសង្ស័យពីរនាក់ពាក់ព័ន្ធអំពើជួញដូរមនុស្សនៅខេត្តបាត់ដំបង។"
    tagging = tag_story(an_article(text=text), book)
    assert tagging.language == "km"
    assert tagging.topics and tagging.topics[0].topic.value == "human_trafficking"
    assert "KH-2" in {place.entry.region for place in tagging.places}


def test_every_province_regency_and_district_is_there() -> None:
    folder = Path(__file__).parents[2] / "seeds" / "places"
    counts = {}
    for name in ("id_provinces", "id_regencies", "kh_provinces", "kh_districts"):
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            counts[name] = len({(row["name"], row["region"], row["type"]) for row in csv.DictReader(lines)})
    assert counts == {"id_provinces": 38, "id_regencies": 514, "kh_provinces": 25, "kh_districts": 210}


@pytest.mark.parametrize(
    ("phrase", "country"),
    [("Para pelajar Timor Leste itu diserahkan", "TL"), ("Sebuah kapal Vietnam dikejar", "VN")],
)
def test_a_state_that_only_qualifies_a_noun_is_no_place_of_the_event(
    book: Rulebook, phrase: str, country: str
) -> None:
    tagging = tag_story(an_article(text=f"{LEAD} di Kupang. {phrase} petugas di Kupang."), book)
    assert all(p.role is not Role.EVENT for p in tagging.places if p.entry.country == country)


def test_a_state_after_a_place_word_is_a_place_of_the_event(book: Rulebook) -> None:
    tagging = tag_story(an_article(text=f"{LEAD} di Malaysia. Korban disekap di Malaysia."), book)
    assert any(p.role is Role.EVENT and p.entry.country == "MY" for p in tagging.places)


@pytest.mark.parametrize(
    ("text", "region", "is_scene"),
    [
        (
            "Puluhan WNI kabur dari perusahaan scam di Poipet, Kamboja. KBRI Phnom Penh menampung mereka.",
            "KH-12",
            False,
        ),
        ("Puluhan WNI kabur dari perusahaan scam di Kamboja. Mereka melapor ke KBRI Phnom Penh.", "KH-12", True),
        ("Puluhan WNI kabur dari perusahaan scam di Phnom Penh, Kamboja.", "KH-12", True),
    ],
)
def test_the_seat_of_an_embassy_is_the_scene_only_where_there_is_no_other(
    book: Rulebook, text: str, region: str, is_scene: bool
) -> None:
    roles = found(
        book, f"JAKARTA - {text} Mereka dipaksa menipu.", "Puluhan WNI Kabur dari Perusahaan Scam di Kamboja"
    )
    assert (Role.EVENT in {role for (place, _), role in roles.items() if place == region}) is is_scene


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("Nasibnya malang. Polres Malang menahan perekrut itu.", "ID-JI"),
        ("Nasibnya malang. Polres Serang menahan perekrut itu.", "ID-BT"),
        ("Nasib malang korban serang hati warga.", None),
    ],
)
def test_an_office_names_its_town_whatever_the_word_means(book: Rulebook, text: str, region: str | None) -> None:
    regions = {place for place, _ in found(book, f"{LEAD}. {text}")}
    assert regions >= ({region} if region else set())
    assert regions <= {region, "ID"}
