"""The Dockerfile: pinned, not root, and holding all that a service imports and nothing of another's."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from services.runtime.settings import PREFIX, ServiceSettings
from tests.conftest import ROOT

DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text(encoding="utf-8")
#: Stage name to its instructions, continuation lines joined.
STAGES = {
    match[1]: match[2].replace("\\\n", " ").splitlines()
    for match in re.finditer(r"^FROM \S+ AS (\w+)\n(.*?)(?=^FROM |\Z)", DOCKERFILE, re.MULTILINE | re.DOTALL)
}


def copied(stage: str) -> list[str]:
    """What the stage copies from the repository."""
    lines = [line.split()[1:] for line in STAGES[stage] if line.startswith("COPY ")]
    return [
        next(word for word in words if not word.startswith("--"))
        for words in lines
        if "--from=packages" not in words
    ]


def test_every_base_image_is_pinned_to_a_patch_release() -> None:
    outside = {name for name in re.findall(r"^FROM (\S+)", DOCKERFILE, re.MULTILINE) if name not in STAGES}
    assert len(outside) == 1
    assert all(re.fullmatch(r"python:3\.11\.\d+-slim-\w+", name) for name in outside)


def test_packages_are_installed_by_hash_only() -> None:
    installs = [line for lines in STAGES.values() for line in lines if "pip install" in line]
    assert installs
    assert all("--require-hashes" in line for line in installs)
    assert "--hash=sha256:" in (ROOT / "requirements" / "run.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("stage", ["service", "cli"])
def test_no_image_runs_as_root(stage: str) -> None:
    users = [line.split()[1] for line in STAGES[stage] if line.startswith("USER ")]
    assert users == ["siaga"]


def test_every_setting_in_an_image_is_one_that_services_know() -> None:
    given = set(re.findall(rf"\b{PREFIX}\w+(?==)", DOCKERFILE))
    assert given
    assert given <= {f"{PREFIX}{field}".upper() for field in ServiceSettings.model_fields}


def test_a_service_says_whether_it_is_healthy() -> None:
    assert any(line.startswith("HEALTHCHECK") and "/healthz" in line for line in STAGES["service"])


@pytest.mark.parametrize("stage", list(STAGES))
def test_everything_that_is_copied_exists_and_is_let_through(stage: str) -> None:
    allowed = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text(encoding="utf-8").split("\n")
    roots = tuple(line[1:] for line in allowed if line.startswith("!"))
    for source in copied(stage):
        path = source.replace("${SERVICE}", "tagger")
        assert (ROOT / path).exists(), source
        assert path.startswith(roots), source


@pytest.mark.parametrize("service", ["ingest", "tagger", "notifier"])
def test_an_image_holds_all_that_its_service_imports_and_no_other_service(service: str, tmp_path: Path) -> None:
    for source in copied("base") + copied("service"):
        path = source.replace("${SERVICE}", service)
        if path.startswith("services"):
            copy = shutil.copytree if (ROOT / path).is_dir() else shutil.copyfile
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / path, tmp_path / path)
    assert {path.name for path in (tmp_path / "services").iterdir() if path.is_dir()} == {
        "contracts",
        "runtime",
        service,
    }
    # -I: neither this checkout nor an editable install of it may lend a module.
    code = (
        "import sys\n"
        f"sys.path.insert(0, {str(tmp_path)!r})\n"
        "sys.meta_path[:] = [finder for finder in sys.meta_path if 'editable' not in repr(finder).lower()]\n"
        f"import services.{service}.__main__, services\n"
        f"assert services.__file__.startswith({str(tmp_path)!r}), services.__file__\n"
    )
    ran = subprocess.run(
        [sys.executable, "-I", "-c", code], capture_output=True, text=True, cwd=tmp_path, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("given", [True, False])
def test_the_entrypoint_hands_over_the_database_password_from_its_file(tmp_path: Path, given: bool) -> None:
    secret = tmp_path / "password"
    secret.write_text("s3cret\n")
    command = [ROOT / "deploy" / "entrypoint.sh", "sh", "-c", 'echo "<${PGPASSWORD-}>"']
    environment = {"PATH": "/usr/bin:/bin"} | ({"PGPASSWORD_FILE": str(secret)} if given else {})
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    assert ran.stdout == ("<s3cret>\n" if given else "<>\n")


def test_a_missing_password_file_ends_the_container(tmp_path: Path) -> None:
    command = [ROOT / "deploy" / "entrypoint.sh", "true"]
    environment = {"PATH": "/usr/bin:/bin", "PGPASSWORD_FILE": str(tmp_path / "absent")}
    ran = subprocess.run(command, capture_output=True, check=False, env=environment)
    assert ran.returncode != 0
