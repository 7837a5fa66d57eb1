"""Every service is replaced by a second one while stories flow, on PostgreSQL: nothing is lost, nothing is doubled.

    .venv/bin/pytest -s tests/e2e/proof_upgrade.py

The longer form of test_upgrade: two processes of a service side by side, as a rolling update of Kubernetes has them.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiokafka import AIOKafkaProducer

sys.path.insert(0, str(Path(__file__).parent))
from test_backup import Host, read_all
from whole import IN_HAND, UPDATED_STORY, Whole

from services.cli.holdings import MIGRATIONS, NAMES
from services.cli.run import Stack
from services.cli.stack import SERVICES, demo_part, service_parts
from services.cli.topics import wanted_topics
from services.contracts.story import StoryPublished
from services.contracts.tagging import STORY_TAGGED
from services.contracts.topics import STORIES, STORIES_TAGGED
from services.runtime.apache import ApacheKafka
from services.runtime.broker import admin_client
from services.runtime.engine import make_engine
from services.runtime.ports import HOST, hold_port
from services.runtime.schema import upgrade
from services.runtime.settings import ServiceSettings
from services.runtime.topics_admin import create_topics
from tests.conftest import KAFKA_CONFIG, QUICK
from tests.postgres_server import PostgresServer
from tests.tagger.builders import a_story

pytestmark = [pytest.mark.kafka, pytest.mark.timeout(900)]
STORIES_A_SECOND = 20
BETWEEN_S = 4.0


class RollingStack(Stack):
    """Services that only start on a schema that is there, each replaceable by one beside it."""

    def __init__(self, host: Host, urls: dict[str, str]) -> None:
        super().__init__(host.plan, host.kafka.bootstrap)
        self._bootstrap = host.kafka.bootstrap
        self._stores = {f"SIAGA_{name.upper()}_STORE": url for name, url in urls.items()} | {
            "SIAGA_MIGRATE": "never"
        }

    async def start(self) -> None:
        await self.supervisor.start(demo_part(self.plan))
        for part in self.parts():
            await self.supervisor.start(part)

    async def make_topics(self) -> None:
        """As `siaga topics` does."""
        async with admin_client(ServiceSettings(kafka=self._bootstrap)) as admin:
            await create_topics(admin, wanted_topics())

    def parts(self) -> list[Any]:
        made = service_parts(self.plan, self._bootstrap, "", self._secrets)
        return [replace(part, env={**part.env, **self._stores}) for part in made]

    async def roll(self, name: str) -> float:
        """A second one, ready, before the first leaves; how long that took."""
        began = time.monotonic()
        (old,) = [part for part in self.parts() if part.name == name]
        port = str(hold_port())
        fresh = {**old.env, "SIAGA_HTTP_PORT": port, "SIAGA_PUBLIC_PORT": str(hold_port())}
        new = replace(old, name=f"{name} next", env=fresh, probe=f"http://{HOST}:{port}")
        await self.supervisor.start(new)
        await asyncio.to_thread(until_ready, f"http://{HOST}:{port}/readyz")
        await self.supervisor.stop([name])
        return time.monotonic() - began


def until_ready(url: str) -> None:
    for _ in range(600):
        with contextlib.suppress(OSError, urllib.error.URLError), urllib.request.urlopen(url, timeout=5):
            return
        time.sleep(0.2)
    raise AssertionError(f"{url} did not become ready")


class OnPostgres(Whole):
    """What the stores hold, where they are databases."""

    urls: dict[str, str]

    def ask(self, service: str, question: Any) -> Any:
        if service not in self.engines:
            self.engines[service] = sa.create_engine(self.urls[service], poolclass=sa.NullPool)
        with self.engines[service].connect() as conn:
            return question(conn)

    def settled(self) -> bool:
        """Every story of the demo is tagged in its last version, the update among them, and nothing is in hand."""
        seen, tagged = self.versions("ingest"), self.versions("tagger")
        updated = any(UPDATED_STORY in story and version > 1 for story, version in tagged.items())
        known = all(tagged.get(story) == version for story, version in seen.items())
        return bool(updated and known and not IN_HAND & self.states().keys())


@pytest.fixture
def urls(_postgres_server: PostgresServer) -> dict[str, str]:
    """A database for each store, at its newest schema."""
    found = {name: _postgres_server.database(name) for name in NAMES}
    for name, url in found.items():
        engine = make_engine(url)
        upgrade(engine, MIGRATIONS[name])
        engine.dispose()
    return found


@contextlib.asynccontextmanager
async def stories_flowing(bootstrap: str) -> AsyncIterator[list[str]]:
    """Stories that matter to nobody, so many a second, besides those of the demo."""
    sent: list[str] = []
    stop = asyncio.Event()

    async def flow() -> None:
        producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
        await producer.start()
        while not stop.is_set():
            number = len(sent)
            told = f"Pasar murah ke-{number} digelar di alun-alun kota, warga {uuid.uuid4()} mengantre sejak pagi."
            story = a_story(f"flow:{number}", f"Pasar murah {number}", told, published_at=datetime.now(UTC))
            assert isinstance(story, StoryPublished)
            await producer.send_and_wait(STORIES, story.model_dump_json().encode(), key=story.story_id.encode())
            sent.append(story.story_id)
            await asyncio.sleep(1 / STORIES_A_SECOND)
        await producer.stop()

    task = asyncio.create_task(flow())
    try:
        yield sent
    finally:
        stop.set()
        await task


async def test_every_service_is_replaced_under_load_and_nothing_is_lost_or_doubled(
    kafka_libs: Path, urls: dict[str, str], tmp_path: Path, seed: int
) -> None:
    os.environ.pop("SIAGA_DATA_DIR", None)
    log = KAFKA_CONFIG / "log4j2.properties"
    kafka = ApacheKafka(tmp_path / "kafka", libs=kafka_libs, log_config=log, overrides=QUICK)
    await kafka.start()
    host = Host(tmp_path, kafka)
    stack = RollingStack(host, urls)
    whole = OnPostgres(stack, host.data)
    whole.urls = urls
    try:
        await stack.make_topics()
        await stack.start()
        async with asyncio.timeout(120):
            while not whole.states().get("accepted"):
                await asyncio.sleep(0.2)
        took = {}
        async with stories_flowing(kafka.bootstrap) as sent:
            for name in random.Random(seed).sample(SERVICES, len(SERVICES)):
                await asyncio.sleep(BETWEEN_S)
                took[name] = round(await stack.roll(name), 1)
            await asyncio.sleep(BETWEEN_S)
        await until_tagged(whole, sent)
        await whole.until_settled()
        whole.check_none_twice()
        tagged = [STORY_TAGGED.validate_json(value) for value in await read_all(kafka.bootstrap, STORIES_TAGGED)]
        answers = Counter((one.story_id, one.version) for one in tagged)
        differing = {one.story_id for one in tagged if one.story_id.startswith("flow:") and one.relevant}
        assert set(sent) <= {story for story, _ in answers}
        assert not differing
        again = sum(count - 1 for count in answers.values())
        print(f"replaced {took}; {len(sent)} stories flowed, all tagged, {again} answers sent again")  # noqa: T201
    finally:
        await stack.stop()
        whole.close()
        if not stack.supervisor.failed.done():
            stack.supervisor.failed.cancel()
        await kafka.stop()


async def until_tagged(whole: Whole, sent: list[str]) -> None:
    async with asyncio.timeout(120):
        while not set(sent) <= whole.versions("tagger").keys():
            await asyncio.sleep(0.5)
