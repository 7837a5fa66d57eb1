"""What a bare headline of a paper of the area leaves unsaid: its own country, unless it says where it is set."""

from __future__ import annotations

import pytest

from services.tagger.core.book import Rulebook
from services.tagger.core.story import Article, Tagging, tag_story


def tagged(book: Rulebook, title: str) -> Tagging:
    return tag_story(Article("s1", title, "", default_region="PH"), book)


@pytest.mark.parametrize(
    "title",
    [
        "Half a Ton of Cocaine Seized at Prague Airport",
        "Argentina Seizes Smuggled Heroin at Border",
        "Migrants Detained in Greece Set Fire to Camp",
        "Korea Utara Tutup Perbatasan bagi Orang Asing",
        "Polisi India Tangkap Penyelundup Senjata",
        "Australian Police Seize Smuggled Heroin",
    ],
)
def test_a_headline_set_in_another_part_of_the_world_is_not_relevant(book: Rulebook, title: str) -> None:
    assert tagged(book, title).reason.startswith("out_of_area"), tagged(book, title).reason


@pytest.mark.parametrize(
    "title",
    [
        "Three Chinese Drug Traffickers Caught With Shabu",
        "Irish Man Caught With Marijuana at Airport",
        "Filipinas Smuggling Drugs to Hong Kong",
        "Polisi Tangkap Warga India Penyelundup Sabu",
        "Australians Caught Smuggling Heroin",
    ],
)
def test_a_headline_that_only_says_who_is_set_at_home(book: Rulebook, title: str) -> None:
    assert tagged(book, title).relevant, tagged(book, title).reason


def told_by(book: Rulebook, title: str, text: str, home: str) -> Tagging:
    return tag_story(Article("s1", title, text, default_region=home), book)


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Johor police bust drug ring", "Police in Johor arrested two men and seized drugs in three raids."),
        ("Penang police seize drugs worth RM270,000", "Two distributors were arrested in George Town."),
    ],
)
def test_a_paper_s_own_country_is_no_other_state(book: Rulebook, title: str, text: str) -> None:
    assert not told_by(book, title, text, "MY").relevant


def by_the_outlet(book: Rulebook, outlet: str) -> Tagging:
    text = "Thai police seized 19 kilogrammes of crystal methamphetamine on a train to the south."
    return tag_story(Article("s1", "Thai police seize drugs on train", text, outlet=outlet), book)


@pytest.mark.parametrize(
    "outlet", ["bangkokpost.com", "www.BangkokPost.com", "news.ch7.co.th", "pattayamail.com (mirror)"]
)
def test_an_outlet_s_name_says_whose_paper_it_is(book: Rulebook, outlet: str) -> None:
    assert not by_the_outlet(book, outlet).relevant


def of_no_country(book: Rulebook, outlet: str) -> str:
    text = "Police arrested five men who smuggled migrants in the back of a lorry and held them for ransom."
    return tag_story(Article("s1", "Five held over smuggled migrants", text, outlet=outlet), book).reason


@pytest.mark.parametrize("outlet", ["www.bbc.com", "kentonline.co.uk", "abc.net.au", "nytimes.com (mirror)"])
def test_a_story_of_a_far_outlet_that_names_no_country_is_not_of_the_area(book: Rulebook, outlet: str) -> None:
    assert of_no_country(book, outlet).startswith("out_of_area"), of_no_country(book, outlet)


@pytest.mark.parametrize("outlet", ["", "thejakartapost.com", "notbbc.com", "bangkokpost.com", "bbc.com.example"])
def test_such_a_story_of_another_outlet_is(book: Rulebook, outlet: str) -> None:
    assert of_no_country(book, outlet).startswith("migrant_smuggling"), of_no_country(book, outlet)


@pytest.mark.parametrize("outlet", ["", "thejakartapost.com", "notbangkokpost.com", "bangkokpost.com.example"])
def test_another_outlet_s_name_does_not(book: Rulebook, outlet: str) -> None:
    assert by_the_outlet(book, outlet).relevant


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("Johor police bust drug ring", "Police in Johor arrested two men over drugs smuggled from Thailand."),
        ("Drugs seized at Penang airport", "Customs officers found drugs in the luggage of a Kenyan woman."),
    ],
)
def test_another_state_or_a_gateway_in_a_paper_s_own_country_is(book: Rulebook, title: str, text: str) -> None:
    assert told_by(book, title, text, "MY").relevant


def test_a_summary_that_names_only_a_far_country_is_set_there(book: Rulebook) -> None:
    text = "Sierra Leone and Canada agreed to the plan after talks on migrants smuggled by truck to Ottawa."
    assert not told_by(book, "New deal on smuggled migrants", text, "MY").relevant


def test_swindlers_who_aim_at_a_far_country_are_not_set_there(book: Rulebook) -> None:
    text = "Thirteen Chinese nationals ran an online scam call centre targeting American victims."
    assert told_by(book, "Scam call centre raided, 13 Chinese nationals held", text, "MY").relevant


@pytest.mark.parametrize("home", ["KH", ""])
def test_a_word_that_stands_very_often_holds_back_also_where_no_state_is_another(
    book: Rulebook, home: str
) -> None:
    text = "Immigration officers in Phnom Penh deported 26 foreign overstayers." + " buku bacaan" * 40
    told = told_by(book, "Cambodian police deport 26 foreign overstayers", text, home)
    assert "frame/civic action of border troops" in {trace.rule for trace in told.traces}


FILLER = "The company said that safety came first and that everybody would be paid for each day lost. " * 9


def told(book: Rulebook, title: str, text: str) -> Tagging:
    return tag_story(Article("s1", title, text), book)


def test_a_whole_story_set_elsewhere_is_not_relevant_for_what_it_names_in_passing(book: Rulebook) -> None:
    lead = "A people smuggling gang that brought migrants to Spain by boat was broken up, and six smugglers were held."
    tail = "The boat had called at Singapore and Bali. Its owner once sailed from Indonesia."
    found = told(book, "People smuggling gang broken up in Spain", f"{lead} {FILLER}{tail}")
    assert found.reason.startswith("out_of_area"), found.reason


def test_a_whole_story_set_at_home_is_relevant_whatever_it_names_in_passing(book: Rulebook) -> None:
    lead = (
        "A people smuggling gang that brought migrants to Bali by boat was broken up, and six smugglers were held."
    )
    tail = "The boat had called at Spain and France. Its owner once sailed from Spain to Morocco and to Portugal."
    assert told(book, "People smuggling gang broken up in Bali", f"{lead} {FILLER}{tail}").relevant


def test_a_town_before_a_man_is_where_he_lives(book: Rulebook) -> None:
    found = told(book, "Ohio man caught smuggling migrants in a truck", "")
    assert found.reason.startswith("out_of_area"), found.reason


def test_a_state_before_a_man_is_only_who_he_is(book: Rulebook) -> None:
    assert told(book, "US man caught smuggling migrants in a truck", "").relevant


PERU = "A Dublin man who smuggled cocaine from Peru was jailed for eight years in Dublin."


def test_where_somebody_once_was_is_no_link(book: Rulebook) -> None:
    found = told(
        book, "Dublin man who smuggled cocaine from Peru jailed", f"{PERU} He had lived in Bali and in Bangkok."
    )
    assert found.reason.startswith("out_of_area"), found.reason


def test_where_somebody_was_caught_is_a_link(book: Rulebook) -> None:
    text = f"{PERU} He was caught in Bali and sent to Bangkok."
    assert told(book, "Dublin man who smuggled cocaine from Peru jailed", text).relevant


def test_our_people_of_years_ago_are_no_link(book: Rulebook) -> None:
    text = "Sixty migrants drowned when a smugglers' boat sank off Libya. In 2015 Rohingya drowned off Malaysia."
    assert told(book, "Smugglers' boat sinks off Libya", text).reason.startswith("out_of_area")


def test_our_people_of_today_are_a_link(book: Rulebook) -> None:
    text = "Sixty migrants drowned when a smugglers' boat sank off Libya. Among them were nine Rohingya."
    assert told(book, "Smugglers' boat sinks off Libya", text).relevant
