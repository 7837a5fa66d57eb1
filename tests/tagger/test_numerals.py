"""Numbers as Indonesian and English news writes them."""

from __future__ import annotations

import pytest

from services.tagger.core.numerals import numbers_in, range_of, value_of


@pytest.mark.parametrize("text", ["C-130", "17/8/2025", "08.30.15"])
def test_a_part_of_a_name_or_date_is_no_amount(text: str) -> None:
    assert not {found["low"] for found in numbers_in(text)} & {"130", "8", "2025"}


@pytest.mark.parametrize(
    ("digits", "language", "value"),
    [
        ("27,311", "id", 27.311),
        ("27,311", "en", 27311),
        ("104.082", "id", 104082),
        ("104.082", "en", 104.082),
        ("1.234.567,5", "id", 1234567.5),
        ("1,234,567.5", "en", 1234567.5),
        ("1.5", "id", 1.5),
        ("sembilan", "id", 9),
        ("eleven", "en", 11),
    ],
)
def test_a_number_is_read_in_its_language(digits: str, language: str, value: float) -> None:
    assert value_of(digits, language) == value


@pytest.mark.parametrize(
    ("text", "language", "low", "high"),
    [
        ("puluhan korban", "id", 20, 99),
        ("ratusan orang", "id", 200, 999),
        ("dozens of people", "en", 24, 99),
        ("sedikitnya 12 orang", "id", 12, None),
        ("at least 30 migrants", "en", 30, None),
        ("10 hingga 12 orang", "id", 10, 12),
        ("1,2 ton", "id", 1.2, 1.2),
        ("3 juta", "id", 3e6, 3e6),
    ],
)
def test_an_amount_is_a_range(text: str, language: str, low: float, high: float | None) -> None:
    assert range_of(next(numbers_in(text)), language) == (low, high)
