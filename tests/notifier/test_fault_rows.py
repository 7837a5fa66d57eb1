"""Every way a channel is known to fail, row by row, and the tests that hold it; a row without its tests fails."""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

import httpx
import pytest

from services.cli.demo.botapi_faults import Fault
from services.notifier.channels.base import DeliveryError
from services.notifier.channels.telegram import BotApi, Telegram
from services.notifier.channels.telegram_errors import is_bad_text, read_error
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from tests.notifier import test_email, test_telegram
from tests.notifier.smtp_servers import Hooks, scripted

TELEGRAM, EMAIL, LEDGER, PACE = "test_telegram", "test_email", "test_deliveries", "test_pacing_log"

# row -> the answers of the Bot API double that are met, and the tests of what follows from them
TELEGRAM_ROWS: dict[str, tuple[set[Fault], list[tuple[str, str]]]] = {
    "200 ok: accepted, its message id kept": (
        {Fault.UNKNOWN_FIELDS},
        [(TELEGRAM, "test_an_answer_with_fields_of_the_future_is_accepted"), (LEDGER, "test_a_high_alert_is_pushed")],
    ),
    "400 with migrate_to_chat_id: the new id in one transaction, tried again": (
        {Fault.MIGRATE},
        [
            (TELEGRAM, "test_a_migrated_chat_names_its_new_id"),
            (LEDGER, "test_a_migrated_chat_is_written_down_and_reached"),
        ],
    ),
    "400 or 403, the recipient is gone: refused, that channel suspended, the other one used": (
        {Fault.CHAT_NOT_FOUND, Fault.BLOCKED, Fault.BLOCKED_CAPITALS, Fault.DEACTIVATED, Fault.KICKED},
        [
            ("test_fault_rows", "test_who_is_gone_is_known_by_the_words"),
            (TELEGRAM, "test_a_blocked_bot_is_permanent_and_an_unknown_403_keeps_the_address"),
            (LEDGER, "test_a_refusal_for_ever_goes_to_the_next_channel"),
        ],
    ),
    "403 nobody has seen before: refused, the address kept": (
        {Fault.FORBIDDEN_OTHER},
        [(TELEGRAM, "test_a_blocked_bot_is_permanent_and_an_unknown_403_keeps_the_address")],
    ),
    "400, our text is bad: once more as plain text": (
        {Fault.BAD_ENTITIES},
        [
            (TELEGRAM, "test_html_that_is_refused_goes_out_as_plain_text"),
            ("test_fault_rows", "test_a_complaint_about_the_text_is_known_by_the_words"),
        ],
    ),
    "401, 404, 421: the whole channel stops": (
        {Fault.UNAUTHORIZED, Fault.NOT_FOUND, Fault.MISDIRECTED},
        [
            (TELEGRAM, "test_a_wrong_token_stops_the_whole_channel"),
            (LEDGER, "test_a_channel_that_stands_still_is_left_by_what_is_urgent_alone"),
        ],
    ),
    "409: somebody else polls": ({Fault.CONFLICT}, [(TELEGRAM, "test_what_an_answer_means")]),
    "429 with retry_after: obeyed to the second, by one chat or by all": (
        {Fault.FLOOD},
        [
            (TELEGRAM, "test_retry_after_is_handed_on"),
            (LEDGER, "test_retry_after_is_obeyed"),
            (LEDGER, "test_one_flooded_chat_stops_itself_and_three_stop_the_channel"),
            (PACE, "test_retry_after_is_obeyed_to_the_second_by_those_already_on_their_way_too"),
            (PACE, "test_a_worker_that_takes_over_waits_as_the_one_before_was_told"),
        ],
    ),
    "500 in JSON: unknown": (
        {Fault.SERVER_ERROR},
        [(LEDGER, "test_an_unknown_outcome_that_is_not_urgent_is_listed_in_the_digest")],
    ),
    "502, a cut body, no JSON, no answer, a reset after the request: unknown, never repeated blindly": (
        {
            Fault.BAD_GATEWAY, Fault.CUT_BODY, Fault.NOT_JSON, Fault.DELIVERED_NOT_JSON, Fault.HANG, Fault.RESET,
            Fault.DELIVERED_THEN_HANG, Fault.DELIVERED_THEN_RESET,
        },
        [
            ("test_fault_rows", "test_what_a_broken_connection_means"),
            (LEDGER, "test_an_urgent_unknown_outcome_uses_the_next_channel_at_once"),
            (LEDGER, "test_a_digest_whose_outcome_is_unknown_is_listed_again_and_marked"),
        ],
    ),
    "never connected: refused, time out, name, TLS, no free connection: tried again freely": (
        set(),
        [
            (TELEGRAM, "test_a_server_that_is_not_there_was_certainly_not_reached"),
            ("test_fault_rows", "test_what_a_broken_connection_means"),
            (LEDGER, "test_a_refusal_for_now_is_tried_again_on_the_same_channel"),
        ],
    ),
}  # fmt: skip

# row -> the steps of the scripted aiosmtpd, the options of Postfix's smtp-sink, and the tests of what follows
MAIL_ROWS: dict[str, tuple[set[tuple[str, str]], set[tuple[str, str]], list[str]]] = {
    "several recipients: there is one a mail": (
        set(), set(), ["test_a_mail_read_back_from_postfix_has_the_headers_and_the_one_recipient"],
    ),
    "the recipient is refused for ever": (
        {("rcpt", "550"), ("rcpt", "551"), ("rcpt", "552"), ("rcpt", "554")}, {("-f", "rcpt")}, [],
    ),
    "the server wants us to sign in": ({("rcpt", "530")}, set(), []),
    "the recipient is refused for now": (
        {("rcpt", "450"), ("rcpt", "452"), ("rcpt", "421")}, {("-r", "rcpt")}, [],
    ),
    "the sender is refused": ({("mail", "451"), ("mail", "550")}, {("-r", "mail"), ("-f", "mail")}, []),
    "the content is refused": (
        {("data", "554"), ("data", "451"), ("data", "421")},
        {("-r", "data"), ("-f", "data"), ("-r", "."), ("-f", ".")}, [],
    ),
    "hangs before anything is stored": ({("mail", "hang"), ("rcpt", "hang")}, set(), []),
    "hangs after it is stored": ({("data", "hang")}, set(), []),
    "drops the line before anything is stored": (
        {("mail", "drop"), ("rcpt", "drop")}, {("-q", "mail"), ("-q", "rcpt")}, [],
    ),
    "drops the line after it is stored": ({("data", "drop")}, {("-q", ".")}, []),
    "a certificate that cannot be trusted": (set(), set(), ["test_a_certificate_nobody_signed_gets_nothing"]),
    "a server that hides STARTTLS": (set(), set(), ["test_a_server_without_starttls_gets_nothing_in_the_clear"]),
    "a connection kept too long": (set(), set(), ["test_a_connection_is_used_again_and_a_stale_one_is_replaced"]),
    "nobody there": (set(), set(), ["test_nobody_there_is_certainly_not_delivered"]),
}  # fmt: skip


def exists(module: str, name: str) -> bool:
    return callable(getattr(importlib.import_module(f"tests.notifier.{module}"), name, None))


@pytest.mark.parametrize("row", TELEGRAM_ROWS)
def test_each_row_of_the_bot_api_is_met_and_followed(row: str) -> None:
    faults, tests = TELEGRAM_ROWS[row]
    assert faults <= {*test_telegram.FAULTS, Fault.BAD_ENTITIES, Fault.UNKNOWN_FIELDS}
    assert tests
    assert [name for module, name in tests if not exists(module, name)] == []


def test_no_answer_the_double_knows_is_without_a_row() -> None:
    assert set().union(*(faults for faults, _ in TELEGRAM_ROWS.values())) == set(Fault)


@pytest.mark.parametrize("row", MAIL_ROWS)
def test_each_row_of_a_mail_server_is_met_on_servers_nobody_here_wrote(row: str) -> None:
    steps, options, tests = MAIL_ROWS[row]
    assert steps <= {(step, answer.split()[0]) for step, answer, *_ in test_email.TABLE}
    assert options <= {given for given, *_ in test_email.SINK}
    assert steps or options or tests
    assert [name for name in tests if not exists(EMAIL, name)] == []


def test_no_step_of_the_tables_is_without_a_row() -> None:
    steps = set().union(*(steps for steps, _, _ in MAIL_ROWS.values()))
    options = set().union(*(options for _, options, _ in MAIL_ROWS.values()))
    assert {(step, answer.split()[0]) for step, answer, *_ in test_email.TABLE} == steps
    assert {given for given, *_ in test_email.SINK} == options


# What had no test of its own -------------------------------------------------------------------


@pytest.mark.parametrize("words", [
    "Bad Request: chat not found", "Bad Request: PEER_ID_INVALID", "Forbidden: bot was blocked by the user",
    "Bad Request: USER_IS_BLOCKED", "Forbidden: user is deactivated", "Bad Request: INPUT_USER_DEACTIVATED",
    "Forbidden: bot was kicked from the supergroup chat", "Forbidden: the group chat was deleted",
])  # fmt: skip
def test_who_is_gone_is_known_by_the_words(words: str) -> None:
    error = read_error({"error_code": 403 if words.startswith("Forbidden") else 400, "description": words})
    assert (error.result.verdict, error.result.reason) == (Verdict.PERMANENT, Reason.GONE)


@pytest.mark.parametrize(("words", "about_text"), [
    ("Bad Request: can't parse entities: unsupported start tag", True), ("Bad Request: message is too long", True),
    ("Bad Request: message text is empty", True), ("Bad Request: chat not found", False), ("", False),
])  # fmt: skip
def test_a_complaint_about_the_text_is_known_by_the_words(words: str, about_text: bool) -> None:
    assert is_bad_text({"error_code": 400, "description": words}) is about_text


class Broken(httpx.AsyncBaseTransport):
    """A network that fails in one way."""

    def __init__(self, error: httpx.TransportError) -> None:
        self._error = error

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        raise self._error


NEVER_LEFT: list[type[httpx.TransportError]] = [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout]
MAY_HAVE_ARRIVED: list[type[httpx.TransportError]] = [
    httpx.ReadTimeout, httpx.ReadError, httpx.WriteTimeout, httpx.WriteError, httpx.RemoteProtocolError,
    httpx.CloseError,
]  # fmt: skip


@pytest.mark.parametrize("kind", [*NEVER_LEFT, *MAY_HAVE_ARRIVED])
async def test_what_a_broken_connection_means(kind: type[httpx.TransportError]) -> None:
    api = BotApi(test_telegram.TOKEN, "http://bot.invalid")
    await api._client.aclose()
    api._client = httpx.AsyncClient(transport=Broken(kind("no")), base_url="http://bot.invalid")
    with pytest.raises(DeliveryError) as failed:
        await Telegram(api).send(test_telegram.a_message())
    never_left: Any = (Verdict.TRANSIENT, Reason.NOT_CONNECTED)
    may_have: Any = (Verdict.UNKNOWN, Reason.NO_ANSWER)
    expected = never_left if kind in NEVER_LEFT else may_have
    assert (failed.value.result.verdict, failed.value.result.reason) == expected
    await api.close()


async def test_fifty_mails_at_once_are_fifty_mails_with_one_recipient_each() -> None:
    hooks = Hooks()
    async with scripted(hooks) as port:
        channel = test_email.a_channel(port, step_s=20.0, final_dot_s=20.0)
        letters = [test_email.a_message(address=f"office{n}@example.org") for n in range(50)]
        await asyncio.gather(*(channel.send(letter) for letter in letters))
        await channel.close()
    assert sorted(recipients for recipients, _ in hooks.stored) == sorted(
        [f"office{n}@example.org"] for n in range(50)
    )
