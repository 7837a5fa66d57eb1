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
