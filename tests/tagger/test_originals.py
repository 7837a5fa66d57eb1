"""The seed articles as their outlets wrote them; they are not part of this repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from services.contracts.codes import Kind, Role, Topic
from services.tagger.core.book import Rulebook
from services.tagger.core.story import tag_story
from tests.tagger.builders import an_article

FOLDER = os.environ.get("SIAGA_ORIGINALS", "")
WANTED = {
    "000": ({"ID-BA", "KH-12"}, {"KH", "ID"}, Topic.HUMAN_TRAFFICKING),
    "001": (set[str](), {"KH", "LA"}, Topic.BORDER_SECURITY),
    "002": ({"ID-NT"}, {"ID", "TL"}, Topic.BORDER_SECURITY),
    "003": ({"ID-BA"}, {"ID"}, Topic.HUMAN_TRAFFICKING),
    "004": ({"ID-KB"}, {"ID"}, Topic.HUMAN_TRAFFICKING),
}

pytestmark = [
    pytest.mark.originals,
    pytest.mark.skipif(not FOLDER, reason="SIAGA_ORIGINALS names no folder"),
]


@pytest.mark.parametrize("number", sorted(WANTED))
def test_an_original_is_a_calm_story_of_cooperation(book: Rulebook, number: str) -> None:
    [path] = Path(FOLDER).glob(f"{number}_*.txt")
    tagging = tag_story(an_article(text=path.read_text("utf-8"), published=None), book)
    regions, countries, primary = WANTED[number]
    scene = [place.entry for place in tagging.places if place.role in {Role.EVENT, Role.VENUE}]
    assert tagging.relevant
    assert tagging.kind is Kind.POLICY_COOPERATION
    assert tagging.severity <= 1
    assert tagging.topics[0].topic is primary
    assert regions <= {entry.region for entry in scene}
    assert countries <= {entry.country for entry in scene}
    assert {found.topic for found in tagging.topics} <= {Topic.HUMAN_TRAFFICKING, Topic.BORDER_SECURITY}
    assert {entry.country for entry in scene} <= {"ID", "KH", "LA", "TL"}
