"""A round-up is a story of its own: never the incident of one of its items, whichever came first."""

from __future__ import annotations

import pytest

from services.contracts.codes import Kind
from services.tagger.core.book import Rulebook
from services.tagger.core.incident import Candidate, Copied, Reason, decide_join
from services.tagger.core.incident_likeness import Veto, find_veto
from services.tagger.core.incident_parts import part
from services.tagger.core.incident_signature import Signature, pack, sign, unpack
from services.tagger.core.round_up import RoundUp, find_round_up
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article
from tests.tagger.test_incident import tagged

SINGLE = [
    ("Polisi gagalkan keberangkatan sembilan calon pekerja migran di Bolok", "Mereka hendak ke Sabah."),
    ("Korban disekap sepekan di Poipet", "Ia disekap selama sepekan lalu kabur."),
    ("5 fakta kasus perdagangan bayi di Bandung", "1. Korban enam bayi.\n2. Pelaku dua orang.\n3. Dijual daring."),
    ("Kasus TPPO, dua perekrut ditangkap", "Keduanya ditangkap di Kupang."),
    ("85 persen kasus terkait judi", "Begitu kata kedutaan."),
    ("Police raid two houses in Bavet", "They freed 62 people."),
    ("Three held in case of smuggled rounds", "In a separate case last week two men were held in Kupang."),
    ("Roundup: 98 migrants found in southern Thailand", "They were in a rubber plantation."),
    ("12 tersangka kasus penyelundupan ditangkap", "Satu kapal disita."),
]


@pytest.mark.parametrize(("title", "text"), SINGLE, ids=[title for title, _ in SINGLE])
def test_the_story_of_one_event_is_no_round_up(title: str, text: str) -> None:
    assert not find_round_up(title, text, [("Kab. Kupang", len(title) + 1)]).is_sure


SEVERAL = [
    ("Deretan kasus perdagangan orang di NTT", "Beberapa di antaranya."),
    ("Rangkuman peristiwa perbatasan sepekan", "Inilah isinya."),
    ("Rangkuman kriminal pekan ini: bayi, BBM dan sabu", "Inilah isinya."),
    ("Kaleidoskop 2025: perdagangan orang", "Inilah isinya."),
    ("5 kasus TPPO yang menyita perhatian", "Inilah isinya."),
    ("Tiga pencegahan calon pekerja migran di NTT", "Semuanya dalam sehari."),
    ("Polisi ungkap dua kasus penyelundupan", "Semuanya dalam sehari."),
    ("Weekly roundup: borders", "Here they are."),
    ("Border news in brief", "Here they are."),
    ("Week in review: raids and rescues", "Here they are."),
    ("A string of trafficking cases", "Here they are."),
    ("Court finds four guilty in two human trafficking cases", "Here they are."),
]


@pytest.mark.parametrize(("title", "text"), SEVERAL, ids=[title for title, _ in SEVERAL])
def test_a_headline_of_several_events_is_a_round_up(title: str, text: str) -> None:
    assert find_round_up(title, text, []) is RoundUp.HEADLINE


def test_items_in_different_places_are_a_round_up() -> None:
    text = "Pekan ini ramai.\n1. Kupang\nSembilan orang.\n2. Nunukan\nDua calo.\n3. Batam\nSatu kapal."
    places = [(town, len("Ramai\n") + text.index(town)) for town in ("Kupang", "Nunukan", "Batam")]
    assert find_round_up("Ramai", text, places) is RoundUp.ITEMS
    assert find_round_up("Ramai", text, places[:1]) is RoundUp.NO


def test_events_counted_off_in_different_places_are_a_round_up() -> None:
    text = "Kasus pertama terjadi di Kupang. Kasus kedua terjadi di Batam."
    assert find_round_up("Polisi sibuk", text, [("Kupang", 40), ("Batam", 70)]) is RoundUp.ORDINALS
    assert find_round_up("Polisi sibuk", text, [("Kupang", 40)]) is RoundUp.NO


def test_a_week_and_several_places_are_a_round_up() -> None:
    towns = [("Lingga", 9), ("Batam", 16), ("Karimun", 27)]
    assert find_round_up("Gagal di Lingga, Batam dan Karimun dalam sepekan", "", towns) is RoundUp.SPREAD
    assert find_round_up("Raids widen", "This week police raided three towns.", towns) is RoundUp.SPREAD
    assert find_round_up("Korban kabur", "Ia pulang pekan ini.", towns[:1]) is RoundUp.NO


ITEMS = {
    "id": (
        "Sebanyak 23 calon pekerja migran ilegal dicegah naik kapal di Pelabuhan Tenau, Kupang, Kamis (22/1)."
        " Dua calo ditangkap Polresta Kupang Kota. Mereka hendak ke Nunukan."
    ),
    "en": (
        "Police in Bavet raided a scam compound on Monday and freed 62 foreigners, most of them from Indonesia."
        " Eleven managers were held. They will be deported from Cambodia."
    ),
}
ROUND_UPS = {
    "id": (
        "Tiga pencegahan calon pekerja migran ilegal di NTT dalam sepekan",
        "Sebanyak 41 calon pekerja migran ilegal dicegah di NTT: sembilan di Bolok, 23 di Tenau dan sembilan di"
        " Larantuka, Kamis (22/1).",
    ),
    "en": (
        "Weekly roundup: raids on scam compounds",
        "Police raided a scam compound in Bavet and freed 62 foreigners. Another compound in Poipet was raided"
        " and 40 foreigners were freed in Cambodia.",
    ),
}


@pytest.mark.parametrize("language", ["id", "en"])
def test_neither_joins_the_other(book: Rulebook, language: str) -> None:
    title, text = ROUND_UPS[language]
    listed = sign(tagged(book, text, title=title, hours=5, outlet="two:1"))
    item = sign(tagged(book, ITEMS[language]))
    for own, other in ((listed, item), (item, listed)):
        joined = decide_join(own, 3, [Candidate("known", (other,))])
        assert (joined.reason, joined.why) == (Reason.FOUNDED, f"nearest incident: {Veto.ROUND_UP.value}")


def test_without_the_other_places_the_same_story_joins(book: Rulebook) -> None:
    item = sign(tagged(book, ITEMS["id"]))
    retold = sign(tagged(book, ITEMS["id"].replace("Dua calo", "Dua makelar"), title="Dicegah di Tenau", hours=5))
    assert decide_join(retold, 3, [Candidate("known", (item,))]).incident_id == "known"


def test_a_round_up_that_quotes_an_item_is_no_copy_of_it_and_its_own_copy_is() -> None:
    item, listed = Signature(), Signature(round_up=RoundUp.ITEMS.value)
    quoted = Candidate("item", (item,), (Copied(item, 4, 5),))
    assert decide_join(listed, 15, [quoted]).reason is Reason.FOUNDED
    same = Candidate("list", (listed,), (Copied(listed, 14, 15),))
    assert decide_join(listed, 15, [same]).reason is Reason.NEAR_DUPLICATE


def test_a_copy_under_another_headline_is_still_a_copy() -> None:
    listed, plain = Signature(round_up=RoundUp.HEADLINE.value), Signature()
    same = Candidate("known", (plain,), (Copied(plain, 14, 15),))
    assert decide_join(listed, 15, [same]).reason is Reason.NEAR_DUPLICATE


def test_what_only_may_be_a_round_up_rules_nothing_out() -> None:
    perhaps, sure, single = (
        Signature(topics=("human_trafficking",), round_up=one.value)
        for one in (RoundUp.PERHAPS, RoundUp.ITEMS, RoundUp.NO)
    )
    assert find_veto(sure, single) is Veto.ROUND_UP
    assert find_veto(perhaps, single) is None
    assert find_veto(perhaps, sure) is None


def test_a_story_that_becomes_a_round_up_is_parted_from_the_event() -> None:
    single = Signature(topics=("human_trafficking",))
    listed = Signature(topics=("human_trafficking",), round_up=RoundUp.HEADLINE.value)
    assert part({"a:1": single, "b:1": single, "c:1": listed}) == [("a:1", "b:1"), ("c:1",)]


def test_the_sign_is_kept_in_the_store() -> None:
    listed = Signature(round_up=RoundUp.SPREAD.value)
    assert unpack(pack(listed)) == listed
    old = {name: value for name, value in pack(Signature()).items() if name != "round_up"}
    assert unpack(old).round_up == RoundUp.NO.value


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_list_of_events_is_an_overview_of_low_severity(book: Rulebook, language: str) -> None:
    found = tag_story(an_article(*ROUND_UPS[language]), book)
    assert (found.kind, found.severity) == (Kind.ADVISORY_ANALYSIS, 1)
