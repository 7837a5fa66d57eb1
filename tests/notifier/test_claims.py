"""Between the look at what is due and the claim a row may have moved."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from services.contracts.codes import Severity
from services.notifier import due
from services.notifier.claims import claim
from services.notifier.tables import DELIVERY
from tests.notifier.builders import an_alert, an_entry
from tests.notifier.world import World


@pytest.mark.parametrize(
    ("moved", "claimed"), [({}, 1), ({"due_at": 1e11}, 0), ({"state": "suppressed"}, 0)], ids=str
)
async def test_what_was_put_off_or_called_off_since_it_was_seen_is_not_claimed(
    world: World, moved: dict[str, object], claimed: int
) -> None:
    await world.add(an_entry())
    await world.hear(an_alert())

    def look_and_claim(conn: sa.Connection) -> int:
        seen = due.due_rows(conn, world.now.timestamp(), "telegram", 10)
        assert len(seen) == 1
        if moved:
            conn.execute(sa.update(DELIVERY).values(**moved))
        return len(claim(conn, world.vault, [(seen[0], 0.0)], world.now))

    assert await world.store.write(look_and_claim) == claimed


@pytest.mark.parametrize(("severity", "found"), [(Severity.CRITICAL, 1), (Severity.HIGH, 0)])
async def test_a_look_for_what_is_urgent_finds_nothing_else(world: World, severity: Severity, found: int) -> None:
    await world.add(an_entry())
    await world.hear(an_alert(severity=severity))
    now = world.now.timestamp()
    urgent = await world.store.read(lambda conn: due.due_rows(conn, now, "telegram", 10, urgent=True))
    assert len(urgent) == found
