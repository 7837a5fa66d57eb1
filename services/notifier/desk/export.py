"""A search as a file: CSV for a spreadsheet, GeoJSON for a map; facts only, no text of a story."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from services.contracts.alert import Alert
from services.notifier.core.links import safe_link
from services.notifier.core.snapshot import PEOPLE, counts
from services.notifier.desk.find import Found
from services.notifier.desk.maps import Outline, where

COLUMNS = (
    "incident_id", "standing", "severity", "topics", "kind", "countries", "regions", "districts", "event_date",
    *PEOPLE, "sources", "confidence", "published_at", "first_seen_at", "changed_at", "links",
)  # fmt: skip
#: A cell that begins so would be run as a formula by a spreadsheet (OWASP, CSV injection).
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def write_csv(found: Iterable[Found]) -> bytes:
    """UTF-8 with a byte-order mark, which spreadsheets need to see that it is (RFC 4180 otherwise)."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for one in found:
        row = _row(one)
        writer.writerow([_inert(str(row[name])) for name in COLUMNS])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _inert(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _row(found: Found) -> dict[str, Any]:
    alert = found.alert
    numbers = counts(alert.facts)
    return {
        "incident_id": found.incident_id,
        "standing": found.standing,
        "severity": int(alert.severity),
        "topics": " ".join(alert.topics),
        "kind": alert.kind,
        "countries": _joined(place.country for place in alert.places),
        "regions": _joined(place.region or "" for place in alert.places),
        "districts": _joined((place.district or "" for place in alert.places), "; "),
        "event_date": _joined(term.value for term in alert.facts.event_date),
        **{name: f"{numbers[name]:g}" if name in numbers else "" for name in PEOPLE},
        "sources": len(alert.sources),
        "confidence": alert.confidence,
        "published_at": _iso(alert.published_at),
        "first_seen_at": _iso(datetime.fromtimestamp(found.first_seen_at, UTC)),
        "changed_at": _iso(datetime.fromtimestamp(found.changed_at, UTC)),
        "links": _joined(safe_link(source.url) or "" for source in alert.sources),
    }


def _joined(words: Iterable[str], between: str = " ") -> str:
    return between.join(dict.fromkeys(word for word in words if word))


def _iso(instant: datetime) -> str:
    return instant.astimezone(UTC).isoformat(timespec="seconds")


def write_geojson(found: Iterable[Found], outline: Outline) -> bytes:
    """A feature for each place of each incident that is on a map (RFC 7946: longitude first)."""
    features = [feature for one in found for feature in _features(one, outline)]
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def _features(found: Found, outline: Outline) -> Iterable[dict[str, Any]]:
    alert: Alert = found.alert
    for place in alert.places:
        at = where(outline, place)
        if at is None:
            continue
        yield {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [at[1], at[0]]},
            "properties": {
                "incident_id": found.incident_id,
                "standing": found.standing,
                "severity": int(alert.severity),
                "topics": [str(topic) for topic in alert.topics],
                "kind": str(alert.kind),
                "place": place.name,
                "region": place.region or place.country,
                "role": str(place.role),
                "exact": place.lat is not None,
                "changed_at": _iso(datetime.fromtimestamp(found.changed_at, UTC)),
            },
        }
