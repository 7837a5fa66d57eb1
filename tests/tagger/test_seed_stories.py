"""The stories of the demo, told by the tagger as an operator expects them."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.contracts.codes import Kind, Role, Topic
from services.tagger.core.book import Rulebook
from services.tagger.core.story import Tagging, tag_story
from tests.tagger.builders import an_article
from tests.tagger.conftest import SEEDS

STORIES = SEEDS / "stories"


def tag(book: Rulebook, number: str) -> Tagging:
    [path] = Path(STORIES).glob(f"{number}-*.md")
    _, head, text = path.read_text("utf-8").split("---\n", 2)
    title = next(line.removeprefix("title: ") for line in head.splitlines() if line.startswith("title: "))
    return tag_story(an_article(title.strip("'\""), text.strip(), published=None), book)


@pytest.mark.parametrize("number", ["50", "51", "52", "53"])
def test_an_idle_story_is_not_relevant(book: Rulebook, number: str) -> None:
    assert not tag(book, number).relevant


@pytest.mark.parametrize(
    ("number", "regions", "countries", "primary"),
    [
        ("01", {"ID-BA", "KH-12"}, {"KH", "ID"}, Topic.HUMAN_TRAFFICKING),
        ("02", set(), {"KH", "LA"}, Topic.BORDER_SECURITY),
        ("03", {"ID-NT"}, {"ID", "TL"}, Topic.BORDER_SECURITY),
        ("04", {"ID-BA"}, {"ID"}, Topic.HUMAN_TRAFFICKING),
        ("05", {"ID-KB"}, {"ID"}, Topic.HUMAN_TRAFFICKING),
    ],
)
def test_cooperation_is_relevant_and_calm(
    book: Rulebook, number: str, regions: set[str], countries: set[str], primary: Topic
) -> None:
    tagging = tag(book, number)
    scene = [place.entry for place in tagging.places if place.role in {Role.EVENT, Role.VENUE}]
    assert tagging.relevant
    assert tagging.topics[0].topic is primary
    assert tagging.kind is Kind.POLICY_COOPERATION
    assert tagging.severity <= 1
    assert regions <= {entry.region for entry in scene}
    assert countries <= {entry.country for entry in scene}


@pytest.mark.parametrize("number", ["10", "30"])
def test_deaths_and_many_victims_are_critical(book: Rulebook, number: str) -> None:
    assert tag(book, number).severity == 4


def test_the_made_up_victim_stays_unnamed(book: Rulebook) -> None:
    tagging = tag(book, "40")
    shown = f"{tagging.title}\n{tagging.text}"
    assert tagging.relevant
    assert not [secret for secret in ("Melati", "Rekaan", "Contohsari", "16", "15 tahun") if secret in shown]
