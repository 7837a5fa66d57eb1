"""Feeds and webhooks on PostgreSQL are what they are on SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.notifier.outlets import keep, webhook_rows
from tests.notifier.builders import a_merge, a_place, a_withdrawal, an_alert, an_update
from tests.notifier.outlets.doors import Doors
from tests.notifier.outlets.subscriber import Subscriber, only
from tests.notifier.outlets.test_signing import SECRET
from tests.notifier.outlets.test_webhooks import Sending, a_target
from tests.notifier.world import World


@pytest.fixture
async def on_postgres(postgres: str, tmp_path: Path) -> AsyncIterator[World]:
    """The notifier's test world on an empty PostgreSQL."""
    engine = sa.create_engine(postgres)
    with engine.begin() as conn:
        conn.execute(sa.text("DROP SCHEMA public CASCADE"))
        conn.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    world = World(tmp_path, store_url=postgres)
    yield world
    await world.close()


async def test_the_life_of_an_incident_on_postgresql(on_postgres: World) -> None:
    doors = Doors(on_postgres)
    async with Subscriber(SECRET).listening() as subscriber:
        sending = Sending(doors, only(a_target(subscriber.url)))
        await sending.begin()
        subscriber.answers = [500]
        await sending.hear(
            an_alert(),
            an_update(places=(a_place("ID-NB"),)),
            a_withdrawal(version=3),
            an_alert(incident_id="twin"),
            a_merge("twin", into="incident-3"),
        )
        await sending.send_all()
        await sending.later(600)
        assert len(subscriber.taken) == 5
        assert set(await sending.states()) == {"accepted"}
        await sending.poster.close()
    _, token = await doors.add_reader("ID-NT")
    told = (await doors.ask("/feeds/id-nt/all.json", token)).json()
    assert [item["_siaga"]["standing"] for item in told["items"]] == ["merged", "withdrawn"]
    assert (await doors.ask("/cap/incident-1.3.xml", token)).status_code == 200
    now = on_postgres.now.timestamp()
    assert await on_postgres.store.write(lambda conn: keep.forget_before(conn, now)) == 2
    assert await on_postgres.store.write(lambda conn: webhook_rows.forget_before(conn, now + 1)) == 5
    await doors.gate.note_use()
