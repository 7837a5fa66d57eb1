"""The version before: any commit of this repository, unpacked, and services that run from there or from here."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

from services.runtime.errors import EXIT_OPERATOR
from services.runtime.tied import tied
from tests.chaos.fleet import ROOT, Fleet, Member


@dataclass(frozen=True)
class Version:
    """A commit, and where its files are."""

    commit: str
    date: str
    root: Path


def here() -> Version:
    """The version this program is of."""
    return Version(_git("rev-parse", "--short", "HEAD"), _git("log", "-1", "--format=%cs"), ROOT)


def unpack(commit: str, folder: Path) -> Version:
    """The files of a commit, in a folder of their own.

    Raises:
        subprocess.CalledProcessError: there is no such commit.
    """
    packed = subprocess.run(
        ["git", "archive", "--format=tar", commit, "services", "seeds", "deploy"],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as files:
        files.extractall(folder, filter="data")
    return Version(
        _git("rev-parse", "--short", commit), _git("log", "-1", "--format=%cs", commit), folder.resolve()
    )


def _git(*words: str) -> str:
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def command(version: Version, service: str) -> list[str]:
    """How a service of a version is run, wherever that is done."""
    return ["/usr/bin/env", "-C", str(version.root), sys.executable, "-m", f"services.{service}"]


def environment(version: Version, own: Mapping[str, str]) -> dict[str, str]:
    """What it finds around it: what is installed is of this version, so its own files come first."""
    return {**os.environ, "PYTHONPATH": str(version.root), **own}


@dataclass
class Versions(Fleet):
    """Processes of two versions side by side."""

    versions: dict[str, Version] = field(default_factory=dict)

    def start(self, name: str) -> None:
        """Begin a life, in the version it is to have."""
        member, version = self.members[name], self.versions[name]
        own = {"SIAGA_HTTP_PORT": str(member.port), **member.environment}
        with self.log_of(name).open("ab") as log:
            member.process = subprocess.Popen(
                tied(command(version, member.service)),
                env=environment(version, own),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


@dataclass(frozen=True)
class Refusal:
    """How a service of the version before met a store of the next."""

    status: int
    line: str

    @property
    def clear(self) -> bool:
        """One line of an operator's mistake that says it is about the schema, and no traceback."""
        return self.status == EXIT_OPERATOR and "newer than this program" in self.line


def try_start(version: Version, member: Member, within_s: float = 120.0) -> Refusal:
    """Start a service and wait for its end; one that does not end is killed and has the status of that."""
    own = {**member.environment, "SIAGA_HTTP_PORT": "0"}
    process = subprocess.Popen(
        tied(command(version, member.service)),
        env=environment(version, own),
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        told = process.communicate(timeout=within_s)[1]
    except subprocess.TimeoutExpired:
        process.kill()
        told = process.communicate()[1]
    lines = [line for line in told.splitlines() if not line.startswith("{")]
    return Refusal(process.returncode, " / ".join(lines)[-400:])
