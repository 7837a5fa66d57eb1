"""A mistake in the rules is one line that names the file, the line and the key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from services.runtime.errors import OperatorError
from services.tagger.book_files import load_book
from services.tagger.rule_version import CODE, version_of
from tests.tagger.conftest import SEEDS


@pytest.fixture
def seeds(tmp_path: Path) -> Path:
    shutil.copytree(SEEDS / "topics", tmp_path / "topics")
    shutil.copytree(SEEDS / "places", tmp_path / "places")
    return tmp_path


def change(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def mistake(seeds: Path) -> str:
    with pytest.raises(OperatorError) as caught:
        load_book(seeds / "topics", seeds / "places")
    return str(caught.value)


def test_the_rules_of_the_repository_load(seeds: Path) -> None:
    assert load_book(seeds / "topics", seeds / "places").topics


def test_the_version_changes_with_the_rules(seeds: Path) -> None:
    before = load_book(seeds / "topics", seeds / "places").version
    change(seeds / "topics" / "arms_explosives.yaml", "threshold:", "# a remark\nthreshold:")
    assert load_book(seeds / "topics", seeds / "places").version != before


def test_the_version_changes_with_the_code(seeds: Path, tmp_path: Path) -> None:
    code = tmp_path / "core"
    shutil.copytree(CODE, code)
    before = version_of(seeds / "topics", code=code)
    change(code / "clearing_words.py", "korbannya;", "korbannya; korbanku;")
    assert version_of(seeds / "topics", code=code) != before


def test_the_version_of_the_same_rules_is_the_same(seeds: Path, tmp_path: Path) -> None:
    code = tmp_path / "core"
    shutil.copytree(CODE, code)
    (code / "notes.txt").write_text("nothing that decides")
    assert version_of(seeds / "topics", code=code) == version_of(seeds / "topics")


def test_an_unknown_concept_is_named(seeds: Path) -> None:
    change(seeds / "topics" / "drug_trafficking.yaml", "all: [dt_named]", "all: [dt_nmaed]")
    message = mistake(seeds)
    assert "drug_trafficking.yaml:" in message and "dt_nmaed" in message


def test_a_rule_that_asks_for_nothing_is_named(seeds: Path) -> None:
    change(seeds / "topics" / "drug_trafficking.yaml", "all: [dt_named]", "all: []")
    message = mistake(seeds)
    assert "drug_trafficking.yaml:" in message and "all names no concept" in message


def test_concepts_that_are_no_list_are_named(seeds: Path) -> None:
    change(seeds / "topics" / "drug_trafficking.yaml", "all: [dt_named]", "all: dt_named")
    message = mistake(seeds)
    assert "drug_trafficking.yaml:" in message and "not a list of concepts" in message


def test_a_severity_of_no_kind_is_named(seeds: Path) -> None:
    change(seeds / "topics" / "_severity.yaml", "kinds: [incident", "kinds: [gossip")
    message = mistake(seeds)
    assert "_severity.yaml:" in message and "gossip" in message


def test_an_unknown_key_is_named(seeds: Path) -> None:
    change(seeds / "topics" / "drug_trafficking.yaml", "threshold:", "treshold:")
    assert "treshold" in mistake(seeds)


def test_a_threshold_that_is_no_number_is_named(seeds: Path) -> None:
    change(seeds / "topics" / "drug_trafficking.yaml", "threshold: 2.4", "threshold: much")
    message = mistake(seeds)
    assert "drug_trafficking.yaml" in message and "'much'" in message


def test_open_braces_are_named(seeds: Path) -> None:
    change(seeds / "topics" / "_frames.yaml", "concepts:\n", "concepts:\n  broken: 'smuggl{er'\n")
    message = mistake(seeds)
    assert "concepts.broken" in message and "braces" in message


def test_broken_yaml_is_named(seeds: Path) -> None:
    change(seeds / "topics" / "_kinds.yaml", "kinds:", "kinds: [")
    assert "_kinds.yaml" in mistake(seeds)


def test_a_shape_of_no_kind_is_named(seeds: Path) -> None:
    change(seeds / "topics" / "_shapes.yaml", "kind: advisory_analysis", "kind: gossip")
    message = mistake(seeds)
    assert "_shapes.yaml" in message and "gossip" in message


def test_a_shape_that_governs_an_unknown_concept_is_named(seeds: Path) -> None:
    change(seeds / "topics" / "_shapes.yaml", "before: k_enforce|", "before: k_nowhere|")
    message = mistake(seeds)
    assert "_shapes.yaml" in message and "k_nowhere" in message


def test_a_missing_topic_is_named(seeds: Path) -> None:
    (seeds / "topics" / "arms_explosives.yaml").unlink()
    assert "arms_explosives" in mistake(seeds)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="topics"):
        load_book(tmp_path / "topics", tmp_path / "places")


def test_a_place_without_country_is_named(seeds: Path) -> None:
    change(seeds / "places" / "countries.csv", "Cambodia,Kamboja", "Cambodia;Kamboja")
    assert "countries.csv" in mistake(seeds)


def test_a_gazetteer_with_other_columns_is_named(seeds: Path) -> None:
    change(seeds / "places" / "border.csv", "name,aliases", "nom,aliases")
    assert "border.csv" in mistake(seeds)
