"""A real Prometheus that scrapes the services of a running stack every second and knows our alarms."""

from __future__ import annotations

import asyncio
import contextlib
import json
import math
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.runtime.ports import hold_port
from services.runtime.tied import tied
from tests.conftest import ROOT


@dataclass(frozen=True)
class Prometheus:
    """Answers questions."""

    url: str

    def ask(self, expr: str) -> list[tuple[dict[str, str], float]]:
        """Labels and value of each series that is a number now."""
        wanted = f"{self.url}/api/v1/query?{urllib.parse.urlencode({'query': expr})}"
        with urllib.request.urlopen(wanted, timeout=20) as answer:
            told = json.load(answer)["data"]
        if told["resultType"] == "scalar":
            return [({}, float(told["result"][1]))]
        found = [(one["metric"], float(one["value"][1])) for one in told["result"]]
        return [(labels, value) for labels, value in found if not math.isnan(value)]

    def targets(self) -> list[dict[str, Any]]:
        """What it scrapes."""
        with urllib.request.urlopen(f"{self.url}/api/v1/targets", timeout=20) as answer:
            found: list[dict[str, Any]] = json.load(answer)["data"]["activeTargets"]
        return found


@contextlib.asynccontextmanager
async def scraping(folder: Path, ports: Mapping[str, int]) -> AsyncIterator[Prometheus]:
    """Prometheus on these services, with the rules of deploy/prometheus."""
    command = shutil.which("prometheus")
    if command is None:
        pytest.fail("prometheus is not installed; Debian has it in the package prometheus", pytrace=False)
    folder.mkdir()
    static = [{"targets": [f"127.0.0.1:{port}"], "labels": {"service": name}} for name, port in ports.items()]
    config = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ROOT / "deploy" / "prometheus" / "rules.yml")],
        "scrape_configs": [{"job_name": "siaga", "static_configs": static}],
    }
    (folder / "prometheus.yml").write_text(json.dumps(config))
    port = hold_port()
    arguments = [
        command,
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(tied(arguments), stdout=log, stderr=log)
    try:
        found = Prometheus(f"http://127.0.0.1:{port}")
        await _until_ready(found, process, folder / "log")
        yield found
    finally:
        process.terminate()
        process.wait()


async def _until_ready(one: Prometheus, process: subprocess.Popen[bytes], log: Path) -> None:
    while process.poll() is None:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(f"{one.url}/-/ready", timeout=5).close()
            return
        await asyncio.sleep(0.2)
    pytest.fail(f"Prometheus did not start: {log.read_text()[-500:]}", pytrace=False)
