"""Read the facts card of a story: counts, weights, money, dates, and words of closed lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.contracts.codes import Role
from services.contracts.tagging import Evidence, Facts, Number, Term
from services.tagger.core.book import Rulebook
from services.tagger.core.folding import fold
from services.tagger.core.numerals import numbers_in, range_of, value_of
from services.tagger.core.places import FoundPlace
from services.tagger.core.reading import Reading

_MAX_NUMBERS = 6
_MAX_TERMS = 5
_NOUN_WORDS = 5
_VICTIMS = frozenset(["korban", "victim", "victims", "penyintas", "survivors", "mangsa"])
_SUSPECTS = frozenset(
    [
        "tersangka",
        "pelaku",
        "terdakwa",
        "suspect",
        "suspects",
        "defendants",
        "terpidana",
        "buronan",
        "kurir",
        "perekrut",
    ]
)
_MINORS = frozenset(
    ["anak", "bayi", "balita", "siswi", "remaja", "minors", "children", "girls", "babies", "infants", "bocah"]
)
_PERSONS = frozenset(
    [
        "orang",
        "wni",
        "wna",
        "pmi",
        "cpmi",
        "tki",
        "tkw",
        "pekerja",
        "imigran",
        "pengungsi",
        "migran",
        "migrants",
        "migrant",
        "workers",
        "worker",
        "people",
        "persons",
        "nationals",
        "warga",
        "abk",
        "men",
        "women",
        "individuals",
        "rohingya",
        "deportan",
        "penumpang",
        "passengers",
        "refugees",
        "immigrants",
        "calon",
        "awak",
        "nelayan",
        "fishermen",
        "indonesians",
        "thais",
        "cambodians",
        "vietnamese",
        "chinese",
        "turis",
        "members",
        "officers",
        "foreigners",
        "wn",
    ]
)
_PEOPLE = _PERSONS | _VICTIMS | _SUSPECTS | _MINORS
_GONE = frozenset(["tewas", "meninggal", "died", "dead", "killed", "drowned"])
_MISSING = frozenset(["hilang", "missing"])
_NOT_PEOPLE = frozenset(
    [
        "tahun",
        "bulan",
        "hari",
        "jam",
        "menit",
        "persen",
        "percent",
        "years",
        "year",
        "months",
        "days",
        "hours",
        "kali",
        "meter",
        "km",
    ]
)
#: Our unit, how many of it one of theirs is, and their words.
_UNIT_WORDS: tuple[tuple[str, float, str], ...] = (
    ("kg", 1, "kg kilogram kilograms kilo kilos"),
    ("kg", 0.001, "gram grams"),
    ("kg", 1000, "ton tons tonnes tonne"),
    ("l", 1, "liter litres liters"),
    ("piece", 1, "butir ekor pucuk batang botol pills tablets pieces unit motorcycles peluru"),
    ("carton", 1, "karton cartons"),
    ("sack", 1, "karung sacks"),
    ("packet", 1, "bungkus paket"),
    ("boat", 1, "kapal boats"),
)
_UNITS = {word: (unit, factor) for unit, factor, words in _UNIT_WORDS for word in words.split()}
#: What a weight or a number of pieces is of, by the word beside it.
_SUBSTANCE_WORDS: dict[str, str] = {
    "methamphetamine": "sabu meth methamphetamine crystal metamfetamina syabu",
    "cannabis": "ganja cannabis marijuana",
    "heroin": "heroin",
    "ketamine": "ketamin ketamine",
    "cocaine": "kokain cocaine",
    "ecstasy": "ekstasi ecstasy",
    "narcotics": "narkotika narkoba drugs",
    "lobster larvae": "lobster benih benur",
    "turtle eggs": "telur",
    "pangolin": "trenggiling pangolin",
    "crocodiles": "buaya",
    "ammunition": "peluru amunisi ammunition bullets",
    "firearms": "senjata",
    "fuel": "solar bbm fuel",
    "cigarettes": "rokok cigarettes",
    "liquor": "miras minuman",
    "vessels": "kapal boats",
    "motorcycles": "motorcycles",
    "onions": "bawang",
    "rice": "beras",
    "sugar": "gula",
    "meat": "daging",
    "timber": "kayu timber",
}
_SUBSTANCES = {word: name for name, words in _SUBSTANCE_WORDS.items() for word in words.split()}
_MONEY = re.compile(
    r"(?P<unit>Rp\.?|US\$|USD|\$|RM|SGD|S\$|THB|AU\$)\s?(?P<low>\d[\d.,]*\d|\d)"
    r"(?:\s+(?P<scale>ribu|juta|miliar|triliun|million|billion|trillion))?"
)
_CLAUSE_END = re.compile(r"[.!?;]\s")
_CURRENCY = {
    "Rp": "IDR",
    "Rp.": "IDR",
    "US$": "USD",
    "USD": "USD",
    "$": "USD",
    "RM": "MYR",
    "SGD": "SGD",
    "S$": "SGD",
    "THB": "THB",
    "AU$": "AUD",
}
_SCALE = {"ribu": 1e3, "juta": 1e6, "miliar": 1e9, "triliun": 1e12}
_SCALE |= {"million": 1e6, "billion": 1e9, "trillion": 1e12}
_MONTH_WORDS = (
    "januari january jan",
    "februari february feb",
    "maret march mar",
    "april apr",
    "mei may",
    "juni june jun",
    "juli july jul",
    "agustus august aug agu",
    "september sept sep",
    "oktober october oct okt",
    "november nov",
    "desember december dec des",
)
_MONTHS = {name: number for number, names in enumerate(_MONTH_WORDS, 1) for name in names.split()}
_SLASHED = re.compile(r"\((?P<day>\d{1,2})/(?P<month>\d{1,2})(?:/(?P<year>\d{2,4}))?\)")
_SPELT = re.compile(
    r"\b(?P<day>\d{1,2})\s+(?P<month>[A-Z][a-z]{2,8})(?:\s+(?P<year>20\d\d))?\b"
    r"|\b(?P<month2>[A-Z][a-z]{2,8})\.?\s+(?P<day2>\d{1,2})(?:,?\s+(?P<year2>20\d\d))?\b"
)


@dataclass
class _Card:
    """The facts while they are gathered."""

    story_id: str
    numbers: dict[str, list[Number]] = field(default_factory=dict)
    terms: dict[str, dict[str, Term]] = field(default_factory=dict)

    def number(self, slot: str, low: float, high: float | None, unit: str, *, of: str, span: Evidence) -> None:
        kept = self.numbers.setdefault(slot, [])
        same = any(n.low == low and n.high == high and n.unit == unit and n.of == of for n in kept)
        if len(kept) < _MAX_NUMBERS and not same:
            kept.append(
                Number.model_construct(
                    low=low, high=high, unit=unit, of=of, source=self.story_id, evidence=(span,)
                )
            )

    def term(self, slot: str, value: str, span: Evidence) -> None:
        kept = self.terms.setdefault(slot, {})
        if value not in kept and len(kept) < _MAX_TERMS:
            kept[value] = Term.model_construct(value=value, source=self.story_id, evidence=(span,))

    def facts(self) -> Facts:
        values: dict[str, Any] = dict.fromkeys(Facts.model_fields, ())
        values.update({slot: tuple(numbers) for slot, numbers in self.numbers.items()})
        values.update({slot: tuple(terms.values()) for slot, terms in self.terms.items()})
        return Facts.model_construct(**values)


def read_facts(
    story_id: str,
    reading: Reading,
    book: Rulebook,
    places: Iterable[FoundPlace],
    *,
    language: str,
    published: date | None,
) -> Facts:
    """Everything the story reports as numbers, dates and words of closed lists; nothing is guessed."""
    card = _Card(story_id)
    for found in numbers_in(reading.whole[:20_000]):
        _count(found, card, reading, language)
    for money in _MONEY.finditer(reading.whole[:20_000]):
        _money(money, card, reading, language)
    for slot, value, span in _terms(reading, book):
        card.term(slot, value, span)
    for day, span in _dates(reading, published):
        card.term("event_date", day.isoformat(), span)
    for place in sorted(places, key=lambda p: _ROUTE.get(p.role, 9)):
        if place.role in _ROUTE and place.evidence:
            card.term("route", f"{place.role.value}: {place.entry.name}", place.evidence[0])
    return card.facts()


_ROUTE = {Role.ORIGIN: 0, Role.TRANSIT: 1, Role.DESTINATION: 2}


def _count(found: re.Match[str], card: _Card, reading: Reading, language: str) -> None:
    values = range_of(found, language)
    if values is None:
        return
    after = reading.whole[found.end() : found.end() + 70].split("\n", 1)[0]
    words = fold(_CLAUSE_END.split(after, 1)[0]).decode().split()[: _NOUN_WORDS + 3]
    if not words or words[0] in _NOT_PEOPLE:
        return
    if words[0] in _UNITS:
        _measure(found, values, words, card, reading)
        return
    if found["low"].isdigit() and values[0] > 1900 and words[0] not in _PERSONS | _VICTIMS:
        return
    slot = _slot(words)
    if slot is None:
        return
    before = fold(reading.whole[max(0, found.start() - 30) : found.start()]).decode().split()[-3:]
    if slot != "missing" and _GONE & set(before):
        slot = "deaths"
    low, high = values
    span = _span(reading, found.start("low"), found.end() + len(words[0]) + 1, f"facts/{slot}")
    card.number(slot, low, high, "person", of=slot, span=span)


def _slot(words: list[str]) -> str | None:
    """Which count these words after a number stand for."""
    noun = words[:4]
    first = next((index for index, word in enumerate(noun[:3]) if word in _PEOPLE), None)
    if first is None or any(word in _UNITS or word in _NOT_PEOPLE for word in noun[:first]):
        return None
    near = set(words[:6])
    if near & _GONE:
        return "deaths"
    if near & _MISSING:
        return "missing"
    for slot, nouns in (("victims", _VICTIMS), ("suspects", _SUSPECTS), ("minors", _MINORS)):
        if nouns & set(noun):
            return slot
    return "persons"


def _measure(
    found: re.Match[str], values: tuple[float, float | None], words: list[str], card: _Card, reading: Reading
) -> None:
    unit, factor = _UNITS[words[0]]
    of = next((_SUBSTANCES[word] for word in words[:6] if word in _SUBSTANCES), "")
    if not of:
        before = [
            word.decode() for word in fold(reading.whole[max(0, found.start() - 40) : found.start()]).split()[-5:]
        ]
        of = next((_SUBSTANCES[word] for word in reversed(before) if word in _SUBSTANCES), "")
    if not of and unit not in {"kg", "l", "piece"}:
        return
    low, high = values[0] * factor, None if values[1] is None else values[1] * factor
    span = _span(reading, found.start("low"), found.end() + len(words[0]) + 1, "facts/quantities")
    card.number("quantities", round(low, 6), None if high is None else round(high, 6), unit, of=of, span=span)


def _money(found: re.Match[str], card: _Card, reading: Reading, language: str) -> None:
    unit = _CURRENCY[found["unit"]]
    value = value_of(found["low"], "id" if unit == "IDR" else language)
    if value is None:
        return
    value *= _SCALE.get(found["scale"] or "", 1)
    span = _span(reading, found.start(), found.end(), "facts/money")
    card.number("money", value, value, unit, of="", span=span)


def _terms(reading: Reading, book: Rulebook) -> Iterator[tuple[str, str, Evidence]]:
    for rule in book.terms:
        hit = reading.first(rule.concept)
        if hit:
            yield rule.slot, rule.value, reading.span(hit.start, hit.end, f"facts/{rule.slot}")


def _dates(reading: Reading, published: date | None) -> Iterator[tuple[date, Evidence]]:
    """Dates in the text, not later than publication and not older than ninety days before it."""
    for pattern in (_SLASHED, _SPELT):
        for found in pattern.finditer(reading.whole[:6000]):
            parts = found.groupdict()
            day, month = parts.get("day") or parts.get("day2"), parts.get("month") or parts.get("month2")
            year = parts.get("year") or parts.get("year2")
            number = _MONTHS.get(str(month).lower()) or (int(month) if month and month.isdigit() else None)
            if not day or not number:
                continue
            resolved = _resolve(int(day), number, year, published)
            if resolved:
                yield resolved, _span(reading, found.start(), found.end(), "facts/event_date")


def _resolve(day: int, month: int, year: str | None, published: date | None) -> date | None:
    if year is None and published is None:
        return None
    try:
        full = int(year) + (2000 if len(year) == 2 else 0) if year else published.year if published else 0
        found = date(full, month, day)
        if year is None and published and (found - published).days > 30:
            found = date(full - 1, month, day)  # "30/12" read in January
    except ValueError:
        return None
    if published and not -1 <= (published - found).days <= 90:
        return None
    return found


def _span(reading: Reading, start: int, end: int, rule: str) -> Evidence:
    return reading.span(start, min(end, len(reading.whole)), rule)
