"""What every service answers over HTTP, as its container runs it: health, metrics, its description, and no more."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.contracts.topics import ALERTS, DELIVERIES, SOURCES, STORIES, STORIES_TAGGED
from services.runtime.embedded import EmbeddedProcess

ROOT = Path(__file__).resolve().parents[2]
SEEDS = ROOT / "seeds"
#: What each service reads and what it writes.
TOPICS = {
    "ingest": ({STORIES_TAGGED}, {STORIES, SOURCES}),
    "tagger": ({STORIES}, {STORIES_TAGGED, ALERTS}),
    "notifier": ({ALERTS}, {DELIVERIES}),
}


@dataclass
class Answering:
    """A service that runs, and a client of it."""

    name: str
    process: subprocess.Popen[bytes]
    client: httpx.AsyncClient
    log: Path

    async def until_ready(self) -> httpx.Response:
        async with asyncio.timeout(90):
            while True:
                assert self.process.poll() is None, self.log.read_text()
                try:
                    answer = await self.client.get("/readyz")
                except httpx.TransportError:
                    answer = None
                if answer is not None and answer.status_code == httpx.codes.OK:
                    return answer
                await asyncio.sleep(0.2)

    async def until_shown(self, sample: str) -> None:
        async with asyncio.timeout(60):
            while sample not in (await self.client.get("/metrics")).text.splitlines():
                await asyncio.sleep(0.2)


@pytest.fixture(params=TOPICS)
async def service(
    request: pytest.FixtureRequest, embedded: EmbeddedProcess, free_port: int, tmp_path: Path
) -> AsyncIterator[Answering]:
    env = {key: value for key, value in os.environ.items() if not key.startswith("SIAGA_")}
    env |= {
        "SIAGA_KAFKA": embedded.bootstrap,
        "SIAGA_BROKER_INCARNATION": embedded.incarnation,
        "SIAGA_DATA_DIR": str(tmp_path),
        "SIAGA_HTTP_PORT": str(free_port),
        # Nobody listens where the demo's feeds would be: the service answers all the same.
        "SIAGA_SOURCES": str(SEEDS / "feeds.demo.yaml"),
        "SIAGA_DEMO_PORT": "1",
    }
    log = tmp_path / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", f"services.{request.param}"], env=env, cwd=ROOT, stdout=output, stderr=output
        )
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{free_port}", timeout=20) as client:
        try:
            yield Answering(request.param, process, client, log)
        finally:
            process.kill()
            process.wait()


async def test_a_service_answers_for_its_health_metrics_and_events_and_ends_with_status_0(
    service: Answering,
) -> None:
    ready = await service.until_ready()
    assert ready.text == "ready\n"
    live = await service.client.get("/healthz")
    assert (live.status_code, live.text) == (200, "live\n")

    metrics = await service.client.get("/metrics", follow_redirects=True)
    assert metrics.status_code == httpx.codes.OK
    assert f'siaga_build_info{{service="{service.name}"' in metrics.text
    assert "# TYPE siaga_consumer_lag_records gauge" in metrics.text

    described = await service.client.get("/asyncapi.json")
    assert described.headers["content-type"] == "application/json"
    document = json.loads(described.text)
    reads, writes = TOPICS[service.name]
    told = {channel["address"] for channel in document["channels"].values()}
    assert reads | writes <= {address.split(":")[0] for address in told}

    for path in ("/asyncapi/try", "/docs/asyncapi/try", "/asyncapi.json/try", "/try"):
        tried = await service.client.post(path, json={"channelName": ALERTS, "message": {}})
        assert tried.status_code == httpx.codes.NOT_FOUND, path
    for path in ("/", "/docs", "/asyncapi", "/docs/asyncapi"):
        page = await service.client.get(path)
        assert page.status_code == httpx.codes.NOT_FOUND, path

    service.process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(service.process.wait, 30) == 0, service.log.read_text()


async def test_a_service_whose_broker_is_gone_lives_and_is_not_ready(
    service: Answering, embedded: EmbeddedProcess
) -> None:
    await service.until_ready()
    await service.until_shown("siaga_ready 1.0")
    embedded.process.kill()
    async with asyncio.timeout(60):
        while (answer := await service.client.get("/readyz")).status_code == httpx.codes.OK:
            await asyncio.sleep(0.2)
    assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
    assert "broker does not answer" in answer.text
    await service.until_shown("siaga_ready 0.0")
    assert (await service.client.get("/healthz")).status_code == httpx.codes.OK
