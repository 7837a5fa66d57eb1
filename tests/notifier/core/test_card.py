"""What an official reads: facts in our own words, where each number comes from, and nothing that was copied."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.contracts.codes import Kind, Role, Severity, Topic
from services.contracts.tagging import Evidence, Facts, Place, Term, Trigger
from services.notifier.core.card import Card, Note, Status, View, make_card
from services.notifier.core.english import ENGLISH
from services.notifier.core.indonesian import INDONESIAN
from services.notifier.core.match import Match
from services.notifier.core.snapshot import snapshot
from services.notifier.core.telegram_text import render_card, utf16_length
from tests.notifier.builders import NOON, a_number, a_place, a_source, a_term, an_alert

WITA = View("id", ZoneInfo("Asia/Makassar"), NOON)
MATCH = Match(("ID-NT",), (Topic.ILLEGAL_LABOUR_PLACEMENT,), Kind.ENFORCEMENT)


def a_card(note: Note | None = None, view: View = WITA, **changes: Any) -> Card:
    return make_card(an_alert(**changes), MATCH, view, note)


def text_of(card: Card) -> str:
    return render_card(card).plain


# Must not --------------------------------------------------------------------------------------


def test_no_span_of_the_article_is_on_a_card() -> None:
    secret = "Korban berinisial RM (16) asal Desa Fatukety dibujuk tetangganya"
    said = (Evidence(start=0, end=len(secret), text=secret, rule="test"),)

    def told(**values: Any) -> dict[str, Any]:
        return values | {"evidence": said}

    card = a_card(
        triggers=(Trigger(code="minor_victim", evidence=said),),
        places=(Place(**told(name="Bolok", region="ID-NT", country="ID", role=Role.EVENT)),),
        facts=Facts(
            victims=(a_number(1).model_copy(update=told()),),
            case_stage=(Term(**told(value="investigation", source="antara-1")),),
        ),
    )
    whole = text_of(card) + render_card(card).html
    for word in ("RM", "Fatukety", "tetangganya", "dibujuk"):
        assert word not in whole


def test_a_card_does_not_say_more_than_alleged_before_a_court_has_spoken() -> None:
    assert "dugaan" in a_card().sentence
    assert "dugaan" not in a_card(kind=Kind.JUDICIAL).sentence


def test_a_meeting_is_not_told_as_an_event() -> None:
    card = a_card(
        kind=Kind.POLICY_COOPERATION,
        severity=Severity.LOW,
        facts=Facts(persons=(a_number(15),), case_stage=(a_term("suspect named"),)),
        places=(
            a_place("ID-BA", Role.VENUE, name="Denpasar"),
            a_place(None, Role.ORIGIN, name="Cambodia", country="KH"),
        ),
    )
    assert "bukan kejadian baru" in card.sentence
    assert "tersangka" not in card.sentence
    assert "→" not in card.place


# Must ------------------------------------------------------------------------------------------


def test_the_first_320_characters_say_level_topic_place_and_what() -> None:
    first = text_of(a_card())[:320]
    for part in ("TINGGI", "Pekerja migran nonprosedural", "Pelabuhan Bolok (NTT)", "12 korban"):
        assert part in first


def test_an_ordinary_card_fits_into_seven_hundred_characters() -> None:
    card = a_card(
        places=(a_place(district="Kab. Kupang"), a_place(None, Role.DESTINATION, name="Malaysia", country="MY")),
        facts=Facts(
            victims=(a_number(12),), minors=(a_number(2),), suspects=(a_number(3),), transport=(a_term("boat"),)
        ),
    )
    seen = text_of(card).replace(card.source.url or "", "") if card.source else ""
    assert utf16_length(seen) <= 700


def test_each_number_names_who_reports_it_and_differing_ones_stand_beside_each_other() -> None:
    card = a_card(
        sources=(a_source(), a_source("tribun-1", outlet="tribun")),
        facts=Facts(victims=(a_number(12), a_number(14, source="tribun-1")), suspects=(a_number(3),)),
    )
    assert card.numbers == (("Korban", "12 (Antara); 14 (Tribun)"), ("Tersangka", "3 (Antara)"))


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (a_number(12), "12 korban"),
        (a_number(10, high=12), "10-12 korban"),
        (a_number(1250), "1.250 korban"),
        (a_number(10).model_copy(update={"high": None}), "sedikitnya 10 korban"),
    ],
)
def test_a_count_is_said_as_it_is_known(number: Any, said: str) -> None:
    assert said in a_card(facts=Facts(victims=(number,))).sentence


def test_an_amount_told_with_and_without_its_substance_is_said_once() -> None:
    quantities = (a_number(900, "fuel", unit="l"), a_number(900, unit="l", source="tribun-1"))
    card = a_card(facts=Facts(quantities=quantities))
    assert card.sentence.count("900 l") == 1
    assert [value for _, value in card.numbers if "900" in value] == ["900 l (Antara)"]


def test_another_amount_without_a_substance_is_said_too() -> None:
    quantities = (a_number(900, "fuel", unit="l"), a_number(300, unit="l"))
    assert a_card(facts=Facts(quantities=quantities)).sentence.count(" l") == 2


def test_a_measure_is_said_with_its_unit_and_what_it_is() -> None:
    card = a_card(facts=Facts(quantities=(a_number(45.5, "methamphetamine", unit="kg"),)))
    assert "45,5 kg sabu" in card.sentence


PLACES = {
    "the most precise place within the first one": (
        (a_place(name="Nusa Tenggara Timur"), a_place(name="Pelabuhan Bolok", district="Kab. Kupang")),
        "Pelabuhan Bolok, Kab. Kupang (NTT)",
    ),
    "not a more precise place somewhere else": (
        (a_place("MY-01", name="Johor"), a_place(name="Soe", district="Kab. Timor Tengah Selatan")),
        "Johor, Malaysia",
    ),
    "a district once, though it is named like its town": (
        (a_place("ID-KU", name="Nunukan", district="Kab. Nunukan"),),
        "Kab. Nunukan (Kaltara)",
    ),
    "the way, with the part of each station": (
        (a_place(district="Kab. Kupang"), a_place(None, Role.DESTINATION, name="Malaysia", country="MY")),
        "Pelabuhan Bolok, Kab. Kupang (NTT) [lokasi] → Malaysia [tujuan]",
    ),
    "the region across the border": (
        (a_place("TL-BO", name="Batugade", counterpart="ID-NT"),),
        "Batugade (Bobonaro, Timor-Leste) ↔ NTT",
    ),
    "a venue that says it is one": ((a_place(role=Role.VENUE, name="Kupang"),), "Kupang (NTT) [tempat acara]"),
    "nothing known": ((), "Lokasi belum disebut"),
}


@pytest.mark.parametrize("name", PLACES)
def test_the_place_line_names(name: str) -> None:
    places, line = PLACES[name]
    assert a_card(places=places).place == line


@pytest.mark.parametrize(
    ("zone", "language", "said"),
    [
        ("Asia/Jakarta", "id", "Terbit 22 Nov 2026 11.40 WIB"),
        ("Asia/Makassar", "id", "Terbit 22 Nov 2026 12.40 WITA"),
        ("Asia/Jayapura", "id", "Terbit 22 Nov 2026 13.40 WIT"),
        ("Asia/Phnom_Penh", "en", "Published 22 Nov 2026 11:40 ICT"),
        ("Asia/Dili", "en", "Published 22 Nov 2026 13:40 TLT"),
        ("Asia/Kathmandu", "en", "Published 22 Nov 2026 10:25 UTC+05:45"),
    ],
)
def test_times_are_those_of_the_readers_clock(zone: str, language: str, said: str) -> None:
    assert said in a_card(view=View(language, ZoneInfo(zone), NOON)).when


def test_an_old_report_says_its_age_and_a_fresh_one_does_not() -> None:
    assert "laporan berumur 3 hari" in a_card(published_at=NOON - timedelta(days=3)).when
    assert "berumur" not in a_card(published_at=NOON - timedelta(hours=47)).when


def test_the_days_of_the_event_are_said_and_a_malformed_one_is_not() -> None:
    card = a_card(facts=Facts(event_date=(a_term("2026-11-20"), a_term("2026-11-21"), a_term("yesterday"))))
    assert card.when.startswith("Kejadian 20 Nov 2026 - 21 Nov 2026 · ")


def test_it_says_why_one_got_it() -> None:
    assert a_card().why == "Anda menerima ini karena: NTT + Pekerja migran nonprosedural + penindakan"


def test_it_says_that_a_machine_labelled_it() -> None:
    assert a_card().notice == "Dilabeli mesin dari berita terbuka, keyakinan sedang. Belum diverifikasi."


def test_other_sources_are_counted_by_outlet_and_withdrawn_ones_are_not() -> None:
    sources = (
        a_source(copies=2), a_source("a-2"), a_source("t-1", outlet="tribun"),
        a_source("p-1", outlet="ppp", withdrawn=True),
    )  # fmt: skip
    assert a_card(sources=sources).more_sources == "+1 sumber lain, salinan: 2"


def test_an_update_says_what_changed_from_what_this_reader_saw() -> None:
    before = snapshot(an_alert())
    card = a_card(
        Note(Status.UPDATED, before),
        version=2,
        severity=Severity.CRITICAL,
        facts=Facts(victims=(a_number(15),), deaths=(a_number(1),)),
    )
    assert (
        card.banner == "DIPERBARUI: tingkat naik dari TINGGI ke KRITIS; kini disebut 1 meninggal; korban 12 → 15"
    )


def test_an_update_says_that_a_source_took_its_report_back_and_says_it_once() -> None:
    both = (a_source(), a_source("t-1", outlet="tribun"))
    one_left = {"version": 2, "sources": (a_source(withdrawn=True), a_source("t-1", outlet="tribun"))}
    card = a_card(Note(Status.UPDATED, snapshot(an_alert(sources=both))), **one_left)
    assert card.banner == "DIPERBARUI: sumber yang mencabut beritanya: 1, yang lain tetap"
    again = a_card(Note(Status.UPDATED, snapshot(an_alert(**one_left))), **(one_left | {"version": 3}))
    assert again.banner == "DIPERBARUI: rincian atau sumber berubah"


def test_a_second_copy_says_that_it_may_be_one() -> None:
    assert "MUNGKIN SALINAN KEDUA" in a_card(Note(second_copy=True)).banner


def test_a_withdrawn_card_is_struck_through_and_has_no_buttons() -> None:
    card = a_card(Note(Status.WITHDRAWN))
    assert card.withdrawn
    assert not card.buttons
    assert "<s>" in render_card(card).html


def test_both_languages_say_everything() -> None:
    assert INDONESIAN.labels.keys() == ENGLISH.labels.keys()
    for words in (INDONESIAN, ENGLISH):
        assert words.levels.keys() == set(Severity)
        assert words.topics.keys() == set(Topic)
        assert words.kinds.keys() == words.leads.keys() == set(Kind)


@pytest.mark.parametrize("language", ["id", "en", "km"])
@pytest.mark.parametrize("status", list(Status))
@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_and_status_can_be_said(language: str, status: Status, kind: Kind) -> None:
    card = a_card(Note(status, snapshot(an_alert()), "incident-2", 2), View(language, WITA.zone, NOON), kind=kind)
    assert card.sentence.endswith(".")
    assert "{" not in text_of(card)
