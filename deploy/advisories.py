"""Known faults of libraries, from a folder of advisories in the form of OSV; which hold for a version.

A folder or a git directory, such as a copy of github.com/pypa/advisory-database; an advisory a file, YAML or JSON.
Form and matching: https://ossf.github.io/osv-schema/ (versions, and ranges of the type ECOSYSTEM).
"""

from __future__ import annotations

import io
import json
import re
import subprocess
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from services.runtime.errors import OperatorError

ECOSYSTEM = "PyPI"
#: Where the two public collections keep theirs; elsewhere the whole folder is read.
_USUAL = ("vulns", "advisories")
_FORMS = {".yaml", ".yml", ".json"}
#: Reading YAML takes ten milliseconds a file: only those are read that name a library somebody asks for.
_NAME = re.compile(r"""\bname["']?\s*:\s*["']?([A-Za-z0-9][A-Za-z0-9._-]*)""")
_MODIFIED = re.compile(r"""(?:^|[{,])\s*["']?modified["']?\s*:\s*["']?(\d{4}-\d\d-\d\d)""", re.MULTILINE)


@dataclass(frozen=True)
class Advisories:
    """A collection: texts by path, the paths by the libraries they name, and the day of the latest change."""

    where: str
    texts: Mapping[str, str]
    paths: Mapping[str, tuple[str, ...]]
    newest: str

    def that_hold(self, name: str, version: str) -> list[dict[str, Any]]:
        """The advisories that hold for a version of a library and were not withdrawn.

        Raises:
            OperatorError: a file that names the library is no advisory.
        """
        known = [self._read(path) for path in self.paths.get(canonicalize_name(name), ())]
        return [
            shown(one, name)
            for path, one in known
            if not one.get("withdrawn") and _holds(path, one, name, version)
        ]

    def naming(self, libraries: Iterable[str]) -> set[str]:
        """The paths of those that name one of the libraries, in whatever version."""
        return {path for name in libraries for path in self.paths.get(canonicalize_name(name), ())}

    def _read(self, path: str) -> tuple[str, dict[str, Any]]:
        where = f"advisory {path}"
        try:
            if path.endswith(".json"):
                found = json.loads(self.texts[path])
            else:
                found = YAML(typ="safe", pure=True).load(self.texts[path])
        except (YAMLError, ValueError) as error:
            raise OperatorError(where, f"cannot be read: {str(error).splitlines()[0]}") from None
        if not isinstance(found, dict) or not found.get("id"):
            raise OperatorError(where, "has no id")
        if not isinstance(found.get("affected"), list):
            raise OperatorError(where, "has no list of what is affected")
        return where, found


def load(place: Path) -> Advisories:
    """Read a collection.

    Raises:
        OperatorError: there is nothing, or no advisory in it.
    """
    if not place.is_dir():
        raise OperatorError(str(place), "is no folder of advisories")
    files = _in_git(place) if (place / "HEAD").is_file() and (place / "objects").is_dir() else _in_folder(place)
    texts = dict(files)
    if not texts:
        raise OperatorError(str(place), "holds no advisory")
    days = [day for text in texts.values() for day in _MODIFIED.findall(text)]
    return Advisories(str(place), texts, _by_name(texts), max(days, default="of unknown date"))


def _by_name(texts: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for path, text in texts.items():
        names = {canonicalize_name(name) for name in _NAME.findall(text)}
        if not names:
            raise OperatorError(f"advisory {path}", "names no library")
        for name in names:
            found[name] = (*found.get(name, ()), path)
    return found


def _wanted(path: PurePosixPath) -> bool:
    return path.suffix in _FORMS and not any(part.startswith(".") for part in path.parts)


def _in_folder(place: Path) -> Iterator[tuple[str, str]]:
    top = next((place / name for name in _USUAL if (place / name).is_dir()), place)
    for file in sorted(top.rglob("*")):
        path = file.relative_to(place)
        if file.is_file() and _wanted(PurePosixPath(path)):
            yield path.as_posix(), _text(path.as_posix(), file.read_bytes())


def _in_git(place: Path) -> Iterator[tuple[str, str]]:
    top = [name for name in _git(place, "ls-tree", "--name-only", "HEAD").decode().split() if name in _USUAL][:1]
    packed = _git(place, "archive", "--format=tar", "HEAD", *top)
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        for member in files:
            content = files.extractfile(member) if member.isfile() else None
            if content is not None and _wanted(PurePosixPath(member.name)):
                yield member.name, _text(member.name, content.read())


def _git(place: Path, *words: str) -> bytes:
    done = subprocess.run(["git", f"--git-dir={place}", *words], capture_output=True, check=False)  # noqa: S603, S607
    if done.returncode:
        raise OperatorError(str(place), f"git: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


def _text(path: str, content: bytes) -> str:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise OperatorError(f"advisory {path}", "is not UTF-8 text") from None


def shown(advisory: Mapping[str, Any], name: str) -> dict[str, Any]:
    """What pip-audit reads of it, the library under the name it asked for."""
    kept = {
        key: advisory[key] for key in ("id", "schema_version", "aliases", "summary", "details") if key in advisory
    }
    ranges = [one for part in _parts(advisory, name) for one in part.get("ranges") or ()]
    return kept | {
        "affected": [{"package": {"name": canonicalize_name(name), "ecosystem": ECOSYSTEM}, "ranges": ranges}]
    }


def _parts(advisory: Mapping[str, Any], name: str) -> Iterable[Mapping[str, Any]]:
    for part in advisory["affected"]:
        package = part.get("package") or {}
        if package.get("ecosystem") == ECOSYSTEM and canonicalize_name(
            package.get("name", "")
        ) == canonicalize_name(name):
            yield part


def _holds(where: str, advisory: Mapping[str, Any], name: str, version: str) -> bool:
    asked = Version(version)
    return any(
        any(_same(str(one), asked) for one in part.get("versions") or ())
        or any(_within(where, one, asked) for one in part.get("ranges") or () if one.get("type") == "ECOSYSTEM")
        for part in _parts(advisory, name)
    )


def _same(listed: str, asked: Version) -> bool:
    try:
        return Version(listed) == asked
    except InvalidVersion:  # of before PEP 440; what is pinned today is none of these
        return False


def _within(where: str, span: Mapping[str, Any], asked: Version) -> bool:
    """Go through the events in order: the last one before the version decides."""
    events = [(_version(where, said), kind) for event in span.get("events") or () for kind, said in event.items()]
    limits = [at for at, kind in events if kind == "limit"]
    inside = False
    for at, kind in sorted(events):
        if kind == "introduced" and at <= asked:
            inside = True
        elif (kind == "fixed" and at <= asked) or (kind == "last_affected" and at < asked):
            inside = False
    return inside and (not limits or any(asked < limit for limit in limits))


def _version(where: str, said: object) -> Version:
    try:
        return Version(f"{said}.dev0" if said in {"0", 0} else str(said))
    except InvalidVersion:
        raise OperatorError(where, f"{said} is no version") from None
