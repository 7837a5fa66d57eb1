"""What the map counts: where something happened, of everything a filter shows, and nothing that is over."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

from services.contracts.codes import Role, Severity
from services.notifier.desk.intake import Intake
from services.notifier.desk.overview import Glance, Spot, find_spots, glance
from services.notifier.desk.wanted import Wanted
from services.runtime.store import Store
from tests.notifier import builders

sys.path.insert(0, str(Path(__file__).parent))
from desk_builders import received


async def spots(store: Store, **wanted: object) -> list[Spot]:
    now = builders.NOON.timestamp()
    return await store.read(lambda conn: find_spots(conn, Wanted(**wanted), now, ["ID-NT"]))  # type: ignore[arg-type]


async def test_a_region_is_as_bad_as_its_worst_and_counts_each_incident_once(store: Store) -> None:
    twice = (builders.a_place(), builders.a_place(role=Role.ORIGIN), builders.a_place(district="Kab. Belu"))
    await Intake(store).take_alerts([
        received(builders.an_alert(places=twice)),
        received(builders.an_alert(incident_id="incident-2", severity=Severity.CRITICAL)),
        received(builders.an_alert(incident_id="incident-3", places=(builders.a_place("KH-18"),))),
    ])  # fmt: skip
    assert await spots(store) == [Spot("ID-NT", 4, 2), Spot("KH-18", 3, 1)]
    assert await spots(store, place="mine") == [Spot("ID-NT", 4, 2)]
    assert await spots(store, severity=4) == [Spot("ID-NT", 4, 1)]


async def test_what_is_over_a_country_alone_and_where_one_only_spoke_make_no_spot(store: Store) -> None:
    await Intake(store).take_alerts([
        received(builders.an_alert()),
        received(builders.a_withdrawal()),
        received(builders.an_alert(incident_id="incident-2", places=(builders.a_place(None),))),
        received(builders.an_alert(incident_id="incident-3", places=(builders.a_place(role=Role.STATEMENT),))),
    ])  # fmt: skip
    assert await spots(store) == []


async def test_a_venue_counts_for_a_meeting_and_not_beside_a_scene(store: Store) -> None:
    venue = builders.a_place("ID-JK", Role.VENUE)
    await Intake(store).take_alerts([received(builders.an_alert(places=(venue,)))])
    assert await spots(store) == [Spot("ID-JK", 3, 1)]
    await Intake(store).take_alerts([received(builders.an_update(places=(venue, builders.a_place())))])
    assert await spots(store) == [Spot("ID-NT", 3, 1)]


async def test_new_changed_and_critical_are_counted_and_what_is_over_is_not(store: Store) -> None:
    hour = timedelta(hours=1)
    old = dict.fromkeys(("first_seen_at", "last_changed_at", "occurred_at"), builders.NOON - 30 * hour)
    await Intake(store).take_alerts([
        received(builders.an_alert()),
        received(builders.an_alert(incident_id="incident-2", severity=Severity.CRITICAL, **old)),
        received(builders.an_alert(incident_id="incident-3", **old)),
        received(builders.an_update(incident_id="incident-3", first_seen_at=builders.NOON - 30 * hour)),
        received(builders.an_alert(incident_id="incident-4")),
        received(builders.a_withdrawal("incident-4")),
    ])  # fmt: skip
    now = builders.NOON.timestamp()
    look = await store.read(lambda conn: glance(conn, Wanted(), now, [], 6 * 3600.0))
    assert look == Glance(new=1, changed=1, critical=1)
    nothing = await store.read(lambda conn: glance(conn, Wanted(place="MM"), now, [], 6 * 3600.0))
    assert nothing == Glance(0, 0, 0)
