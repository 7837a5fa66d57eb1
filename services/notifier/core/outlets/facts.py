"""An entry for programs: codes, numbers with who reports them, places; never a sentence of an article."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from services.contracts.alert import Alert, Source
from services.contracts.tagging import Facts, Number, Place, Term
from services.notifier.core.clean import clean_line
from services.notifier.core.links import safe_link
from services.notifier.core.outlets.entry import Entry
from services.notifier.core.outlets.xml_text import uri
from services.notifier.core.snapshot import PEOPLE

#: Nobody reads more, and a receiver must be able to bound what it takes.
_AT_MOST = 40
_TERMS = (
    "nationalities", "exploitation", "recruitment", "transport", "agencies", "case_stage", "victim_status",
    "event_date",
)  # fmt: skip


def describe(entry: Entry) -> dict[str, Any]:
    """What is known; of an incident that is over only what it was filed under."""
    alert = entry.alert
    told: dict[str, Any] = {
        "incident_id": entry.incident_id,
        "alert_id": entry.alert_id,
        "version": entry.version,
        "standing": str(entry.standing),
        "others": list(entry.others),
        "topics": [str(topic) for topic in alert.topics],
        "kind": str(alert.kind),
        "severity": int(alert.severity),
        "regions": list(alert.regions()),
        "updated_at": entry.updated_at.isoformat(timespec="milliseconds"),
        "verified": False,
    }
    return told if entry.over else told | _facts_of(alert)


def _facts_of(alert: Alert) -> dict[str, Any]:
    outlets = {source.story_id: clean_line(source.outlet, 80) for source in alert.sources}
    return {
        "confidence": alert.confidence,
        "backfill": alert.backfill,
        "places": [_place(place) for place in alert.places[:_AT_MOST]],
        "counts": list(_counts(alert.facts, outlets))[:_AT_MOST],
        "terms": {name: _terms(getattr(alert.facts, name)) for name in _TERMS if getattr(alert.facts, name)},
        "sources": [_source(source) for source in alert.sources[:_AT_MOST]],
        "aliases": list(alert.aliases[:_AT_MOST]),
        "first_seen_at": alert.first_seen_at.isoformat(),
        "last_changed_at": alert.last_changed_at.isoformat(),
        "published_at": alert.published_at.isoformat(),
    }


def _place(place: Place) -> dict[str, Any]:
    return {
        "name": clean_line(place.name, 80),
        "district": clean_line(place.district or "", 80) or None,
        "region": place.region,
        "country": place.country,
        "role": str(place.role),
        "counterpart": place.counterpart,
        "lat": place.lat,
        "lon": place.lon,
    }


def _counts(facts: Facts, outlets: dict[str, str]) -> Iterable[dict[str, Any]]:
    for name in (*PEOPLE, "quantities", "money"):
        numbers: tuple[Number, ...] = getattr(facts, name)
        for number in numbers:
            yield {
                "what": name,
                "low": number.low,
                "high": number.high,
                "unit": clean_line(number.unit, 40),
                "of": clean_line(number.of, 60),
                "outlet": outlets.get(number.source),
            }


def _terms(terms: tuple[Term, ...]) -> list[str]:
    return list(dict.fromkeys(clean_line(term.value, 80) for term in terms))[:_AT_MOST]


def _source(source: Source) -> dict[str, Any]:
    link = safe_link(source.url)
    return {
        "outlet": clean_line(source.outlet, 80),
        "url": uri(link) if link else None,
        "language": source.language,
        "published_at": source.published_at.isoformat(),
        "copies": source.copies,
        "withdrawn": source.withdrawn,
    }
