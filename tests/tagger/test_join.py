"""What a story event leaves in the store and in the outbox: once, in order, and the same when it comes again."""

from __future__ import annotations

import dataclasses
from typing import Any

import orjson
import sqlalchemy as sa

from services.contracts.alert import AlertRaised, AlertUpdated, AlertWithdrawn, IncidentMerged, IncidentSplit
from services.contracts.story import StoryEvent
from services.contracts.tagging import StoryTagged
from services.runtime.store import Store
from services.tagger import memory, queries
from services.tagger.core.book import Rulebook
from services.tagger.core.incident import Reason, incident_id_of
from services.tagger.join import Settled, settle
from services.tagger.labelling import label
from services.tagger.tables import outbox
from tests.tagger.builders import NOW, a_copy, a_story, a_withdrawal, received

RETOLD = (
    "Polda NTT mengamankan 9 calon pekerja migran ilegal di Pelabuhan Bolok, Kupang. Seorang perekrut ditangkap."
)
ELSEWHERE = (
    "Polres Nunukan menggagalkan keberangkatan 21 calon pekerja migran ilegal ke Tawau dari dermaga di Sebatik."
)
RING_A = (
    "Polda Kepri menahan 37 calon pekerja migran ilegal dari sebuah kapal di Nongsa, Batam. Kapal cepat itu hendak"
    " ke Johor. Nakhoda berpura-pura mencari cumi-cumi."
)
RING_B = (
    "Sebanyak 118 paspor milik calon pekerja migran ilegal ditemukan polisi di sebuah gudang katering di Batam."
    " Pemilik katering, perantara ke Malaysia, ditangkap bersama juru masak."
)
RING_BOTH = (
    "Polda Kepri mengaitkan 37 calon pekerja migran ilegal dari kapal di Nongsa, Batam, dengan 118 paspor di gudang"
    " katering. Nakhoda yang berpura-pura mencari cumi-cumi bekerja untuk pemilik katering, perantara ke Johor,"
    " Malaysia. Juru masak ikut ditangkap di Batam."
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


async def test_what_happens_again_every_few_days_does_not_keep_one_incident_open_for_ever(
    store: Store, book: Rulebook
) -> None:
    ids = []
    for number in range(12):
        told = a_story(
            f"kompas:{number}", f"Kabar {number} dari Bolok", RETOLD + f" Kabar {number}.", hours=96 * number
        )
        [settled] = await tell(store, book, told)
        ids.append(settled.incident_id)
    assert ids[:8] == ids[:1] * 8  # day 0 to day 28
    assert ids[8] != ids[0] and ids[8:] == ids[8:9] * 4


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


async def test_copies_after_a_revision_that_was_never_read_bring_its_text(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    corrected = {"title": "Harga cabai", "text": IDLE}
    [settled] = await tell(store, book, a_story(version=3, changed=("copies",), copies=(a_copy(),), **corrected))
    assert settled.reason is Reason.LEFT
    [late] = await tell(store, book, a_story(version=2, changed=("text",), **corrected))
    assert late.reason is Reason.STALE


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


def alerts_of(settled: Settled) -> list[AlertRaised | AlertUpdated | AlertWithdrawn]:
    """What is told of incidents, each once: a region's topic gets the same event again, or hears that it is left."""
    told = [
        one
        for one in settled.events
        if isinstance(one, AlertRaised | AlertUpdated | AlertWithdrawn)
        and getattr(one, "reason", "") != "region_changed"
    ]
    return list({(one.incident_id, one.version): one for one in told}.values())


async def test_an_incident_stands_on_the_story_that_joined_when_its_first_is_withdrawn(
    store: Store, book: Rulebook
) -> None:
    await tell(store, book, a_story())
    await tell(store, book, a_story("kompas:7", "Sembilan calon PMI diamankan di Bolok", RETOLD, hours=5))
    [updated] = alerts_of((await tell(store, book, a_withdrawal()))[0])
    assert isinstance(updated, AlertUpdated)
    assert (updated.incident_id, updated.version) == (incident_id_of("antara:1"), 3)
    assert "sources" in updated.changed
    assert {one.story_id: one.withdrawn for one in updated.sources} == {"antara:1": True, "kompas:7": False}


async def test_an_incident_stands_on_a_copy_of_its_own_story_id_when_its_first_is_withdrawn(
    store: Store, book: Rulebook
) -> None:
    await tell(store, book, a_story())
    await tell(store, book, a_story("kompas:8", hours=2))
    [updated] = alerts_of((await tell(store, book, a_withdrawal()))[0])
    assert isinstance(updated, AlertUpdated)
    assert {one.story_id: one.withdrawn for one in updated.sources} == {"antara:1": True, "kompas:8": False}


async def test_an_incident_is_withdrawn_with_its_last_story(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    await tell(store, book, a_story("kompas:7", "Sembilan calon PMI diamankan di Bolok", RETOLD, hours=5))
    await tell(store, book, a_withdrawal())
    [gone] = alerts_of((await tell(store, book, a_withdrawal("kompas:7")))[0])
    assert isinstance(gone, AlertWithdrawn)
    assert (gone.incident_id, gone.version, gone.reason) == (incident_id_of("antara:1"), 4, "stories_withdrawn")


async def test_the_heir_of_a_withdrawn_story_keeps_its_incident_standing(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    taken_back = a_withdrawal(heir=a_story("mirror:4", hours=2))
    [settled] = await tell(store, book, taken_back)
    [updated] = alerts_of(settled)
    assert isinstance(updated, AlertUpdated)
    assert (updated.incident_id, updated.version) == (incident_id_of("antara:1"), 2)
    assert {one.story_id: one.withdrawn for one in updated.sources} == {"antara:1": True, "mirror:4": False}
    assert updated.confidence != "high", "a copy is no second witness"
    [again] = await tell(store, book, taken_back)
    assert again.again, "the same record decides nothing anew"
    [gone] = alerts_of((await tell(store, book, a_withdrawal("mirror:4")))[0])
    assert isinstance(gone, AlertWithdrawn)


async def test_an_heir_whose_own_revision_came_first_is_not_told_again(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    await tell(store, book, a_story("mirror:4", version=2, changed=("text",), hours=2))
    [settled] = await tell(store, book, a_withdrawal(heir=a_story("mirror:4", hours=2)))
    assert [one.version for one in settled.events if isinstance(one, StoryTagged)] == [2]
    [updated] = alerts_of(settled)
    assert {one.story_id: one.version for one in getattr(updated, "sources", ())}["mirror:4"] == 2


async def test_a_withdrawal_that_comes_late_still_tells_of_its_heir(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    await tell(store, book, a_story(version=3, changed=("withdrawn",)))
    late = a_withdrawal(heir=a_story("mirror:4", hours=2))
    [settled] = await tell(store, book, late)
    assert settled.reason is Reason.STALE
    assert [one.story_id for one in settled.events if isinstance(one, StoryTagged)] == ["mirror:4"]
    [updated] = alerts_of(settled)
    assert isinstance(updated, AlertUpdated)
    assert updated.incident_id == incident_id_of("antara:1")
    assert {one.story_id: one.withdrawn for one in updated.sources} == {"antara:1": False, "mirror:4": False}
    [again] = await tell(store, book, late)
    assert again.again, "the same record decides nothing anew"


async def test_a_withdrawal_that_comes_late_tells_nothing_of_its_story_nor_of_an_heir_that_is_known(
    store: Store, book: Rulebook
) -> None:
    await tell(store, book, a_story())
    await tell(store, book, a_story(version=3, changed=("withdrawn",)))
    await tell(store, book, a_story("mirror:4", version=2, changed=("text",), hours=2))
    for heir in (None, a_story("mirror:4", hours=2)):
        [settled] = await tell(store, book, a_withdrawal(heir=heir))
        assert (settled.reason, settled.events) == (Reason.STALE, ())


async def test_the_heir_of_a_story_never_seen_begins_an_incident(store: Store, book: Rulebook) -> None:
    [settled] = await tell(store, book, a_withdrawal("nobody:1", heir=a_story("mirror:4")))
    [raised] = alerts_of(settled)
    assert isinstance(raised, AlertRaised)
    assert raised.incident_id == incident_id_of("mirror:4")


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


async def test_a_story_put_back_from_the_dead_letters_after_its_withdrawal_tells_nothing(
    store: Store, book: Rulebook
) -> None:
    await tell(store, book, a_withdrawal(version=2))
    [settled] = await tell(store, book, a_story(version=1))
    assert settled.reason is Reason.STALE
    assert await sent(store) == []


async def test_a_story_that_returned_after_its_withdrawal_is_told(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_withdrawal(version=2))
    [settled] = await tell(store, book, a_story(version=3, changed=("withdrawn",)))
    assert settled.reason is Reason.FOUNDED


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


BRIDGE = (
    "Sembilan calon pekerja migran ilegal diamankan di Pelabuhan Bolok, Kabupaten Kupang, Kamis (22/1). Polda NTT"
    " menangkap perekrut yang hendak membawa mereka ke Malaysia."
)


async def test_a_story_corrected_to_tell_of_another_incident_goes_there(store: Store, book: Rulebook) -> None:
    [first] = await tell(store, book, a_story())
    [second] = await tell(store, book, a_story("kompas:8", "21 calon PMI dicegah di Sebatik", ELSEWHERE, hours=1))
    corrected = a_story("kompas:8", "Sembilan calon PMI di Bolok", BRIDGE, version=2, hours=1, changed=("text",))
    await tell(store, book, a_story("metro:5", "21 calon PMI dicegah", ELSEWHERE, hours=2))
    [settled] = await tell(store, book, corrected)
    assert settled.reason is Reason.SPLIT
    assert settled.incident_id == first.incident_id
    assert await store.read(lambda conn: queries.stories_of(conn, str(second.incident_id))) == ["metro:5"]
    assert await store.read(lambda conn: queries.stories_of(conn, str(first.incident_id))) == [
        "antara:1",
        "kompas:8",
    ]


async def test_a_revision_that_contradicts_the_others_splits_the_incident(store: Store, book: Rulebook) -> None:
    [first] = await tell(store, book, a_story())
    await tell(store, book, a_story("kompas:7", "Sembilan calon PMI diamankan di Bolok", RETOLD, hours=5))
    moved = a_story(
        "kompas:7", "21 calon PMI dicegah di Sebatik", ELSEWHERE, version=2, hours=5, changed=("text",)
    )
    [settled] = await tell(store, book, moved)
    assert settled.reason is Reason.SPLIT
    split = next(event for event in settled.events if isinstance(event, IncidentSplit))
    assert split.parts == (first.incident_id, incident_id_of("kompas:7"))
    raised = next(event for event in settled.events if isinstance(event, AlertRaised))
    assert raised.incident_id == settled.incident_id == incident_id_of("kompas:7")
    updated = next(event for event in settled.events if isinstance(event, AlertUpdated))
    assert (updated.incident_id, updated.version) == (first.incident_id, split.version + 1)
    assert [source.story_id for source in updated.sources] == ["antara:1"]


async def test_whoever_reads_of_a_part_first_reads_where_it_comes_from(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    await tell(store, book, a_story("kompas:7", "Sembilan calon PMI diamankan di Bolok", RETOLD, hours=5))
    moved = a_story(
        "kompas:7", "21 calon PMI dicegah di Sebatik", ELSEWHERE, version=2, hours=5, changed=("text",)
    )
    await tell(store, book, moved)
    query = sa.select(outbox.c.key, outbox.c.value).where(outbox.c.topic == "alerts").order_by(outbox.c.id)
    rows = await store.read(lambda conn: list(conn.execute(query)))
    part = [orjson.loads(row.value)["event"] for row in rows if row.key == incident_id_of("kompas:7").encode()]
    assert part == ["IncidentSplit", "AlertRaised"]


async def test_a_revision_that_only_grows_a_count_splits_nothing(store: Store, book: Rulebook) -> None:
    [first] = await tell(store, book, a_story())
    await tell(store, book, a_story("kompas:7", "Sembilan calon PMI diamankan di Bolok", RETOLD, hours=5))
    grown = RETOLD.replace("9 calon", "14 calon")
    [settled] = await tell(
        store, book, a_story("kompas:7", "14 calon PMI di Bolok", grown, version=2, hours=9, changed=("text",))
    )
    assert (settled.reason, settled.incident_id) == (Reason.STAYED, first.incident_id)
    assert not [event for event in settled.events if isinstance(event, IncidentSplit)]


async def test_the_withdrawal_of_the_story_between_them_splits_two_events(store: Store, book: Rulebook) -> None:
    both = "Sembilan calon pekerja migran ilegal dicegah di Pelabuhan Bolok, Kupang, dan 21 di Sebatik, Nunukan."
    await tell(store, book, a_story("tempo:1", "9 di Bolok, 21 di Sebatik", both))
    sure = await store.read(lambda conn: queries.story_fate(conn, "tempo:1"))
    assert sure and sure.incident_id
    await _put_into(store, book, str(sure.incident_id))
    [settled] = await tell(store, book, a_withdrawal("tempo:1"))
    split = next(event for event in settled.events if isinstance(event, IncidentSplit))
    assert split.incident_id == sure.incident_id
    ids = [await store.read(lambda conn, p=part: queries.stories_of(conn, p)) for part in split.parts]  # type: ignore[misc]
    assert sorted(map(tuple, ids)) == [("kompas:8",), ("tempo:1", "antara:1")]


async def _put_into(store: Store, book: Rulebook, incident_id: str) -> None:
    """Two stories of different towns in one incident, as a story that named both towns brought them there."""
    await tell(store, book, a_story(hours=1))
    await tell(store, book, a_story("kompas:8", "21 calon PMI dicegah di Sebatik", ELSEWHERE, hours=2))

    def work(conn: sa.Connection) -> None:
        for story_id in ("antara:1", "kompas:8"):
            memory.move_story(conn, story_id, incident_id, Reason.SAME_EVENT.value, "")

    await store.write(work)


async def test_two_incidents_that_one_story_shows_to_be_one_are_merged(store: Store, book: Rulebook) -> None:
    first = a_story("antara:1", "Razia di Batam", RING_A)
    second = a_story("kompas:2", "Razia di Batam", RING_B, hours=2)
    [one] = await tell(store, book, first)
    [two] = await tell(store, book, second)
    assert one.incident_id != two.incident_id
    [third] = await tell(store, book, a_story("tempo:3", "Kapal dan gudang", RING_BOTH, hours=4))
    merged = [event for event in third.events if isinstance(event, IncidentMerged)]
    assert [(event.incident_id, event.into) for event in merged] == [(two.incident_id, one.incident_id)] * len(
        merged
    )
    assert merged and third.incident_id == one.incident_id
    updated = next(event for event in third.events if isinstance(event, AlertUpdated))
    assert updated.aliases == (two.incident_id,)
    members = await store.read(lambda conn: queries.stories_of(conn, str(one.incident_id)))
    assert members == ["antara:1", "kompas:2", "tempo:3"]
    moved = next(
        event for event in third.events if isinstance(event, StoryTagged) and event.story_id == "kompas:2"
    )
    assert moved.incident_id == one.incident_id


async def test_two_incidents_with_a_story_like_one_of_them_only_stay_two(store: Store, book: Rulebook) -> None:
    [one] = await tell(store, book, a_story("antara:1", "Razia di Batam", RING_A))
    [two] = await tell(store, book, a_story("kompas:2", "Razia di Batam", RING_B, hours=2))
    [third] = await tell(
        store, book, a_story("tempo:3", "Razia di Batam", RING_A.replace("Nongsa", "Nongsa,"), hours=4)
    )
    assert third.incident_id == one.incident_id != two.incident_id
    assert not [event for event in third.events if isinstance(event, IncidentMerged)]


async def test_the_story_that_joined_says_why(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    await tell(store, book, a_story("kompas:7", "Sembilan calon PMI diamankan di Bolok", RETOLD, hours=5))
    fate = await store.read(lambda conn: queries.story_fate(conn, "kompas:7"))
    assert fate and "same district" in fate.why and "points" in fate.why
    assert "Sembilan" not in fate.why


async def tell_by(store: Store, book: Rulebook, event: StoryEvent, version: str, **headers: str) -> Settled:
    """The same with rules that call themselves something else."""
    other = dataclasses.replace(book, version=version)
    [settled] = await tell(store, other, event, **headers)
    return settled


async def test_a_replay_under_other_rules_decides_anew_and_keeps_the_link(store: Store, book: Rulebook) -> None:
    [first] = await tell(store, book, a_story())
    settled = await tell_by(store, book, a_story(), "newer", replay="1")
    assert not settled.again
    assert (settled.reason, settled.incident_id) == (Reason.STAYED, first.incident_id)
    fate = await store.read(lambda conn: queries.story_fate(conn, "antara:1"))
    assert fate and fate.tagged.tagger_version == "newer"


async def test_a_replay_under_the_same_rules_repeats_what_was_said(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    before = await sent(store)
    [settled] = await tell(store, book, a_story(), replay="1")
    assert settled.again
    assert (await sent(store))[len(before) :] == before


async def test_a_replay_under_other_rules_decides_a_story_with_copies_anew_too(
    store: Store, book: Rulebook
) -> None:
    copied = a_story(version=2, changed=("copies",), copies=(a_copy(),))
    await tell(store, book, a_story(), copied)
    await tell_by(store, book, copied, "newer", replay="1")
    fate = await store.read(lambda conn: queries.story_fate(conn, "antara:1"))
    assert fate and fate.tagged.tagger_version == "newer"
    assert fate.tagged.copies == 1


async def test_new_copies_under_other_rules_keep_the_label(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    await tell_by(store, book, a_story(version=2, changed=("copies",), copies=(a_copy(),)), "newer")
    fate = await store.read(lambda conn: queries.story_fate(conn, "antara:1"))
    assert fate and fate.tagged.tagger_version == book.version


async def test_a_redelivery_under_other_rules_is_not_decided_anew(store: Store, book: Rulebook) -> None:
    await tell(store, book, a_story())
    settled = await tell_by(store, book, a_story(), "newer")
    assert settled.again
    fate = await store.read(lambda conn: queries.story_fate(conn, "antara:1"))
    assert fate and fate.tagged.tagger_version == book.version


async def test_a_replayed_story_does_not_move_to_the_incident_it_is_now_like(store: Store, book: Rulebook) -> None:
    [first] = await tell(store, book, a_story())
    [second] = await tell(store, book, a_story("kompas:8", "21 calon PMI dicegah di Sebatik", ELSEWHERE, hours=1))
    retold = a_story("kompas:8", "Sembilan calon PMI diamankan di Bolok", RETOLD, hours=1)
    settled = await tell_by(store, book, retold, "newer", replay="1")
    assert settled.incident_id == second.incident_id != first.incident_id
    assert not [event for event in settled.events if isinstance(event, IncidentMerged | IncidentSplit)]


async def test_a_replayed_story_that_is_not_relevant_any_more_leaves_its_incident(
    store: Store, book: Rulebook
) -> None:
    await tell(store, book, a_story())
    settled = await tell_by(store, book, a_story(title="Harga cabai", text=IDLE), "newer", replay="1")
    assert settled.reason is Reason.LEFT
    assert {type(event) for event in settled.events} == {StoryTagged, AlertWithdrawn}
