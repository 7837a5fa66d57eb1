"""The places of a list share one role, and a court sits where the story is set."""

from __future__ import annotations

import pytest

from services.contracts.codes import Role
from services.tagger.core.book import Rulebook
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article

TITLE = "Polisi Gagalkan Pengiriman PMI Ilegal ke Malaysia di Karimun"


def scene(book: Rulebook, title: str, text: str) -> set[str | None]:
    found = tag_story(an_article(title, text), book)
    assert found.relevant, found.reason
    return {p.entry.region for p in found.places if p.role in {Role.EVENT, Role.VENUE}} - {None}


@pytest.mark.parametrize(
    "home", ["NTT, Aceh dan Sulawesi Selatan", "Belu (NTT)", "Lombok Timur, Provinsi Nusa Tenggara Barat"]
)
def test_where_people_come_from_is_read_to_the_end_of_the_list(book: Rulebook, home: str) -> None:
    text = f"Polres Karimun mengamankan tujuh calon PMI ilegal asal {home} di sebuah rumah di Kundur."
    assert scene(book, TITLE, text) == {"ID-KR"}


def test_an_office_or_another_state_after_a_comma_is_no_part_of_the_list(book: Rulebook) -> None:
    text = "Hendak dikirim ke Malaysia, Polres Nunukan mengamankan tujuh calon PMI ilegal di Pelabuhan Tunon Taka."
    assert scene(book, "Tujuh Calon PMI Ilegal Diamankan", text) == {"ID-KU"}
    text = "Sebanyak 70 WNI dideportasi dari Malaysia, Nunukan menerima mereka di Pelabuhan Tunon Taka."
    assert "ID-KU" in scene(book, "70 WNI Dideportasi dari Malaysia", text)


def test_a_town_whose_court_tries_them_is_the_event_and_one_they_go_to_is_not(book: Rulebook) -> None:
    text = "Two suspects accused of human trafficking were sent to Kampot Provincial Court on Tuesday."
    assert scene(book, "Two suspected human traffickers charged", text) == {"KH-7"}
    text = "Police in Kampot arrested two suspects accused of trafficking women to Battambang on Tuesday."
    assert scene(book, "Two suspected human traffickers arrested", text) == {"KH-7"}


MATTER = "menggagalkan pengiriman tujuh calon PMI ilegal ke Malaysia di Pelabuhan Tanjung Balai Karimun."


@pytest.mark.parametrize(
    "head",
    [
        "KONTAN.CO.ID - JAKARTA. Polisi",
        "Liputan6.com, Jakarta Polisi",
        "Jakarta, Pahami.id\nPolisi",
        "JAKARTA (Jakarta Post/ANN) - Polisi",
    ],
)
def test_where_a_story_was_written_is_no_scene(book: Rulebook, head: str) -> None:
    assert scene(book, "Polisi Gagalkan Pengiriman PMI Ilegal", f"{head} {MATTER}") == {"ID-KR"}


def test_a_town_that_opens_a_sentence_is_the_scene(book: Rulebook) -> None:
    assert "ID-JK" in scene(book, "Polisi Gagalkan Pengiriman PMI Ilegal", f"Di Jakarta polisi {MATTER}")


def test_an_embassy_is_the_scene_only_where_the_story_has_no_other(book: Rulebook) -> None:
    title = "34 WNI Korban Perusahaan Online Scam Diselamatkan di Kamboja"
    text = "Sebanyak 34 WNI disekap perusahaan online scam di Poipet. KBRI Phnom Penh menghubungi polisi Kamboja."
    assert scene(book, title, text) == {"KH-1"}
    text = "Sebanyak 34 WNI korban perusahaan online scam di Kamboja mendatangi KBRI Phnom Penh."
    assert scene(book, title, text) == {"KH-12"}


def test_where_own_people_sent_home_arrive_is_the_scene(book: Rulebook) -> None:
    text = "Sebanyak 39 TKI ilegal dideportasi dari Sabah melalui Kabupaten Nunukan, Kalimantan Utara."
    assert "ID-KU" in scene(book, "39 TKI Ilegal Dideportasi Malaysia melalui Nunukan", text)


def test_where_foreigners_sent_home_change_planes_is_not(book: Rulebook) -> None:
    text = "Imigrasi Tarempa mendeportasi tiga WNA Tiongkok tanpa visa melalui Bandara Soekarno-Hatta."
    assert scene(book, "Imigrasi Tarempa Deportasi Tiga WNA Tiongkok", text) == {"ID-KR"}


def test_a_number_of_sticks_is_no_town(book: Rulebook) -> None:
    text = "Bea Cukai Batam menggagalkan penyelundupan 286.560 batang rokok ke Malaysia di perairan Batam."
    assert scene(book, "Bea Cukai Batam Gagalkan Penyelundupan 286.560 Batang Rokok", text) == {"ID-KR"}
