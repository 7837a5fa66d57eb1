"""Known faults of the pinned libraries, by pip-audit.

    python -m deploy.audit [requirements/run.txt ...]

Asks the public service; with SIAGA_ADVISORIES, or --advisories, a folder of advisories instead, and then nothing
leaves this machine but the download of pip-audit itself.  pip-audit leaves it to whom it asks which versions
an advisory holds for, and passes over what that one does not know with status 0: that is not taken for clean here.

Exit status 0: no fault known.  1: some.  2: a mistake in what was given.  3: not audited, whatever the reason.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from deploy.advisories import Advisories, load
from services.runtime.errors import EXIT_OPERATOR, OperatorError, one_line

ROOT = Path(__file__).resolve().parents[1]
PINNED = (ROOT / "requirements" / "run.txt", ROOT / "requirements" / "dev.txt")
PIP_AUDIT = "pip-audit==2.10.1"
FOUND, NOT_AUDITED = 1, 3
_LARGEST_QUESTION = 64 * 1024


class NotAuditedError(Exception):
    """Nobody looked: neither clean nor faulty."""


@dataclass(frozen=True)
class Fault:
    """An advisory that holds for a library."""

    library: str
    version: str
    id: str
    fixed_in: str


@dataclass(frozen=True)
class Result:
    """What became of one file of pins."""

    libraries: tuple[str, ...]
    faults: tuple[Fault, ...]


@dataclass
class Service:
    """Answers pip-audit as the service of OSV would, on loopback."""

    advisories: Advisories
    asked: set[str] = field(default_factory=set)
    mistakes: list[OperatorError] = field(default_factory=list)

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """The advisories for ``{"package": {"name": ...}, "version": ...}``."""
        name = question["package"]["name"]
        self.asked.add(name)
        try:
            found = self.advisories.that_hold(name, question["version"])
        except OperatorError as mistake:
            self.mistakes.append(mistake)
            raise
        return {"vulns": found} if found else {}

    @contextlib.contextmanager
    def listening(self) -> Iterator[str]:
        """Its address."""
        service = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = min(int(self.headers.get("Content-Length", 0)), _LARGEST_QUESTION)
                try:
                    body, status = service.answer(json.loads(self.rfile.read(length))), 200
                except (OperatorError, ValueError, KeyError, TypeError):
                    body, status = {}, 500
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.end_headers()
                self.wfile.write(json.dumps(body).encode())

            def log_message(self, *_: object) -> None:
                pass

        with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
            threading.Thread(target=server.serve_forever, daemon=True).start()
            yield f"http://127.0.0.1:{server.server_port}/v1/query"
            server.shutdown()


def _pip_audit(pins: Path, *options: str) -> str:
    uv = Path(sys.executable).parent / "uv"
    command = [
        str(uv), "tool", "run", "--quiet", PIP_AUDIT, "--requirement", str(pins), "--require-hashes",
        "--disable-pip", "--format", "json", "--desc", "off", "--progress-spinner", "off", *options,
    ]  # fmt: skip
    local = {"NO_PROXY": "127.0.0.1", "no_proxy": "127.0.0.1"} if options else {}
    try:
        done = subprocess.run(  # noqa: S603 - own words
            command, env={**os.environ, **local}, capture_output=True, text=True, timeout=900, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotAuditedError(one_line(f"pip-audit: {error}", 200)) from None
    if not done.stdout.strip():
        last = (done.stderr.strip().splitlines() or ["says nothing"])[-1]
        raise NotAuditedError(one_line(f"pip-audit: {last}", 200))
    return done.stdout


#: Runs pip-audit on a file of pins, with options; what it printed.
Ask = Callable[..., str]


def audit(pins: Path, advisories: Advisories | None, ask: Ask = _pip_audit) -> Result:
    """Look at every library of a file.

    Args:
        pins: exact versions with hashes.
        advisories: None where the public service is asked.
        ask: runs pip-audit with further options, returns what it prints.

    Raises:
        NotAuditedError: pip-audit, or whom it asks, did not answer for every library.
        OperatorError: an advisory that names one of them cannot be read.
    """
    if advisories is None:
        return _result(ask(pins))
    service = Service(advisories)
    with service.listening() as url:
        try:
            result = _result(ask(pins, "--vulnerability-service", "osv", "--osv-url", url))
        except NotAuditedError:
            if service.mistakes:
                raise service.mistakes[0] from None
            raise
    missed = set(result.libraries) - service.asked
    if missed:
        raise NotAuditedError(f"nobody asked for {len(missed)} of {len(result.libraries)} libraries")
    return result


def _result(told: str) -> Result:
    """Read pip-audit's answer; a library it passed over makes the whole not audited, though its status is 0."""
    try:
        libraries = json.loads(told)["dependencies"]
    except (ValueError, KeyError, TypeError):
        raise NotAuditedError("pip-audit's answer cannot be read") from None
    skipped = [one["skip_reason"] for one in libraries if "skip_reason" in one]
    if skipped or not libraries:
        reason = skipped[0] if skipped else "there are none"
        raise NotAuditedError(one_line(f"{len(skipped)} of {len(libraries)} libraries, e.g. {reason}", 200))
    return Result(
        tuple(one["name"] for one in libraries),
        tuple(
            Fault(one["name"], one["version"], fault["id"], ", ".join(fault["fix_versions"]) or "no version")
            for one in libraries
            for fault in one["vulns"]
        ),
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Audit each file; the worst of their exit statuses."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pins", nargs="*", type=Path, default=PINNED)
    parser.add_argument("--advisories", type=Path, default=os.environ.get("SIAGA_ADVISORIES") or None)
    given = parser.parse_args(arguments)
    try:
        advisories = load(Path(given.advisories)) if given.advisories else None
        return max([_tell(pins, advisories) for pins in given.pins])
    except OperatorError as mistake:
        _say(f"audit: {mistake}")
        return EXIT_OPERATOR


def _tell(pins: Path, advisories: Advisories | None) -> int:
    try:
        result = audit(pins, advisories)
    except NotAuditedError as reason:
        _say(f"{pins.name}: not audited: {reason}")
        return NOT_AUDITED
    for fault in result.faults:
        _say(f"{pins.name}: {fault.library} {fault.version}: {fault.id}, fixed in {fault.fixed_in}")
    by = "the public service"
    if advisories:
        naming = len(advisories.naming(result.libraries))
        by = f"{len(advisories.texts)} advisories up to {advisories.newest}, {naming} of them on these libraries"
    _say(f"{pins.name}: {len(result.libraries)} libraries, {len(result.faults)} known faults; by {by}")
    return FOUND if result.faults else 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
