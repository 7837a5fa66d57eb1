"""Tickets and tokens: only ours count, only for what they were made for."""

from __future__ import annotations

import pytest

from services.notifier.core.outlets.passes import (
    hash_token,
    is_genuine,
    make_pass,
    make_stop,
    read_pass,
    read_stop,
)
from services.notifier.vault import Vault

OURS = Vault(b"a secret of the tests, forty characters.").mark
THEIRS = Vault(b"another secret of another installation..").mark
PATH = "/cap/incident-1.1.xml"


@pytest.mark.parametrize(
    "given",
    ["", ".", "reader", "reader.", "reader." + "0" * 32, "reader." + "é" * 32, "." + "0" * 32, "x" * 500 + ".0"],
)
def test_a_made_up_pass_is_not_ours(given: str) -> None:
    assert read_pass(OURS, given, PATH) is None


def test_a_pass_is_for_its_path_and_reader_only() -> None:
    given = make_pass(OURS, "reader", PATH)
    assert read_pass(OURS, given, "/cap/incident-2.1.xml") is None
    assert read_pass(OURS, given.replace("reader", "other"), PATH) is None
    assert read_pass(THEIRS, given, PATH) is None


def test_our_pass_is_ours() -> None:
    assert read_pass(OURS, make_pass(OURS, "reader", PATH), PATH) == "reader"


@pytest.mark.parametrize(
    "ticket", ["", ".", "a.b", "....", "é.b", "Y2hhbm5lbA.x", "=.x", "x" * 500 + ".y", "\x00.\x00"]
)
def test_what_is_no_ticket_is_not_read(ticket: str) -> None:
    stop = read_stop(ticket)
    assert stop is None or not is_genuine(OURS, stop, "mark")


def test_a_ticket_is_for_its_official_channel_and_address_only() -> None:
    stop = read_stop(make_stop(OURS, "official-1", "email", "mark"))
    assert stop is not None
    assert not is_genuine(OURS, stop, "another address")
    assert not is_genuine(THEIRS, stop, "mark")
    for changed in (make_stop(OURS, "official-2", "email", "mark"), make_stop(OURS, "official-1", "sms", "mark")):
        forged = f"{changed.split('.')[0]}.{stop.mark}"
        read = read_stop(forged)
        assert read is not None
        assert not is_genuine(OURS, read, "mark")


def test_a_genuine_ticket_is() -> None:
    stop = read_stop(make_stop(OURS, "official-1", "email", "mark"))
    assert stop is not None
    assert (stop.official_id, stop.channel) == ("official-1", "email")
    assert is_genuine(OURS, stop, "mark")


def test_a_ticket_holds_no_address() -> None:
    ticket = make_stop(OURS, "official-1", "email", Vault(b"x" * 40).fingerprint("email", "who@example.org"))
    assert "example" not in ticket
    assert "@" not in ticket


def test_a_pass_is_no_stop_ticket() -> None:
    assert make_pass(OURS, "a", "b").split(".")[1] != make_stop(OURS, "a", "b", "").split(".")[1]


def test_a_token_is_kept_as_something_else() -> None:
    assert "token" not in hash_token("token")
    assert hash_token("token") != hash_token("token ")
    assert hash_token("\ud800")
