"""Language files: the same keys in each, and a mistake named by file and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.notifier.desk.speech import DEFAULT, FOLDER, preferred, read_languages
from services.runtime.errors import OperatorError

TEMPLATES = FOLDER.parent / "templates"


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("a: b\nn: '{n} c'\nmore: x", "en.yaml more: is a key that no page uses"),
        ("a: b", "en.yaml n: is missing"),
        ("a: [b]\nn: '{n}'", "en.yaml a: is not text"),
        ("a: b\nn: c", "en.yaml n: must have {n} exactly"),
        ("a: 'b", "en.yaml: "),
        ("- a", "en.yaml: is not a list of keys and words"),
    ],
)
def test_a_mistake_in_a_language_file_is_named(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / f"{DEFAULT}.yaml").write_text("a: b\nn: '{n} c'\n")
    (tmp_path / "en.yaml").write_text(text)
    with pytest.raises(OperatorError, match=re.escape(reason)):
        read_languages(tmp_path)


def test_every_word_a_page_asks_for_is_there_and_every_word_is_asked_for() -> None:
    known = set(read_languages()[DEFAULT])
    pages = "".join(path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.html"))
    asked = set(re.findall(r"\bt\.([a-z_0-9]+)", pages))
    assert asked <= known
    prefixes = (
        "v_",
        "changed_",
        "reason_",
        "desk_",
        "join_",
        "role_",
        "level_",
        "event_",
        "action_",
        "outcome_",
        "what_",
        "f_",
        "standing_",
    )
    by_name = {
        "new",
        "changed",
        "withdrawn",
        "merged",
        "split",
        "fresh",
        "quiet",
        "stale",
        "blocked",
        "broken",
        "gone",
    }
    said = {
        "code_wrong",
        "code_over",
        "code_refused",
        "expired",
        "saved",
        "done",
        "not_own_guest",
        "invitation_over",
    }
    said |= {"address_refused", "asked_too_often", "resolved_before", "invite_wrong"}
    said |= {word for word in known if word.startswith(("wrong_", "done_"))}
    unasked = {word for word in known - asked - by_name - said if not word.startswith(prefixes)}
    assert unasked == {"language", "name"}


@pytest.mark.parametrize(
    ("accept", "code"),
    [("en-GB,en;q=0.9", "en"), ("id", "id"), ("fr, en;q=0.5", "en"), ("", "id"), ("*", "id"), (",,;q", "id")],
)
def test_the_browsers_language_is_taken_where_there_is_one(accept: str, code: str) -> None:
    assert preferred(accept, read_languages()) == code
