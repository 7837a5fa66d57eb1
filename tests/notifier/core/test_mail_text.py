"""A mail has the headers that were meant and no others, whatever a headline holds."""

from __future__ import annotations

from email import message_from_bytes, policy
from email.header import decode_header, make_header

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.notifier.core.mail_text import (
    Letter,
    UnsafeMailError,
    clean_header,
    compose,
    is_plain_address,
    message_id,
)
from tests.notifier.builders import NOON

ATTACKS = [
    "=?utf-8?q?Border=0ABcc=3A_evil=40example.org=0A=0AFAKE?=",
    "=?utf-8?b?WAoKQmNjOiBldmlsQGV4YW1wbGUub3Jn?=",
    "a\nBcc: evil@example.org",
    "a\r\nBcc: evil@example.org\r\n\r\nbody",
    "a\rBcc: evil@example.org",
    "a\u2028Bcc: evil@example.org",
    "a\u0085Bcc: evil@example.org",
    "a\x0bBcc: evil@example.org",
    "a\x00b",
    "\ud800 lone surrogate",
    "=? utf-8?q?x?=",
    "=?=?utf-8?q?x=0ABcc:e@example.org?=",
    "=\u200b?utf-8?q?x=0ABcc:e@example.org?=",
    "x" * 2000,
    "ខ្មែរ " * 60,
]


def a_letter(subject: str = "x", **changes: object) -> Letter:
    given_: dict[str, object] = {
        "sender": "siaga@example.org", "recipient": "ppa@example.org", "subject": subject, "text": subject,
        "html": "<p>x</p>", "message_id": "<a.b.push.email@example.org>", "date": NOON,
    }  # fmt: skip
    return Letter(**(given_ | changes))  # type: ignore[arg-type]


EXPECTED = sorted(
    ["from", "to", "subject", "date", "message-id", "auto-submitted", "mime-version", "content-type"]
)


def headers_of(data: bytes) -> list[str]:
    """The header lines as they are on the wire, without trusting a parser."""
    head = data.split(b"\r\n\r\n", 1)[0]
    lines = [line for line in head.split(b"\r\n") if line[:1] not in {b" ", b"\t"}]
    return sorted(line.split(b":", 1)[0].decode().lower() for line in lines)


@pytest.mark.parametrize("subject", ATTACKS, ids=range(len(ATTACKS)))
def test_no_subject_makes_a_header(subject: str) -> None:
    data = compose(a_letter(subject))
    assert headers_of(data) == EXPECTED
    assert b"\n" not in data.replace(b"\r\n", b"")


@given(st.text(max_size=250))
@settings(max_examples=600, deadline=None)
def test_no_text_at_all_makes_a_header(subject: str) -> None:
    assert headers_of(compose(a_letter(subject))) == EXPECTED


@given(st.text(max_size=120))
@example("00000000 000000000000\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1\xa1 \xa1")
@settings(max_examples=300, deadline=None)
def test_a_subject_arrives_as_it_was_cleaned(subject: str) -> None:
    read = message_from_bytes(compose(a_letter(subject)))
    assert " ".join(str(make_header(decode_header(read["Subject"] or ""))).split()) == clean_header(subject)


def test_a_plain_subject_is_not_changed() -> None:
    assert clean_header("TINGGI | Pekerja migran · Bolok (NTT)") == "TINGGI | Pekerja migran · Bolok (NTT)"


BAD_ADDRESSES = [
    "", "a", "a@", "@b", "a b@example.org", "a@example.org, c@example.org", "A <a@example.org>", "a@example.org\n",
    "a@example.org\r\nRCPT TO:<x@y>", "<a@example.org>", "é@example.org", "a@exämple.org",
]  # fmt: skip


@pytest.mark.parametrize("address", BAD_ADDRESSES, ids=range(len(BAD_ADDRESSES)))
def test_these_are_not_one_plain_mailbox(address: str) -> None:
    assert not is_plain_address(address)
    with pytest.raises(UnsafeMailError):
        compose(a_letter(recipient=address))


def test_an_ordinary_address_is() -> None:
    assert is_plain_address("ppa-ppo.ntt+siaga@polri.example.org")


def test_a_header_that_slipped_in_is_never_sent() -> None:
    with pytest.raises(UnsafeMailError):
        compose(a_letter(extra=(("X-Ok", "1"), ("X-Ok", "2"), ("Content-Type", "text/x-evil"))))


def test_the_message_id_is_the_same_each_time_and_safe() -> None:
    first = message_id("incident 1>.2", "official", "push", "example.org")
    assert first == message_id("incident 1>.2", "official", "push", "example.org")
    assert first == "<incident-1-.2.official.push.email@example.org>"
    assert first != message_id("incident 1>.3", "official", "push", "example.org")


def test_a_thread_and_unsubscription_are_in_the_headers() -> None:
    letter = a_letter(
        thread=("<1@example.org>", "<2@example.org>"),
        unsubscribe="<https://example.org/stop?t=x>, <mailto:siaga@example.org?subject=BERHENTI>",
        one_click=True,
        bulk=True,
    )
    read = message_from_bytes(compose(letter), policy=policy.SMTP)
    assert read["In-Reply-To"] == "<2@example.org>"
    assert read["References"] == "<1@example.org> <2@example.org>"
    assert read["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read["Precedence"] == "bulk"


def test_a_pushed_mail_is_not_bulk() -> None:
    assert message_from_bytes(compose(a_letter()))["Precedence"] is None
