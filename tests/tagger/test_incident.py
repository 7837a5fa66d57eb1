"""Which stories tell of one incident: copies, the same event in other words, and look-alikes that are neither."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from services.contracts.tagging import StoryTagged
from services.tagger.core.boilerplate import blank
from services.tagger.core.book import Rulebook
from services.tagger.core.duplicates import ClauseIndex, is_copy, read_pieces
from services.tagger.core.incident import Candidate, Copied, Reason, decide_join
from services.tagger.core.incident_likeness import Veto, find_veto, weigh
from services.tagger.core.incident_parts import part
from services.tagger.core.incident_signature import Signature, pack, sign, unpack
from services.tagger.core.story import article_of, tag_story, to_event
from tests.tagger.builders import NOW, a_story

BOLOK = (
    "Polda NTT menggagalkan keberangkatan 9 calon pekerja migran ilegal di Pelabuhan Bolok, Kabupaten Kupang, Kamis"
    " (22/1). Mereka akan dibawa ke Sabah dengan kapal feri. Perekrut berinisial YL ditahan di Polda NTT, dan dua"
    " orang saksi diperiksa. Korban dijanjikan gaji Rp5 juta sebulan di peternakan ayam."
)
BOLOK_RETOLD = (
    "Sembilan calon pekerja migran ilegal tujuan Sabah diamankan aparat saat menunggu feri di Bolok, Kupang."
    " Polda NTT menahan seorang perekrut."
)
TENAU = (
    "Polresta Kupang Kota mencegah 23 calon pekerja migran ilegal naik kapal di Pelabuhan Tenau, Kupang, Kamis"
    " (22/1). Mereka hendak ke Kalimantan Tengah. Dua calo ditangkap."
)
LARVAE = (
    "Bea Cukai menggagalkan penyelundupan 43.000 ekor benih bening lobster di perairan Lingga menuju Singapura."
    " Kapal cepat pelaku kandas di hutan bakau."
)
LARVAE_AGAIN = (
    "Kapal patroli Bea Cukai menggagalkan penyelundupan 129.965 ekor benih bening lobster di perairan Lingga."
    " Pelaku melompat ke laut."
)
RAID = (
    "Police in Bavet raided a scam compound on Monday and freed 62 foreigners, most of them from Indonesia."
    " Eleven managers were held."
)
RAID_RETOLD = (
    "A scam compound in Bavet, Svay Rieng, was raided and 62 foreigners were freed, provincial police said."
    " They detained eleven managers."
)
RAID_ELSEWHERE = (
    "Police in Poipet raided a scam compound on Monday and freed 62 foreigners, most of them from Vietnam."
    " Three managers were held."
)


def tagged(book: Rulebook, text: str, *, hours: float = 0, title: str = "", outlet: str = "one:1") -> StoryTagged:
    story = a_story(outlet, title or text.split(".", maxsplit=1)[0], text, hours=hours)
    return to_event(tag_story(article_of(story), book), story, book, NOW, None)


def decision(book: Rulebook, first: StoryTagged, second: StoryTagged) -> Reason:
    pieces = [read_pieces(blank(one.title, one.text)) for one in (first, second)]
    index = ClauseIndex()
    index.add(first.story_id, [one for sentence in pieces[0] for one in sentence], len(pieces[0]), 0.0)
    copied = tuple(
        Copied(sign(first), one.shared, one.sentences) for one in index.find(second.story_id, pieces[1], 0.0)
    )
    known = Candidate("known", (sign(first),), copied)
    return decide_join(sign(second), len(pieces[1]), [known]).reason


@pytest.mark.parametrize(
    ("first", "second", "hours"),
    [
        (BOLOK, TENAU, 3),
        (LARVAE, LARVAE_AGAIN, 30),
        (RAID, RAID_ELSEWHERE, 2),
        (BOLOK, LARVAE, 1),
        (RAID, BOLOK, 1),
        (BOLOK, BOLOK_RETOLD.replace("Sembilan", "Dua belas"), 24 * 14),
    ],
    ids=["another port", "another chase", "another town", "another topic", "another country", "two weeks later"],
)
def test_a_look_alike_is_another_incident(book: Rulebook, first: str, second: str, hours: float) -> None:
    assert decision(book, tagged(book, first), tagged(book, second, hours=hours, outlet="two:1")) is Reason.FOUNDED


@pytest.mark.parametrize(
    ("first", "second"), [(BOLOK, BOLOK_RETOLD), (RAID, RAID_RETOLD)], ids=["in Indonesian", "in English"]
)
def test_the_same_event_in_other_words_joins(book: Rulebook, first: str, second: str) -> None:
    assert decision(book, tagged(book, first), tagged(book, second, hours=6, outlet="two:1")) is Reason.SAME_EVENT


@pytest.mark.parametrize(
    "change",
    [
        lambda text: f"KUPANG, CONTOH.COM - {text}",
        lambda text: text + "\nBaca juga: Cerita lain\nEditor: Seseorang",
        lambda text: text.rsplit(". ", maxsplit=1)[0] + ".",
        lambda text: text.replace("Mereka", "Para korban"),
    ],
    ids=["another dateline", "a tail", "cut short", "a word changed"],
)
def test_a_syndicated_copy_is_a_copy(book: Rulebook, change: object) -> None:
    copy = change(BOLOK)  # type: ignore[operator]
    assert decision(
        book, tagged(book, BOLOK), tagged(book, copy, hours=8, title="Judul lain", outlet="two:1")
    ) is (Reason.NEAR_DUPLICATE)


@pytest.mark.parametrize(
    ("own", "other", "shared"), [(10, 10, 0), (10, 10, 2), (40, 40, 11), (2, 9, 1), (1, 9, 1), (0, 0, 0)]
)
def test_a_few_common_sentences_are_no_copy(own: int, other: int, shared: int) -> None:
    assert not is_copy(own, other, shared)


@pytest.mark.parametrize(("own", "other", "shared"), [(10, 10, 3), (5, 100, 3), (2, 2, 2), (2, 9, 2), (1, 1, 1)])
def test_enough_common_sentences_are_a_copy(own: int, other: int, shared: int) -> None:
    assert is_copy(own, other, shared)


def test_nothing_to_go_by_founds_an_incident() -> None:
    nobody = Signature()
    assert decide_join(nobody, 0, [Candidate("known", (nobody,))]).reason is Reason.FOUNDED


def a_signature(**changes: Any) -> Signature:
    """A raid at Bolok on day 100."""
    given: dict[str, Any] = {
        "topics": ("illegal_labour_placement",),
        "kind": "enforcement",
        "language": "id",
        "countries": frozenset({"ID"}),
        "regions": frozenset({"ID-NT"}),
        "districts": frozenset({"Kab. Kupang"}),
        "around": frozenset({"ID-NT", "Kab. Kupang"}),
        "spots": frozenset({"Pelabuhan Bolok"}),
        "figures": frozenset({9.0}),
        "words": frozenset({1, 2, 3}),
        "day": 100,
    }
    return Signature(**(given | changes))


ELSEWHERE = {
    "regions": frozenset({"ID-KU"}),
    "districts": frozenset({"Kab. Nunukan"}),
    "around": frozenset({"ID-KU", "Kab. Nunukan"}),
    "spots": frozenset({"Tunon Taka"}),
}
TENAU_PORT = {
    "districts": frozenset({"Kota Kupang"}),
    "around": frozenset({"ID-NT", "Kota Kupang"}),
    "spots": frozenset({"Pelabuhan Tenau"}),
}


@pytest.mark.parametrize(
    ("changes", "veto"),
    [
        ({"topics": ("drug_trafficking",)}, Veto.TOPIC),
        ({"day": 106}, Veto.TIME),
        ({"things": frozenset({"baby"})}, Veto.THINGS),
        (ELSEWHERE, Veto.PLACE),
        (TENAU_PORT, Veto.TOWN),
        (TENAU_PORT | {"spots": frozenset(), "figures": frozenset({23.0})}, Veto.DISTRICT),
    ],
    ids=lambda value: value.name if isinstance(value, Veto) else "",
)
def test_a_contradiction_rules_one_event_out(changes: dict[str, Any], veto: Veto) -> None:
    one = a_signature(things=frozenset({"kidney"}))
    assert find_veto(one, a_signature(**changes)) is veto
    assert not weigh(one, a_signature(**changes)).is_same


@pytest.mark.parametrize(
    "changes",
    [
        {"topics": ("human_trafficking",)},
        {"day": 105},
        {"things": frozenset({"kidney", "baby"})},
        {"things": frozenset({"money"})},
        {"districts": frozenset(), "around": frozenset(), "spots": frozenset()},
        {"around": frozenset({"MY-12", "ID-NT"})},
        {"spots": frozenset({"Pelabuhan Tenau"})},
        {"districts": frozenset({"Kota Kupang"}), "around": frozenset({"ID-NT", "Kota Kupang"})},
    ],
    ids=["a near topic", "five days", "one thing more", "money", "no place", "the way", "the port", "the town"],
)
def test_what_leaves_a_way_open_rules_nothing_out(changes: dict[str, Any]) -> None:
    assert find_veto(a_signature(things=frozenset({"kidney"})), a_signature(**changes)) is None


@pytest.mark.parametrize(
    ("changes", "same"),
    [
        ({"things": frozenset({"sinking"}), "lost": frozenset({28.0}), "figures": frozenset({11.0})}, True),
        ({"lost": frozenset({28.0}), "figures": frozenset({11.0})}, False),
        ({"things": frozenset({"sinking"}), "spots": frozenset(), "figures": frozenset({11.0})}, False),
    ],
    ids=["the toll of a sinking grows", "other figures and no sinking", "a sinking nobody places"],
)
def test_a_toll_is_counted_again_from_day_to_day(changes: dict[str, Any], same: bool) -> None:
    sank = a_signature(things=frozenset({"sinking"}), words=frozenset({1}), figures=frozenset({7.0, 21.0}))
    later = a_signature(words=frozenset({1}), day=101, **changes)
    assert weigh(sank, later).is_same is same


@pytest.mark.parametrize(("people", "same"), [({4.0}, False), ({9.0}, True), (set(), True)])
def test_another_number_of_people_speaks_against_one_event(people: set[float], same: bool) -> None:
    one = a_signature(
        people=frozenset({9.0}), figures=frozenset(), words=frozenset({1}), topics=("human_trafficking",)
    )
    other = a_signature(people=frozenset(people), figures=frozenset(), words=frozenset({1}))
    assert weigh(one, other).is_same is same


@pytest.mark.parametrize(("language", "same"), [("en", True), ("id", False)])
def test_the_same_matters_count_where_the_words_are_of_another_language(language: str, same: bool) -> None:
    bare = {"districts": frozenset(), "spots": frozenset(), "figures": frozenset(), "words": frozenset()}
    matters = frozenset({"kingpin", "extradition", "scam"})
    one = a_signature(things=matters, **bare)
    assert weigh(one, a_signature(things=matters, language=language, **bare)).is_same is same


def test_both_ends_of_one_way_are_no_other_district() -> None:
    ways = frozenset({"Kab. Sukabumi", "Myawaddy"})
    home = a_signature(districts=frozenset({"Kab. Sukabumi"}), around=ways, figures=frozenset(), spots=frozenset())
    held = a_signature(districts=frozenset({"Myawaddy"}), around=ways, figures=frozenset(), spots=frozenset())
    assert find_veto(home, held) is None
    one_end = a_signature(
        districts=frozenset({"Myawaddy"}),
        around=frozenset({"Myawaddy", "ID-NT"}),
        figures=frozenset(),
        spots=frozenset(),
    )
    other = a_signature(districts=frozenset({"Kab. Kupang"}), figures=frozenset(), spots=frozenset())
    assert find_veto(other, one_end) is Veto.DISTRICT


def test_a_story_whose_two_halves_contradict_belongs_to_neither_without_points() -> None:
    half_ruled_out = Candidate("mixed", (a_signature(**ELSEWHERE), a_signature(**ELSEWHERE), a_signature()))
    assert decide_join(a_signature(), 0, [half_ruled_out]).reason is Reason.FOUNDED


def test_a_story_joins_where_most_stories_do_not_contradict() -> None:
    mostly = Candidate("mixed", (a_signature(**ELSEWHERE), a_signature(), a_signature()))
    assert decide_join(a_signature(), 0, [mostly]).incident_id == "mixed"


def test_incidents_that_contradict_each_other_are_not_merged_by_a_story_like_both() -> None:
    own = a_signature(districts=frozenset(), spots=frozenset(), around=frozenset({"ID-NT"}))
    joined = decide_join(
        own, 0, [Candidate("one", (a_signature(),)), Candidate("two", (a_signature(**TENAU_PORT),))]
    )
    assert joined.merges == ()


def test_incidents_that_do_not_contradict_each_other_are_merged_by_a_story_like_both() -> None:
    joined = decide_join(
        a_signature(), 0, [Candidate("one", (a_signature(),)), Candidate("two", (a_signature(),))]
    )
    assert {joined.incident_id, *joined.merges} == {"one", "two"}


DAYS_BEFORE = a_signature().day - 30


def test_a_report_joins_a_case_that_began_thirty_days_before() -> None:
    followed = Candidate("followed", (a_signature(),), first_day=DAYS_BEFORE)
    assert decide_join(a_signature(), 0, [followed]).incident_id == "followed"


def test_a_report_like_a_case_that_began_longer_ago_founds_its_own_and_says_so() -> None:
    over = Candidate("over", (a_signature(),), first_day=DAYS_BEFORE - 1)
    joined = decide_join(a_signature(), 0, [over])
    assert joined.reason is Reason.FOUNDED
    assert joined.why.endswith("it began more than 30 days before")


def test_a_case_that_began_longer_ago_does_not_hide_the_one_of_this_week() -> None:
    over = Candidate("a", (a_signature(),), first_day=DAYS_BEFORE - 1)
    fresh = Candidate("b", (a_signature(),), first_day=a_signature().day - 2)
    joined = decide_join(a_signature(), 0, [over, fresh])
    assert (joined.incident_id, joined.merges) == ("b", ())


def test_a_copy_joins_its_text_however_long_ago_the_incident_began() -> None:
    copied = Copied(a_signature(), shared=9, sentences=10)
    over = Candidate("over", (a_signature(),), (copied,), first_day=DAYS_BEFORE - 400)
    assert decide_join(a_signature(), 10, [over]).reason is Reason.NEAR_DUPLICATE


def test_stories_in_a_chain_without_contradiction_are_one_part() -> None:
    open_story = a_signature(districts=frozenset(), spots=frozenset(), around=frozenset({"ID-NT"}))
    stories = {"bolok": a_signature(), "between": open_story, "tenau": a_signature(**TENAU_PORT)}
    assert part(stories) == [("bolok", "between", "tenau")]


def test_without_the_story_between_the_chain_falls_apart() -> None:
    assert part({"bolok": a_signature(), "tenau": a_signature(**TENAU_PORT)}) == [("bolok",), ("tenau",)]


def test_days_between_reports_part_nothing() -> None:
    assert part({"first": a_signature(), "trial": a_signature(day=160)}) == [("first", "trial")]


def test_a_signature_survives_its_store() -> None:
    one = a_signature(amounts=frozenset({"kg 12"}), people=frozenset({9.0}))
    assert unpack(orjson.loads(orjson.dumps(pack(one)))) == one
