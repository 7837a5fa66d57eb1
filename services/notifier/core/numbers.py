"""Say counts and measures as a reader of the language writes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from services.contracts.tagging import Facts, Number
from services.notifier.core.languages import nearest
from services.notifier.core.snapshot import PEOPLE
from services.notifier.core.vocabulary import Words
from services.notifier.core.words import say_outlet, say_term


def say_amount(words: Words, value: float) -> str:
    """``1.250,5`` in Indonesian, ``1,250.5`` in English; at most two decimals."""
    text = f"{value:,.2f}".rstrip("0").rstrip(".")
    if nearest(words.language) != "id":
        return text
    return text.translate(str.maketrans(",.", ".,"))


def say_range(words: Words, number: Number) -> str:
    """One number, a range, or "at least"."""
    low = say_amount(words, number.low)
    if number.high is None:
        return words.labels["at_least"].format(n=low)
    return low if number.high == number.low else f"{low}-{say_amount(words, number.high)}"


def say_quantity(words: Words, number: Number) -> str:
    """A measure with its unit and what is measured, e.g. ``45 kg sabu``."""
    parts = [say_range(words, number), say_term(words, number.unit), say_term(words, number.of)]
    return " ".join(dict.fromkeys(part for part in parts if part))


def highest(numbers: Sequence[Number]) -> Number | None:
    """The number a headline would give: the highest that any source reports."""
    return max(numbers, key=lambda number: number.low, default=None)


def headline_counts(words: Words, facts: Facts) -> list[str]:
    """People first, each count once and the highest of what is reported, then measures."""
    said = []
    minors = highest(facts.minors)
    for name in PEOPLE:
        number = highest(getattr(facts, name))
        if number is None or (name == "minors" and facts.victims):
            continue
        text = f"{say_range(words, number)} {words.people[name]}"
        if name == "victims" and minors is not None:
            text += f" ({words.labels['of_whom_minors'].format(n=say_range(words, minors))})"
        said.append(text)
    said += [say_quantity(words, best) for group in _measured(facts).values() if (best := highest(group))]
    return said


def _measured(facts: Facts) -> dict[tuple[str, str], list[Number]]:
    """Measures by what is measured and in what; one without a substance that is another's amount is that one."""
    named = {(number.low, number.high, number.unit) for number in facts.quantities if number.of}
    found: dict[tuple[str, str], list[Number]] = {}
    for number in facts.quantities:
        if number.of or (number.low, number.high, number.unit) not in named:
            found.setdefault((number.of, number.unit), []).append(number)
    return found


def reported_counts(words: Words, facts: Facts, outlets: dict[str, str]) -> list[tuple[str, str]]:
    """Each count with who reports it: where sources differ, each stands for itself."""
    lines = [
        (words.people[name].capitalize(), reported)
        for name in PEOPLE
        if (reported := _reported(words, getattr(facts, name), outlets))
    ]
    for (of, unit), numbers in _measured(facts).items():
        label = say_term(words, of or unit).capitalize()
        lines.append((label, _reported(words, numbers, outlets, unit=say_term(words, unit) if of else "")))
    return lines


def _reported(words: Words, numbers: Iterable[Number], outlets: dict[str, str], unit: str = "") -> str:
    """``12, 3 (ANTARA); 15 (Tribun)``: whoever gives several numbers is named once."""
    said: dict[str, list[str]] = {}
    for number in numbers:
        value = " ".join(part for part in (say_range(words, number), unit) if part)
        values = said.setdefault(say_outlet(outlets.get(number.source, "?")), [])
        if value not in values:
            values.append(value)
    return "; ".join(f"{', '.join(values[:4])} ({outlet})" for outlet, values in said.items())
