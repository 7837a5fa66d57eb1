"""What sort of news a headline is: by its grammar first, each shape with the twin that is not one."""

from __future__ import annotations

import pytest

from services.contracts.codes import Kind
from services.tagger.core.book import Rulebook
from services.tagger.core.story import Article, Tagging, tag_story

ENFORCEMENT, INCIDENT, JUDICIAL = Kind.ENFORCEMENT, Kind.INCIDENT, Kind.JUDICIAL
POLICY, ANALYSIS = Kind.POLICY_COOPERATION, Kind.ADVISORY_ANALYSIS


def tagged(book: Rulebook, title: str, text: str = "") -> Tagging:
    return tag_story(Article("s1", title, text), book)


#: Headlines that hold a word of the police, and are no enforcement.
MUST_NOT = [
    ("Sepanjang 2024, Bea Cukai Tarakan Gagalkan 40 Penyelundupan Balpres", ANALYSIS),
    ("Satgas TPPO Tangkap 300 Tersangka Perdagangan Orang dalam Kurun Waktu Enam Bulan", ANALYSIS),
    ("Polisi Akui Sulit Tangkap Bos Penipuan Online di Kamboja", ANALYSIS),
    ("Bea Cukai Ungkap Mayoritas Rokok Selundupan Masuk dari Vietnam", ANALYSIS),
    ("Human trafficking arrests surge in Sihanoukville", ANALYSIS),
    ("LSM Tuding Aparat Lepas Kapal Pembawa Kayu Selundupan ke Tawau", ANALYSIS),
    ("Mengapa Penyelundupan Sabu Lewat Tawau Sulit Ditangkap?", ANALYSIS),
    ("Apakah Sabu Tangkapan di Nunukan Berasal dari Tawau?", ANALYSIS),
    ("Laos vows to help Thailand seize smuggled methamphetamine at border", POLICY),
    ("Thailand and Cambodia meet to end border clash", POLICY),
    ("Pemerintah Perketat Pengawasan Penyelundupan Benih Lobster", POLICY),
    ("Indonesian embassy in Vientiane rescues 12 citizens trapped in scam compound", INCIDENT),
    ("60 Kenyans rescued from Myanmar scam centre are now stranded", INCIDENT),
    ("Nelayan Natuna Ditahan Otoritas Malaysia, Kapal Ikan Disita", INCIDENT),
    ("Six migrant workers drown off Johor, skipper arrested", INCIDENT),
    ("TKW Asal Sumbawa Hilang Kontak sejak Delapan Tahun Lalu di Arab Saudi", INCIDENT),
    ("Villagers find Rohingya migrants adrift off Bireuen", INCIDENT),
]

#: Their twins: the same words, and somebody was caught.
MUST = [
    ("Bea Cukai Tarakan Gagalkan Penyelundupan 40 Balpres", ENFORCEMENT),
    ("Satgas TPPO Tangkap Tiga Tersangka Perdagangan Orang di Kupang", ENFORCEMENT),
    ("Polisi Tangkap Bos Penipuan Online Kamboja di Bandara", ENFORCEMENT),
    ("Bea Cukai Ungkap Penyelundupan Rokok dari Vietnam", ENFORCEMENT),
    ("Police arrest four in human trafficking raid in Sihanoukville", ENFORCEMENT),
    ("Aparat Tangkap Kapal Pembawa Kayu Selundupan ke Tawau", ENFORCEMENT),
    ("Police seize smuggled methamphetamine at Laos border after minister vows crackdown", ENFORCEMENT),
    ("Police rescue 12 foreigners in raid on scam compound in Vientiane", ENFORCEMENT),
    ("Skipper arrested after six migrant workers drown off Johor", ENFORCEMENT),
    ("Malaysia Tangkap Kapal Vietnam Pencuri Ikan di Laut Natuna", ENFORCEMENT),
    ("Cambodian and Thai troops clash at border as ministers meet", INCIDENT),
    ("Man arrested on human trafficking charges at Kuala Lumpur airport", ENFORCEMENT),
    ("Man jailed on human trafficking charges in Kuala Lumpur", JUDICIAL),
]


@pytest.mark.parametrize(("title", "kind"), MUST_NOT)
def test_a_word_of_the_police_alone_is_no_enforcement(book: Rulebook, title: str, kind: Kind) -> None:
    assert tagged(book, title).kind is kind


@pytest.mark.parametrize(("title", "kind"), MUST)
def test_the_same_words_where_somebody_acted_are_the_act(book: Rulebook, title: str, kind: Kind) -> None:
    assert tagged(book, title).kind is kind


def test_a_headline_in_quotes_is_what_an_official_demands(book: Rulebook) -> None:
    text = "The interior minister ordered police to freeze the assets of people behind human trafficking."
    assert tagged(book, "'Seize human traffickers' homes'", text).kind is POLICY


def test_a_headline_with_a_quote_in_it_is_not(book: Rulebook) -> None:
    text = "Police seized two houses of a couple held for human trafficking."
    assert tagged(book, "Police seize 'human traffickers' homes", text).kind is ENFORCEMENT


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Kayu Sonokeling di Mebel Tawau", ANALYSIS),
        ("Kakaktua Diselundupkan dalam Pipa ke Filipina", ENFORCEMENT),
        ("Sisik Trenggiling 200 Kilogram di Gudang Kargo Batam", ENFORCEMENT),
    ],
)
def test_a_headline_without_an_act_is_a_case_where_it_counts_or_says_what_was_done(
    book: Rulebook, title: str, kind: Kind
) -> None:
    story = tagged(book, title)
    assert not story.relevant or story.kind is kind


def test_the_shape_is_explained(book: Rulebook) -> None:
    story = tagged(book, "Sepanjang 2024, Bea Cukai Tarakan Gagalkan 40 Penyelundupan Balpres")
    assert [t.rule for t in story.traces if t.step == "kind"] == ["shape/a total over a period"]
    assert [span.text for span in story.kind_evidence] == ["Sepanjang 2024"]


def test_a_story_of_no_shape_is_explained_by_its_points(book: Rulebook) -> None:
    story = tagged(book, "Bea Cukai Tarakan Gagalkan Penyelundupan 40 Balpres")
    rules = [t.rule for t in story.traces if t.step == "kind"]
    assert rules and not any(rule.startswith("shape/") for rule in rules)


@pytest.mark.parametrize(
    ("title", "low"),
    [
        ("Seribu Korban Perdagangan Orang Diselamatkan Polisi di Batam", 1000),
        ("Scam compound raids in Laos rescue over 1,300 victims", 1300),
        ("Police free 2.150 victims from scam compound in Laos", 2150),
        ("Thousands stranded after leaving Myanmar scam compounds", 2000),
    ],
)
def test_a_number_in_a_word_lifts_the_severity(book: Rulebook, title: str, low: int) -> None:
    story = tagged(book, title)
    people = (*story.facts.victims, *story.facts.persons)
    assert low in {number.low for number in people} and int(story.severity) == 4


def test_an_act_without_a_number_is_no_background(book: Rulebook) -> None:
    assert int(tagged(book, "Workers repatriated from scam compound in Laos").severity) == 2


def test_a_promise_without_a_number_is_background(book: Rulebook) -> None:
    assert int(tagged(book, "Laos vows to shut down scam compounds").severity) == 1
