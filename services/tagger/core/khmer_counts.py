"""Read counts of people and weights in Khmer: noun, number and classifier follow each other without spaces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TO_ASCII = str.maketrans("០១២៣៤៥៦៧៨៩", "0123456789")
_UNITS = {"មួយ": 1, "ពីរ": 2, "បី": 3, "បួន": 4, "ប្រាំមួយ": 6, "ប្រាំពីរ": 7, "ប្រាំបី": 8, "ប្រាំបួន": 9, "ប្រាំ": 5}
_TENS = {
    "ដប់": 10, "ម្ភៃ": 20, "សាមសិប": 30, "សែសិប": 40, "ហាសិប": 50, "ហុកសិប": 60, "ចិតសិប": 70, "ប៉ែតសិប": 80, "កៅសិប": 90,
}  # fmt: skip
_VAGUE = {"រាប់សិប": (20.0, 99.0), "រាប់រយ": (200.0, 999.0), "រាប់ពាន់": (2000.0, 9999.0)}
_SCALES = {"រយ": 100, "ពាន់": 1000, "ម៉ឺន": 10_000, "សែន": 100_000, "លាន": 1_000_000}


def _one_of(words: dict[str, object] | dict[str, int] | dict[str, tuple[float, float]]) -> str:
    return "|".join(sorted(words, key=len, reverse=True))


_NUMBER = (
    r"(?:(?P<digits>[0-9០-៩]+(?:[.,][0-9០-៩]+)*)"
    rf"|(?P<words>(?:{_one_of(_TENS)})(?:{_one_of(_UNITS)})?|{_one_of(_UNITS)})"
    rf"|(?P<vague>{_one_of(_VAGUE)}))[ \u200b]*(?P<scale>{_one_of(_SCALES)})?[ \u200b]*"
)
_PERSONS_COUNTED = re.compile(rf"(?:{_NUMBER}|(?P<one>ម្))នាក់(?P<more>ជាង)?")
_WEIGHED = re.compile(rf"{_NUMBER}(?P<unit>គីឡូក្រាម|គីឡូ|គ\.?ក|តោន)")
_RANGE = re.compile(r"(?:[0-9០-៩]|នាក់)[ \u200b]*(?:ទៅ|ដល់|-|–)[ \u200b]*$")
_AT_LEAST = re.compile(r"(?:ជាង|យ៉ាងតិច|យ៉ាងហោចណាស់)[ \u200b]*(?:ចំនួន)?[ \u200b]*$")
#: Ends a clause: what stands before it counts nothing after it.
_BREAK = re.compile("[។៕!?;:()«»\n]|[0-9០-៩]|នាក់")
_BEFORE, _AFTER, _NEAR = 48, 24, 20
_AND = "និង"
_NOUNS = {
    "ជនរងគ្រោះ": "victims", "ជនសង្ស័យ": "suspects", "មេខ្យល់": "suspects", "ជនល្មើស": "suspects", "ចារី": "suspects",
    "កុមារ": "minors", "អនីតិជន": "minors", "ក្មេង": "minors", "ទារក": "minors",
    "ពលករ": "persons", "កម្មករ": "persons", "ជនបរទេស": "persons", "ជនជាតិ": "persons", "ពលរដ្ឋ": "persons",
    "មនុស្ស": "persons", "ជនអន្តោប្រវេសន៍": "persons", "ចំណាកស្រុក": "persons", "អ្នកដំណើរ": "persons",
    "អ្នកនេសាទ": "persons", "និវត្តជន": "persons",
}  # fmt: skip
_DEAD, _MISSING, _HURT = "ស្លាប់", "បាត់ខ្លួន", "របួស"
#: Officers, witnesses and a share of those counted are none of ours.
_OTHERS = ("សមត្ថកិច្ច", "នគរបាល", "មន្ត្រី", "ប៉ូលិស", "កងទ័ព", "ទាហាន", "សាក្សី", "ស្រី", "ប្រុស", "នារី", "បុរស")
_SUBSTANCES = {
    "មេតំហ្វេតាមីន": "methamphetamine", "ម៉ាទឹកកក": "methamphetamine", "ហេរ៉ូអ៊ីន": "heroin", "កេតាមីន": "ketamine",
    "កញ្ឆា": "cannabis", "កូកាអ៊ីន": "cocaine", "គ្រឿងញៀន": "narcotics",
}  # fmt: skip
_LARGEST = 1_000_000


@dataclass(frozen=True)
class KhmerCount:
    """A count with the slot of the facts card it belongs to, and where it stands."""

    slot: str
    low: float
    high: float | None
    unit: str
    of: str
    start: int
    end: int


def khmer_counts(whole: str) -> Iterator[KhmerCount]:
    """People and weights that leave no doubt what is counted; everything else is left out."""
    for found in _PERSONS_COUNTED.finditer(whole):
        values = _values(found, whole, persons=True)
        slot = _slot(whole, found)
        if values and slot:
            yield KhmerCount(slot, *values, "person", slot, found.start(), found.end())
    for found in _WEIGHED.finditer(whole):
        values, of = _values(found, whole, persons=False), _substance(whole, found)
        if values and of:
            times = 1000 if found["unit"] == "តោន" else 1
            low, high = values[0] * times, None if values[1] is None else values[1] * times
            yield KhmerCount("quantities", low, high, "kg", of, found.start(), found.end())


def _values(found: re.Match[str], whole: str, *, persons: bool) -> tuple[float, float | None] | None:
    """The bounds of a number; nothing for the end of a range, and where a sign may be a decimal or a thousand."""
    before = whole[max(0, found.start() - 20) : found.start()]
    if _RANGE.search(before) or _is_within_a_word(found, whole):
        return None
    if persons and found["one"]:
        return 1.0, 1.0
    if found["vague"]:
        return None if found["scale"] else _VAGUE[found["vague"]]
    value = _of_digits(found["digits"], persons=persons) if found["digits"] else _of_words(found["words"])
    if value is None:
        return None
    value *= _SCALES.get(found["scale"] or "", 1)
    if not 0 < value <= _LARGEST:
        return None
    open_ended = _AT_LEAST.search(before) or (persons and found["more"])
    return value, None if open_ended else value


def _is_within_a_word(found: re.Match[str], whole: str) -> bool:
    """A digit behind a decimal sign or a Latin letter, or a word number inside another: "ទីពីរ" is the second."""
    before = whole[max(0, found.start() - 2) : found.start()]
    if before.endswith("ទី"):
        return True
    return bool(found["digits"]) and bool(re.search(r"[\w.,/-]$", before, re.ASCII))


def _of_digits(digits: str, *, persons: bool) -> float | None:
    plain = digits.translate(_TO_ASCII)
    head, *groups = re.split("[.,]", plain)
    if not groups:
        return float(plain)
    if persons:
        whole = 1 <= len(head) <= 3 and all(len(group) == 3 for group in groups)
        return float(head + "".join(groups)) if whole else None
    return float(f"{head}.{groups[0]}") if len(groups) == 1 and len(groups[0]) != 3 else None


def _of_words(words: str) -> float:
    for ten, value in _TENS.items():
        if words.startswith(ten):
            return value + _UNITS.get(words[len(ten) :], 0)
    return float(_UNITS[words])


def _clause(whole: str, at: int) -> str:
    """What stands before, since the last number or sign."""
    before = whole[max(0, at - _BEFORE) : at]
    breaks = list(_BREAK.finditer(before))
    return before[breaks[-1].end() :] if breaks else before


def _slot(whole: str, found: re.Match[str]) -> str | None:
    """What the people are: the nearest noun before them; where two share the number or none stands, none."""
    before, after = _clause(whole, found.start()), re.split("[។៕\n0-9០-៩]", whole[found.end() :][:_AFTER])[0]
    near = before[-_NEAR:]
    if _HURT in near or after.lstrip().startswith(("រងរបួស", "ត្រូវរបួស")):
        return None
    if _DEAD in near or after.lstrip(" ត្រូវបាន").startswith(_DEAD):
        return "deaths"
    if _MISSING in near or after.lstrip().startswith(_MISSING):
        return "missing"
    nouns = sorted((before.rfind(noun), slot) for noun, slot in _NOUNS.items() if noun in before)
    if not nouns or any(before.rfind(other) > nouns[-1][0] for other in _OTHERS):
        return None
    at, slot = nouns[-1]
    together = [one for where, one in nouns[:-1] if _AND in before[where:at]]
    return slot if set(together) <= {slot} else None


def _substance(whole: str, found: re.Match[str]) -> str:
    before = _clause(whole, found.start())
    kinds = {name for word, name in _SUBSTANCES.items() if word in before}
    exact = kinds - {"narcotics"} or kinds
    return exact.pop() if len(exact) == 1 else ""
