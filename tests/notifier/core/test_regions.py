"""Regions have names that officials know, and a region that is none is found out."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.cli.regions import known_regions
from services.notifier.core.regions import has_no_region, offered_regions, region_name

PLACES = Path(__file__).resolve().parents[3] / "seeds" / "places"


@pytest.mark.parametrize("language", ["id", "en", "km", "tet"])
def test_whatever_a_story_can_be_placed_in_has_a_name(language: str) -> None:
    assert [code for code in sorted(known_regions(PLACES)) if region_name(code, language) == code] == []


def test_a_code_that_is_nobodys_is_shown_as_it_is() -> None:
    assert region_name("QX-1", "en") == "QX-1"


def test_a_country_is_named_in_the_readers_language() -> None:
    assert (region_name("GB", "id"), region_name("GB", "en")) == ("Inggris", "United Kingdom")


def test_no_region_of_the_gazetteer_is_taken_for_none() -> None:
    assert [code for code in known_regions(PLACES) if has_no_region(code)] == []


@pytest.mark.parametrize("code", ["ID-NTT", "KH-99", "TL-XX", "LA-ZZ"])
def test_a_region_that_its_country_does_not_have_is_none(code: str) -> None:
    assert has_no_region(code)


def test_everything_offered_can_be_found_in_a_story() -> None:
    assert set(offered_regions()) <= known_regions(PLACES)
