"""A service dies: real Prometheus and Alertmanager, with the delivered rules and routes, tell the right mailbox.

    .venv/bin/python -m tests.deploy.proof_alarms

Waiting times are cut to seconds and the mail server is ours; all else is as delivered.  Debian's packages
prometheus and prometheus-alertmanager.
"""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import click

from services.runtime.errors import OperatorError, guarded
from services.runtime.ports import hold_port
from services.runtime.tied import tied
from tests.conftest import ROOT
from tests.notifier.smtp_servers import Hooks, scripted

PROMETHEUS = ROOT / "deploy" / "prometheus"
#: A page and a ticket, each from a service of its own, and one alarm that follows from another.
TAGGER = "siaga_outbox_refused_rows 3\nsiaga_disk_free_bytes 1\nsiaga_disk_size_bytes 100\n"
HEALTHY = 'siaga_canary_last_seen_seconds{channel="telegram"} 9e9\n'
PATIENCE_S = 60


def program(name: str, package: str) -> str:
    found = shutil.which(name)
    if found is None:
        raise OperatorError(name, f"is not installed; Debian has it in the package {package}")
    return found


@contextlib.asynccontextmanager
async def service(port: int, shown: str) -> AsyncIterator[None]:
    """What answers every request with these metrics."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        head = f"HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {len(shown)}\r\n"
        writer.write(f"{head}Connection: close\r\n\r\n{shown}".encode())
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", port):
        yield


@contextlib.contextmanager
def started(command: list[str], log: Path) -> Iterator[None]:
    with log.open("wb") as file:
        process = subprocess.Popen(tied(command), stdout=file, stderr=file)
    try:
        yield
    finally:
        process.terminate()
        process.wait()


def routes(folder: Path, smtp: int) -> Path:
    """The delivered routes, without their patience."""
    text = (
        (PROMETHEUS / "alertmanager.yml").read_text(encoding="utf-8").replace("notifier:1025", f"127.0.0.1:{smtp}")
    )
    path = folder / "alertmanager.yml"
    path.write_text(re.sub(r"group_(wait|interval): \w+", r"group_\1: 2s", text))
    return path


def watching(folder: Path, ports: dict[str, int], alertmanager: int) -> Path:
    """The delivered rules, at once."""
    rules = (PROMETHEUS / "rules.yml").read_text(encoding="utf-8")
    (folder / "rules.yml").write_text(re.sub(r"(?m)^( +for: )\w+$", r"\g<1>0s", rules))
    static = [{"targets": [f"127.0.0.1:{port}"], "labels": {"service": name}} for name, port in ports.items()]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yml"],
        "alerting": {"alertmanagers": [{"static_configs": [{"targets": [f"127.0.0.1:{alertmanager}"]}]}]},
        "scrape_configs": [{"job_name": "siaga", "static_configs": static}],
    }
    path = folder / "prometheus.yml"
    path.write_text(json.dumps(config))
    return path


def letters(hooks: Hooks) -> list[tuple[str, str, str]]:
    """To whom, subject, and what it says."""
    found = []
    for to, raw in hooks.stored:
        message = email.message_from_bytes(raw, policy=email.policy.default)
        body = message.get_body(("html", "plain"))
        found.append((to[0].partition("@")[0], str(message["subject"]), body.get_content() if body else ""))
    return found


async def until(hooks: Hooks, to: str, word: str, resolved: bool = False) -> str:
    """Wait for a letter; its body."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            while True:
                for who, subject, body in letters(hooks):
                    if who == to and word in subject + body and ("RESOLVED" in subject) is resolved:
                        return body
                await asyncio.sleep(0.3)
    except TimeoutError:
        told = [(who, subject) for who, subject, _ in letters(hooks)]
        raise OperatorError(f"no letter to {to} about {word}", f"there are {told}") from None


def need(true: bool, what: str) -> None:
    if not true:
        raise OperatorError("proof", what)


async def prove(folder: Path) -> None:
    ports = {name: hold_port() for name in ("ingest", "tagger", "notifier")}
    alertmanager, prometheus = hold_port(), hold_port()
    hooks = Hooks()
    async with (
        scripted(hooks) as smtp,
        service(ports["ingest"], "siaga_ingest_on_fallback 0\n"),
        service(ports["tagger"], TAGGER),
    ):
        tells = [program("prometheus-alertmanager", "prometheus-alertmanager"), "--cluster.listen-address="]
        tells += [f"--config.file={routes(folder, smtp)}", f"--storage.path={folder / 'silences'}"]
        tells += [f"--web.listen-address=127.0.0.1:{alertmanager}"]
        sees = [program("prometheus", "prometheus"), f"--storage.tsdb.path={folder / 'tsdb'}"]
        sees += [f"--config.file={watching(folder, ports, alertmanager)}"]
        sees += [f"--web.listen-address=127.0.0.1:{prometheus}"]
        with started(tells, folder / "alertmanager.log"), started(sees, folder / "prometheus.log"):
            page = await until(hooks, "on-call", "ServiceDown")
            need(
                "notifier does not answer" in page and "RUNBOOK.md#servicedown" in page, "the page says too little"
            )
            await until(hooks, "morning", "OutboxRefused")
            await until(hooks, "on-call", "DiskAlmostFull")
            async with service(ports["notifier"], HEALTHY):
                await until(hooks, "on-call", "ServiceDown", resolved=True)
            told = letters(hooks)
            wrong = [one[1] for one in told if ("severity = ticket" in one[2]) is not (one[0] == "morning")]
            need(not wrong, f"went to the wrong mailbox: {wrong}")
            need(not any("DiskLow" in subject for _, subject, _ in told), "DiskLow was told beside DiskAlmostFull")
            click.echo(f"{len(told)} letters: pages to on-call, tickets to morning, the end of an alarm as well")


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="siaga-alarms-") as folder:
        asyncio.run(prove(Path(folder)))
    return 0


if __name__ == "__main__":
    sys.exit(guarded("proof_alarms", main))
