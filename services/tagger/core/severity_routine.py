"""Tell the day's work of police, customs and consuls from what is more."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from services.contracts.codes import Kind, Topic
from services.tagger.core.book import Rulebook
from services.tagger.core.fact_card import Count, FactCard
from services.tagger.core.reading import Reading

HARD_DRUGS = frozenset({"methamphetamine", "heroin", "ketamine", "cocaine", "narcotics", ""})
#: So many caught at once are no routine.
HELD_HIGH = 10
#: Sending people home is routine by the dozen and only then a matter of numbers.
SENT_MANY = 50
_FEW_ANIMALS = 5
#: Below all of these contraband is a car's or a suitcase's load, by unit; money in the order of US$ 100,000.
_SMALL_LOAD = {"kg": 1000.0, "l": 1000.0, "carton": 500.0, "sack": 100.0, "packet": 5000.0, "piece": 100.0}
_SMALL_STICKS = 20_000  # of cigarettes
_NEVER_SMALL = frozenset({"motorcycles", "vessels"})
_SMALL_MONEY = {"IDR": 1.5e9, "USD": 1e5, "MYR": 4e5, "SGD": 1.3e5, "THB": 3.5e6, "AUD": 1.5e5}


def is_routine(topics: Sequence[Topic], kind: Kind, facts: FactCard, reading: Reading, book: Rulebook) -> bool:
    """A single overstayer, one animal, a car's load of onions, a dozen workers sent home."""
    if topics[0] is Topic.MIGRANT_RETURN_PROTECTION:
        return kind is not Kind.JUDICIAL and _homecoming(facts, reading, book)
    ask = _OF_OFFICERS.get(topics[0])
    return kind is Kind.ENFORCEMENT and ask is not None and ask(facts, reading, book)


def _homecoming(facts: FactCard, reading: Reading, book: Rulebook) -> bool:
    """Fewer than fifty sent or brought home, nobody of them hurt or dead."""
    if not reading.has_title or not reading.bits[0] & (book.bit("sent_home_word") | book.bit("s_home")):
        return False
    if reading.lead_bits & (book.bit("s_harm") | book.bit("s_death")):
        return False
    return not _so_many(facts, SENT_MANY)


def _foreigners(facts: FactCard, reading: Reading, book: Rulebook) -> bool:
    """Fewer than ten caught or fifty deported, none of them a forger, a fugitive or dead."""
    if _somebody_died(facts, reading, book):
        return False
    least = SENT_MANY if reading.bits[0] & book.bit("sent_home_word") else HELD_HIGH
    return not reading.lead_bits & (book.bit("s_forge") | book.bit("s_master")) and not _so_many(facts, least)


def _so_many(facts: FactCard, least: int) -> bool:
    return any(number.low >= least for number in (*facts.persons, *facts.victims))


def _animals(facts: FactCard, reading: Reading, book: Rulebook) -> bool:
    """Songbirds without papers, or a handful of animals that nobody calls rare."""
    if reading.lead_bits & book.bit("s_prized"):
        return False
    few = all(number.low < _FEW_ANIMALS for number in facts.quantities) and not facts.money
    return few or bool(reading.lead_bits & book.bit("s_songbird"))


def _goods(facts: FactCard, reading: Reading, book: Rulebook) -> bool:
    """Whether what was seized is told, and is little."""
    told = [_is_small(number) for number in facts.quantities if number.unit in _SMALL_LOAD]
    told += [number.low < _SMALL_MONEY[number.unit] for number in facts.money if number.unit in _SMALL_MONEY]
    return bool(told) and all(told)


def _is_small(number: Count) -> bool:
    if number.of == "cigarettes" and number.unit == "piece":
        return number.low < _SMALL_STICKS
    return number.of not in _NEVER_SMALL and number.low < _SMALL_LOAD[number.unit]


def _drugs(facts: FactCard, reading: Reading, book: Rulebook) -> bool:
    """Less than a kilogram, where a weight is told."""
    weights = [number.low for number in facts.quantities if number.unit == "kg" and number.of in HARD_DRUGS]
    return bool(weights) and max(weights) < 1


def _crossing(facts: FactCard, reading: Reading, book: Rulebook) -> bool:
    return not _somebody_died(facts, reading, book) and not any(
        number.low >= HELD_HIGH for number in facts.persons
    )


def _somebody_died(facts: FactCard, reading: Reading, book: Rulebook) -> bool:
    return bool(facts.deaths) or bool(reading.lead_bits & book.bit("s_death"))


_OF_OFFICERS: dict[Topic, Callable[[FactCard, Reading, Rulebook], bool]] = {
    Topic.DOCUMENT_IMMIGRATION: _foreigners,
    Topic.WILDLIFE_TIMBER: _animals,
    Topic.GOODS_SMUGGLING: _goods,
    Topic.DRUG_TRAFFICKING: _drugs,
    Topic.BORDER_SECURITY: _crossing,
}
