"""A service as small as can be, on the real runtime: what it reads from `in` it writes to `out`.

Run as a process of its own, so that it can be killed.  `{"do": "fail"}` cannot be handled, `{"do": "slow"}`
takes a second.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from services.runtime import consumption
from services.runtime.errors import guarded
from services.runtime.logs import configure_logs
from services.runtime.outbox import Message, enqueue, outbox_table
from services.runtime.process import run_service
from services.runtime.records import Received
from services.runtime.service import Service, TopicMap
from services.runtime.settings import ServiceSettings, load_settings
from services.runtime.store import Store

MIGRATION = """
from services.runtime.outbox import create_outbox
revision = "0001"
down_revision = None
def upgrade():
    create_outbox()
"""


def decode(value: bytes) -> dict[str, Any]:
    found = json.loads(value)
    if not isinstance(found, dict) or not isinstance(found.get("id"), int):
        raise TypeError("id is not a number")
    return found


async def no_drain(self: object, revoked: object) -> None:
    """What the proof of the drain has to fail with."""


def create() -> Service:
    settings = load_settings(ServiceSettings)
    configure_logs("echo", settings.log_level)
    migrations = settings.data_dir / "migrations"
    (migrations / "versions").mkdir(parents=True, exist_ok=True)
    (migrations / "versions" / "0001_first.py").write_text(MIGRATION)
    store = Store.open(f"sqlite:///{settings.data_dir / 'echo.sqlite3'}", migrations)
    outbox = outbox_table(sa.MetaData())
    if os.environ.get("ECHO_NO_DRAIN"):
        consumption._DrainOnRebalance.on_partitions_revoked = no_drain  # type: ignore[method-assign,assignment]
    readers = json.loads(os.environ.get("ECHO_READERS", "{}"))
    prefix = os.environ.get("ECHO_PREFIX", "")
    topics = TopicMap(f"{prefix}dead", {k: tuple(v) for k, v in readers.items()})
    service = Service("echo", settings, store, outbox, topics)

    @service.consume(
        f"{prefix}in",
        group=f"{prefix}echo",
        decode=decode,
        max_records=int(os.environ.get("ECHO_MAX_RECORDS", "100")),
    )
    async def echo(batch: Sequence[Received[dict[str, Any]]]) -> None:
        if any(received.value.get("do") == "fail" for received in batch):
            raise ValueError("told to fail")
        if slow := float(os.environ.get("ECHO_BATCH_SECONDS", "0")):
            await asyncio.sleep(slow)
        for received in batch:
            if received.value.get("do") == "slow":
                await asyncio.sleep(1.0)
        out = [
            Message(f"{prefix}out", received.key, json.dumps(received.value).encode(), "Echo/1", received.trace)
            for received in batch
        ]
        await store.write(lambda conn: enqueue(conn, outbox, out))
        service.kick()

    return service


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    sys.exit(guarded("echo", lambda: run_service(create)))
