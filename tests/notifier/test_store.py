"""The schema of the migrations is the schema of the code; and all of it works on PostgreSQL too."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from services.contracts.codes import Severity
from services.contracts.tagging import Facts
from services.notifier import invitations, roster
from services.notifier.channels.base import Digest
from services.notifier.conversation import handle_update, read_offset
from services.notifier.core.ledger import State, Verdict
from services.notifier.core.reason import Reason
from services.notifier.invitations import Guest
from services.notifier.notices import take_due
from services.notifier.queries import count_by_state, incidents_of_story, oldest_due, recent_deliveries
from services.notifier.tables import DELIVERY, METADATA
from tests.notifier.builders import STORY, a_merge, a_number, a_withdrawal, an_alert, an_entry, an_update
from tests.notifier.world import World, refusal


async def test_the_migrations_make_exactly_the_tables_of_the_code(world: World) -> None:
    def differences(conn: sa.Connection) -> list[object]:
        context = MigrationContext.configure(conn, opts={"compare_type": True})
        return [found for found in compare_metadata(context, METADATA) if "alembic_version" not in str(found)]

    assert await world.store.read(differences) == []


@pytest.fixture
async def on_postgres(postgres: str, tmp_path: Path) -> AsyncIterator[World]:
    """The same world on an empty PostgreSQL."""
    engine = sa.create_engine(postgres)
    with engine.begin() as conn:
        conn.execute(sa.text("DROP SCHEMA public CASCADE"))
        conn.execute(sa.text("CREATE SCHEMA public"))
    engine.dispose()
    world = World(tmp_path, store_url=postgres)
    yield world
    await world.close()


async def test_a_life_of_an_incident_on_postgresql(on_postgres: World) -> None:
    world = on_postgres
    await world.add(
        an_entry(max_pushes_a_day=5), an_entry("mail", contacts={"email": "m@example.org"}, channels=["email"])
    )
    await world.hear(an_alert(), an_alert(incident_id="low", severity=Severity.LOW))
    assert await world.hear(an_alert()) == {Reason.OLD_VERSION: 1}
    world.telegram.answers = [refusal(Verdict.TRANSIENT, Reason.NOT_CONNECTED)]
    await world.send()
    world.pass_time(seconds=5)
    await world.send()
    await world.hear(an_update(facts=Facts(victims=(a_number(13),))))
    await world.send()
    await world.hear(an_alert(incident_id="other"))
    await world.send()
    await world.hear(a_merge("other", "incident-1"), a_withdrawal(version=3))
    await world.send()
    world.telegram.answers = [refusal(Verdict.UNKNOWN, Reason.NO_ANSWER)]
    await world.hear(an_alert(incident_id="unseen"))
    await world.send()
    world.pass_time(hours=13)
    await world.send_digests()
    sent = sorted(message.action for message in world.telegram.sent)
    assert sent == sorted(["push", "edit", "push", "edit", "withdraw", "digest"])
    counts = await world.store.read(count_by_state)
    assert counts.get("parked") == 1
    assert not {"due", "intended", "sending", "bundled"} & counts.keys()
    assert await world.store.read(lambda conn: oldest_due(conn, world.now.timestamp())) == {}
    assert await world.store.read(lambda conn: len(recent_deliveries(conn))) > 5
    assert "incident-1" in await world.store.read(lambda conn: incidents_of_story(conn, STORY))


async def test_the_rest_of_the_store_on_postgresql(on_postgres: World) -> None:
    world, now = on_postgres, on_postgres.now
    spec = an_entry(channels=["telegram"]).spec()

    def work(conn: sa.Connection) -> str:
        made = invitations.invite(conn, world.vault, Guest(spec, "PPA", "sari"), now.timestamp())
        chat = {"id": 5, "type": "private"}
        update = {"update_id": 9, "message": {"chat": chat, "text": f"/start {made.token}"}}
        assert handle_update(conn, world.vault, update, now)
        assert handle_update(conn, world.vault, update, now) == []
        assert read_offset(conn) == 10
        invitations.approve(conn, world.vault, made.official_id, "budi", now.timestamp())
        [welcome] = take_due(conn, world.vault, ["telegram"], now.timestamp(), 10)
        assert welcome.official_id == made.official_id
        return made.official_id

    official_id = await world.store.write(work)
    await world.store.write(lambda conn: roster.forget(conn, official_id, "test", 1.0))
    assert await world.store.read(roster.active_officials) == []


async def waits_for_a_lock(engine: sa.Engine) -> None:
    """Until somebody waits for a row that another holds."""
    query = sa.text("SELECT count(*) FROM pg_locks WHERE NOT granted")
    while True:
        with engine.connect() as conn:
            if conn.execute(query).scalar_one():
                return
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("called_off", [True, False])
async def test_what_is_called_off_while_its_digest_is_closed_stops_no_digest(
    on_postgres: World, postgres: str, called_off: bool
) -> None:
    world = on_postgres
    await world.add(an_entry(channels=["telegram"]))
    await world.hear(an_alert(severity=Severity.LOW), an_alert(incident_id="other", severity=Severity.LOW))
    world.pass_time(hours=12)
    engine = sa.create_engine(postgres)
    with engine.connect() as beside:
        one = DELIVERY.c.incident_id == "incident-1"
        state = State.SUPPRESSED if called_off else State.PLANNED
        beside.execute(sa.update(DELIVERY).where(one).values(state=state))
        closing = asyncio.create_task(world.dispatcher.close_digests())
        await waits_for_a_lock(engine)
        beside.commit()
        await closing
    engine.dispose()
    await world.send()
    [digest] = world.telegram.sent
    assert isinstance(digest.body, Digest)
    assert len(digest.body.entries) == (1 if called_off else 2)


async def test_two_changes_of_the_roster_at_once_are_two_to_who_keeps_it_in_memory(
    on_postgres: World, postgres: str
) -> None:
    world = on_postgres
    await world.add(an_entry())
    before = await world.store.read(roster.revision)
    engine = sa.create_engine(postgres)
    with engine.connect() as beside:
        roster.note_change(beside)
        other = asyncio.create_task(world.store.write(roster.note_change))
        await waits_for_a_lock(engine)
        beside.commit()
        await other
    engine.dispose()
    assert await world.store.read(roster.revision) == before + 2
