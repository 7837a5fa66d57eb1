"""What officials see when incidents are merged or split: the tagger's own events through the notifier."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio
import sqlalchemy as sa

from services.contracts.alert import ALERT_EVENT, AlertEvent
from services.contracts.delivery import Action
from services.contracts.story import StoryEvent
from services.runtime.store import Store
from services.tagger.core.book import Rulebook
from services.tagger.join import settle
from services.tagger.labelling import label
from services.tagger.tables import outbox
from tests.notifier.builders import an_entry
from tests.notifier.world import World
from tests.tagger.builders import NOW, a_story, received
from tests.tagger.test_join import RETOLD, RING_A, RING_B, RING_BOTH

TWELVE = RETOLD.replace("9 calon", "12 calon")
TWELVE_ELSEWHERE = (
    "Polres Nunukan menggagalkan keberangkatan 12 calon pekerja migran ilegal ke Tawau dari dermaga di Sebatik."
)
WHERE = {"subscriptions": [{"regions": ["ID-NT", "ID-KU", "ID-KR"]}]}


@pytest_asyncio.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    made = World(tmp_path)
    yield made
    await made.close()


async def told(store: Store, book: Rulebook, event: StoryEvent) -> list[tuple[str, AlertEvent]]:
    """Key and event of everything the tagger puts on ``alerts`` for a story."""
    await store.write(lambda conn: conn.execute(sa.delete(outbox)))
    await store.write(lambda conn: settle(conn, [label(received(event), book)], book, NOW), serial=True)
    query = sa.select(outbox.c.key, outbox.c.value).where(outbox.c.topic == "alerts").order_by(outbox.c.id)
    rows = await store.read(lambda conn: list(conn.execute(query)))
    return [(row.key.decode(), ALERT_EVENT.validate_json(row.value)) for row in rows]


async def hear(world: World, events: list[tuple[str, AlertEvent]]) -> list[Action]:
    """What is sent for these events, heard by partition, that of the last key first."""
    before = len(world.telegram.sent)
    for key in reversed(dict.fromkeys(key for key, _ in events)):
        await world.hear(*(event for own, event in events if own == key))
    await world.send()
    return [message.action for message in world.telegram.sent[before:]]


async def test_a_split_is_an_edit_and_the_part_no_push_though_its_partition_is_read_first(
    store: Store, world: World, book: Rulebook
) -> None:
    await world.add(an_entry(**WHERE))
    first = await told(store, book, a_story(text=TWELVE))
    assert await hear(world, first) == [Action.PUSH]
    await hear(world, await told(store, book, a_story("kompas:7", "12 calon PMI di Bolok", TWELVE, hours=1)))
    moved = a_story("kompas:7", "12 calon PMI di Sebatik", TWELVE_ELSEWHERE, version=2, hours=1, changed=("text",))
    events = await told(store, book, moved)
    assert [type(event).__name__ for _, event in events].count("IncidentSplit") == 2
    assert await hear(world, events) == [Action.EDIT]
    world.pass_time(hours=24)
    await world.send_digests()
    assert world.telegram.sent[-1].action is Action.DIGEST


async def test_the_same_story_without_an_incident_before_it_is_a_push(
    store: Store, world: World, book: Rulebook
) -> None:
    await world.add(an_entry(**WHERE))
    events = await told(store, book, a_story("kompas:7", "12 calon PMI di Sebatik", TWELVE_ELSEWHERE))
    assert await hear(world, events) == [Action.PUSH]


async def test_a_merge_edits_what_was_sent_and_pushes_nothing(store: Store, world: World, book: Rulebook) -> None:
    await world.add(an_entry(**WHERE))
    for number, text in enumerate((RING_A, RING_B)):
        story = a_story(f"antara:{number}", "Razia di Batam", text, hours=number)
        assert await hear(world, await told(store, book, story)) == [Action.PUSH]
    events = await told(store, book, a_story("tempo:3", "Kapal dan gudang", RING_BOTH, hours=4))
    assert "IncidentMerged" in {type(event).__name__ for _, event in events}
    assert Action.PUSH not in await hear(world, events)
