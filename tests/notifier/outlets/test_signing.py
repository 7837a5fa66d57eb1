"""Webhooks are signed as the specification's own library reads it, and tried again as it says."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from services.contracts.codes import Severity, Topic
from services.notifier.core.outlets.entry import Standing
from services.notifier.core.outlets.webhook import (
    PREFIX,
    WAITS_S,
    BadSecretError,
    Tell,
    Wanted,
    headers,
    message_id,
    next_wait,
    read_secret,
    what_to_tell,
    write_body,
)
from tests.notifier.builders import a_place, a_withdrawal, an_alert
from tests.notifier.outlets.support import JAKARTA, an_entry, entry_of

SECRET = PREFIX + base64.b64encode(b"k" * 32).decode()
OTHER = PREFIX + base64.b64encode(b"o" * 32).decode()
BODY = write_body(Tell.RAISED, an_entry(), "en", JAKARTA)


def signed(*secrets: str, at: datetime | None = None) -> dict[str, str]:
    keys = tuple(read_secret(secret) for secret in secrets)
    return headers(keys, message_id("centre", "incident-1.1"), at or datetime.now(UTC), BODY)


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        (BODY + b" ", signed(SECRET)),
        (BODY, signed(OTHER)),
        (BODY, signed(SECRET) | {"webhook-id": "msg_other"}),
        (BODY, signed(SECRET) | {"webhook-timestamp": "1"}),
        (BODY, signed(SECRET, at=datetime.now(UTC) - timedelta(hours=1))),
    ],
    ids=["body", "secret", "id", "time", "old"],
)
def test_the_reference_library_refuses_what_was_changed(body: bytes, sent: dict[str, str]) -> None:
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, sent)


def test_the_reference_library_takes_what_we_sign() -> None:
    told = Webhook(SECRET).verify(BODY, signed(SECRET))
    assert told["type"] == "incident.raised"


def test_both_secrets_are_good_while_one_replaces_the_other() -> None:
    sent = signed(OTHER, SECRET)
    assert Webhook(SECRET).verify(BODY, sent)
    assert Webhook(OTHER).verify(BODY, sent)


@pytest.mark.parametrize(
    "text",
    ["", "whsec_", "whsec_!!!", base64.b64encode(b"k" * 32).decode(), PREFIX + "a" * 20, PREFIX + "A" * 120],
)
def test_what_is_no_secret_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(BadSecretError) as refused:
        read_secret(text)
    assert not text.removeprefix(PREFIX) or text.removeprefix(PREFIX) not in str(refused.value)


def test_a_message_has_one_id_whenever_it_is_made() -> None:
    assert message_id("centre", "incident-1.1") == message_id("centre", "incident-1.1")
    assert "." not in message_id("centre", "incident-1.1")


def test_two_messages_have_two_ids() -> None:
    made = {message_id(target, alert) for target in ("a", "b") for alert in ("i.1", "i.2")}
    assert len(made) == 4


def test_tries_end_after_the_last_wait() -> None:
    assert next_wait(len(WAITS_S), 0.5) is not None
    assert next_wait(len(WAITS_S) + 1, 0.5) is None
    assert 2.5 * 86_400 < sum(WAITS_S) < 4 * 86_400


def test_a_receiver_that_asks_for_patience_gets_it_within_reason() -> None:
    assert next_wait(1, 0.5, retry_after_s=600) == 600
    assert (next_wait(1, 0.5, retry_after_s=1e9) or 0) <= 1.1 * 86_400


def test_waits_are_spread() -> None:
    assert (next_wait(2, 0.0) or 0) < 300 < (next_wait(2, 1.0) or 0)


NTT = Wanted(frozenset({"ID-NT"}), frozenset(), Severity.HIGH)


@pytest.mark.parametrize(
    ("entry", "known", "tell"),
    [
        (an_entry(), False, Tell.RAISED),
        (an_entry(), True, Tell.UPDATED),
        (an_entry(an_alert(severity=Severity.LOW)), False, None),
        (an_entry(an_alert(severity=Severity.LOW)), True, Tell.UPDATED),
        (an_entry(an_alert(places=(a_place("KH-1"),))), False, None),
        (an_entry(an_alert(places=(a_place("KH-1"),))), True, Tell.LEFT),
        (entry_of(an_alert(), a_withdrawal()), False, None),
        (entry_of(an_alert(), a_withdrawal()), True, Tell.WITHDRAWN),
        (an_entry(standing=Standing.MERGED), True, Tell.MERGED),
    ],
)
def test_a_target_is_told_what_it_wanted_and_how_it_ends(entry: object, known: bool, tell: Tell | None) -> None:
    assert what_to_tell(NTT, entry, known=known) is tell  # type: ignore[arg-type]


def test_a_target_of_one_topic_hears_of_no_other() -> None:
    drugs = Wanted(frozenset({"*"}), frozenset({Topic.DRUG_TRAFFICKING}))
    assert what_to_tell(drugs, an_entry(), known=False) is None


def test_a_country_hears_of_its_provinces() -> None:
    assert what_to_tell(Wanted(frozenset({"ID"})), an_entry(), known=False) is Tell.RAISED


def test_a_body_holds_facts_and_a_card_in_the_language_asked_for() -> None:
    told = json.loads(BODY)
    assert told["data"]["incident_id"] == "incident-1"
    assert told["data"]["card"]["language"] == "en"
    assert "12 victims" in told["data"]["card"]["text"]
    assert b"evidence" not in BODY
