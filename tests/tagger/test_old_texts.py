"""Uncleared text stays no longer than a record may come again; what was told of it stays for ever."""

from __future__ import annotations

from datetime import timedelta

from services.runtime.store import Store
from services.tagger import memory
from services.tagger.app import forget_old_texts
from services.tagger.core.book import Rulebook
from services.tagger.join import settle
from services.tagger.labelling import label
from tests.tagger.builders import NOW, a_story, received
from tests.tagger.test_join import RETOLD

LATER = NOW + timedelta(days=40)
BEFORE = (LATER - timedelta(days=30)).timestamp()


async def decide(store: Store, book: Rulebook, number: int, *, at: timedelta = timedelta(0)) -> memory.Known:
    labelled = [label(received(a_story(f"antara:{number}", "Calon pekerja migran diamankan", RETOLD)), book)]
    await store.write(lambda conn: settle(conn, labelled, book, NOW + at), serial=True)
    return await known(store, number)


async def known(store: Store, number: int) -> memory.Known:
    found = await store.read(lambda conn: memory.find_story(conn, f"antara:{number}"))
    assert found is not None
    return found


async def test_the_text_of_an_old_story_is_dropped_and_its_label_stays(store: Store, book: Rulebook) -> None:
    before = await decide(store, book, 1)
    assert before.raw
    await forget_old_texts(store, BEFORE)
    after = await known(store, 1)
    assert (after.raw, after.tagged, after.incident_id) == (b"", before.tagged, before.incident_id)


async def test_the_text_of_a_young_story_is_not(store: Store, book: Rulebook) -> None:
    before = await decide(store, book, 1, at=timedelta(days=20))
    await forget_old_texts(store, BEFORE)
    assert await known(store, 1) == before


async def test_more_old_stories_than_are_taken_at_once_all_lose_their_text(store: Store, book: Rulebook) -> None:
    labelled = [
        label(received(a_story(f"antara:{n}", "Harga cabai naik", "Harga cabai naik.")), book) for n in range(1100)
    ]
    await store.write(lambda conn: settle(conn, labelled, book, NOW), serial=True)
    await forget_old_texts(store, BEFORE)
    assert await store.read(lambda conn: memory.old_texts(conn, BEFORE, 1)) == []
    assert (await known(store, 1099)).raw == b""


async def test_a_story_without_its_text_can_still_be_revised(store: Store, book: Rulebook) -> None:
    await decide(store, book, 1)
    await forget_old_texts(store, BEFORE)
    revised = a_story("antara:1", "Calon pekerja migran diamankan", RETOLD).model_copy(update={"version": 2})
    labelled = [label(received(revised), book)]
    await store.write(lambda conn: settle(conn, labelled, book, LATER), serial=True)
    after = await known(store, 1)
    assert (after.version, bool(after.raw)) == (2, True)
