"""What the desk keeps and for how long: old is out, an incident that goes on stays whole."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from services.contracts.delivery import Action
from services.notifier.desk import find, search
from services.notifier.desk.intake import Intake
from services.notifier.desk.retention import PARTS, Keeper
from services.notifier.desk.tables import (
    INCIDENT,
    INCIDENT_PLACE,
    INCIDENT_TOPIC,
    LETTER,
    METADATA,
    SOURCE,
    STEP,
    STORY,
    TOLD,
    TOLD_MEMBER,
)
from services.runtime.store import Store
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from desk_builders import NOON, a_delivery, a_health, a_tagged, received

LATER = timedelta(days=91)
HELD = (INCIDENT, INCIDENT_TOPIC, INCIDENT_PLACE, STEP, STORY, TOLD, TOLD_MEMBER, LETTER)


async def fill(store: Store) -> None:
    intake = Intake(store)
    await intake.take_alerts([received(builders.an_alert())])
    await intake.take_alerts([received(builders.a_withdrawal(incident_id="never-seen"))])
    await intake.take_stories([received(a_tagged()), received(a_tagged("antara:2", relevant=False))])
    digest = {"action": Action.DIGEST, "subject": "digest:20261122T053000Z", "incident_id": None}
    await intake.take_deliveries([
        received(a_delivery()),
        received(a_delivery(members=("incident-1.1",), **digest)),
        received(a_delivery(members=("never-seen.1",), official_id="o2", **digest)),
    ])  # fmt: skip
    await intake.take_sources([received(a_health())])
    await intake.take_letters([received(b"", 7)])


async def counts(store: Store) -> dict[str, int]:
    def count(conn: sa.Connection) -> dict[str, int]:
        return {t.name: conn.execute(sa.select(sa.func.count()).select_from(t)).scalar_one() for t in HELD}

    return await store.read(count)


async def test_after_its_days_nothing_is_left_but_the_sources(store: Store) -> None:
    await fill(store)
    assert 0 not in (await counts(store)).values()
    await Keeper(store, lambda: NOON + LATER)()
    assert set((await counts(store)).values()) == {0}
    assert len(await store.read(find.sources)) == 1
    hits, _ = await store.read(lambda conn: search.find_stories(conn, "Belu", everything=True, page=1))
    assert hits == [], "the full-text index"


async def test_before_its_days_are_over_everything_is_there(store: Store) -> None:
    await fill(store)
    before = await counts(store)
    await Keeper(store, lambda: NOON + timedelta(days=89))()
    assert await counts(store) == before


async def test_an_incident_that_still_changes_keeps_all_that_belongs_to_it(store: Store) -> None:
    await fill(store)
    later = NOON + timedelta(days=60)
    await Intake(store).take_alerts([received(builders.an_update(occurred_at=later, last_changed_at=later))])
    await Keeper(store, lambda: NOON + LATER)()
    assert await counts(store) == {
        "incident": 1, "incident_topic": 1, "incident_place": 1, "step": 2, "story": 1, "told": 2, "told_member": 1,
        "letter": 0,
    }  # fmt: skip


async def test_more_than_one_part_of_old_rows_goes_in_one_run(store: Store) -> None:
    words = {"service": "tagger", "topic": "stories", "partition": 0, "offset": 0, "key": "k", "reason": "r"}
    letters = [{"dead_offset": n, "at": NOON.timestamp()} | words for n in range(501)]
    await store.write(lambda conn: conn.execute(sa.insert(LETTER), letters))
    await Keeper(store, lambda: NOON + LATER)()
    assert (await counts(store))["letter"] == 0


def test_every_table_that_grows_with_the_news_is_looked_after() -> None:
    stay = {SOURCE.name, "pulse", "role", "meta"}
    by_sessions = {"session", "sign_in"}
    assert {table.name for table in HELD} == set(METADATA.tables) - stay - by_sessions
    assert len(PARTS) == 5
