"""Every value a page can show is a word of the reader's language, and never a code of ours."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Any, get_args

import pytest
from ruamel.yaml import YAML

from services.contracts import alert as alerts
from services.contracts.codes import Kind, Role, Severity, Topic
from services.contracts.delivery import Action, Outcome
from services.contracts.source import Health
from services.contracts.tagging import Facts
from services.notifier.core.words import words_for
from services.notifier.desk.compare import compare
from services.notifier.desk.sessions import Role as DeskRole
from services.notifier.desk.speech import read_languages
from services.notifier.desk.values import key_of, say_fact, say_number
from services.notifier.roster import Standing
from services.notifier.spec import ChannelName
from services.tagger.core.alerts import changes
from services.tagger.core.fact_words import CURRENCY, SUBSTANCES, UNITS
from tests.notifier import builders

ROOT = Path(__file__).resolve().parents[3]
LANGUAGES = read_languages()
FACTS = YAML(typ="safe", pure=True).load((ROOT / "seeds/topics/_facts.yaml").read_text(encoding="utf-8"))["facts"]
#: Laws are called by their number in every language.
SAME_EVERYWHERE = {"legal_articles"}
CODES: dict[str, list[Any]] = {
    "role_": list(Role),
    "level_": [int(severity) for severity in Severity],
    "": list(Health),
    "action_": list(Action),
    "outcome_": list(Outcome),
    "standing_": list(Standing),
    "desk_": list(DeskRole),
    "f_": list(Facts.model_fields),
    "event_": [name for name in vars(alerts) if name.startswith(("Alert", "Incident")) and name.endswith("ed")]
    + ["IncidentSplit"],
    "reason_": list(get_args(alerts.AlertWithdrawn.model_fields["reason"].annotation)),
    "by_": list(get_args(ChannelName)),
}
VALUES = [value for slot, values in FACTS.items() if slot not in SAME_EVERYWHERE for value in values]
MEASURES = sorted({*SUBSTANCES.values(), *(unit for unit, _ in UNITS.values()), "person"})


def text(code: Any) -> str:
    return str(code.value) if isinstance(code, Enum) else str(code)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_code_of_the_contracts_has_a_word(language: str) -> None:
    speech = LANGUAGES[language]
    asked = [f"{prefix}{text(code)}" for prefix, codes in CODES.items() for code in codes]
    assert len(asked) > 50
    assert [key for key in asked if not speech.get(key)] == []
    words = words_for(language)
    assert set(words.topics) == set(Topic)
    assert set(words.kinds) == set(Kind)


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_value_the_tagger_can_give_has_a_word(language: str) -> None:
    assert len(VALUES) > 50
    assert [value for value in [*VALUES, *MEASURES] if not LANGUAGES[language].get(key_of(value))] == []


def test_a_value_of_no_list_has_no_word_and_is_shown_as_it_is() -> None:
    assert key_of("UU 21/2007") not in LANGUAGES["id"]
    assert say_fact(LANGUAGES["id"], words_for("id"), "legal_articles", "UU 21/2007") == "UU 21/2007"
    assert set(CURRENCY.values()) == {"IDR", "USD", "MYR", "SGD", "THB", "AUD"}


@pytest.mark.parametrize(
    ("language", "name", "value", "said"),
    [
        ("id", "route", "origin: Malaka", "asal: Malaka"),
        ("en", "route", "destination: Sabah", "destination: Sabah"),
        ("id", "route", "somewhere: Malaka", "somewhere: Malaka"),
        ("id", "agencies", "police", "kepolisian"),
        ("id", "agencies", "migrant worker agency", "KP2MI / BP3MI"),
        ("id", "nationalities", "Cambodia", "Kamboja"),
        ("id", "event_date", "2026-11-20", "20 Nov 2026"),
        ("id", "event_date", "soon", "soon"),
        ("id", "victims", "12", "12"),
    ],
)
def test_a_fact_is_said_in_the_readers_language(language: str, name: str, value: str, said: str) -> None:
    assert say_fact(LANGUAGES[language], words_for(language), name, value) == said


def test_large_numbers_are_written_out_and_their_units_are_words() -> None:
    facts = Facts(
        money=(builders.a_number(350_000_000, unit="IDR"),),
        quantities=(builders.a_number(1250.5, "lobster larvae", unit="piece"),),
    )
    said = [
        row.cells[0][0]
        for row in compare(
            builders.an_alert(facts=facts), lambda n: say_number(LANGUAGES["id"], words_for("id"), n)
        )
    ]
    assert said == ["1.250,5 buah", "350.000.000 IDR"]


def test_everything_that_can_change_has_a_word() -> None:
    other = builders.an_alert(
        facts=Facts(), severity=Severity.LOW, sources=(builders.a_source("ppp:9"),), places=(),
        topics=(Topic.GOODS_SMUGGLING,), kind=Kind.JUDICIAL, confidence="low", aliases=("incident-9",),
    )  # fmt: skip
    names = changes(builders.an_alert(), other)
    assert len(names) == 8
    for speech in LANGUAGES.values():
        assert [name for name in names if not speech.get(f"changed_{name}")] == []
