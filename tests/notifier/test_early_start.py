"""A notifier that starts again sends what is decided already, and does not wait for its consumers' groups."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path

from services.notifier.app import MIGRATIONS
from services.notifier.planner import Planner, Seen
from services.runtime.embedded import EmbeddedProcess
from services.runtime.errors import UnavailableError
from services.runtime.store import Store
from tests.notifier.builders import an_alert, an_entry
from tests.notifier.crash_books import officials_file
from tests.notifier.process import notifying
from tests.notifier.world import World

#: The broker gives a killed member up after so long; until then its successor is not let into the group.
_NOT_LET_IN_MS = "60000"


async def decide(folder: Path) -> None:
    """Put an alert into the ledger of a notifier that does not run."""
    store = Store.open(f"sqlite:///{folder / 'notifier.sqlite3'}", MIGRATIONS)
    seen, now = [Seen(an_alert(incident_id="ab000001-early"))], datetime.now(UTC)
    await store.write(lambda conn: Planner().plan(conn, seen, now), serial=True)
    await store.close()


async def test_what_was_decided_before_a_kill_leaves_before_the_groups_are_joined(
    embedded: EmbeddedProcess, tmp_path: Path
) -> None:
    timeout = {"SIAGA_KAFKA_SESSION_TIMEOUT_MS": _NOT_LET_IN_MS}
    officials = officials_file(tmp_path, 6)
    async with notifying(embedded.bootstrap, embedded.incarnation, tmp_path, officials, **timeout) as one:
        one.start()
        await one.until(lambda: '"running"' in one.log)
        one.kill()
        await decide(tmp_path)
        one.start()
        await one.until(lambda: one.states()["accepted"] == 6)
        assert one.log.count('"running"') == 1, "it is not let into its groups yet"
        intended = [event for event in await one.announced() if event.outcome == "intended"]
        assert len(intended) == 6
        assert await one.stop() == 0, "who is told to end while it joins ends in order"
        assert set(one.copies().values()) == {1}


async def test_nothing_leaves_before_the_ledger_is_completed_from_the_topic(world: World) -> None:
    tried = asyncio.Event()

    async def no_topic() -> int:
        tried.set()
        raise UnavailableError("broker: away")

    await world.add(an_entry("o1"))
    await world.hear(an_alert())
    dispatcher = world.a_dispatcher()
    dispatcher._restore = no_topic
    dispatching = asyncio.create_task(dispatcher.run())
    await asyncio.wait_for(tried.wait(), 30)
    for _ in range(50):
        await asyncio.sleep(0)
    dispatching.cancel()
    await asyncio.gather(dispatching, return_exceptions=True)
    assert [state for _, _, state, _ in await world.states()] == ["due"]
    assert world.telegram.sent == []
