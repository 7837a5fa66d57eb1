"""What a story event leaves in the store and in the outbox: once, in order, and the same when it comes again."""

from __future__ import annotations

from typing import Any

import orjson
import sqlalchemy as sa

from services.contracts.alert import AlertRaised, AlertUpdated, AlertWithdrawn, IncidentMerged
from services.contracts.story import StoryEvent
from services.runtime.store import Store
from services.tagger import queries
from services.tagger.core.book import Rulebook
from services.tagger.core.incident import Reason, incident_id_of
from services.tagger.join import Settled, label, settle
from services.tagger.tables import outbox
from tests.tagger.builders import NOW, a_copy, a_story, a_withdrawal, received

RETOLD = (
    "Polda NTT mengamankan 9 calon pekerja migran ilegal di Pelabuhan Bolok, Kupang. Seorang perekrut ditangkap."
)
ELSEWHERE = (
    "Polres Nunukan menggagalkan keberangkatan 21 calon pekerja migran ilegal ke Tawau dari dermaga di Sebatik."
)
IDLE = "Harga cabai naik di pasar induk menjelang libur panjang."


async def tell(store: Store, book: Rulebook, *events: StoryEvent, **headers: str) -> list[Settled]:
    labelled = [label(received(event, **headers), book) for event in events]
    return await store.write(lambda conn: settle(conn, labelled, book, NOW), serial=True)


async def sent(store: Store) -> list[tuple[str, dict[str, Any]]]:
    query = sa.select(outbox.c.topic, outbox.c.value).order_by(outbox.c.id)
    rows = await store.read(lambda conn: list(conn.execute(query)))
    return [(row.topic, orjson.loads(row.value)) for row in rows]


async def test_an_idle_story_raises_no_alert(store: Store, book: Rulebook) -> None:
    [settled] = await tell(store, book, a_story("antara:9", "Harga cabai naik", IDLE))
    assert settled.reason is Reason.NOT_RELEVANT
    assert [topic for topic, _ in await sent(store)] == ["stories.tagged"]


async def test_a_relevant_story_founds_an_incident_and_tells_its_region(store: Store, book: Rulebook) -> None:
    [settled] = await tell(store, book, a_story())
    assert settled.reason is Reason.FOUNDED
    assert settled.incident_id == incident_id_of("antara:1")
    topics = [topic for topic, _ in await sent(store)]
    assert topics[:2] == ["stories.tagged", "alerts"]
    assert {"alerts.id", "alerts.id-nt"} <= set(topics)


async def test_the_same_record_again_is_silent_while_the_relay_still_has_it(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    before = await sent(store)
    [settled] = await tell(store, book, a_story())
    assert settled.again
    assert await sent(store) == before


async def test_the_same_record_after_publishing_sends_the_same_events_again(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    before = await sent(store)
    await store.write(lambda conn: conn.execute(sa.delete(outbox)))
    await tell(store, book, a_story())
    assert await sent(store) == before


async def test_the_same_event_told_by_another_outlet_joins(store: Store, book: Rulebook) -> None:
    [first] = await tell(store, book, a_story())
    [second] = await tell(
        store, book, a_story("kompas:7", "Sembilan calon PMI diamankan di Bolok", RETOLD, hours=5)
    )
    assert second.reason is Reason.SAME_EVENT
    assert second.incident_id == first.incident_id
    updated = next(event for event in second.events if isinstance(event, AlertUpdated))
    assert updated.version == 2
    assert [source.story_id for source in updated.sources] == ["antara:1", "kompas:7"]
    assert updated.confidence == "high"


async def test_a_look_alike_in_another_region_does_not_join(store: Store, book: Rulebook) -> None:
    [first] = await tell(store, book, a_story())
    [second] = await tell(store, book, a_story("kompas:8", "21 calon PMI dicegah di Sebatik", ELSEWHERE, hours=5))
    assert second.reason is Reason.FOUNDED
    assert second.incident_id != first.incident_id


async def test_the_same_words_a_month_later_do_not_join(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    later = RETOLD.replace("9 ", "14 ")
    [second] = await tell(store, book, a_story("kompas:9", "14 calon PMI diamankan", later, hours=24 * 30))
    assert second.reason is Reason.FOUNDED


async def test_a_syndicated_copy_joins_as_a_copy(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    copied = a_story("mirror:3", "Sembilan orang batal ke Malaysia", hours=9)
    [second] = await tell(store, book, copied)
    assert second.reason is Reason.NEAR_DUPLICATE


async def test_copies_alone_add_a_source_and_no_new_fact(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    seen_again = a_story(version=2, changed=("copies",), copies=(a_copy(),))
    [settled] = await tell(store, book, seen_again)
    assert settled.reason is Reason.COPIES_ONLY
    updated = next(event for event in settled.events if isinstance(event, AlertUpdated))
    assert updated.changed == ("sources",)
    assert updated.sources[0].copies == 1


async def test_an_older_version_changes_nothing(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story(version=3))
    before = await sent(store)
    [settled] = await tell(store, book, a_story(version=2))
    assert settled.reason is Reason.STALE
    assert await sent(store) == before


async def test_a_story_revised_to_something_else_withdraws_its_incident(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    [settled] = await tell(store, book, a_story(title="Harga cabai", text=IDLE, version=2, changed=("text",)))
    assert settled.reason is Reason.LEFT
    gone = [event for event in settled.events if isinstance(event, AlertWithdrawn)]
    assert {event.reason for event in gone} == {"not_relevant"}


async def test_a_withdrawn_story_leaves_the_incident_standing_on_the_other(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    await tell(store, book, a_story("kompas:7", "Sembilan calon PMI diamankan di Bolok", RETOLD, hours=5))
    [settled] = await tell(store, book, a_withdrawal("kompas:7"))
    updated = next(event for event in settled.events if isinstance(event, AlertUpdated))
    assert [source.withdrawn for source in updated.sources] == [False, True]


async def test_an_incident_whose_only_story_is_withdrawn_is_withdrawn(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    [settled] = await tell(store, book, a_withdrawal())
    gone = [event for event in settled.events if isinstance(event, AlertWithdrawn)]
    assert gone and gone[0].version == 2
    assert {event.reason for event in gone} == {"stories_withdrawn"}


async def test_a_withdrawal_of_an_unknown_story_tells_nothing(store: Store, book: Rulebook) -> None:
    [settled] = await tell(store, book, a_withdrawal("nobody:1"))
    assert settled.events == ()
    assert await sent(store) == []


async def test_a_region_the_incident_leaves_is_told(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    moved = a_story(title="21 calon PMI dicegah di Sebatik", text=ELSEWHERE, version=2, changed=("text",))
    await tell(store, book, moved)
    left = [value for topic, value in await sent(store) if topic == "alerts.id-nt"][-1]
    assert (left["event"], left["reason"], left["region"]) == ("AlertWithdrawn", "region_changed", "ID-NT")


async def test_a_lone_incident_that_turns_out_to_be_another_merges(store: Store, book: Rulebook) -> None:
    [first] = await tell(store, book, a_story())
    [second] = await tell(store, book, a_story("kompas:8", "21 calon PMI dicegah di Sebatik", ELSEWHERE, hours=1))
    corrected = a_story(
        "kompas:8", "Sembilan calon PMI diamankan di Bolok", RETOLD, version=2, hours=1, changed=("text",)
    )
    [settled] = await tell(store, book, corrected)
    assert settled.reason is Reason.MERGED
    merged = next(event for event in settled.events if isinstance(event, IncidentMerged))
    assert (merged.incident_id, merged.into) == (second.incident_id, first.incident_id)


async def test_a_replayed_story_is_marked_on_every_event(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story(), replay="1")
    query = sa.select(outbox.c.headers)
    headers = await store.read(lambda conn: [orjson.loads(row.headers) for row in conn.execute(query)])
    assert headers and all(one.get("replay") == "1" for one in headers)


async def test_queries_tell_what_became_of_a_story(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    fate = await store.read(lambda conn: queries.story_fate(conn, "antara:1"))
    assert fate and fate.relevant and fate.incident_id == incident_id_of("antara:1")
    state = await store.read(lambda conn: queries.incident_state(conn, incident_id_of("antara:1")))
    assert state and isinstance(state.alert, AlertRaised)
    assert await store.read(lambda conn: queries.stories_of(conn, state.incident_id)) == ["antara:1"]


async def test_queries_of_an_unknown_story_are_empty(store: Store, book: Rulebook) -> None:
    assert await store.read(lambda conn: queries.story_fate(conn, "nobody:1")) is None
    assert await store.read(queries.recent_incidents) == []
