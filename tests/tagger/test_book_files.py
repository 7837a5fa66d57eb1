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


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("topics/drug_trafficking.yaml", "all: [dt_named]", "all: [dt_nmaed]", "dt_nmaed"),
        ("topics/drug_trafficking.yaml", "all: [dt_named]", "all: []", "all names no concept"),
        ("topics/drug_trafficking.yaml", "all: [dt_named]", "all: dt_named", "not a list of concepts"),
        ("topics/drug_trafficking.yaml", "threshold: 2.4", "threshold: much", "'much'"),
        ("topics/_severity.yaml", "kinds: [incident", "kinds: [gossip", "gossip"),
        ("topics/_frames.yaml", "concepts:\n", "concepts:\n  broken: 'smuggl{er'\n", "concepts.broken: braces"),
        ("topics/_kinds.yaml", "kinds:", "kinds: [", "cannot be read"),
        ("topics/_shapes.yaml", "kind: advisory_analysis", "kind: gossip", "gossip"),
        ("topics/_shapes.yaml", "before: k_enforce|", "before: k_nowhere|", "k_nowhere"),
        ("places/countries.csv", "Cambodia,Kamboja", "Cambodia;Kamboja", ":3: a place has a name and a country"),
        ("places/border.csv", "name,aliases", "nom,aliases", "columns have to be name,aliases"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_reason(
    seeds: Path, file: str, old: str, new: str, told: str
) -> None:
    change(seeds / file, old, new)
    message = mistake(seeds)
    assert f"{Path(file).name}:" in message and told in message


def test_an_unknown_key_is_named(seeds: Path) -> None:
    change(seeds / "topics" / "drug_trafficking.yaml", "threshold:", "treshold:")
    assert "drug_trafficking.yaml treshold: is none of" in mistake(seeds)


def test_a_missing_topic_is_named(seeds: Path) -> None:
    (seeds / "topics" / "arms_explosives.yaml").unlink()
    assert "arms_explosives" in mistake(seeds)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(OperatorError, match="topics"):
        load_book(tmp_path / "topics", tmp_path / "places")
