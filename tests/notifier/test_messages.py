"""Hostile headlines of every script: the short form of ``proof_messages``."""

from __future__ import annotations

from services.notifier.core.mail_text import compose
from tests.notifier.headlines import headlines
from tests.notifier.proof_messages import EXPECTED, a_letter, headers_on_the_wire, prove
from tests.notifier.telegram_oracle import parse_html


def test_every_message_is_taken_unaltered_and_every_mail_has_its_headers_and_no_others(seed: int) -> None:
    found = prove(400, seed)
    assert found.holds, found
    assert found.unescaped_refused > 40, "the headlines are hostile: as they are Telegram refuses many"


def test_the_same_seed_draws_the_same_headlines_and_another_does_not() -> None:
    assert [*headlines(20, 1)] == [*headlines(20, 1)]
    assert [*headlines(20, 1)] != [*headlines(20, 2)]


def test_a_parser_that_finds_another_header_is_heard() -> None:
    data = compose(a_letter("x")).replace(b"Subject: x\r\n", b"Subject: x\r\nBcc: e@example.org\r\n")
    assert headers_on_the_wire(data) != EXPECTED


def test_telegram_refuses_what_is_not_escaped() -> None:
    assert parse_html("Polisi <b gagalkan")["@type"] == "error"
