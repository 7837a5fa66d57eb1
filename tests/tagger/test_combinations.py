"""The parts of a rule rest on different words: one word never stands for two of them."""

from __future__ import annotations

import shutil

import pytest

from services.tagger.book_files import load_book
from services.tagger.core.book import Rulebook
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article
from tests.tagger.conftest import SEEDS

_RULE = """rules:
  - {name: a smith and a helper, all: [x_smith, x_helper], points: 9}
  - {name: a smith and a helper in the title, all: [x_smith, x_helper], within: title, points: 9}
  - {name: a smith and two more, all: [x_smith, x_helper, x_third], within: lead, points: 9}
"""
_CONCEPTS = """concepts:
  x_smith: "pandai besi; tukang"
  x_helper: "tukang; pembantu bengkel; besi tempa; pandai besi"
  x_third: "tukang; arang"
"""


@pytest.fixture(scope="module")
def smiths(tmp_path_factory: pytest.TempPathFactory) -> Rulebook:
    folder = tmp_path_factory.mktemp("seeds")
    shutil.copytree(SEEDS / "topics", folder / "topics")
    path = folder / "topics" / "arms_explosives.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("concepts:\n", _CONCEPTS, 1).replace("rules:\n", _RULE, 1), "utf-8")
    return load_book(folder / "topics", SEEDS / "places")


def fired(book: Rulebook, title: str, text: str) -> set[str]:
    traces = tag_story(an_article(title, text), book).traces
    return {trace.rule.partition("/")[2] for trace in traces if "smith" in trace.rule}


def test_one_word_is_not_two_parts(smiths: Rulebook) -> None:
    assert fired(smiths, "Seorang tukang", "Ia tukang di desa itu.") == set()


def test_the_same_word_twice_is_two_parts(smiths: Rulebook) -> None:
    assert fired(smiths, "Kabar desa", "Seorang tukang menunggu tukang lain di desa.") == {"a smith and a helper"}


def test_two_words_are_two_parts(smiths: Rulebook) -> None:
    assert "a smith and a helper in the title" in fired(smiths, "Tukang dan pembantu bengkel", "Kabar desa.")


def test_a_phrase_is_words_enough_for_two_parts(smiths: Rulebook) -> None:
    assert fired(smiths, "Kabar desa", "Ia pandai besi di sana.") == {"a smith and a helper"}


@pytest.mark.parametrize(
    ("text", "three"),
    [("Tukang dan tukang itu pulang.", False), ("Tukang, tukang lain dan arang.", True)],
)
def test_three_parts_need_three_words(smiths: Rulebook, text: str, three: bool) -> None:
    assert ("a smith and two more" in fired(smiths, "Kabar desa", text)) is three


@pytest.mark.parametrize(
    ("cargo", "topic"),
    [
        ("62 warga Bangladesh tanpa dokumen", "migrant_smuggling"),
        ("62 batang kayu ulin ilegal", "wildlife_timber"),
    ],
)
def test_a_boat_of_wood_is_a_boat_and_no_timber(book: Rulebook, cargo: str, topic: str) -> None:
    text = f"Polisi perairan menghentikan perahu kayu pembawa {cargo} dari Malaysia. Nakhodanya ditangkap."
    found = tag_story(an_article(f"Perahu Kayu Pembawa {cargo} Dihentikan di Asahan", text), book)
    assert [one.topic for one in found.topics][:1] == [topic]
    assert ("wildlife_timber" in {one.topic for one in found.topics}) is (topic == "wildlife_timber")
