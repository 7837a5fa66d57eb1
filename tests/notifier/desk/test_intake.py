"""What the desk keeps of what it hears, and what changes nothing."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import sqlalchemy as sa

from services.contracts.codes import Role, Severity
from services.contracts.delivery import Action, Outcome
from services.contracts.source import Health
from services.notifier.desk import find, search
from services.notifier.desk.intake import Intake
from services.notifier.desk.tables import INCIDENT_PLACE, LETTER, STORY, TOLD
from services.notifier.desk.wanted import Wanted
from services.runtime.store import Store
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from desk_builders import NOON, a_delivery, a_health, a_tagged, received

NOW = NOON.timestamp() + 60


async def standing(store: Store, incident_id: str = "incident-1") -> str:
    found = await store.read(lambda conn: find.find_incident(conn, incident_id))
    assert found is not None
    return found.standing


async def test_an_older_state_of_an_incident_changes_nothing(store: Store) -> None:
    intake = Intake(store)
    await intake.take_alerts([received(builders.an_update(version=3, severity=Severity.CRITICAL))])
    before = await store.read(find.pulse)
    await intake.take_alerts([received(builders.an_alert()), received(builders.an_update(version=3))])
    found = await store.read(lambda conn: find.find_incident(conn, "incident-1"))
    assert found is not None
    assert (found.version, found.alert.severity) == (3, Severity.CRITICAL)
    assert await store.read(find.pulse) == before


async def test_a_newer_state_replaces_it_with_its_places_and_beats(store: Store) -> None:
    intake = Intake(store)
    await intake.take_alerts([received(builders.an_alert())])
    before = await store.read(find.pulse)
    moved = builders.a_place("KH-18", Role.DESTINATION)
    await intake.take_alerts([received(builders.an_update(places=(moved,), changed=("places",)))])
    rows = await store.read(lambda conn: conn.execute(sa.select(INCIDENT_PLACE)).all())
    assert [(row.region, row.role) for row in rows] == [("KH-18", "destination")]
    steps = await store.read(lambda conn: find.steps_of(conn, "incident-1"))
    assert [(step.version, step.event, step.changed) for step in steps] == [
        (2, "AlertUpdated", ("places",)),
        (1, "AlertRaised", ()),
    ]
    assert await store.read(find.pulse) != before


async def test_the_end_of_an_incident_nobody_knew_is_not_kept(store: Store) -> None:
    await Intake(store).take_alerts([received(builders.a_withdrawal())])
    assert await store.read(lambda conn: find.find_incident(conn, "incident-1")) is None


async def test_withdrawn_merged_and_split_are_told_apart(store: Store) -> None:
    intake = Intake(store)
    for number in ("1", "2", "3", "4"):
        await intake.take_alerts([received(builders.an_alert(incident_id=f"incident-{number}"))])
    await intake.take_alerts([
        received(builders.a_withdrawal("incident-1")),
        received(builders.a_merge("incident-2", "incident-4")),
        received(builders.a_split("incident-3", ("incident-5", "incident-6"))),
        received(builders.a_split("incident-4", ("incident-4", "incident-7"))),
    ])  # fmt: skip
    assert [await standing(store, f"incident-{n}") for n in "1234"] == ["withdrawn", "merged", "split", "open"]


async def test_an_older_version_of_a_story_changes_nothing_and_the_same_version_again_does(store: Store) -> None:
    intake = Intake(store)
    await intake.take_stories([received(a_tagged(version=2))])
    await intake.take_stories([received(a_tagged(version=1, title="Judul lama"))])
    await intake.take_stories([received(a_tagged(version=2, incident_id="incident-9"))])
    (row,) = await store.read(lambda conn: conn.execute(sa.select(STORY)).all())
    assert (row.version, row.title[:6], row.incident_id) == (2, "Polres", "incident-9")


async def test_a_repeated_intent_does_not_hide_the_outcome(store: Store) -> None:
    intake = Intake(store)
    await intake.take_deliveries([
        received(a_delivery(Outcome.INTENDED)), received(a_delivery(Outcome.UNKNOWN)),
        received(a_delivery(Outcome.INTENDED)),
    ])  # fmt: skip
    (row,) = await store.read(lambda conn: conn.execute(sa.select(TOLD)).all())
    assert row.outcome == "unknown"


async def test_a_later_attempt_does(store: Store) -> None:
    intake = Intake(store)
    await intake.take_deliveries([
        received(a_delivery(Outcome.REFUSED)), received(a_delivery(Outcome.INTENDED, attempt=2)),
    ])  # fmt: skip
    (row,) = await store.read(lambda conn: conn.execute(sa.select(TOLD)).all())
    assert row.outcome == "intended"


async def test_who_read_of_an_incident_in_a_digest_is_known(store: Store) -> None:
    digest = a_delivery(
        subject="digest|o1|2026-11-22", incident_id=None, action=Action.DIGEST, members=("incident-1.1", "x.y.3")
    )
    await Intake(store).take_deliveries([received(digest)])
    (row,) = await store.read(lambda conn: find.told_of(conn, "x.y"))
    assert (row.official_id, row.action) == ("o1", "digest")
    assert await store.read(lambda conn: find.told_of(conn, "x")) == []


async def test_a_sources_older_health_changes_nothing(store: Store) -> None:
    intake = Intake(store)
    await intake.take_sources([received(a_health(health=Health.BLOCKED))])
    await intake.take_sources([received(a_health(health=Health.FRESH, occurred_at=NOON - timedelta(hours=1)))])
    (row,) = await store.read(find.sources)
    assert (row.health, row.region) == ("blocked", "ID-NT")


async def test_a_source_taken_out_of_the_list_is_not_shown(store: Store) -> None:
    intake = Intake(store)
    await intake.take_sources([received(a_health(health=Health.GONE))])
    later = NOON + timedelta(hours=1)
    await intake.take_sources([received(a_health(health=Health.GONE, occurred_at=later, retired=True))])
    assert await store.read(find.sources) == []


async def test_a_source_listed_again_is(store: Store) -> None:
    intake = Intake(store)
    await intake.take_sources([received(a_health(retired=True))])
    await intake.take_sources([received(a_health(occurred_at=NOON + timedelta(hours=1)))])
    assert len(await store.read(find.sources)) == 1


async def test_of_a_dead_letter_its_place_and_reason_are_kept_and_nothing_of_its_bytes(store: Store) -> None:
    headers = {
        "dead-reason": "decode: not JSON",
        "dead-topic": "stories",
        "dead-partition": "3",
        "dead-offset": "x",
    }
    await Intake(store).take_letters([received(b"Siti, 15, dari desa X", offset=7, **headers)])
    (row,) = await store.read(lambda conn: conn.execute(sa.select(LETTER)).all())
    assert (row.dead_offset, row.topic, row.partition, row.offset) == (7, "stories", 3, 0)
    assert "Siti" not in str(tuple(row))


async def test_incidents_are_found_by_place_role_topic_kind_severity_and_days(store: Store) -> None:
    intake = Intake(store)
    await intake.take_alerts([
        received(builders.an_alert(incident_id="ntt")),
        received(builders.an_alert(incident_id="kh", places=(builders.a_place("KH-18", Role.DESTINATION),))),
        received(builders.an_alert(incident_id="old", last_changed_at=NOON - timedelta(days=20))),
    ])  # fmt: skip

    async def ids(mine: tuple[str, ...] = (), **wanted: object) -> list[str]:
        found, count = await store.read(lambda c: find.find_incidents(c, Wanted(**wanted), NOW, mine))  # type: ignore[arg-type]
        assert len(found) == count
        return [one.incident_id for one in found]

    assert await ids() == ["kh", "ntt"]
    assert await ids(days=30) == ["kh", "ntt", "old"]
    assert await ids(place="KH") == await ids(place="KH-18") == ["kh"]
    assert await ids(place="mine", mine=("ID-NT",)) == ["ntt"]
    assert await ids(place="mine", mine=("*",)) == ["kh", "ntt"]
    assert await ids(place="mine", mine=()) == []
    assert await ids(place="KH", role="event") == []
    assert await ids(role="destination") == ["kh"]
    assert await ids(severity=4) == []
    assert await ids(kind="judicial") == []
    assert await ids(topic="drug_trafficking") == []
    assert await ids(topic="illegal_labour_placement", kind="enforcement", severity=3) == ["kh", "ntt"]


async def test_stories_are_found_by_words_in_any_form_of_hostile_text(store: Store) -> None:
    intake = Intake(store)
    await intake.take_alerts([received(builders.an_alert())])
    await intake.take_stories([
        received(a_tagged()),
        received(a_tagged("ppp:2", incident_id="incident-2", title="Police in Bavet free workers", text="All else is quiet.")),
        received(a_tagged("x:3", relevant=False, title="Atambua gelar pasar malam", text="Ramai.")),
    ])  # fmt: skip

    async def ids(words: str, everything: bool = False) -> list[str]:
        hits, _ = await store.read(lambda c: search.find_stories(c, words, everything=everything, page=1))
        return [hit.story_id for hit in hits]

    assert await ids("atambua") == ["antara:1"]
    assert sorted(await ids("atambua", everything=True)) == ["antara:1", "x:3"]
    assert await ids("atambua perekrut") == ["antara:1"]
    assert await ids("atambua bavet") == []
    assert await ids("perekr") == ["antara:1"]
    assert await ids("bavet") == ["ppp:2"]
    for hostile in ('"', "' OR 1=1 --", "a* NEAR b", "NOT", "title:x", "(", "", "  ", "%", "\\", "😀", "a:b&c|!d"):
        assert await ids(hostile, everything=True) == [], hostile
    found, _ = await store.read(lambda c: find.find_incidents(c, Wanted(words="atambua"), NOW, ()))
    assert [one.incident_id for one in found] == ["incident-1"]
    found, _ = await store.read(lambda c: find.find_incidents(c, Wanted(words='"'), NOW, ()))
    assert found == []


async def test_a_changed_story_is_found_by_its_new_words_only(store: Store) -> None:
    intake = Intake(store)
    await intake.take_stories([received(a_tagged())])
    await intake.take_stories([received(a_tagged(version=2, title="Judul baru", text="Kapal di Nunukan."))])
    hits, _ = await store.read(lambda c: search.find_stories(c, "nunukan", everything=False, page=1))
    assert [hit.snippet.count(search.HIT_START) for hit in hits] == [1]
    assert await store.read(lambda c: search.find_stories(c, "atambua", everything=True, page=1)) == ([], False)
