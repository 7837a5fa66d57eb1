"""Words of further languages: a mistake is named by file and key, and two languages are never mixed in silence."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner

from services.cli.words import words_command
from services.notifier.core.card import Note, Status, View, make_card
from services.notifier.core.english import ENGLISH
from services.notifier.core.indonesian import INDONESIAN
from services.notifier.core.languages import FALLBACKS, nearest
from services.notifier.core.match import Match, match_official
from services.notifier.core.words import install, words_for
from services.notifier.spec import LANGUAGES
from services.notifier.word_files import keys_of, load_languages, read_language
from services.runtime.errors import OperatorError
from tests.conftest import ROOT
from tests.notifier.builders import NOON, an_alert, an_entry, an_official

WORDS = ROOT / "seeds" / "words"
MALAY = WORDS / "ms.yaml"


@pytest.fixture(autouse=True)
def spoken_as_before() -> Iterator[None]:
    yield
    install([])


def without_words() -> str:
    """The file of Malay as a native speaker would begin it: every key, and no word."""
    text = MALAY.read_text(encoding="utf-8")
    empty, count = re.subn(r'^(    [^#:]+: )".*"$', r'\1""', text, flags=re.MULTILINE)
    assert count == len(keys_of())
    return empty


def changed(tmp_path: Path, *changes: tuple[str, str], name: str = "ms.yaml") -> Path:
    text = without_words()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_the_files_we_ship_are_valid_and_hold_every_word_there_is() -> None:
    languages = load_languages(WORDS)
    assert [one.words.language for one in languages] == sorted(set(LANGUAGES) - {"id", "en"})
    assert {one.keys for one in languages} == {len(keys_of())}
    assert not any(one.reviewed for one in languages), "nobody has read them yet"
    assert set(FALLBACKS) == set(LANGUAGES)


def test_both_complete_languages_have_the_same_keys_and_fields() -> None:
    for section in ("levels", "topics", "kinds", "leads", "people", "labels"):
        indonesian, english = getattr(INDONESIAN, section), getattr(ENGLISH, section)
        assert indonesian.keys() == english.keys()


@pytest.mark.parametrize(("old", "new", "key", "reason"), [
    ('rose: ""', 'rose: "naik dari {a} ke {c}"', "labels.rose", r"has the field \{c\}; its fields are: \{a\}, \{b\}"),
    ('rose: ""', 'rose: "naik dari {a}"', "labels.rose", r"lacks the field \{b\}"),
    ('rose: ""', 'rose: "naik {a.__class__} {b}"', "labels.rose", r"has the field \{a.__class__\}"),
    ('rose: ""', 'rose: "naik {a!r} {b}"', "labels.rose", r"has the field \{a!r\}"),
    ('rose: ""', 'rose: "naik {a:>999999} {b}"', "labels.rose", "has the field"),
    ('rose: ""', 'rose: "naik {0} {b}"', "labels.rose", r"has the field \{0\}"),
    ('rose: ""', 'rose: "naik {a ke {b}"', "labels.rose", "has the field|brace"),
    ('old: ""', 'old: "}"', "labels.old", "has a brace that is no field"),
    ('when: ""', 'when: "satu\\ndua {x}"', "labels.when", "printable line"),
    ('when: ""', 'when: "\\u202e{x}"', "labels.when", "printable line"),
    ('when: ""', f'when: "{"x" * 400}"', "labels.when", "at most 300"),
    ('when: ""', "when: 3", "labels.when", "text in quotes"),
    ('when: ""', "wen: \"\"", "labels.wen", "no key that a card uses"),
    ("    # Event {x} | Kejadian {x}\n    when: \"\"\n", "", "labels.when", "is missing"),
    ("language: ms", "language: km", "language", "must be ms"),
    ("reviewed: false", "reviewed: nearly", "reviewed", "true or false"),
    ("reviewed: false\n", "", "reviewed", "is missing"),
    ("reviewed: false", "reviewed: false\nauthor: x", "author", "is no key of this file"),
])  # fmt: skip
def test_a_mistake_is_named_by_file_and_key(tmp_path: Path, old: str, new: str, key: str, reason: str) -> None:
    path = changed(tmp_path, (old, new))
    with pytest.raises(OperatorError, match=reason) as raised:
        read_language(path)
    assert f"{path}:{key}" in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"[1]", b"a: [", b"\xff\xfe", b"language: ms\nreviewed: false\nwords: 3\n"])
def test_a_file_of_another_shape_is_named(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "ms.yaml"
    path.write_bytes(data)
    with pytest.raises(OperatorError, match=r"ms\.yaml"):
        read_language(path)


def test_a_language_nobody_knows_or_one_that_is_complete_is_refused(tmp_path: Path) -> None:
    for name in ("xx", "id"):
        path = changed(tmp_path, ("language: ms", f"language: {name}"), name=f"{name}.yaml")
        with pytest.raises(OperatorError, match="language"):
            read_language(path)


def a_card(language: str) -> str:
    official = an_official("o", language=language)
    alert = an_alert()
    verdict = match_official(official, alert)
    assert isinstance(verdict, Match)
    view = View(language, ZoneInfo("Asia/Dili"), NOON)
    card = make_card(alert, verdict, view, Note(Status.UPDATED, None))
    return "\n".join([card.title, card.banner, card.sentence, card.when, card.why, card.notice, card.place])


def test_a_word_that_is_there_is_used_and_the_others_fall_back_with_a_remark(tmp_path: Path) -> None:
    path = changed(tmp_path, ('updated: ""', 'updated: "DIKEMAS KINI"'))
    install([read_language(path).words])
    card = a_card("ms")
    assert "DIKEMAS KINI: rincian atau sumber berubah" in card
    assert "Pekerja migran nonprosedural" in card
    assert "terjemahan belum ditinjau penutur asli" in card
    assert "kata bahasa Melayu belum ada dan ditulis dalam bahasa Indonesia" in card


@pytest.mark.parametrize(("language", "remark"), [
    ("km", "no translation yet, this is English"), ("tet", "belum ada terjemahan, ini bahasa Indonesia"),
])  # fmt: skip
def test_an_empty_language_says_which_one_it_is_in(tmp_path: Path, language: str, remark: str) -> None:
    path = changed(tmp_path, ("language: ms", f"language: {language}"), name=f"{language}.yaml")
    install([read_language(path).words])
    other = a_card(nearest(language))
    shown = a_card(language)
    assert remark in shown
    assert shown.replace(words_for(language).remark, "").split() == other.split()


def test_what_we_ship_in_malay_is_whole_and_says_that_nobody_has_read_it() -> None:
    install([one.words for one in load_languages(WORDS)])
    card = a_card("ms")
    assert "DIKEMAS KINI: butiran atau sumber berubah" in card
    assert "Penempatan pekerja tanpa izin" in card
    assert "terjemahan belum ditinjau penutur asli" in card
    assert "belum ada dan ditulis" not in card


@pytest.mark.parametrize(("language", "own", "other", "remark"), [
    ("km", "ខ្ពស់ |", "details or sources changed", "words of ភាសាខ្មែរ are missing and written in English"),
    ("tet", "AAS |", "rincian atau sumber berubah", "kata Tetun belum ada dan ditulis dalam bahasa Indonesia"),
])  # fmt: skip
def test_what_we_ship_in_part_falls_back_word_by_word(language: str, own: str, other: str, remark: str) -> None:
    install([one.words for one in load_languages(WORDS)])
    card = a_card(language)
    assert card.startswith(own)
    assert other in card
    assert remark in card


def test_a_language_without_its_file_says_so_too() -> None:
    assert "belum ada terjemahan" in a_card("ms")


def test_a_complete_and_reviewed_language_makes_no_remark(tmp_path: Path) -> None:
    text = ["language: ms", "reviewed: true", "words:"]
    section = ""
    for key, shown in keys_of().items():
        if key.partition(".")[0] != section:
            section = key.partition(".")[0]
            text.append(f"  {section}:")
        text.append(f'    "{key.partition(".")[2]}": "Z{shown}"')
    path = tmp_path / "ms.yaml"
    path.write_text("\n".join(text), encoding="utf-8")
    language = read_language(path)
    assert language.missing == ()
    assert language.words.remark == ""
    install([language.words])
    assert a_card("ms").startswith("ZHIGH | ZIllegal labour placement")


@pytest.mark.parametrize("make", [lambda: a_card("id"), lambda: a_card("en")])
def test_the_complete_languages_make_no_remark(make: Callable[[], str]) -> None:
    install([one.words for one in load_languages(WORDS)])
    assert "terjemahan" not in make()
    assert "translation" not in make()


def test_an_official_may_have_any_of_them_and_no_other() -> None:
    assert an_entry(language="tet").language == "tet"
    with pytest.raises(ValueError, match="language"):
        an_entry(language="pt")


def test_the_command_says_how_complete_each_language_is(tmp_path: Path) -> None:
    partly = changed(tmp_path, ('high: ""', 'high: "TINGGI"'))
    shown = CliRunner().invoke(words_command, ["--missing", str(partly)])
    assert shown.exit_code == 0
    assert "not reviewed, the rest in bahasa Indonesia" in shown.output
    assert "labels.rose" in shown.output
    assert "levels.high" not in shown.output
    failed = CliRunner().invoke(words_command, [str(changed(tmp_path, ('rose: ""', 'rose: "{z}"')))])
    assert isinstance(failed.exception, OperatorError)
