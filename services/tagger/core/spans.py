"""What a label rests on: a tuple while labels are weighed, the contract's evidence when they leave."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from services.contracts.tagging import Evidence


class Span(NamedTuple):
    """What ``Evidence`` holds; most of them are made, compared and dropped, at a tenth of a model's price."""

    start: int
    end: int
    text: str
    rule: str


def evidence_of(spans: Iterable[Span]) -> tuple[Evidence, ...]:
    """The contract's evidence, checked by it."""
    return tuple(Evidence(start=start, end=end, text=text, rule=rule) for start, end, text, rule in spans)
