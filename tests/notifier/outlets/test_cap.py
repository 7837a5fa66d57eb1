"""CAP 1.2: valid by the schema of OASIS, restricted, and a chain of messages that refer to each other."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.alert import AlertEvent
from services.contracts.codes import Kind, Role, Severity, Topic
from services.notifier.core.outlets.cap import find_message, write_cap
from services.notifier.core.outlets.cap_codes import CATEGORIES, urgency_of
from tests.notifier.builders import NOON, a_merge, a_place, a_split, a_withdrawal, an_alert, an_update
from tests.notifier.outlets.support import CAP, HOSTILE, judge_cap
from tests.notifier.outlets.test_formats import a_hostile_alert

SENDER = "siaga.example"


def written(*history: AlertEvent, version: int | None = None) -> bytes:
    message = find_message(history, version or history[-1].version)
    assert message is not None
    return write_cap(message, SENDER)


def test_a_first_message_is_an_alert() -> None:
    root = judge_cap(written(an_alert()))
    assert root.findtext(f"{CAP}msgType") == "Alert"
    assert root.findtext(f"{CAP}status") == "Actual"
    assert root.findtext(f"{CAP}identifier") == "incident-1.1"
    assert [code.text for code in root.findall(f"{CAP}code")] == ["open-source", "unverified"]
    assert [info.findtext(f"{CAP}language") for info in root.findall(f"{CAP}info")] == ["id", "en"]


def test_an_update_refers_to_every_message_it_replaces() -> None:
    later = an_update(version=3, occurred_at=NOON + timedelta(hours=1))
    root = judge_cap(written(an_alert(), an_update(), later))
    assert root.findtext(f"{CAP}msgType") == "Update"
    assert root.findtext(f"{CAP}references") == (
        "siaga.example,incident-1.1,2026-11-22T05:00:00-00:00 siaga.example,incident-1.2,2026-11-22T05:00:00-00:00"
    )


@pytest.mark.parametrize(
    "end", [a_withdrawal(), a_withdrawal(reason="not_relevant"), a_merge(), a_split(parts=("a", "b"))]
)
def test_the_end_of_an_incident_cancels(end: AlertEvent) -> None:
    root = judge_cap(written(an_alert(), end))
    assert root.findtext(f"{CAP}msgType") == "Cancel"
    assert root.find(f"{CAP}info") is None


def test_a_split_that_leaves_a_part_in_place_updates_it() -> None:
    root = judge_cap(written(an_alert(), a_split(parts=("incident-1", "incident-2"))))
    assert root.findtext(f"{CAP}msgType") == "Update"
    assert (root.findtext(f"{CAP}incidents") or "").split() == ["incident-1", "incident-2"]


def test_what_comes_back_after_a_cancel_is_a_new_alert() -> None:
    root = judge_cap(written(an_alert(), a_withdrawal(), an_update(version=3)))
    assert root.findtext(f"{CAP}msgType") == "Alert"


def test_an_earlier_version_stays_what_it_was() -> None:
    before = written(an_alert())
    assert written(an_alert(), an_update(), version=1) == before


def test_a_version_that_never_was_has_no_message() -> None:
    assert find_message([an_alert()], 2) is None
    assert find_message([a_withdrawal()], 2) is None
    assert find_message([an_alert(), a_withdrawal(reason="region_changed", region="ID-NT")], 2) is None


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_an_outlet_wrote_stays_inert(text: str) -> None:
    root = judge_cap(written(a_hostile_alert(text)))
    assert not [node.tag for node in root.iter() if not str(node.tag).startswith(CAP)]


@settings(max_examples=50, deadline=None)
@given(st.text(max_size=60))
def test_whatever_the_text_the_message_is_valid(text: str) -> None:
    judge_cap(written(a_hostile_alert(text)))


def test_an_id_with_forbidden_characters_is_written_without_them() -> None:
    judge_cap(written(an_alert(incident_id="a b,<c>&d")))


@pytest.mark.parametrize("topic", list(Topic), ids=str)
def test_every_topic_has_a_category_of_theirs(topic: Topic) -> None:
    judge_cap(written(an_alert(topics=(topic,))))
    assert CATEGORIES[topic]


@pytest.mark.parametrize("severity", list(Severity), ids=str)
def test_every_severity_and_kind_has_a_code_of_theirs(severity: Severity) -> None:
    for kind in Kind:
        judge_cap(written(an_alert(severity=severity, kind=kind)))


@pytest.mark.parametrize(
    ("kind", "severity", "urgency"),
    [
        (Kind.ENFORCEMENT, Severity.CRITICAL, "Past"),
        (Kind.JUDICIAL, Severity.HIGH, "Past"),
        (Kind.INCIDENT, Severity.CRITICAL, "Immediate"),
        (Kind.INCIDENT, Severity.HIGH, "Expected"),
        (Kind.INCIDENT, Severity.LOW, "Unknown"),
        (Kind.ADVISORY_ANALYSIS, Severity.CRITICAL, "Unknown"),
    ],
)
def test_urgency_is_that_of_who_should_look(kind: Kind, severity: Severity, urgency: str) -> None:
    assert urgency_of(kind, severity) == urgency


def test_old_news_is_not_urgent() -> None:
    root = judge_cap(written(an_alert(kind=Kind.INCIDENT, severity=Severity.CRITICAL, backfill=True)))
    assert root.findtext(f".//{CAP}urgency") == "Past"


@pytest.mark.parametrize("confidence", ["low", "medium", "high"])
def test_nothing_is_ever_observed(confidence: str) -> None:
    root = judge_cap(written(an_alert(confidence=confidence)))
    assert root.findtext(f".//{CAP}certainty") in {"Unknown", "Possible", "Likely"}


def test_areas_are_the_regions_of_the_event_and_its_way() -> None:
    places = (a_place("ID-NT"), a_place("KH-1", Role.ORIGIN, name="Poipet"), a_place("ID-JK", Role.STATEMENT))
    root = judge_cap(written(an_alert(places=places)))
    codes = [
        (pair.findtext(f"{CAP}valueName"), pair.findtext(f"{CAP}value"))
        for pair in root.find(f"{CAP}info").findall(f"{CAP}area/{CAP}geocode")  # type: ignore[union-attr]
    ]
    assert codes == [("ISO3166-2", "ID-NT"), ("ISO3166-2", "KH-1")]


def test_an_incident_without_a_place_has_no_area() -> None:
    root = judge_cap(written(an_alert(places=())))
    assert root.find(f".//{CAP}area") is None
