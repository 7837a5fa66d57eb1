"""A mistake in the words around places is one line that names the file and the key."""

from __future__ import annotations

import re
import shutil
from dataclasses import fields
from pathlib import Path

import pytest

from services.runtime.errors import OperatorError
from services.tagger.core.place_words import PlaceWords
from services.tagger.place_word_files import FILE, read_words
from services.tagger.rule_version import version_of
from tests.tagger.conftest import SEEDS


@pytest.fixture
def places(tmp_path: Path) -> Path:
    shutil.copy(SEEDS / "places" / FILE, tmp_path)
    return tmp_path


def change(places: Path, old: str, new: str) -> None:
    text = (places / FILE).read_text("utf-8")
    assert re.search(old, text)
    (places / FILE).write_text(re.sub(old, new, text, count=1), "utf-8")


def mistake(places: Path) -> str:
    with pytest.raises(OperatorError) as caught:
        read_words(places)
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("about_to: .*\n", "", "about_to: is missing"),
        ("about_to: .*", "about_to: ;", "about_to: names no word"),
        ("about_to: .*", "about_to: 3", 'about_to: has to be terms divided by ";"'),
        ("about_to: .*", "about_to: hendak; akan ingin", "about_to: 'akan ingin' is not one word"),
        ("about_to: .*", "about_to: hendak; …", "about_to: '…' is not one word"),
        ("about_to:", "abuot_to:", "abuot_to: is none of"),
        ("small: AS; BI", "small: AS; Bank Indonesia", "words_when_small: 'Bank Indonesia' is not one word"),
        ("sent_to: CN", "sent_to: China", "sent_to: 'China' is no country of two capitals"),
        ("area: ID", "area: id", "area: 'id' is no country of two capitals"),
        ("area: ID", "area: [ID", "cannot be read"),
        (".th=TH", "bangkokpost.com", "outlets: 'bangkokpost.com' is not a host's end and its state"),
    ],
)
def test_a_mistake_is_named_with_its_file_and_key(places: Path, old: str, new: str, told: str) -> None:
    change(places, old, new)
    message = mistake(places)
    assert FILE in message and told in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    assert FILE in mistake(tmp_path)


def test_the_words_of_the_repository_load_folded(places: Path) -> None:
    words = read_words(places)
    assert all(getattr(words, one.name) for one in fields(PlaceWords))
    assert b"wni" in words.demonym and b"phnom penh" in words.wire_desks and "Kecamatan" in words.named_whole
    assert {"AS", "dai"} <= words.words_when_small


def test_the_version_of_the_rules_changes_with_these_words(places: Path) -> None:
    before = version_of(places)
    change(places, "about_to: ", "about_to: hampir; ")
    assert version_of(places) != before
