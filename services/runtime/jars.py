"""Bring the jars of Apache Kafka by Maven, once, and check them against the list of their digests."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from services.runtime.errors import OperatorError

_STAMP: Final = "complete"
_VERSION: Final = re.compile(r"<kafka\.version>\s*([0-9][0-9A-Za-z.\-]*)\s*</kafka\.version>")


def need_command(name: str, package: str) -> str:
    """Path of a command, or an `OperatorError` that names the Debian package with it."""
    path = shutil.which(name)
    if path is None:
        raise OperatorError(name, f"is not installed; Debian has it in the package {package}")
    return path


def need_java() -> str:
    """Path of the Java that Kafka needs: 17 or newer."""
    return need_command("java", "openjdk-17-jre-headless")


def kafka_version(pom: Path) -> str:
    """The Kafka version the pom names."""
    try:
        found = _VERSION.search(pom.read_text(encoding="utf-8"))
    except OSError as error:
        raise OperatorError(str(pom), error.strerror or "cannot be read") from error
    if found is None:
        raise OperatorError(str(pom), "names no kafka.version")
    return found.group(1)


def ensure_jars(pom: Path, target_dir: Path) -> Path:
    """Bring the jars of `pom` into `target_dir`, once; later calls need neither Maven nor the network.

    A file ``jars.sha256`` beside the pom is checked when it is there.  Raises `OperatorError` when Maven or Java
    is missing, when Maven fails, or when a jar is not the one the list names.
    """
    target_dir = target_dir.resolve()  # Maven takes a relative path from the folder of the pom
    stamp = f"{kafka_version(pom)} {_digest(pom)}\n"
    if _stamp_of(target_dir) == stamp:
        return target_dir
    need_java()
    maven = need_command("mvn", "maven")
    target_dir.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target_dir.with_name(target_dir.name + ".lock")):
        if _stamp_of(target_dir) == stamp:  # somebody else brought them while we waited
            return target_dir
        with tempfile.TemporaryDirectory(dir=target_dir.parent, prefix=".jars-") as folder:
            jars = Path(folder) / "jars"
            _copy_dependencies(maven, pom, jars)
            _check_jars(jars, pom.with_name("jars.sha256"))
            (jars / _STAMP).write_text(stamp, encoding="utf-8")
            shutil.rmtree(target_dir, ignore_errors=True)
            jars.rename(target_dir)
    return target_dir


def _stamp_of(folder: Path) -> str | None:
    try:
        return (folder / _STAMP).read_text(encoding="utf-8")
    except OSError:
        return None


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _copy_dependencies(maven: str, pom: Path, jars: Path) -> None:
    command = [
        *(maven, "-B", "-q", "--strict-checksums", "-f", str(pom), "dependency:copy-dependencies"),
        *("-DincludeScope=runtime", f"-DoutputDirectory={jars}"),
    ]
    result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (no shell, own words)
    if result.returncode != 0:
        errors = [line for line in result.stdout.splitlines() if line.startswith("[ERROR]")]
        raise OperatorError(str(pom), errors[0] if errors else f"mvn ended with {result.returncode}")


def _check_jars(jars: Path, listing: Path) -> None:
    if not listing.exists():
        return
    lines = [line.split() for line in listing.read_text(encoding="utf-8").splitlines()]
    wanted = {name: digest for digest, name in lines}
    found = {jar.name: _digest(jar) for jar in jars.glob("*.jar")}
    for name in sorted(wanted.keys() | found.keys()):
        if wanted.get(name) != found.get(name):
            raise OperatorError(str(listing), f"{name} is not the file that is listed")
