"""Reduce an alert to what a reader would notice, so that two states of it can be compared."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from services.contracts.alert import Alert
from services.contracts.codes import Severity
from services.contracts.tagging import Facts, Number, Term

#: Counts of people, in the order a card shows them.
PEOPLE = ("deaths", "missing", "victims", "minors", "persons", "suspects")
#: These matter from the first one on; for the others a first number is only a detail filled in.
_GRAVE = frozenset({"deaths", "missing"})
#: A count that has grown by this factor is worth a new message.
GROWTH = 1.5


@dataclass(frozen=True)
class Snapshot:
    """A state of an incident as a reader saw it; ``fingerprint`` changes when the card's content does."""

    version: int
    severity: Severity
    counts: Mapping[str, float]
    fingerprint: str
    taken_back: int = 0  # stories that their outlets took back, while others stand


def snapshot(alert: Alert) -> Snapshot:
    """The comparable state of an alert."""
    taken_back = sum(source.withdrawn for source in alert.sources)
    return Snapshot(alert.version, alert.severity, counts(alert.facts), fingerprint(alert), taken_back)


def counts(facts: Facts) -> dict[str, float]:
    """The highest number any source gives, per thing counted; measures are kept apart by unit."""
    found: dict[str, float] = {}
    for name in PEOPLE:
        _keep_highest(found, ((name, number) for number in getattr(facts, name)))
    _keep_highest(found, ((f"{number.of}/{number.unit}", number) for number in facts.quantities))
    return found


def _keep_highest(found: dict[str, float], numbers: Iterable[tuple[str, Number]]) -> None:
    for key, number in numbers:
        found[key] = max(found.get(key, 0.0), number.low)


def has_grown(before: Mapping[str, float], after: Mapping[str, float]) -> bool:
    """Whether some count grew by half or more, or somebody died or went missing for the first time."""
    for key, value in after.items():
        old = before.get(key)
        if old is None:
            if key in _GRAVE and value > 0:
                return True
        elif value > old and value >= GROWTH * old:
            return True
    return False


def fingerprint(alert: Alert) -> str:
    """A hash over what a card shows: not evidence, not the number of copies, not the version."""
    places = sorted(
        (p.name, p.region or "", p.district or "", p.country, p.role, p.counterpart or "") for p in alert.places
    )
    outlets = sorted({source.outlet for source in alert.sources if not source.withdrawn})
    shown = [
        int(alert.severity), list(alert.topics), alert.kind, alert.confidence, places, outlets,
        _shown_facts(alert.facts),
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(shown, ensure_ascii=True).encode()).hexdigest()


def _shown_facts(facts: Facts) -> list[object]:
    shown: list[object] = []
    for name in Facts.model_fields:
        values: Iterable[Number | Term] = getattr(facts, name)
        shown.append([name, sorted(_shown(value) for value in values)])
    return shown


def _shown(value: Number | Term) -> list[str]:
    if isinstance(value, Number):
        return [str(value.low), str(value.high), value.unit, value.of]
    return [value.value]
