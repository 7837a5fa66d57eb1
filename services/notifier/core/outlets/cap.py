"""Write one version of an incident as a CAP 1.2 message: restricted, from open sources, never "observed"."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from lxml import etree

from services.contracts.alert import (
    PROJECTED_ROLES,
    Alert,
    AlertEvent,
    AlertWithdrawn,
    IncidentMerged,
    IncidentSplit,
)
from services.contracts.tagging import Place
from services.notifier.core.card import Card, View, make_card
from services.notifier.core.clean import clean_line
from services.notifier.core.outlets.cap_codes import (
    CATEGORIES,
    CERTAINTY,
    NOTES,
    RESTRICTION,
    SEVERITY,
    SOURCE,
    VERIFY,
    urgency_of,
)
from services.notifier.core.outlets.xml_text import uri, xml_text
from services.notifier.core.regions import region_name
from services.notifier.core.words import words_for

CAP = "urn:oasis:names:tc:emergency:cap:1.2"
MEDIA_TYPE = "application/cap+xml"
_NAMES: dict[Any, str] = {None: CAP}
#: The newest ones; a receiver that knows none of so many never had any.
_REFERENCES = 20
_HEADLINE = 160
_ZONES = {"id": ZoneInfo("Asia/Jakarta"), "en": ZoneInfo("Asia/Jakarta")}


class MessageType(StrEnum):
    """CAP 1.2, 3.2.1 ``msgType``."""

    ALERT = "Alert"
    UPDATE = "Update"
    CANCEL = "Cancel"


@dataclass(frozen=True)
class Message:
    """One version as a CAP message; ``references`` are the earlier ones it replaces, oldest first."""

    event: AlertEvent
    kind: MessageType
    alert: Alert
    references: tuple[AlertEvent, ...]


def find_message(history: Sequence[AlertEvent], version: int) -> Message | None:
    """The message of a version, from all events of its incident in order; None where there is none."""
    standing: list[AlertEvent] = []
    alert: Alert | None = None
    for event in history:
        if isinstance(event, Alert):
            kind = MessageType.UPDATE if standing else MessageType.ALERT
            alert = event
        elif alert is None or not standing or _is_elsewhere(event):
            continue
        elif isinstance(event, IncidentSplit) and event.incident_id in event.parts:
            kind = MessageType.UPDATE
        else:
            kind = MessageType.CANCEL
        if event.version == version:
            return Message(event, kind, alert, tuple(standing[-_REFERENCES:]))
        standing = [] if kind is MessageType.CANCEL else [*standing, event]
    return None


def _is_elsewhere(event: AlertEvent) -> bool:
    return isinstance(event, AlertWithdrawn) and event.reason == "region_changed"


def write_cap(message: Message, sender: str) -> bytes:
    """The document in UTF-8; the same message is the same bytes whenever it is asked for."""
    root = etree.Element(f"{{{CAP}}}alert", nsmap=_NAMES)
    event = message.event
    _put(root, "identifier", identifier(event))
    _put(root, "sender", sender)
    _put(root, "sent", cap_time(event.occurred_at))
    _put(root, "status", "Actual")
    _put(root, "msgType", message.kind)
    _put(root, "source", SOURCE)
    _put(root, "scope", "Restricted")
    _put(root, "restriction", RESTRICTION)
    _put(root, "code", "open-source")
    _put(root, "code", "unverified")
    _put(root, "note", _note(event))
    if message.references:
        _put(root, "references", " ".join(_reference(earlier, sender) for earlier in message.references))
    _put(root, "incidents", " ".join(_incidents(event)))
    if message.kind is not MessageType.CANCEL:
        for language in ("id", "en"):
            root.append(_info(message.alert, language))
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8"))


def identifier(event: AlertEvent) -> str:
    """The alert id without the characters CAP forbids in it: blanks, commas, ``<`` and ``&``."""
    return quote(event.alert_id, safe=".-_~:")


def cap_time(instant: datetime) -> str:
    """CAP 1.2 knows no ``Z``; UTC is written ``-00:00``."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def _reference(event: AlertEvent, sender: str) -> str:
    return f"{sender},{identifier(event)},{cap_time(event.occurred_at)}"


def _incidents(event: AlertEvent) -> Iterable[str]:
    found = [event.incident_id]
    if isinstance(event, IncidentMerged):
        found.append(event.into)
    if isinstance(event, IncidentSplit):
        found += event.parts
    # Quoted where it holds a blank, says the standard; ours never do.
    return (quote(one, safe=".-_~:") for one in dict.fromkeys(found))


def _note(event: AlertEvent) -> str:
    if isinstance(event, IncidentMerged):
        return NOTES["merged"].format(x=clean_line(event.into, 80))
    if isinstance(event, IncidentSplit):
        return NOTES["split"].format(n=len(event.parts))
    if isinstance(event, AlertWithdrawn):
        return NOTES[event.reason]
    return NOTES["notice"]


def _info(alert: Alert, language: str) -> etree._Element:
    words = words_for(language)
    # As of its own last change: the age of a report is not part of a message that never changes.
    card = make_card(alert, None, View(language, _ZONES[language], alert.last_changed_at))
    info = etree.Element(f"{{{CAP}}}info")
    _put(info, "language", language)
    for category in CATEGORIES[alert.topics[0]]:
        _put(info, "category", category)
    _put(info, "event", words.topics[alert.topics[0]])
    _put(info, "responseType", "Assess")
    _put(info, "urgency", urgency_of(alert.kind, alert.severity, backfill=alert.backfill))
    _put(info, "severity", SEVERITY[alert.severity])
    _put(info, "certainty", CERTAINTY[alert.confidence])
    for topic in alert.topics:
        _pair(info, "eventCode", "siaga:topic", topic)
    _pair(info, "eventCode", "siaga:kind", alert.kind)
    _put(info, "senderName", "Siaga")
    _put(info, "headline", clean_line(f"{card.title} · {card.place}", _HEADLINE))
    _put(info, "description", _description(card))
    _put(info, "instruction", VERIFY[language])
    if card.source is not None and card.source.url:
        _put(info, "web", uri(card.source.url))
    _pair(info, "parameter", "siaga:severity", str(int(alert.severity)))
    _pair(info, "parameter", "siaga:confidence", alert.confidence)
    _pair(info, "parameter", "siaga:sources", str(len({source.outlet for source in alert.sources})))
    for code, places in _areas(alert):
        info.append(_area(code, places, language))
    return info


def _description(card: Card) -> str:
    lines = [card.sentence, *(f"{label}: {value}" for label, value in card.numbers), card.when, card.notice]
    return "\n".join(line for line in lines if line)


def _areas(alert: Alert) -> list[tuple[str, list[Place]]]:
    """By region, else country; a place that only hosts a statement is no affected area."""
    found: dict[str, list[Place]] = {}
    for place in alert.places:
        if place.role in PROJECTED_ROLES:
            found.setdefault(place.region or place.country, []).append(place)
    return list(found.items())


def _area(code: str, places: list[Place], language: str) -> etree._Element:
    area = etree.Element(f"{{{CAP}}}area")
    names = [clean_line(part, 80) for place in places for part in (place.name, place.district or "") if part]
    _put(area, "areaDesc", ", ".join(dict.fromkeys([*names[:8], region_name(code, language)])))
    _pair(area, "geocode", "ISO3166-2" if "-" in code else "ISO3166-1", code)
    for district in dict.fromkeys(clean_line(place.district or "", 80) for place in places):
        if district:
            _pair(area, "geocode", "siaga:district", district)
    return area


def _pair(parent: etree._Element, name: str, value_name: str, value: str) -> None:
    pair = _put(parent, name)
    _put(pair, "valueName", value_name)
    _put(pair, "value", value)


def _put(parent: etree._Element, name: str, text: str = "") -> etree._Element:
    child = etree.SubElement(parent, f"{{{CAP}}}{name}")
    if text:
        child.text = xml_text(text)
    return child
