"""The facts of a story while labels are weighed, and as the contract's card when they leave."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any, NamedTuple

from services.contracts.tagging import Facts
from services.tagger.core.spans import Span


class Count(NamedTuple):
    """What ``Number`` holds; the contract's models cost as much as reading what they are made of."""

    low: float
    high: float | None
    unit: str
    of: str
    evidence: tuple[Span, ...]


class Word(NamedTuple):
    """What ``Term`` holds."""

    value: str
    evidence: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class FactCard:
    """What ``Facts`` holds, all of it told by one story."""

    victims: tuple[Count, ...] = ()
    suspects: tuple[Count, ...] = ()
    minors: tuple[Count, ...] = ()
    deaths: tuple[Count, ...] = ()
    missing: tuple[Count, ...] = ()
    persons: tuple[Count, ...] = ()
    sexes: tuple[Word, ...] = ()
    nationalities: tuple[Word, ...] = ()
    quantities: tuple[Count, ...] = ()
    money: tuple[Count, ...] = ()
    route: tuple[Word, ...] = ()
    exploitation: tuple[Word, ...] = ()
    recruitment: tuple[Word, ...] = ()
    transport: tuple[Word, ...] = ()
    agencies: tuple[Word, ...] = ()
    legal_articles: tuple[Word, ...] = ()
    case_stage: tuple[Word, ...] = ()
    victim_status: tuple[Word, ...] = ()
    event_date: tuple[Word, ...] = ()


SLOTS = tuple(slot.name for slot in fields(FactCard))
NO_FACTS = FactCard()


def facts_of(card: FactCard, source: str) -> Facts:
    """The contract's card, checked by it; ``source`` is the story that says all of it."""
    return Facts.model_validate(dict(rows_of(card, source)))


def rows_of(card: FactCard, source: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The slots that hold anything, each with its facts as the contract's JSON has them."""
    for slot in SLOTS:
        if facts := getattr(card, slot):
            yield slot, [_row(fact, source) for fact in facts]


def _row(fact: Count | Word, source: str) -> dict[str, Any]:
    row = fact._asdict()
    evidence = [span._asdict() for span in row.pop("evidence")]
    return {**row, "source": source, "evidence": evidence}
