"""The description of the API is complete, its examples are true, and the answers keep to it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from services.notifier.desk.api.description import BODIES, SCOPES

sys.path.insert(0, str(Path(__file__).parent))
from api_house import a_filled_house
from house import House
from proof_api import served, walk


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    async with a_filled_house(tmp_path) as made:
        yield made


async def description_of(house: House) -> dict[str, Any]:
    found: dict[str, Any] = (await house.client().get("/api/v1/openapi.json")).json()
    return found


async def test_the_api_keeps_to_its_description(tmp_path: Path, seed: int) -> None:
    with served(tmp_path) as at:
        found = walk(at, seed, examples=2)
    assert found.faults == []
    assert found.operations == 26
    assert found.statuses.keys() >= {"200", "204", "401", "403", "404", "422"}


async def test_every_operation_says_who_may_ask_and_every_answer_has_a_form(house: House) -> None:
    described = await description_of(house)
    assert described["security"] == [{"readerToken": []}]
    names = []
    for path, methods in described["paths"].items():
        for method, operation in methods.items():
            names.append(operation["operationId"])
            assert operation["tags"], path
            assert operation["summary"], path
            assert "Needs a token of scope" in operation["description"], path
            assert {"401", "422", "429", "500", "503"} < set(operation["responses"]), path
            assert ("404" in operation["responses"]) == ("{" in path), path
            assert ("304" in operation["responses"]) == (method == "get"), path
            for status, answer in operation["responses"].items():
                assert answer["description"], (path, status)
                assert status in {"204", "304"} or answer["content"], (path, status)
    assert len(names) == len(set(names))
    assert set(SCOPES) | set(BODIES) <= set(names)


async def test_every_example_is_what_its_form_allows(house: House) -> None:
    described = await description_of(house)
    seen = 0
    for name, form in described["components"]["schemas"].items():
        whole = form | {"components": described["components"]}
        for example in form.get("examples", []):
            seen += 1
            Draft202012Validator(whole).validate(example)
        for field, about in form.get("properties", {}).items():
            for example in about.get("examples", []):
                seen += 1
                part = about | {"components": described["components"]}
                assert not list(Draft202012Validator(part).iter_errors(example)), (name, field)
    for methods in described["paths"].values():
        for operation in methods.values():
            for parameter in operation.get("parameters", []):
                for example in parameter.get("schema", {}).get("examples", []):
                    seen += 1
                    part = parameter["schema"] | {"components": described["components"]}
                    Draft202012Validator(part).validate(example)
    assert seen > 60


async def test_an_address_with_a_line_break_is_answered_as_any_other(house: House) -> None:
    answer = await house.client().get("/api/v1/incidents/a%0Ab")
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
