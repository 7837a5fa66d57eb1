"""What a store takes back from what was told, and what it keeps of its own."""

from __future__ import annotations

import dataclasses
from datetime import timedelta
from pathlib import Path

import pytest

from services.contracts.alert import AlertRaised, AlertUpdated
from services.runtime.errors import UnavailableError
from services.runtime.settings import ServiceSettings
from services.runtime.store import Store
from services.tagger import memory
from services.tagger.core.book import Rulebook
from services.tagger.core.incident import incident_id_of
from services.tagger.join import settle
from services.tagger.labelling import label
from services.tagger.rebuild import REASON, Rebuilder, keep_incidents, keep_labels, mark_restored, tell_incidents
from tests.tagger.builders import NOW, a_story, received
from tests.tagger.test_join import RETOLD, sent

LATER = NOW + timedelta(hours=1)


async def decided(store: Store, book: Rulebook) -> memory.Known:
    labelled = [label(received(a_story("antara:1", "Calon pekerja migran diamankan", RETOLD)), book)]
    await store.write(lambda conn: settle(conn, labelled, book, NOW), serial=True)
    known = await store.read(lambda conn: memory.find_story(conn, "antara:1"))
    assert known is not None
    return known


async def test_what_a_restored_store_knows_beside_a_label_stays(store: Store, book: Rulebook) -> None:
    known = await decided(store, book)
    later = known.tagged.model_copy(update={"occurred_at": known.tagged.occurred_at.replace(year=2030)})
    await store.write(lambda conn: keep_labels(conn, [known.tagged, later]), serial=True)
    kept = await store.read(lambda conn: memory.find_story(conn, "antara:1"))
    assert kept == dataclasses.replace(known, tagged=later)


async def test_a_lost_store_takes_a_label_as_it_was_told(store: Store, book: Rulebook) -> None:
    known = await decided(store, book)
    told = known.tagged.model_copy(update={"story_id": "antara:2"})
    await store.write(lambda conn: keep_labels(conn, [told]), serial=True)
    kept = await store.read(lambda conn: memory.find_story(conn, "antara:2"))
    assert kept is not None
    assert (kept.tagged, kept.raw, kept.reason) == (told, b"", REASON)


async def test_an_incident_is_taken_over_and_a_canary_is_not(store: Store, book: Rulebook) -> None:
    await decided(store, book)
    [raised] = [AlertRaised.model_validate(value) for topic, value in await sent(store) if topic == "alerts"]
    other = raised.model_copy(update={"incident_id": "0d3f3c9e-3f0e-5d0b-9d3e-0c5f1a2b3c4d"})
    canary = raised.model_copy(update={"incident_id": "canary-1795357288"})
    await store.write(lambda conn: keep_incidents(conn, [other, canary]), serial=True)
    assert await store.read(lambda conn: memory.find_incident(conn, other.incident_id)) is not None
    assert await store.read(lambda conn: memory.find_incident(conn, canary.incident_id)) is None


async def test_an_alert_that_was_never_told_is_told_after_its_label(store: Store, book: Rulebook) -> None:
    tagged = (await decided(store, book)).tagged
    lost = tagged.model_copy(update={"story_id": "antara:2", "incident_id": incident_id_of("antara:2")})
    await store.write(lambda conn: keep_labels(conn, [lost]), serial=True)
    before = len(await sent(store))
    assert await store.write(lambda conn: tell_incidents(conn, LATER), serial=True) > 0
    topic, value = (await sent(store))[before]
    assert topic == "alerts"
    assert AlertRaised.model_validate(value).incident_id == lost.incident_id


async def test_an_update_that_was_never_told_is_told_with_the_story_it_was_for(
    store: Store, book: Rulebook
) -> None:
    tagged = (await decided(store, book)).tagged
    second = tagged.model_copy(update={"story_id": "tribun:2", "occurred_at": LATER})
    await store.write(lambda conn: keep_labels(conn, [second]), serial=True)
    before = len(await sent(store))
    assert await store.write(lambda conn: tell_incidents(conn, LATER), serial=True) > 0
    topic, value = (await sent(store))[before]
    assert topic == "alerts"
    assert [one.story_id for one in AlertUpdated.model_validate(value).sources] == ["antara:1", "tribun:2"]


async def test_an_alert_that_was_told_is_not_told_again(store: Store, book: Rulebook) -> None:
    tagged = (await decided(store, book)).tagged
    assert await store.write(lambda conn: tell_incidents(conn, LATER), serial=True) == 0
    again = tagged.model_copy(update={"occurred_at": LATER})
    await store.write(lambda conn: keep_labels(conn, [again]), serial=True)
    assert await store.write(lambda conn: tell_incidents(conn, LATER), serial=True) == 0


async def never(_: object) -> None:
    raise AssertionError("nothing is decided here")


def a_rebuilder(store: Store, folder: Path) -> Rebuilder:
    return Rebuilder(ServiceSettings(kafka="127.0.0.1:1", data_dir=folder), store, never, lambda: NOW)


async def test_no_story_is_decided_while_a_restored_store_is_read_back(
    store: Store, book: Rulebook, tmp_path: Path
) -> None:
    await decided(store, book)
    await store.write(mark_restored)
    with pytest.raises(UnavailableError):
        await a_rebuilder(store, tmp_path).need_done()


async def test_a_store_that_is_complete_is_not_waited_for(store: Store, book: Rulebook, tmp_path: Path) -> None:
    await decided(store, book)
    await a_rebuilder(store, tmp_path).need_done()
