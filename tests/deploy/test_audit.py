"""The audit finds what a folder of advisories says of the pinned libraries, and never calls clean what nobody looked at."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from deploy.advisories import load
from deploy.audit import FOUND, NotAuditedError, audit, main
from services.runtime.errors import OperatorError

ID = "MADE-2026-1"


def an_advisory(
    name: str = "made-up",
    *,
    versions: tuple[str, ...] = (),
    events: tuple[Mapping[str, str], ...] = ({"introduced": "0"}, {"fixed": "1.1"}),
    kind: str = "ECOSYSTEM",
    ecosystem: str = "PyPI",
    **others: Any,
) -> dict[str, Any]:
    """Of a library that is nobody's, up to 1.1."""
    affected = {"package": {"name": name, "ecosystem": ecosystem}, "versions": list(versions)}
    spans = [{"type": kind, "events": [dict(one) for one in events]}] if events else []
    return {"id": ID, "modified": "2026-01-02T03:04:05Z", "affected": [{**affected, "ranges": spans}], **others}


def a_folder(place: Path, *advisories: Mapping[str, Any]) -> Path:
    place.mkdir(exist_ok=True)
    for number, one in enumerate(advisories):
        (place / f"{number}.json").write_text(json.dumps(one))
    return place


def ids(place: Path, name: str, version: str) -> list[str]:
    return [one["id"] for one in load(place).that_hold(name, version)]


NOT_HIT = {
    "the version that mends it": (an_advisory(), "1.1"),
    "a later version": (an_advisory(), "2.0"),
    "a version before it came in": (an_advisory(events=({"introduced": "0.9"}, {"fixed": "1.1"})), "0.8"),
    "after the last that has it": (an_advisory(events=({"introduced": "0"}, {"last_affected": "0.9"})), "1.0"),
    "not listed": (an_advisory(versions=("0.9",), events=()), "1.0"),
    "a branch that is not ours": (an_advisory(events=({"introduced": "0"}, {"limit": "0.9"})), "1.0"),
    "withdrawn": (an_advisory(withdrawn="2026-02-01T00:00:00Z"), "1.0"),
    "a library of npm of the same name": (an_advisory(ecosystem="npm"), "1.0"),
    "another library": (an_advisory("made-up-too"), "1.0"),
    "commits are no versions": (an_advisory(kind="GIT"), "1.0"),
}  # fmt: skip
HIT = {
    "before the version that mends it": (an_advisory(), "1.0"),
    "a candidate of the version that mends it": (an_advisory(), "1.1rc1"),
    "the first ever": (an_advisory(), "0.0.1"),
    "the version it came in with": (an_advisory(events=({"introduced": "0.9"}, {"fixed": "1.1"})), "0.9"),
    "the last that has it": (an_advisory(events=({"introduced": "0"}, {"last_affected": "1.0"})), "1.0"),
    "listed, written otherwise": (an_advisory(versions=("1.0.0",), events=()), "1.0"),
    "before the limit": (an_advisory(events=({"introduced": "0"}, {"limit": "1.1"})), "1.0"),
    "came back": (an_advisory(events=({"introduced": "2"}, {"fixed": "1"}, {"introduced": "0"}, {"fixed": "3"})), "2.5"),
    "its name written otherwise": (an_advisory("Made_Up"), "1.0"),
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_HIT)
def test_an_advisory_does_not_hold_for(case: str, tmp_path: Path) -> None:
    advisory, version = NOT_HIT[case]
    assert ids(a_folder(tmp_path / "a", advisory), "made-up", version) == []


@pytest.mark.parametrize("case", HIT)
def test_an_advisory_holds_for(case: str, tmp_path: Path) -> None:
    advisory, version = HIT[case]
    assert ids(a_folder(tmp_path / "a", advisory), "made-up", version) == [ID]


def test_a_git_directory_says_what_its_folder_says(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    place = a_folder(tmp_path / "a" / "vulns")
    (place / "one.yaml").write_text("id: MADE-2026-1\nmodified: 2026-01-02T03:04:05Z\naffected:\n- package:\n    "
        "name: made-up\n    ecosystem: PyPI\n  versions:\n  - '1.0'\n")  # fmt: skip
    (tmp_path / "a" / "readme.yaml").write_text("beside the advisories: no advisory")
    who = ["-c", "user.name=x", "-c", "user.email=x@example.org"]
    for words in (["init", "-q"], ["add", "."], [*who, "commit", "-q", "-m", "x"]):
        subprocess.run(["git", *words], cwd=tmp_path / "a", check=True)
    for where in (tmp_path / "a", tmp_path / "a" / ".git"):
        assert ids(where, "made-up", "1.0") == [ID]
        assert ids(where, "made-up", "1.1") == []
        assert load(where).newest == "2026-01-02"


BAD = {
    "no YAML": (".yaml", "id: [\nname: made-up", "cannot be read"),
    "no JSON": (".json", '{"name": "made-up"', "cannot be read"),
    "no id": (".json", '{"affected": [{"package": {"name": "made-up"}}]}', "has no id"),
    "nothing affected": (".json", '{"id": "X", "name": "made-up"}', "no list of what is affected"),
    "no version": (".json", json.dumps(an_advisory(events=({"introduced": "last spring"},))), "is no version"),
    "no library": (".json", '{"id": "X"}', "names no library"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_one_line_that_names_it(case: str, tmp_path: Path) -> None:
    form, text, reason = BAD[case]
    place = a_folder(tmp_path / "a")
    (place / f"bad{form}").write_text(text)
    with pytest.raises(OperatorError, match=rf"^advisory bad{form}: .*{reason}") as raised:
        load(place).that_hold("made-up", "1.0")
    assert "\n" not in str(raised.value)


def test_a_folder_that_is_not_there_or_empty_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty").mkdir()
    for place in (tmp_path / "empty", tmp_path / "missing"):
        assert main(["--advisories", str(place)]) == 2
        assert capsys.readouterr().out.count("\n") == 1


class FakePipAudit:
    """Asks as pip-audit does, and prints what it would."""

    def __init__(self, *libraries: tuple[str, str], silent_on: str = "") -> None:
        self.libraries, self.silent_on = libraries, silent_on

    def __call__(self, pins: Path, *options: str) -> str:
        url = options[options.index("--osv-url") + 1]
        found = []
        for name, version in self.libraries:
            vulns = [] if name == self.silent_on else self._ask(url, name, version)
            faults = [{"id": one["id"], "fix_versions": ["1.1"], "aliases": []} for one in vulns]
            found.append({"name": name, "version": version, "vulns": faults})
        return json.dumps({"dependencies": found, "fixes": []})

    def _ask(self, url: str, name: str, version: str) -> list[dict[str, Any]]:
        question = {"package": {"name": name, "ecosystem": "PyPI"}, "version": version}
        with urllib.request.urlopen(urllib.request.Request(url, json.dumps(question).encode())) as answer:
            found: list[dict[str, Any]] = json.load(answer).get("vulns", [])
            return found


def test_what_the_folder_says_is_found_and_nothing_else(tmp_path: Path) -> None:
    advisories = load(a_folder(tmp_path / "a", an_advisory()))
    result = audit(tmp_path, advisories, FakePipAudit(("made-up", "1.0"), ("other", "1.0")))
    assert [(one.library, one.id) for one in result.faults] == [("made-up", ID)]
    assert audit(tmp_path, advisories, FakePipAudit(("made-up", "1.1"), ("other", "1.0"))).faults == ()


def test_a_library_nobody_asked_for_is_not_audited(tmp_path: Path) -> None:
    advisories = load(a_folder(tmp_path / "a", an_advisory()))
    with pytest.raises(NotAuditedError, match="1 of 2"):
        audit(tmp_path, advisories, FakePipAudit(("made-up", "1.1"), ("other", "1.0"), silent_on="other"))


ANSWERS = {
    "silence": "",
    "no JSON": "<html>",
    "no libraries": '{"dependencies": []}',
    "a library passed over": '{"dependencies": [{"name": "a", "version": "1", "vulns": []}, '
    '{"name": "b", "skip_reason": "not found"}]}',
}


@pytest.mark.parametrize("case", ANSWERS)
def test_an_answer_that_leaves_something_out_is_not_audited(case: str, tmp_path: Path) -> None:
    with pytest.raises(NotAuditedError):
        audit(tmp_path, None, lambda _: ANSWERS[case])


def test_an_answer_on_every_library_is_audited(tmp_path: Path) -> None:
    told = '{"dependencies": [{"name": "a", "version": "1", "vulns": []}]}'
    assert audit(tmp_path, None, lambda _: told).libraries == ("a",)


@pytest.mark.slow
def test_pip_audit_itself_finds_the_advisory_that_holds_and_not_the_one_mended(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place, pins = a_folder(tmp_path / "a", an_advisory(), an_advisory("mended")), tmp_path / "pins.txt"
    pins.write_text("".join(f"{one} --hash=sha256:{'0' * 64}\n" for one in ("Made.Up==1.0", "mended==1.1")))
    status = main([str(pins), "--advisories", str(place)])
    told = capsys.readouterr().out.splitlines()
    assert status == FOUND, told
    assert told == [
        f"pins.txt: made-up 1.0: {ID}, fixed in 1.1",
        "pins.txt: 2 libraries, 1 known faults; by 2 advisories up to 2026-01-02, 2 of them on these libraries",
    ]
