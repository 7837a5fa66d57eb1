"""Put what the sources say side by side, and say where they disagree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

from services.contracts.alert import Alert
from services.contracts.tagging import Number
from services.notifier.core.snapshot import PEOPLE

_TERMS = (
    "event_date", "nationalities", "route", "exploitation", "recruitment", "transport", "agencies",
    "legal_articles", "case_stage", "victim_status",
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One fact; ``cells`` in the order of the sources, each what that source says, empty where it is silent."""

    name: str
    of: str
    cells: tuple[tuple[str, ...], ...]
    disagree: bool


def compare(alert: Alert, say: Callable[[Number], str] | None = None) -> list[Row]:
    """A row a fact, a cell a source.

    Args:
        alert: the incident.
        say: writes a number as its reader does; without it as a program does.
    """
    say = say or _say
    order = [source.story_id for source in alert.sources]
    rows = []
    for name in (*PEOPLE, "quantities", "money"):
        numbers: list[Number] = list(getattr(alert.facts, name))
        for of, unit in dict.fromkeys((number.of, number.unit) for number in numbers):
            said = [number for number in numbers if (number.of, number.unit) == (of, unit)]
            cells = tuple(tuple(say(n) for n in said if n.source == source) for source in order)
            rows.append(Row(name, of if name not in PEOPLE else "", cells, _apart(said)))
    for name in _TERMS:
        terms = getattr(alert.facts, name)
        if terms:
            cells = tuple(
                tuple(dict.fromkeys(term.value for term in terms if term.source == source)) for source in order
            )
            # Other words are more detail; another date is a contradiction.
            apart = name == "event_date" and len({cell for cell in cells if cell}) > 1
            rows.append(Row(name, "", cells, apart))
    return rows


def _apart(numbers: list[Number]) -> bool:
    """Whether two sources' ranges have nothing in common."""
    by_source = sorted((n.low, n.high if n.high is not None else float("inf"), n.source) for n in numbers)
    return any(left[1] < right[0] and left[2] != right[2] for left, right in pairwise(by_source))


def _say(number: Number) -> str:
    low, high = f"{number.low:g}", None if number.high is None else f"{number.high:g}"
    text = f"≥ {low}" if high is None else low if high == low else f"{low}–{high}"
    return text if number.unit == "person" else f"{text} {number.unit}"
