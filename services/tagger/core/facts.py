"""Read the facts card of a story: counts, weights, money, dates, and words of closed lists."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.contracts.codes import Role
from services.contracts.tagging import MASK
from services.tagger.core.book import Rulebook
from services.tagger.core.fact_card import Count, FactCard, Word
from services.tagger.core.fact_dates import dates_in, is_year
from services.tagger.core.fact_words import (
    AUXILIARIES,
    CURRENCY,
    DONE_TO_PEOPLE,
    GONE,
    MINORS,
    MISSING,
    MONEY,
    NOT_PEOPLE,
    PEOPLE,
    PERSONS,
    RUPIAH,
    SCALE,
    SUBSTANCES,
    SUSPECTS,
    UNITS,
    VICTIMS,
)
from services.tagger.core.folding import fold
from services.tagger.core.khmer_counts import khmer_counts
from services.tagger.core.numerals import numbers_in, range_of, value_of
from services.tagger.core.places import FoundPlace
from services.tagger.core.reading import Reading
from services.tagger.core.spans import Span

#: Low, high, unit and what of: what makes two counts the same.
_Measured = tuple[float, float | None, str, str]
_MAX_NUMBERS = 6
_MAX_TERMS = 5
_NOUN_WORDS = 5
_CLAUSE = 70  # characters after a number that its noun stands in
#: One of these words stands beside every number that is read, but for those of headlines that leave them out.
_COUNTED = PEOPLE | UNITS.keys()
_COINS = frozenset({"rp", "idr", "rm", "us", "usd", "dolar", "ringgit"})
_GROUPED = re.compile(r"\d{1,3}(?:[.,]\d{3})+")
_SHARE = re.compile(r"\s?(?:%|per ?cent\b|persen\b|peratus\b)", re.IGNORECASE)
_CLAUSE_END = re.compile(r"[.!?;]\s")


@dataclass
class _Card:
    """The facts while they are gathered."""

    numbers: dict[str, dict[_Measured, Count]] = field(default_factory=dict)
    terms: dict[str, dict[str, Word]] = field(default_factory=dict)

    def number(self, slot: str, low: float, high: float | None, unit: str, *, of: str, span: Span) -> None:
        kept, key = self.numbers.setdefault(slot, {}), (low, high, unit, of)
        if len(kept) < _MAX_NUMBERS and key not in kept:
            kept[key] = Count(*key, (span,))

    def term(self, slot: str, value: str, span: Span) -> None:
        kept = self.terms.setdefault(slot, {})
        if value not in kept and len(kept) < _MAX_TERMS:
            kept[value] = Word(value, (span,))

    def facts(self) -> FactCard:
        values: dict[str, Any] = {slot: tuple(kept.values()) for slot, kept in (self.numbers | self.terms).items()}
        return FactCard(**values)


def read_facts(
    reading: Reading,
    book: Rulebook,
    places: Iterable[FoundPlace],
    *,
    language: str,
    published: date | None,
) -> FactCard:
    """Everything the story reports as numbers, dates and words of closed lists; nothing is guessed."""
    card = _Card()
    for found in numbers_in(reading.whole[:20_000]):
        _count(found, card, reading, language)
    if language == "km":
        _count_khmer(card, reading)
    for money in MONEY.finditer(reading.whole[:20_000]):
        _money(money, card, reading, language)
    for slot, value, span in _terms(reading, book):
        card.term(slot, value, span)
    for day, span in dates_in(reading, published):
        card.term("event_date", day.isoformat(), span)
    for place in sorted(places, key=lambda p: _ROUTE.get(p.role, 9)):
        if place.role in _ROUTE and place.evidence:
            card.term("route", f"{place.role.value}: {place.entry.name}", place.evidence[0])
    return card.facts()


_ROUTE = {Role.ORIGIN: 0, Role.TRANSIT: 1, Role.DESTINATION: 2}


def _count_khmer(card: _Card, reading: Reading) -> None:
    for one in khmer_counts(reading.whole[:20_000]):
        if MASK not in reading.cleared[one.start : one.end]:
            span = _span(reading, one.start, one.end, f"facts/{one.slot}")
            card.number(one.slot, one.low, one.high, one.unit, of=one.of, span=span)


def _count(found: re.Match[str], card: _Card, reading: Reading, language: str) -> None:
    whole, end = reading.whole, found.end()
    line = whole.find("\n", end, end + _CLAUSE)
    last = line if line >= 0 else end + _CLAUSE
    stop = _CLAUSE_END.search(whole, end, last)
    words = reading.folded[end : stop.start() if stop else last].decode().split()[: _NOUN_WORDS + 3]
    while words and words[0] in AUXILIARIES and _in_the_title(found, reading):
        del words[0]  # "thousands are now stranded", "40 masih tertahan"
    if not words or words[0] in NOT_PEOPLE or _counts_nothing(words) or _SHARE.match(whole, end):
        return  # "90% of the children" is no count of them either
    at = _unit(words)
    if at is None and words[0] not in DONE_TO_PEOPLE and PEOPLE.isdisjoint(words[:3]):
        return  # most numbers count nothing of ours: their value is not worth reading
    values = range_of(found, language)
    if values is None:
        return
    if at is not None:
        _measure(found, values, words[at:], card, reading, of=SUBSTANCES[words[0]] if at else "")
        return
    if (
        found["low"].isdigit()
        and values[0] > 1900
        and (words[0] not in PERSONS | VICTIMS or is_year(reading.whole, found.start()))
    ):
        return
    before = fold(whole[max(0, found.start() - 30) : found.start()]).decode().split()[-3:]
    slot = None if _COINS & set(before[-1:]) else _slot(words)  # "Dengan Rp 40 Juta, Imigran ..."
    if slot is None and words[0] in DONE_TO_PEOPLE and _in_the_title(found, reading):
        slot = "persons"
    if slot is None:
        return
    if slot != "missing" and GONE & set(before):
        slot = "deaths"
    low, high = _of_people(found, values)
    span = _span(reading, found.start("low"), found.end() + len(words[0]) + 1, f"facts/{slot}")
    card.number(slot, low, high, "person", of=slot, span=span)


def _of_people(found: re.Match[str], values: tuple[float, float | None]) -> tuple[float, float | None]:
    """People come whole: "1,300 victims" is 1300 even in a headline that is taken for Indonesian."""
    low, high = values
    if found["scale"] or found["high"] or not _GROUPED.fullmatch(found["low"]):
        return values
    whole = float(re.sub("[.,]", "", found["low"]))
    return whole, None if high is None else whole + high - low


def _counts_nothing(words: list[str]) -> bool:
    """Neither people nor a measure: asked first, since most numbers end here."""
    return words[0] not in DONE_TO_PEOPLE and _COUNTED.isdisjoint(words[:3])


def _unit(words: list[str]) -> int | None:
    """Which of the first three words is a unit, with nothing but what it measures before it."""
    for index, word in enumerate(words[:3]):
        if word in UNITS:
            return index
        if word not in SUBSTANCES:
            return None
    return None


def _in_the_title(found: re.Match[str], reading: Reading) -> bool:
    return reading.has_title and found.end() < reading.sentences.ends[0]


def _slot(words: list[str]) -> str | None:
    """Which count these words after a number stand for."""
    noun = words[:4]
    for word in noun[:3]:
        if word in PEOPLE:
            break
        if word in UNITS or word in NOT_PEOPLE:
            return None
    else:
        return None
    near = set(words[:6])
    if near & GONE:
        return "deaths"
    if near & MISSING:
        return "missing"
    for slot, nouns in (("victims", VICTIMS), ("suspects", SUSPECTS), ("minors", MINORS)):
        if nouns & set(noun):
            return slot
    return "persons"


def _measure(
    found: re.Match[str],
    values: tuple[float, float | None],
    words: list[str],
    card: _Card,
    reading: Reading,
    *,
    of: str,
) -> None:
    unit, factor = UNITS[words[0]]
    of = of or next((SUBSTANCES[word] for word in words[:6] if word in SUBSTANCES), "")
    if not of:
        before = [
            word.decode() for word in fold(reading.whole[max(0, found.start() - 40) : found.start()]).split()[-5:]
        ]
        of = next((SUBSTANCES[word] for word in reversed(before) if word in SUBSTANCES), "")
    if not of and unit not in {"kg", "l", "piece"}:
        return
    low, high = values[0] * factor, None if values[1] is None else values[1] * factor
    span = _span(reading, found.start("low"), found.end() + len(words[0]) + 1, "facts/quantities")
    card.number("quantities", round(low, 6), None if high is None else round(high, 6), unit, of=of, span=span)


def _money(found: re.Match[str], card: _Card, reading: Reading, language: str) -> None:
    unit = CURRENCY[found["unit"]]
    value = value_of(found["low"], "id" if unit == "IDR" else language)
    if value is None:
        return
    scale = found["scale"] or ""
    value *= RUPIAH[scale] if unit == "IDR" and scale in RUPIAH else SCALE.get(scale, 1)
    span = _span(reading, found.start(), found.end(), "facts/money")
    card.number("money", value, value, unit, of="", span=span)


def _terms(reading: Reading, book: Rulebook) -> Iterator[tuple[str, str, Span]]:
    everything = reading.everything
    for rule in [rule for rule in book.terms if everything & rule.concept]:
        hit = reading.first(rule.concept)
        if hit:
            yield rule.slot, rule.value, reading.span(hit.start, hit.end, f"facts/{rule.slot}")


def _span(reading: Reading, start: int, end: int, rule: str) -> Span:
    return reading.span(start, min(end, len(reading.whole)), rule)
