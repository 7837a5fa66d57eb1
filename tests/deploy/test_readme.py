"""deploy/README.md: every command, file, setting and figure in it is one there is."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import click
import pytest

from services.cli.main import COMMANDS, cli
from services.ingest.settings import IngestSettings
from services.notifier.settings import NotifierSettings
from services.runtime.settings import PREFIX
from services.tagger.settings import TaggerSettings
from tests.conftest import ROOT
from tests.deploy.test_compose import SERVICES

PAGE = (ROOT / "deploy" / "README.md").read_text(encoding="utf-8")
LINES = [
    line.strip()
    for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
    for line in block.splitlines()
    if line.strip()
]
KUBERNETES = "\n".join(
    path.read_text(encoding="utf-8") for path in (ROOT / "deploy" / "kubernetes").rglob("*.yaml")
)


def siaga_calls(text: str) -> list[list[str]]:
    """The words after each `siaga`, in code alone."""
    code = [*re.findall(r"`(siaga [^`]+)`", text), *re.findall(r"(?:cli|^)\s+(siaga .+)", text, re.MULTILINE)]
    return [shlex.split(re.sub(r"\$\([^)]*\)", "x", call))[1:] for call in code]


def problem_of(words: list[str]) -> str:
    """What the command line has against these words; empty where nothing."""
    command: click.Command = cli
    context = click.Context(cli)
    for word in words:
        if word.startswith("--"):
            options = {option for one in command.params for option in one.opts} | {"--help"}
            if word not in options:
                return f"{word} is no option of {command.name}"
        elif isinstance(command, click.Group):
            found = command.get_command(context, word)
            if found is None:
                return f"{word} is no command"
            command = found
    return ""


@pytest.mark.parametrize("words", [["restor"], ["officials", "rekeyy"], ["migrate", "--dry"]])
def test_a_command_that_is_none_is_found(words: list[str]) -> None:
    assert problem_of(words)


def test_every_command_of_ours_exists() -> None:
    calls = siaga_calls(PAGE)
    assert {call[0] for call in calls} >= {"backup", "restore", "migrate", "topics", "officials", "dead"}
    assert {call[0] for call in calls} <= COMMANDS.keys()
    assert [problem_of(call) for call in calls if problem_of(call)] == []


def test_every_command_of_the_runbook_exists() -> None:
    said = siaga_calls((ROOT / "deploy" / "RUNBOOK.md").read_text(encoding="utf-8"))
    calls = [[word for word in call if not word.isupper()] for call in said if "…" not in "".join(call)]
    assert {call[0] for call in calls} >= {"why", "dead", "feeds", "corrections", "webhooks", "replay"}
    assert [problem_of(call) for call in calls if problem_of(call)] == []


def test_every_file_named_exists() -> None:
    named = set(re.findall(r"`((?:deploy|tests|base)/[\w./-]+)`", PAGE))
    named |= {
        word for line in LINES for word in line.split() if word.startswith("deploy/") and not word.endswith("/")
    }
    named |= set(re.findall(r"\]\(([\w./-]+\.md)\)", PAGE))
    roots = (ROOT, ROOT / "deploy", ROOT / "deploy" / "kubernetes")
    missing = [name for name in named if not any((root / name).exists() for root in roots)]
    assert [name for name in missing if not name.startswith("deploy/secrets/")] == []
    assert len(named) >= 10


def test_every_container_named_is_one_of_composes() -> None:
    for line in (line for line in LINES if line.startswith("docker compose")):
        words = [word for word in line.split()[2:] if not word.startswith("-")]
        if words[0] in {"stop", "run", "logs"}:
            names = [word for word in words[1:] if word.isalpha()]
            given = names if words[0] == "stop" else names[:1]
            assert given, line
            assert set(given) <= SERVICES.keys(), line


def test_every_resource_named_is_one_of_the_manifests() -> None:
    asked = {
        word
        for line in LINES
        if "kubectl" in line
        for word in line.split()
        if re.fullmatch(r"[a-z]+/[a-z-]+", word)
    }
    asked |= set(re.findall(r"--from=(\S+)", " ".join(LINES)))
    assert len(asked) >= 6
    for word in asked - {"job/siaga-restore"}:
        kind, _, name = word.partition("/")
        found = re.search(rf"^kind: {kind}\nmetadata:\n  name: {name}$", KUBERNETES, re.MULTILINE | re.IGNORECASE)
        assert found, word


def test_every_secret_that_the_page_makes_is_mounted() -> None:
    made = set(re.findall(r"create secret generic (\S+)", PAGE))
    mounted = set(re.findall(r"secretName: ([\w-]+)", KUBERNETES))
    assert made <= mounted
    by_strimzi = {"ingest", "tagger", "notifier", "operator", "siaga-cluster-ca-cert"}
    assert mounted == made | by_strimzi


def test_every_setting_named_is_one_that_services_know() -> None:
    known = {
        f"{PREFIX}{field}".upper()
        for cls in (IngestSettings, TaggerSettings, NotifierSettings)
        for field in cls.model_fields
    }
    named = set(re.findall(rf"\b{PREFIX}[A-Z_]+\b", PAGE))
    assert named
    assert named <= known


def test_the_figures_are_those_measured() -> None:
    measured = json.loads((ROOT / "bench" / "report" / "weights.json").read_text(encoding="utf-8"))
    assert f"Seen in {measured['seconds']:.0f} s" in PAGE
    for name, one in measured["services"].items():
        assert re.search(
            rf"^\| {name}\b[^|]*\| {one['peak_mb']} MB \|.*\| {one['cpu_share'] * 100:.0f} %", PAGE, re.MULTILINE
        ), name


def test_the_page_is_one_page() -> None:
    assert len(PAGE.splitlines()) < 250


def test_what_runs_in_a_container_is_in_its_image() -> None:
    dockerfile = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
    assert "deploy/siaga.sh /usr/local/bin/siaga" in dockerfile
    assert (ROOT / "deploy" / "siaga.sh").stat().st_mode & 0o111
    assert (
        Path(ROOT / "deploy" / "siaga.sh").read_text().splitlines()[-1] == 'exec python -m services.cli.main "$@"'
    )
