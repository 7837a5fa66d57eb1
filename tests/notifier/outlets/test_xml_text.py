"""What XML and addresses may hold, whoever wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lxml import etree

from services.notifier.core.outlets.xml_text import uri, xml_text


@pytest.mark.parametrize("character", ["\x00", "\x08", "\x0b", "\x1f", "\ud800", "\udfff", "\ufffe", "\uffff"])
def test_a_character_xml_refuses_is_dropped(character: str) -> None:
    assert xml_text(f"a{character}b") == "ab"


@pytest.mark.parametrize("text", ["a\tb\n", '<b> & "q"', "ភាសា ລາວ ไทย العربية", "\U0001f7e0"])
def test_what_xml_can_hold_is_kept(text: str) -> None:
    assert xml_text(text) == text


@settings(max_examples=100, deadline=None)
@given(st.text(st.characters(codec=None, exclude_categories=()), max_size=20))
def test_any_text_can_be_written_and_is_read_back(text: str) -> None:
    node = etree.Element("a")
    node.text = xml_text(text)
    read = etree.fromstring(etree.tostring(node)).text or ""
    assert read == xml_text(text)


@pytest.mark.parametrize(
    ("given_", "made"),
    [
        ("https://a.example/x[1]?q={2}|3", "https://a.example/x%5B1%5D?q=%7B2%7D%7C3"),
        ("https://a.example/100%", "https://a.example/100%25"),
        ("https://a.example/é", "https://a.example/%C3%A9"),
    ],
)
def test_an_address_is_written_as_the_standard_has_it(given_: str, made: str) -> None:
    assert uri(given_) == made


def test_an_ordinary_address_is_not_altered() -> None:
    ordinary = "https://kupang.antaranews.com:8443/berita/1/a-b_c~d.html?page=2&q=a%20b+c"
    assert uri(ordinary) == ordinary
