"""How an incident stands in a feed follows from its events, and its id never changes."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from services.contracts.alert import AlertEvent
from services.contracts.codes import Role, Topic
from services.notifier.core.outlets.entry import ALL, Standing, follow, reach
from services.notifier.core.outlets.feed import entry_id
from tests.notifier.builders import NOON, a_merge, a_place, a_split, a_withdrawal, an_alert, an_update
from tests.notifier.outlets.support import entry_of


@pytest.mark.parametrize(
    ("event", "standing", "others"),
    [
        (a_withdrawal(), Standing.WITHDRAWN, ()),
        (a_withdrawal(reason="not_relevant"), Standing.NOT_RELEVANT, ()),
        (a_merge(into="incident-9"), Standing.MERGED, ("incident-9",)),
        (a_split(parts=("incident-1", "incident-2")), Standing.SPLIT, ("incident-1", "incident-2")),
        (an_update(), Standing.OPEN, ()),
        (a_withdrawal(reason="region_changed", region="ID-NT"), Standing.OPEN, ()),
    ],
    ids=lambda value: getattr(value, "event", None) or str(value),
)
def test_an_event_says_how_the_incident_stands(event: AlertEvent, standing: Standing, others: object) -> None:
    entry = entry_of(an_alert(), event)
    assert (entry.standing, entry.others, entry.version) == (standing, others, 2)
    assert entry.alert.incident_id == "incident-1"


def test_an_old_version_changes_nothing() -> None:
    before = entry_of(an_alert(), an_update(version=5))
    assert follow(before, a_withdrawal(version=5), NOON + timedelta(days=1)) is before
    assert follow(before, an_update(version=3), NOON + timedelta(days=1)) is before


def test_a_newer_version_does() -> None:
    before = entry_of(an_alert(), a_withdrawal())
    after = follow(before, an_update(version=3), NOON + timedelta(hours=1))
    assert after is not None
    assert after.standing is Standing.OPEN
    assert after.first_at == NOON


def test_the_end_of_an_incident_never_shown_is_not_shown() -> None:
    assert follow(None, a_withdrawal(), NOON) is None
    assert follow(None, a_merge(), NOON) is None


def test_updated_grows_even_if_the_clock_does_not() -> None:
    before = entry_of(an_alert())
    after = follow(before, an_update(), NOON - timedelta(hours=1))
    assert after is not None
    assert after.updated_at > before.updated_at


def test_an_entry_is_read_under_its_regions_their_countries_and_all() -> None:
    places = (a_place("ID-NT"), a_place("KH-1", Role.ORIGIN), a_place("ID-JK", Role.VENUE))
    alert = an_alert(places=places, topics=(Topic.HUMAN_TRAFFICKING,))
    assert {region for region, _ in reach(alert)} == {"ID-NT", "ID", "KH-1", "KH", ALL}
    assert {topic for _, topic in reach(alert)} == {"human_trafficking", ALL}


def test_a_place_that_only_hosts_a_statement_is_no_region_of_it() -> None:
    assert {region for region, _ in reach(an_alert(places=(a_place("ID-JK", Role.STATEMENT),)))} == {ALL}


def test_an_incident_has_one_id_for_ever() -> None:
    known = "0b2f6d9c-3a41-5c8e-9d57-6a1f2b3c4d5e"
    assert entry_id(known) == f"urn:uuid:{known}"
    assert entry_id("not a uuid") == entry_id("not a uuid")
    assert uuid.UUID(entry_id("not a uuid")).version == 5


def test_two_incidents_have_two_ids() -> None:
    assert entry_id("incident-1") != entry_id("incident-2")
