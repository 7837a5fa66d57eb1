"""What one official is told about one state of one incident, and the reason that is given."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.contracts.codes import Kind, Severity
from services.contracts.delivery import Action
from services.contracts.tagging import Facts
from services.notifier.core.decide import (
    Decision,
    Moment,
    Told,
    Way,
    decide,
    decide_regrouping,
    decide_withdrawal,
)
from services.notifier.core.match import Match, Miss, match_official
from services.notifier.core.quiet import QuietHours
from services.notifier.core.reason import Reason
from services.notifier.core.snapshot import counts, has_grown, snapshot
from tests.notifier.builders import (
    NIGHT,
    NOON,
    a_number,
    a_place,
    a_source,
    an_alert,
    an_official,
    an_update,
)

QUIET = QuietHours(time(21), time(5, 30))


def decided(
    told: Told | None = None, moment: Moment | None = None, official: dict[str, Any] | None = None, **alert: Any
) -> Decision | None:
    who = an_official(**(official or {}))
    what = an_update(**alert) if told else an_alert(**alert)
    return decide(who, what, match_official(who, what), told, moment or Moment(NOON))


def told(way: Way = Way.PUSH, withdrawn: bool = False, **alert: Any) -> Told:
    return Told(way, snapshot(an_alert(**alert)), withdrawn)


MUST_NOT_PUSH = {
    "medium": ({"severity": Severity.MEDIUM}, Moment(NOON), {}, Reason.BELOW_PUSH),
    "a meeting, however grave": (
        {"severity": Severity.CRITICAL, "kind": Kind.POLICY_COOPERATION},
        Moment(NOON),
        {},
        Reason.KIND_NOT_PUSHED,
    ),
    "a verdict": ({"kind": Kind.JUDICIAL}, Moment(NOON), {}, Reason.KIND_NOT_PUSHED),
    "at night": ({}, Moment(NIGHT), {"quiet": QUIET}, Reason.QUIET_HOURS),
    "when the budget is spent": ({}, Moment(NOON, pushes_today=3), {"max_pushes_a_day": 3}, Reason.OVER_BUDGET),
    "old news": ({"severity": Severity.CRITICAL, "backfill": True}, Moment(NOON), {}, Reason.BACKFILL),
    "a replay": ({"severity": Severity.CRITICAL}, Moment(NOON, replayed=True), {}, Reason.REPLAYED),
}


@pytest.mark.parametrize("name", MUST_NOT_PUSH)
def test_these_wait_for_the_digest(name: str) -> None:
    alert, moment, official, reason = MUST_NOT_PUSH[name]
    assert decided(None, moment, official, **alert) == Decision(Action.DIGEST, reason)


MUST_PUSH = {
    "high by day": ({}, Moment(NOON), {}, Reason.HIGH),
    "critical at night": ({"severity": Severity.CRITICAL}, Moment(NIGHT), {"quiet": QUIET}, Reason.CRITICAL),
    "critical over the budget": (
        {"severity": Severity.CRITICAL},
        Moment(NOON, pushes_today=99),
        {"max_pushes_a_day": 3},
        Reason.CRITICAL,
    ),
    "a critical verdict": (
        {"severity": Severity.CRITICAL, "kind": Kind.JUDICIAL},
        Moment(NOON),
        {},
        Reason.CRITICAL,
    ),
    "critical though muted": ({"severity": Severity.CRITICAL}, Moment(NOON, muted=True), {}, Reason.CRITICAL),
}


@pytest.mark.parametrize("name", MUST_PUSH)
def test_these_are_pushed(name: str) -> None:
    alert, moment, official, reason = MUST_PUSH[name]
    assert decided(None, moment, official, **alert) == Decision(Action.PUSH, reason)


AGAIN = {
    "nothing new": (told(), {}, Decision(Action.EDIT, Reason.NOTHING_NEW, suppressed=True)),
    "an old version": (
        told(version=7),
        {"version": 7},
        Decision(Action.EDIT, Reason.OLD_VERSION, suppressed=True),
    ),
    "a detail": (told(), {"confidence": "high"}, Decision(Action.EDIT, Reason.FACTS_CHANGED)),
    "another outlet": (
        told(),
        {"sources": (a_source(), a_source("t-1", outlet="tribun"))},
        Decision(Action.EDIT, Reason.FACTS_CHANGED),
    ),
    "a count just below half as many again": (
        told(),
        {"facts": Facts(victims=(a_number(17),))},
        Decision(Action.EDIT, Reason.FACTS_CHANGED),
    ),
    "a count half as many again": (
        told(),
        {"facts": Facts(victims=(a_number(18),))},
        Decision(Action.PUSH, Reason.COUNT_GREW),
    ),
    "a first death": (
        told(),
        {"facts": Facts(victims=(a_number(12),), deaths=(a_number(1),))},
        Decision(Action.PUSH, Reason.COUNT_GREW),
    ),
    "graver": (told(), {"severity": Severity.CRITICAL}, Decision(Action.PUSH, Reason.SEVERITY_ROSE)),
    "less grave": (told(severity=Severity.CRITICAL), {}, Decision(Action.EDIT, Reason.FACTS_CHANGED)),
    "in the next digest anyway": (
        told(Way.DIGEST_WAITING, severity=Severity.LOW),
        {"severity": Severity.MEDIUM},
        Decision(Action.DIGEST, Reason.PENDING_DIGEST, suppressed=True),
    ),
    "out of the digest, since it became grave": (
        told(Way.DIGEST_WAITING, severity=Severity.LOW),
        {},
        Decision(Action.PUSH, Reason.SEVERITY_ROSE),
    ),
    "changed since its digest": (
        told(Way.DIGEST, severity=Severity.LOW),
        {"severity": Severity.LOW, "confidence": "high"},
        Decision(Action.DIGEST, Reason.UPDATED_SINCE_DIGEST),
    ),
    "a part of what was told": (told(Way.SPLIT), {}, Decision(Action.DIGEST, Reason.SPLIT_PART)),
    "back after a withdrawal": (told(withdrawn=True), {}, Decision(Action.EDIT, Reason.FACTS_CHANGED)),
}


@pytest.mark.parametrize("name", AGAIN)
def test_who_was_told_before_is_told(name: str) -> None:
    before, alert, decision = AGAIN[name]
    assert decided(before, **alert) == decision


def test_who_does_not_subscribe_and_was_never_told_is_left_alone() -> None:
    assert decided(places=(a_place("ID-KB"),)) is None


def test_who_was_told_of_what_left_the_subscription_is_corrected_not_pushed() -> None:
    decision = decided(told(), severity=Severity.CRITICAL, places=(a_place("ID-KB"),))
    assert decision == Decision(Action.EDIT, Reason.NO_LONGER_YOURS)


def test_history_found_at_the_first_look_is_not_told_and_last_weeks_news_is_in_the_digest() -> None:
    history = decided(backfill=True, published_at=NOON - timedelta(days=15))
    assert history == Decision(Action.DIGEST, Reason.TOO_OLD, suppressed=True)
    recent = decided(backfill=True, published_at=NOON - timedelta(days=13))
    assert recent == Decision(Action.DIGEST, Reason.BACKFILL)


def test_old_news_that_a_source_publishes_now_is_told() -> None:
    assert decided(published_at=NOON - timedelta(days=15)) == Decision(Action.PUSH, Reason.HIGH)


def test_muted_means_silent() -> None:
    assert decided(None, Moment(NOON, muted=True)) == Decision(Action.PUSH, Reason.MUTED, suppressed=True)


@pytest.mark.parametrize(
    ("way", "decision"),
    [
        (Way.PUSH, Decision(Action.WITHDRAW, Reason.WITHDRAWN)),
        (Way.DIGEST, Decision(Action.DIGEST, Reason.WITHDRAWN)),
        (Way.DIGEST_WAITING, Decision(Action.WITHDRAW, Reason.WITHDRAWN_UNSENT, suppressed=True)),
        (Way.SPLIT, Decision(Action.WITHDRAW, Reason.WITHDRAWN_UNSENT, suppressed=True)),
    ],
)
def test_a_withdrawal_goes_where_the_news_went(way: Way, decision: Decision) -> None:
    assert decide_withdrawal(told(way)) == decision
    assert decide_withdrawal(told(way, withdrawn=True)).suppressed


@pytest.mark.parametrize("reason", [Reason.MERGED, Reason.SPLIT])
@pytest.mark.parametrize("way", list(Way))
def test_a_merge_or_split_never_pushes(way: Way, reason: Reason) -> None:
    assert decide_regrouping(told(way), reason).action is Action.EDIT


@given(st.sampled_from(list(Severity)), st.sampled_from(list(Kind)), st.booleans(), st.booleans(), st.booleans())
def test_only_grave_fresh_news_of_a_kind_that_may_is_ever_pushed(
    severity: Severity, kind: Kind, backfill: bool, replayed: bool, night: bool
) -> None:
    moment = Moment(NIGHT if night else NOON, replayed=replayed)
    decision = decided(None, moment, {"quiet": QUIET}, severity=severity, kind=kind, backfill=backfill)
    if decision is not None and decision.action is Action.PUSH:
        assert severity >= Severity.HIGH
        assert not backfill
        assert not replayed
        assert severity is Severity.CRITICAL or not night
        assert kind is not Kind.POLICY_COOPERATION


def test_of_differing_sources_the_highest_count_is_compared() -> None:
    assert counts(Facts(victims=(a_number(8), a_number(12)))) == {"victims": 12}


def test_measures_of_different_units_are_not_compared() -> None:
    before = counts(Facts(quantities=(a_number(10, "fuel", unit="l"),)))
    assert not has_grown(before, counts(Facts(quantities=(a_number(900, "fuel", unit="kg"),))))
    assert has_grown(before, counts(Facts(quantities=(a_number(15, "fuel", unit="l"),))))


def test_evidence_copies_and_versions_do_not_change_what_a_reader_sees() -> None:
    one = snapshot(an_alert())
    assert snapshot(an_alert(version=9, sources=(a_source(copies=5),))).fingerprint == one.fingerprint
    assert snapshot(an_alert(confidence="low")).fingerprint != one.fingerprint


def test_the_types_of_a_verdict_are_told_apart() -> None:
    assert isinstance(match_official(an_official(), an_alert()), Match)
    assert isinstance(match_official(an_official(), an_alert(places=())), Miss)
