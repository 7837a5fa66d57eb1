"""Build alerts, officials and subscriptions for tests, each as small as it can be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from services.contracts.alert import (
    AlertRaised,
    AlertUpdated,
    AlertWithdrawn,
    IncidentMerged,
    IncidentSplit,
    Source,
)
from services.contracts.codes import Kind, Role, Severity, Topic
from services.contracts.tagging import Evidence, Facts, Number, Place, Term, Trigger
from services.notifier.core.subscription import Official, Subscription
from services.notifier.spec import OfficialEntry

NOON = datetime(2026, 11, 22, 5, 0, tzinfo=UTC)  # 12:00 WIB, 13:00 WITA
NIGHT = datetime(2026, 11, 22, 16, 30, tzinfo=UTC)  # 23:30 WIB
SAID = (Evidence(start=0, end=4, text="said", rule="test"),)
STORY = "antara-1"


def a_number(
    low: float, of: str = "", *, high: float | None = None, unit: str = "person", source: str = STORY
) -> Number:
    return Number(low=low, high=low if high is None else high, unit=unit, of=of, source=source, evidence=SAID)


def a_term(value: str, source: str = STORY) -> Term:
    return Term(value=value, source=source, evidence=SAID)


def a_place(region: str | None = "ID-NT", role: Role = Role.EVENT, **changes: Any) -> Place:
    given: dict[str, Any] = {
        "name": "Pelabuhan Bolok", "region": region, "country": (region or "ID")[:2], "role": role,
        "evidence": SAID,
    }  # fmt: skip
    return Place(**(given | changes))


def a_source(story_id: str = STORY, **changes: Any) -> Source:
    given: dict[str, Any] = {
        "story_id": story_id, "version": 1, "outlet": "Antara", "url": f"https://www.antaranews.com/berita/{story_id}",
        "language": "id", "published_at": NOON - timedelta(minutes=20),
    }  # fmt: skip
    return Source(**(given | changes))


def _alert_values(changes: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "occurred_at": NOON, "incident_id": "incident-1", "version": 1,
        "topics": (Topic.ILLEGAL_LABOUR_PLACEMENT,), "kind": Kind.ENFORCEMENT, "severity": Severity.HIGH,
        "triggers": (Trigger(code="ten_to_99_victims", evidence=SAID),), "places": (a_place(),),
        "facts": Facts(victims=(a_number(12, "victims"),)), "sources": (a_source(),),
        "first_seen_at": NOON, "last_changed_at": NOON, "published_at": NOON - timedelta(minutes=20),
    }  # fmt: skip
    return given | changes


def an_alert(**changes: Any) -> AlertRaised:
    return AlertRaised(**_alert_values(changes))


def an_update(**changes: Any) -> AlertUpdated:
    return AlertUpdated(**_alert_values({"version": 2, "changed": ("facts",)} | changes))


def a_withdrawal(incident_id: str = "incident-1", version: int = 2, **changes: Any) -> AlertWithdrawn:
    given: dict[str, Any] = {"occurred_at": NOON, "reason": "stories_withdrawn"}
    return AlertWithdrawn(incident_id=incident_id, version=version, **(given | changes))


def a_merge(incident_id: str = "incident-1", into: str = "incident-2", version: int = 2) -> IncidentMerged:
    return IncidentMerged(occurred_at=NOON, incident_id=incident_id, version=version, into=into)


def a_split(
    incident_id: str = "incident-1", parts: tuple[str, ...] = ("incident-1", "incident-2")
) -> IncidentSplit:
    return IncidentSplit(occurred_at=NOON, incident_id=incident_id, version=2, parts=parts)


def a_subscription(*regions: str, **changes: Any) -> Subscription:
    return Subscription(regions=frozenset(regions or ("ID-NT",)), **changes)


def an_official(official_id: str = "official-1", *subscriptions: Subscription, **changes: Any) -> Official:
    given: dict[str, Any] = {"channels": ("telegram",), "zone": ZoneInfo("Asia/Makassar")}
    return Official(official_id, subscriptions or (a_subscription(),), **(given | changes))


def an_entry(ref: str = "ppa-ppo-ntt", **changes: Any) -> OfficialEntry:
    given: dict[str, Any] = {
        "ref": ref, "title": "Unit PPA-PPO", "zone": "Asia/Makassar",
        "contacts": {"telegram": 900000001, "email": f"{ref}@example.org"}, "channels": ["telegram", "email"],
        "subscriptions": [{"regions": ["ID-NT"]}],
    }  # fmt: skip
    return OfficialEntry.model_validate(given | changes, by_alias=True, by_name=True)
