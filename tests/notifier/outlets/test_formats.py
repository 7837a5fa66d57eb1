"""Atom and JSON Feed: valid, read back by others' parsers, inert whatever an outlet wrote."""

from __future__ import annotations

import json
from datetime import timedelta

import feedparser
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.alert import Alert
from services.contracts.tagging import Facts
from services.notifier.core.outlets.atom import write_atom
from services.notifier.core.outlets.entry import Standing
from services.notifier.core.outlets.json_feed import write_json_feed
from tests.notifier.builders import (
    NOON,
    a_merge,
    a_number,
    a_place,
    a_source,
    a_term,
    a_withdrawal,
    an_alert,
    an_update,
)
from tests.notifier.outlets.support import ATOM, HOSTILE, a_feed, an_entry, entry_of, judge_atom, judge_json_feed

OVER = (
    entry_of(an_alert(), a_withdrawal()),
    entry_of(an_alert(), a_merge(into="incident-9")),
    an_entry(standing=Standing.LEFT),
)


def a_hostile_alert(text: str) -> Alert:
    text = text.encode("utf-8", "ignore").decode()  # the contract refuses lone surrogates by itself
    return an_alert(
        places=(a_place(name=text or "x", district=text),),
        sources=(a_source(outlet=text or "x", url=f"https://news.example/{text}"[:4000]),),
        facts=Facts(
            nationalities=(a_term(text[:120] or "x"),),
            quantities=(a_number(3, text, unit=text),),
        ),
    )


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_what_an_outlet_wrote_stays_inert(text: str) -> None:
    entry = an_entry(a_hostile_alert(text))
    root = judge_atom(write_atom(a_feed([entry])))
    assert not [node.tag for node in root.iter() if not str(node.tag).startswith(ATOM)]
    content = root.findtext(f".//{ATOM}content") or ""
    assert "<script" not in content
    assert "<evil" not in content
    told = judge_json_feed(write_json_feed(a_feed([entry])))
    assert "<script" not in told["items"][0]["content_html"]
    assert not any(ord(c) in (0x202E, 0x2066, 0x200B) for c in json.dumps(told, ensure_ascii=False))


def test_an_ordinary_text_is_not_altered() -> None:
    entry = an_entry(an_alert(places=(a_place(name="Pelabuhan Tenau & Bolok", district="Kupang"),)))
    root = judge_atom(write_atom(a_feed([entry])))
    assert "Pelabuhan Tenau & Bolok" in (root.findtext(f".//{ATOM}title/..//{ATOM}summary") or "")


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=60))
def test_whatever_the_text_both_formats_are_valid(text: str) -> None:
    entry = an_entry(a_hostile_alert(text))
    judge_atom(write_atom(a_feed([entry])))
    judge_json_feed(write_json_feed(a_feed([entry])))


def test_a_reader_finds_what_officials_are_shown() -> None:
    read = feedparser.parse(write_atom(a_feed([an_entry()])))
    [entry] = read.entries
    assert read.feed.title == "Siaga · NTT · semua topik"
    assert "TINGGI | Pekerja migran nonprosedural" in entry.title
    assert entry.link == "https://www.antaranews.com/berita/antara-1"
    assert "12 korban" in entry.summary
    assert "Belum diverifikasi" in entry.summary
    assert {tag.term for tag in entry.tags} >= {"illegal_labour_placement", "ID-NT", "ID", "3", "open"}


@pytest.mark.parametrize("entry", OVER, ids=lambda entry: str(entry.standing))
def test_what_is_over_says_so_and_nothing_else(entry: object) -> None:
    document = write_atom(a_feed([entry]))  # type: ignore[list-item]
    judge_atom(document)
    [read] = feedparser.parse(document).entries
    assert read.title.split(":")[0] in {"DICABUT", "DIGABUNG", "DIKOREKSI"}
    assert "korban" not in read.summary
    assert "antaranews" not in document.decode()
    [item] = judge_json_feed(write_json_feed(a_feed([entry])))["items"]  # type: ignore[list-item]
    assert "counts" not in item["_siaga"]
    assert "external_url" not in item


def test_an_open_incident_is_not_said_to_be_over() -> None:
    [read] = feedparser.parse(write_atom(a_feed([an_entry()]))).entries
    assert "DICABUT" not in read.title


def test_a_merged_incident_points_to_the_other() -> None:
    entry = entry_of(an_alert(), a_merge(into="0b2f6d9c-3a41-5c8e-9d57-6a1f2b3c4d5e"))
    [read] = feedparser.parse(write_atom(a_feed([entry]))).entries
    related = [link.href for link in read.links if link.rel == "related"]
    assert related == ["urn:uuid:0b2f6d9c-3a41-5c8e-9d57-6a1f2b3c4d5e"]
    [item] = judge_json_feed(write_json_feed(a_feed([entry])))["items"]
    assert item["_siaga"]["standing"] == "merged"
    assert item["_siaga"]["others"] == ["0b2f6d9c-3a41-5c8e-9d57-6a1f2b3c4d5e"]


def test_an_update_keeps_the_id_and_moves_the_date() -> None:
    first, second = entry_of(an_alert()), entry_of(an_alert(), an_update())
    [before] = feedparser.parse(write_atom(a_feed([first]))).entries
    [after] = feedparser.parse(write_atom(a_feed([second]))).entries
    assert before.id == after.id
    assert before.published == after.published
    assert before.updated < after.updated


def test_the_cap_message_is_an_alternate_of_its_own_type() -> None:
    [read] = feedparser.parse(write_atom(a_feed([an_entry()]))).entries
    found = [link.href for link in read.links if link.get("type") == "application/cap+xml"]
    assert found == ["https://siaga.example/cap/incident-1.1.xml?for=me"]


def test_a_feed_names_itself_without_a_secret() -> None:
    read = feedparser.parse(write_atom(a_feed([an_entry()], following=7)))
    links = {link.rel: link.href for link in read.feed.links}
    assert links["self"] == "https://siaga.example/feeds/id-nt/all.atom"
    assert links["next"] == "https://siaga.example/feeds/id-nt/all.atom?for=me&before=7"


def test_a_last_page_has_no_next() -> None:
    read = feedparser.parse(write_atom(a_feed([an_entry()])))
    assert "next" not in {link.rel for link in read.feed.links}


def test_an_empty_feed_is_valid_too() -> None:
    judge_atom(write_atom(a_feed()))
    assert judge_json_feed(write_json_feed(a_feed()))["items"] == []


def test_a_feed_is_as_new_as_its_newest_entry() -> None:
    later = an_entry(an_alert(incident_id="b"), updated_at=NOON + timedelta(hours=2))
    read = feedparser.parse(write_atom(a_feed([later, an_entry()])))
    assert read.feed.updated == "2026-11-22T07:00:00.000+00:00"


def test_facts_for_programs_say_who_reports_what() -> None:
    [item] = judge_json_feed(write_json_feed(a_feed([an_entry()])))["items"]
    facts = item["_siaga"]
    assert facts["counts"] == [
        {"what": "victims", "low": 12.0, "high": 12.0, "unit": "person", "of": "victims", "outlet": "Antara"}
    ]
    assert facts["places"][0]["region"] == "ID-NT"
    assert facts["verified"] is False


def test_the_evidence_of_a_story_leaves_in_no_format() -> None:
    document = write_json_feed(a_feed([an_entry()])) + write_atom(a_feed([an_entry()]))
    assert b"evidence" not in document
    assert b"said" not in document
