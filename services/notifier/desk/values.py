"""Say the values of facts: words of closed lists in the desk's language, numbers as the language writes them."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time

from services.contracts.codes import Role
from services.contracts.tagging import Number
from services.notifier.core.clean import clean_line
from services.notifier.core.clock import say_date
from services.notifier.core.numbers import say_range
from services.notifier.core.snapshot import PEOPLE
from services.notifier.core.vocabulary import Words
from services.notifier.core.words import say_term
from services.notifier.desk.speech import Speech

_NOT_A_WORD = re.compile(r"[^a-z0-9]+")
_MEASURED = frozenset({*PEOPLE, "quantities", "money"})
_LONGEST = 120


def key_of(value: str) -> str:
    """Under which key a language file has a value: ``migrant worker agency`` is ``v_migrant_worker_agency``."""
    return f"v_{_NOT_A_WORD.sub('_', value.lower()).strip('_')}"


def say_value(speech: Speech, words: Words, value: str) -> str:
    """A word of a closed list; what no list has is shown as it is."""
    return speech.get(key_of(value)) or say_term(words, value)


def say_number(speech: Speech, words: Words, number: Number) -> str:
    """A count or a measure; people are counted without a unit."""
    said = say_range(words, number)
    return said if number.unit == "person" else f"{said} {say_value(speech, words, number.unit)}"


def say_fact(speech: Speech, words: Words, name: str, value: str) -> str:
    """One cell of the table of facts.

    Args:
        speech: the desk's words.
        words: the cards' words.
        name: which fact.
        value: as the contract has it; a number is said already.
    """
    if name in _MEASURED:
        return value
    if name == "event_date":
        return _say_day(value, words.language)
    if name == "route":
        role, colon, place = value.partition(": ")
        if colon and role in set(Role):
            return f"{speech[f'role_{role}']}: {clean_line(place, _LONGEST)}"
    return say_value(speech, words, value)


def _say_day(value: str, language: str) -> str:
    try:
        return say_date(datetime.combine(date.fromisoformat(value[:10]), time(), UTC), language)
    except ValueError:
        return clean_line(value, _LONGEST)
