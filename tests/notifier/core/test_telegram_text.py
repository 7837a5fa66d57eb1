"""Every message is one that Telegram takes, and shows what was meant; TDLib's parser says so."""

from __future__ import annotations

import dataclasses
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.contracts.tagging import Facts
from services.notifier.core.card import Card, Link, View, make_card
from services.notifier.core.clean import clean_line
from services.notifier.core.telegram_text import (
    DIGEST_ENTRIES,
    LIMIT,
    cut_utf16,
    render_card,
    render_digest,
    utf16_length,
)
from tests.notifier.builders import NOON, a_number, a_place, a_source, an_alert
from tests.notifier.telegram_oracle import parse_html, shown

VIEW = View("id", ZoneInfo("Asia/Makassar"), NOON)

NASTY = [
    "<b>bold</b> & <i>", "a < b > c", "&lt;script&gt;", "&nbsp;&copy;", "</b></a>", '<a href="https://evil.example">x</a>',
    "<p>x<br>", "tg://user?id=1", "*_`[]()~>#+-=|{}.!", "\u202egnirts", "a\u0000b", "\ud800", "\u202e\u202e",
    "🇮🇩" * 40,
    "👨‍👩‍👧‍👦" * 30, "ខ្មែរ" * 60, "x" * 5000, "", " ", "\n\n\n", "https://www.example.org/berita?a=1&b=2",
    "Polisi “gagalkan” penyelundupan 12 PMI – Nunukan", "'\"`", "%s %d {0} {x}", "</body>", "<tg-spoiler>",
]  # fmt: skip


def a_card(**changes: Any) -> Card:
    return dataclasses.replace(make_card(an_alert(), None, VIEW), **changes)


def nasty_card(text: str, **changes: Any) -> Card:
    """A card every foreign field of which is this text, cleaned as cards are."""
    place = a_place(name=text or "x", district=text)
    source = a_source(outlet=text or "x", url="https://www.example.org/a?b=1&c=<>\"'")
    facts = Facts(victims=(a_number(12, text),), quantities=(a_number(5, text, unit=text or "kg"),))
    return dataclasses.replace(
        make_card(an_alert(places=(place,), sources=(source,), facts=facts), None, VIEW), **changes
    )


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_no_foreign_text_makes_a_message_telegram_refuses(text: str) -> None:
    message = render_card(nasty_card(text))
    seen = shown(message.html)
    assert utf16_length(seen) <= LIMIT
    assert utf16_length(message.plain) <= LIMIT


def test_what_is_not_escaped_would_be_refused() -> None:
    assert parse_html("a < b")["@type"] == "error"


@given(st.text(max_size=300))
@settings(max_examples=1500, deadline=None)
def test_any_headline_is_shown_as_it_was_cleaned(text: str) -> None:
    line = clean_line(text, 200)
    message = render_card(a_card(sentence=line or "x"))
    assert (line or "x") in shown(message.html)


@given(
    st.text(
        st.characters(categories=("L", "N", "P", "S", "Cc", "Cf", "Cs", "Zs", "Co"), max_codepoint=0x1FFFF),
        max_size=1200,
    )
)
@settings(max_examples=500, deadline=None)
def test_any_text_in_any_field_is_taken(text: str) -> None:
    card = nasty_card(
        text, banner=clean_line(text, 5000), why=clean_line(text, 5000), more_sources=clean_line(text)
    )
    message = render_card(card)
    assert utf16_length(shown(message.html)) <= LIMIT


@given(st.lists(st.text(max_size=400), min_size=1, max_size=DIGEST_ENTRIES), st.integers(0, 600))
@settings(max_examples=200, deadline=None)
def test_a_digest_always_holds_all_its_incidents(texts: list[str], long: int) -> None:
    entries = [(nasty_card(text + "ក" * long), clean_line(text)) for text in texts]
    message = render_digest("Ringkasan", entries, "selesai")
    seen = shown(message.html)
    assert utf16_length(seen) <= LIMIT
    assert seen.count("📍") >= len(entries)
    assert seen.rstrip().endswith("selesai")


@given(st.text(max_size=300), st.integers(2, 120))
def test_a_cut_never_exceeds_its_units_and_never_halves_a_character(text: str, limit: int) -> None:
    cut = cut_utf16(text, limit)
    assert utf16_length(cut) <= limit
    assert cut == text or text.startswith(cut[:-1].rstrip())
    cut.encode("utf-16-le", "surrogatepass")


def test_an_emoji_counts_twice() -> None:
    assert utf16_length("🔴") == 2
    assert cut_utf16("🔴🔴🔴", 5) == "🔴🔴…"
    assert cut_utf16("🔴🔴🔴", 4) == "🔴…"


MUST_NOT_LINK = [
    "javascript:alert(1)", "data:text/html,x", "ftp://example.org/x", "https://", "//example.org",
    "https://example.org/\n<b>", 'https://example.org/"onclick="x', "https://exa mple.org/",
]  # fmt: skip


@pytest.mark.parametrize("url", MUST_NOT_LINK)
def test_these_addresses_are_not_linked(url: str) -> None:
    card = make_card(an_alert(sources=(a_source(url=url),)), None, VIEW)
    message = render_card(card)
    entities = parse_html(message.html)["entities"]
    assert [e for e in entities if e["type"]["@type"] == "textEntityTypeTextUrl"] == []
    assert "Antara" in shown(message.html)


def linked(url: str) -> str:
    card = make_card(an_alert(sources=(a_source(url=url),)), None, VIEW)
    entities = parse_html(render_card(card).html)["entities"]
    [link] = [e["type"]["url"] for e in entities if e["type"]["@type"] == "textEntityTypeTextUrl"]
    return str(link)


def test_a_user_part_is_cut_off_so_the_host_is_the_real_one() -> None:
    assert linked("https://www.antaranews.com@evil.example/x") == "https://evil.example/x"
    card = make_card(an_alert(sources=(a_source(url="https://www.antaranews.com@evil.example/x"),)), None, VIEW)
    assert "(evil.example)" in shown(render_card(card).html)


def test_a_host_in_other_letters_is_shown_in_plain_ones() -> None:
    card = make_card(an_alert(sources=(a_source(url="https://аntaranews.com/x"),)), None, VIEW)
    assert "xn--ntaranews-zyh.com" in shown(render_card(card).html)


def test_the_label_names_the_outlet_and_not_another_address() -> None:
    card = a_card(source=Link("https://polri.go.id", "evil.example", "id", "https://evil.example/x"))
    assert "https://polri.go.id (evil.example)" in shown(render_card(card).html)
