"""What the tests of feeds and webhooks build with, and the judges nobody here wrote."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import feedparser
import jsonschema
from lxml import etree

from services.contracts.alert import Alert, AlertEvent
from services.notifier.core.outlets.entry import Entry, Standing, follow
from services.notifier.core.outlets.feed import Addresses, Feed
from tests.notifier.builders import NOON, an_alert

SCHEMAS = Path(__file__).parent / "schemas"
ATOM = "{http://www.w3.org/2005/Atom}"
CAP = "{urn:oasis:names:tc:emergency:cap:1.2}"
JAKARTA = ZoneInfo("Asia/Jakarta")
ADDRESSES = Addresses("https://siaga.example", "siaga.example", lambda path: f"{path}?for=me")

#: What a hostile outlet would put where a name or a number stands.
HOSTILE = (
    "<script>alert(1)</script>",
    "]]><evil xmlns='urn:x'/>",
    "&lt;b&gt; &amp; &#x0; &nbsp;",
    "a\x00b\x08c\x0bd\x1fe\x7f\x85f",
    "lone \ud800 surrogate \udfff",
    "\ufffe\uffff\U0001fffe",
    "\u202egnitsil\u202c \u200b\u2066x\u2069",
    "line\nbreak\r\nand\ttab\u2028and\u2029paragraph",
    '" onmouseover="x" \'',
    "<!DOCTYPE x [<!ENTITY a 'b'>]>&a;",
    "ភាសាខ្មែរ ລາວ ไทย العربية",
    "x" * 5000,
)


def entry_of(*events: AlertEvent, at: datetime = NOON) -> Entry:
    """The entry after these events, a minute apart."""
    entry: Entry | None = None
    for number, event in enumerate(events or (an_alert(),)):
        entry = follow(entry, event, at + timedelta(minutes=number))
    assert entry is not None
    return entry


def an_entry(alert: Alert | None = None, **changes: Any) -> Entry:
    alert = alert or an_alert()
    given: dict[str, Any] = {
        "incident_id": alert.incident_id, "version": alert.version, "standing": Standing.OPEN, "others": (),
        "alert": alert, "first_at": NOON, "updated_at": NOON,
    }  # fmt: skip
    return Entry(**(given | changes))


def a_feed(entries: Sequence[Entry] = (), **changes: Any) -> Feed:
    given: dict[str, Any] = {
        "region": "ID-NT", "topic": "*", "language": "id", "zone": JAKARTA, "entries": tuple(entries),
        "addresses": ADDRESSES, "path": "/feeds/id-nt/all.atom", "made_at": NOON,
    }  # fmt: skip
    return Feed(**(given | changes))


def judge_atom(document: bytes) -> etree._Element:
    """Valid by RELAX NG, by the rules a grammar cannot say, and readable by feedparser; its root."""
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    _atom_grammar().assertValid(root)
    entries = root.findall(f"{ATOM}entry")
    ids = [entry.findtext(f"{ATOM}id") for entry in entries]
    assert len(set(ids)) == len(ids), "RFC 4287 4.1.1: one entry for an id and an instant"
    for entry in entries:
        alternates = [(one.get("type"), one.get("hreflang")) for one in _links(entry, "alternate")]
        assert len(set(alternates)) == len(alternates), "RFC 4287 4.1.2: one alternate of a type"
        assert alternates or entry.find(f"{ATOM}content") is not None
    read = feedparser.parse(document)
    assert not read.bozo, read.get("bozo_exception")
    assert read.version == "atom10"
    assert [one.id for one in read.entries] == ids
    return root


def _links(node: etree._Element, rel: str) -> list[etree._Element]:
    return [one for one in node.findall(f"{ATOM}link") if one.get("rel") == rel]


def judge_json_feed(document: bytes) -> dict[str, Any]:
    """Valid by the rules of JSON Feed 1.1."""
    told: dict[str, Any] = json.loads(document)
    jsonschema.validate(told, json.loads((SCHEMAS / "json_feed.schema.json").read_text()))
    return told


def judge_cap(document: bytes) -> etree._Element:
    """Valid by the schema of OASIS, and by what that schema leaves open."""
    root = etree.fromstring(document, etree.XMLParser(resolve_entities=False, no_network=True))
    _cap_schema().assertValid(root)
    for name in ("identifier", "sender"):
        assert not set(root.findtext(f"{CAP}{name}") or " ") & set(" ,<&"), f"CAP 3.2.1: {name}"
    assert (root.findtext(f"{CAP}sent") or "").endswith("-00:00")
    kind, references = root.findtext(f"{CAP}msgType"), root.findtext(f"{CAP}references")
    assert (kind == "Alert") == (references is None), "an update or a cancel says of what"
    for reference in (references or "").split():
        assert len(reference.split(",")) == 3
    assert root.findtext(f"{CAP}scope") == "Restricted"
    assert root.findtext(f"{CAP}restriction")
    assert root.findtext(f".//{CAP}certainty") != "Observed"
    return root


@cache
def _atom_grammar() -> etree.RelaxNG:
    return etree.RelaxNG(etree.parse(SCHEMAS / "atom.rng"))


@cache
def _cap_schema() -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS / "CAP-v1.2.xsd"))
