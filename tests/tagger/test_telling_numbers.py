"""Only numbers that can be neither an age nor of a plate are passed over."""

import random

import pytest

from services.tagger.core.clearing_ages import ages
from services.tagger.core.clearing_context import Text
from services.tagger.core.clearing_numbers import numbers_of_people, telling_numbers
from services.tagger.core.clearing_stretch import Stretches
from services.tagger.core.folding import fold
from services.tagger.core.numerals import digits_in

_PIECES = (
    *("usia", "umur", "aged", "who is", "who was", "Budi Santoso", "Siti", "tahun", "years", "and 20", "dan 7"),
    *(
        "mobil",
        "plate",
        "B",
        "DH",
        "XY",
        "KM",
        "Rp",
        "pada",
        "Mei",
        "\u00e9",
        "\u2026",
        "\u00a0",
        "\u0663",
        "?",
        "%",
    ),
)
_GLUE = (" ", "  ", ", ", " (", "(", ")", ".", ",", "-", "/", ":", "", "\n", "\u2003", "\u00a0")


def _made(chance: random.Random) -> str:
    text = ""
    for _ in range(chance.randrange(2, 14)):
        number = str(chance.randrange(10 ** chance.randrange(1, 9)))
        text += chance.choice((number, *chance.choices(_PIECES, k=2))) + chance.choice(_GLUE)
    return text


def test_whatever_all_numbers_would_clear_these_clear() -> None:
    chance, seen = random.Random(14), 0
    for _ in range(20_000):
        whole = _made(chance)
        numbers, long = telling_numbers(whole)
        every, found = digits_in(whole), []
        for given in (numbers, every):
            names = Stretches(Text(whole, fold(whole)), frozenset())
            found.append([*ages(names, given), *numbers_of_people(whole, given, long=long)])
        assert found[0] == found[1], whole
        assert long == any(end - start >= 7 for start, end in every), whole
        seen += bool(found[0])
    assert seen > 500


@pytest.mark.parametrize(
    "text", ["tanggal 12 Mei 2026", "Rp5.000", "pukul 12:30", "tanggal 12/5", "naik 7,5 persen"]
)
def test_dates_and_sums_are_passed_over(text: str) -> None:
    assert telling_numbers(text) == ([], False)


@pytest.mark.parametrize("text", ["Siti (17)", "Siti, 17, asal", "usia 17 dan", "DH 1234 XY", "Siti 17 tahun"])
def test_ages_and_plates_are_not(text: str) -> None:
    assert telling_numbers(text)[0] == digits_in(text)
