"""Who hears of an incident, and who does not."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.codes import Kind, Role, Severity, Topic
from services.notifier.core.match import Match, Miss, SubscriptionIndex, match_official
from services.notifier.core.reason import Reason
from tests.notifier.builders import a_place, a_subscription, an_alert, an_official

MUST_NOT = {
    "another province": (a_subscription("ID-KB"), {}, Reason.OTHER_REGION),
    "another country": (a_subscription("KH"), {}, Reason.OTHER_REGION),
    "a province whose code only begins alike": (
        a_subscription("KH-1"),
        {"places": (a_place("KH-12"),)},
        Reason.OTHER_REGION,
    ),
    "a province when only the country is known": (
        a_subscription("ID-NT"),
        {"places": (a_place(None, country="ID"),)},
        Reason.OTHER_REGION,
    ),
    "a place that only made a statement": (
        a_subscription("ID-NT"),
        {"places": (a_place(role=Role.STATEMENT),)},
        Reason.OTHER_ROLE,
    ),
    "a destination, by default": (
        a_subscription("MY-12"),
        {"places": (a_place("MY-12", role=Role.DESTINATION),)},
        Reason.OTHER_ROLE,
    ),
    "another topic": (a_subscription(topics=frozenset({Topic.DRUG_TRAFFICKING})), {}, Reason.OTHER_TOPIC),
    "another kind": (a_subscription(kinds=frozenset({Kind.JUDICIAL})), {}, Reason.OTHER_KIND),
    "below the minimum": (a_subscription(min_severity=Severity.CRITICAL), {}, Reason.BELOW_MINIMUM),
    "across the border when that is not wanted": (
        a_subscription("ID-NT", counterparts=False),
        {"places": (a_place("TL-BO", counterpart="ID-NT"),)},
        Reason.OTHER_REGION,
    ),
    "across the border from a meeting": (
        a_subscription("ID-NT"),
        {"places": (a_place("TL-BO", role=Role.VENUE, counterpart="ID-NT"),)},
        Reason.OTHER_REGION,
    ),
    "no place at all": (a_subscription("ID-NT"), {"places": ()}, Reason.OTHER_REGION),
}


@pytest.mark.parametrize("name", MUST_NOT)
def test_these_do_not_hear(name: str) -> None:
    subscription, changes, reason = MUST_NOT[name]
    assert match_official(an_official("o", subscription), an_alert(**changes)) == Miss(reason)


MUST = {
    "the province": (a_subscription("ID-NT"), {}, ("ID-NT",)),
    "its whole country": (a_subscription("ID"), {}, ("ID",)),
    "everywhere, with no place named": (a_subscription("*"), {"places": ()}, ("*",)),
    "a venue": (a_subscription("ID-NT"), {"places": (a_place(role=Role.VENUE),)}, ("ID-NT",)),
    "a destination, if asked for": (
        a_subscription("MY-12", roles=frozenset({Role.DESTINATION})),
        {"places": (a_place("MY-12", role=Role.DESTINATION),)},
        ("MY-12",),
    ),
    "an event just across the border": (
        a_subscription("ID-NT"),
        {"places": (a_place("TL-BO", counterpart="ID-NT"),)},
        ("ID-NT",),
    ),
    "one of several topics": (
        a_subscription(topics=frozenset({Topic.DRUG_TRAFFICKING})),
        {"topics": (Topic.GOODS_SMUGGLING, Topic.DRUG_TRAFFICKING)},
        ("ID-NT",),
    ),
}


@pytest.mark.parametrize("name", MUST)
def test_these_hear_and_are_told_why(name: str) -> None:
    subscription, changes, regions = MUST[name]
    verdict = match_official(an_official("o", subscription), an_alert(**changes))
    assert isinstance(verdict, Match)
    assert verdict.regions == regions


def test_the_nearest_miss_is_the_reason() -> None:
    far, near = a_subscription("KH"), a_subscription("ID-NT", min_severity=Severity.CRITICAL)
    assert match_official(an_official("o", far, near), an_alert()) == Miss(Reason.BELOW_MINIMUM)


REGIONS = ["ID-NT", "ID-KB", "ID", "KH-1", "KH-12", "KH", "TL", "TL-BO", "*"]
subscriptions = st.builds(
    lambda regions, topics, kinds, severity, roles, counterparts: a_subscription(
        *regions, topics=topics, kinds=kinds, min_severity=severity, roles=roles, counterparts=counterparts
    ),
    st.sets(st.sampled_from(REGIONS), min_size=1, max_size=3),
    st.frozensets(st.sampled_from(list(Topic)), max_size=3),
    st.frozensets(st.sampled_from(list(Kind)), max_size=2),
    st.sampled_from(list(Severity)),
    st.frozensets(st.sampled_from(list(Role)), min_size=1, max_size=3),
    st.booleans(),
)
places = st.builds(
    lambda region, role, counterpart: a_place(region, role, counterpart=counterpart),
    st.sampled_from([None, "ID-NT", "ID-KB", "KH-1", "KH-12", "TL-BO"]),
    st.sampled_from(list(Role)),
    st.sampled_from([None, "ID-NT", "TL", "KH-1"]),
)
alerts = st.builds(
    lambda places, topics, kind, severity: an_alert(
        places=tuple(places), topics=tuple(topics), kind=kind, severity=severity
    ),
    st.lists(places, max_size=4),
    st.lists(st.sampled_from(list(Topic)), min_size=1, max_size=3, unique=True),
    st.sampled_from(list(Kind)),
    st.sampled_from(list(Severity)),
)


@given(
    st.lists(st.lists(subscriptions, min_size=1, max_size=3), max_size=25),
    st.lists(alerts, min_size=1, max_size=5),
)
@settings(max_examples=150, deadline=None)
def test_the_index_finds_exactly_whom_a_scan_of_everybody_finds(lines: list, told: list) -> None:
    officials = [an_official(f"o{number:03}", *wanted) for number, wanted in enumerate(lines)]
    index = SubscriptionIndex(officials)
    for alert in told:
        scanned = {o.official_id: v for o in officials if isinstance(v := match_official(o, alert), Match)}
        assert index.who_hears(alert) == scanned
