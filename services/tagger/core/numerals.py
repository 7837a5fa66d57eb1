"""Read numbers as Indonesian and English news writes them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ahocorasick_rs import BytesAhoCorasick

from services.tagger.core.folding import begins_any

_WORDS: dict[str, float] = {
    "satu": 1, "seorang": 1, "dua": 2, "tiga": 3, "empat": 4, "lima": 5, "enam": 6, "tujuh": 7, "delapan": 8,
    "sembilan": 9, "sepuluh": 10, "sebelas": 11, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6,
    "seven": 7, "eight": 8, "nine": 9, "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14,
    "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20, "thirty": 30,
    "forty": 40, "fifty": 50, "sixty": 60, "a dozen": 12, "dua belas": 12, "tiga belas": 13, "empat belas": 14,
    "lima belas": 15, "enam belas": 16, "tujuh belas": 17, "delapan belas": 18, "sembilan belas": 19,
    "dua puluh": 20, "tiga puluh": 30, "empat puluh": 40, "lima puluh": 50, "seratus": 100, "seribu": 1000,
    "a hundred": 100, "a thousand": 1000,
}  # fmt: skip
_UNITS_ID = ("satu", "dua", "tiga", "empat", "lima", "enam", "tujuh", "delapan", "sembilan")
_UNITS_EN = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TENS_EN = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
for _index, _ten in enumerate(_TENS_EN, 2):
    _WORDS[_ten] = 10 * _index
    _WORDS[f"{_UNITS_ID[_index - 1]} puluh"] = 10 * _index
    for _unit in range(1, 10):
        for _join in "- ":
            _WORDS[f"{_ten}{_join}{_UNITS_EN[_unit - 1]}"] = 10 * _index + _unit
        _WORDS[f"{_UNITS_ID[_index - 1]} puluh {_UNITS_ID[_unit - 1]}"] = 10 * _index + _unit
#: Words that only give an order of magnitude: a range, never a point.
_VAGUE: dict[str, tuple[float, float]] = {
    "belasan": (11, 19),
    "puluhan": (20, 99),
    "ratusan": (200, 999),
    "ribuan": (2000, 9999),
    "dozens of": (24, 99),
    "scores of": (40, 99),
    "hundreds of": (200, 999),
    "thousands of": (2000, 9999),
    "dozens": (24, 99),
    "hundreds": (200, 999),
    "thousands": (2000, 9999),
}
_SCALES = {
    "ribu": 1e3,
    "juta": 1e6,
    "miliar": 1e9,
    "triliun": 1e12,
    "thousand": 1e3,
    "million": 1e6,
    "billion": 1e9,
    "trillion": 1e12,
}
_DIGITS = r"\d{1,3}(?:[.,]\d{3})+(?:[.,]\d{1,3})?|\d+(?:[.,]\d+)?"
_WORD_ALTERNATIVES = "|".join(sorted((*_WORDS, *_VAGUE), key=len, reverse=True))
_SCALE_ALTERNATIVES = "|".join(_SCALES)
_AT_LEAST = r"sedikitnya|setidaknya|paling sedikit|minimal|lebih dari|at least|more than|over|no fewer than"
_REST = (
    rf"(?:\s*(?:-|–|hingga|sampai|to)\s*(?P<high>{_DIGITS}))?"
    rf"(?:\s+(?P<scale>{_SCALE_ALTERNATIVES})\b)?"
)
_DIGIT_NUMBER = re.compile(rf"(?<![\w.,/:-])(?P<low>{_DIGITS})" + _REST, re.IGNORECASE)
_WORD_NUMBER = re.compile(rf"(?P<low>{_WORD_ALTERNATIVES})\b" + _REST, re.IGNORECASE)
_FIRST_WORDS = frozenset(re.split(r"[ -]", word)[0] for word in (*_WORDS, *_VAGUE))
_FIRST_WORD = BytesAhoCorasick([word.encode() for word in sorted(_FIRST_WORDS) if len(word) > 1])
_RUN = re.compile(r"\d+")
_FOREIGN_DIGITS = re.compile("[\u0660-\u1fff\ua620-\U0010ffff]")  # no others stand beyond ASCII
#: The first bytes of these in UTF-8, asked first: a pattern looks at every letter.
_FOREIGN_BYTES = bytes([*range(0xD9, 0xE2), *range(0xEA, 0xF5)])
_ONLY_DIGITS = bytes(code if chr(code) in "0123456789" else 0x20 for code in range(256))
#: By the mark between thousands.
_GROUPED = {
    thousand: re.compile(rf"\d{{1,3}}(?:{re.escape(thousand)}\d{{3}})+(?:{re.escape(decimal)}\d+)?")
    for thousand, decimal in (",.", ".,")
}
_LEAST_BEFORE = re.compile(rf"\b(?:{_AT_LEAST})\s+$", re.IGNORECASE)


def numbers_in(text: str) -> Iterator[re.Match[str]]:
    """Every number of a text in order, in digits or in words.

    Their first words are looked for first: one pattern of all number words costs two milliseconds a story.
    """
    found: list[re.Match[str]] = []
    end = 0
    for start, _ in digits_in(text):
        number = _DIGIT_NUMBER.match(text, start) if start >= end else None
        if number:
            found.append(number)
            end = number.end()
    end = 0
    for start in _words_in(text):
        number = _WORD_NUMBER.match(text, start) if start >= end else None
        if number:
            found.append(number)
            end = number.end()
    yield from sorted(found, key=lambda one: one.start())


def holds_foreign_digits(text: str) -> bool:
    """Whether digits of a script may stand here that spells them in its own way."""
    return begins_any(text, _FOREIGN_BYTES) and _FOREIGN_DIGITS.search(text) is not None


def digits_in(text: str) -> list[tuple[int, int]]:
    """Every run of digits; of nearly all texts by bytes, at a third of what a pattern costs."""
    if not text.isascii() and holds_foreign_digits(text):
        return [found.span() for found in _RUN.finditer(text)]
    found, at = [], 0
    for run in text.encode("latin-1", "replace").translate(_ONLY_DIGITS).decode("ascii").split():
        start = text.find(run, at)
        at = start + len(run)
        found.append((start, at))
    return found


def _words_in(text: str) -> list[int]:
    """Where a run of letters is the first word of a number."""
    folded = text.encode("latin-1", "replace").lower()
    found = []
    for _, start, end in _FIRST_WORD.find_matches_as_indexes(folded, overlapping=True):
        if not folded[start - 1 : start].isalpha() and not folded[end : end + 1].isalpha():
            found.append(start)
    return sorted(found)


def value_of(digits: str, language: str) -> float | None:
    """``27,311`` is 27.311 in Indonesian and 27311 in English; ``104.082`` the reverse."""
    digits = digits.strip()
    if digits.isdecimal():
        return float(digits)
    word = _WORDS.get(digits.lower())
    if word is not None:
        return word
    thousand, decimal = (",", ".") if language == "en" else (".", ",")
    if _GROUPED[thousand].fullmatch(digits):
        digits = digits.replace(thousand, "").replace(decimal, ".")
    elif decimal in digits and thousand not in digits:
        digits = digits.replace(decimal, ".") if digits.count(decimal) == 1 else digits.replace(decimal, "")
    elif thousand in digits and digits.count(thousand) == 1 and decimal not in digits:
        digits = digits.replace(thousand, ".")  # "1.5 ton" in Indonesian: no thousands group
    else:
        digits = digits.replace(thousand, "").replace(decimal, ".")
    try:
        return float(digits)
    except ValueError:
        return None


def range_of(found: re.Match[str], language: str) -> tuple[float, float | None] | None:
    """The low and high value of a match; high is None for "at least"."""
    vague = _VAGUE.get(found["low"].lower())
    if vague:
        return vague
    low = value_of(found["low"], language)
    if low is None:
        return None
    scale = _SCALES.get((found["scale"] or "").lower(), 1.0)
    high = value_of(found["high"], language) if found["high"] else low
    if high is None or high < low:
        high = low
    if found.string[found.start() - 1 : found.start()].isspace() and _LEAST_BEFORE.search(
        found.string, max(0, found.start() - 20), found.start()
    ):
        return low * scale, None
    return low * scale, high * scale
