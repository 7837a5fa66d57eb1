"""What each answer of the Bot API does to a delivery, row by row."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from services.cli.demo.botapi import BotApi as Double
from services.cli.demo.botapi_faults import Fault
from services.contracts.delivery import Action
from services.notifier.channels.base import DeliveryError, Outgoing, Scope
from services.notifier.channels.telegram import BotApi, Telegram
from services.notifier.channels.telegram_errors import read_error
from services.notifier.core.card import View, make_card
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from services.runtime.logs import configure_logs
from tests.notifier.builders import NOON, an_alert

CHAT = 900000001
TOKEN = "1000000001:AAfjalksjdflkasjdflkasjdflkasjdflka"


@pytest.fixture
async def double(tmp_path: Path) -> AsyncIterator[Double]:
    made = Double(tmp_path / "telegram", strict=True)
    await made.start()
    made.add_chat(CHAT)
    yield made
    await made.stop()


@pytest.fixture
async def telegram(double: Double) -> AsyncIterator[Telegram]:
    made = Telegram(BotApi(TOKEN, double.url, read_s=0.4))
    yield made
    await made.close()


def a_message(action: Action = Action.PUSH, **changes: Any) -> Outgoing:
    card = make_card(an_alert(), None, View("id", ZoneInfo("Asia/Makassar"), NOON))
    given: dict[str, Any] = {
        "subject": "incident-1.1", "official_id": "o", "action": action, "address": str(CHAT), "language": "id",
        "body": card, "now": NOON,
    }  # fmt: skip
    return Outgoing(**(given | changes))


# fault -> what the ledger hears, why, and how many messages are on the screen
FAULTS: dict[Fault, tuple[Verdict, Reason, int]] = {
    Fault.FLOOD: (Verdict.TRANSIENT, Reason.RATE_LIMITED, 0),
    Fault.MIGRATE: (Verdict.TRANSIENT, Reason.MIGRATED, 0),
    Fault.CHAT_NOT_FOUND: (Verdict.PERMANENT, Reason.GONE, 0),
    Fault.BLOCKED: (Verdict.PERMANENT, Reason.GONE, 0),
    Fault.BLOCKED_CAPITALS: (Verdict.PERMANENT, Reason.GONE, 0),
    Fault.DEACTIVATED: (Verdict.PERMANENT, Reason.GONE, 0),
    Fault.KICKED: (Verdict.PERMANENT, Reason.GONE, 0),
    Fault.FORBIDDEN_OTHER: (Verdict.PERMANENT, Reason.REJECTED, 0),
    Fault.UNAUTHORIZED: (Verdict.TRANSIENT, Reason.BAD_TOKEN, 0),
    Fault.NOT_FOUND: (Verdict.TRANSIENT, Reason.BAD_TOKEN, 0),
    Fault.MISDIRECTED: (Verdict.TRANSIENT, Reason.BAD_TOKEN, 0),
    Fault.CONFLICT: (Verdict.TRANSIENT, Reason.SERVER_BUSY, 0),
    Fault.SERVER_ERROR: (Verdict.UNKNOWN, Reason.SERVER_ERROR, 0),
    Fault.BAD_GATEWAY: (Verdict.UNKNOWN, Reason.NO_ANSWER, 0),
    Fault.CUT_BODY: (Verdict.UNKNOWN, Reason.NO_ANSWER, 1),
    Fault.NOT_JSON: (Verdict.UNKNOWN, Reason.NO_ANSWER, 0),
    Fault.DELIVERED_NOT_JSON: (Verdict.UNKNOWN, Reason.NO_ANSWER, 1),
    Fault.DELIVERED_THEN_HANG: (Verdict.UNKNOWN, Reason.NO_ANSWER, 1),
    Fault.DELIVERED_THEN_RESET: (Verdict.UNKNOWN, Reason.NO_ANSWER, 1),
    Fault.HANG: (Verdict.UNKNOWN, Reason.NO_ANSWER, 0),
    Fault.RESET: (Verdict.UNKNOWN, Reason.NO_ANSWER, 0),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_an_answer_means(double: Double, telegram: Telegram, fault: Fault) -> None:
    verdict, reason, on_screen = FAULTS[fault]
    double.fail_next(fault)
    with pytest.raises(DeliveryError) as failed:
        await telegram.send(a_message())
    assert (failed.value.result.verdict, failed.value.result.reason) == (verdict, reason)
    assert len(double.chats.of(CHAT)) == on_screen
    assert len([call for call in double.calls if call.method == "sendMessage"]) == 1, "no hidden retry"


def test_every_fault_the_double_knows_is_in_a_table() -> None:
    assert set(Fault) == set(FAULTS) | {Fault.BAD_ENTITIES, Fault.UNKNOWN_FIELDS}


async def test_a_server_that_is_not_there_was_certainly_not_reached() -> None:
    nowhere = Telegram(BotApi(TOKEN, "http://127.0.0.1:1"))
    with pytest.raises(DeliveryError) as failed:
        await nowhere.send(a_message())
    assert failed.value.result.verdict is Verdict.TRANSIENT
    assert failed.value.result.reason is Reason.NOT_CONNECTED
    await nowhere.close()


async def test_a_chat_that_never_wrote_to_the_bot_is_gone(telegram: Telegram) -> None:
    with pytest.raises(DeliveryError) as failed:
        await telegram.send(a_message(address="4711"))
    assert failed.value.result.reason is Reason.GONE


async def test_html_that_is_refused_goes_out_as_plain_text(double: Double, telegram: Telegram) -> None:
    double.fail_next(Fault.BAD_ENTITIES)
    receipt = await telegram.send(a_message())
    assert receipt.note == "sent as plain text"
    [message] = double.chats.of(CHAT)
    assert not message.is_html
    assert "TINGGI" in message.shown


async def test_an_answer_with_fields_of_the_future_is_accepted(double: Double, telegram: Telegram) -> None:
    double.fail_next(Fault.UNKNOWN_FIELDS)
    assert (await telegram.send(a_message())).ref == "1"


async def test_retry_after_is_handed_on(double: Double, telegram: Telegram) -> None:
    double.fail_next(Fault.FLOOD)
    with pytest.raises(DeliveryError) as failed:
        await telegram.send(a_message())
    assert failed.value.result.retry_after_s == 2
    assert failed.value.scope is Scope.RECIPIENT


async def test_a_wrong_token_stops_the_whole_channel(double: Double, telegram: Telegram) -> None:
    double.fail_next(Fault.UNAUTHORIZED)
    with pytest.raises(DeliveryError) as failed:
        await telegram.send(a_message())
    assert failed.value.scope is Scope.CHANNEL


async def test_a_migrated_chat_names_its_new_id(double: Double, telegram: Telegram) -> None:
    double.fail_next(Fault.MIGRATE)
    with pytest.raises(DeliveryError) as failed:
        await telegram.send(a_message())
    assert failed.value.moved_to == str(double.migrates_to)


async def test_a_blocked_bot_is_permanent_and_an_unknown_403_keeps_the_address(telegram: Telegram) -> None:
    blocked = read_error({"error_code": 403, "description": "Forbidden: bot was blocked by the user"})
    other = read_error({"error_code": 403, "description": "Forbidden: the moon is full"})
    assert blocked.result.reason is Reason.GONE
    assert other.result.reason is Reason.REJECTED


@pytest.mark.parametrize("answer", [
    {}, {"error_code": "400"}, {"error_code": 400}, {"error_code": 429, "parameters": {"retry_after": "soon"}},
    {"error_code": 429, "parameters": {"retry_after": -5}}, {"error_code": 429, "parameters": None},
    {"error_code": 400, "description": None}, {"error_code": 999, "description": "x" * 9000},
    {"error_code": 400, "description": "a\nb\u202ec", "parameters": {"migrate_to_chat_id": "x"}},
])  # fmt: skip
def test_a_malformed_refusal_is_still_read(answer: dict[str, Any]) -> None:
    error = read_error(answer)
    assert len(str(error)) <= 200
    assert "\n" not in str(error)
    assert error.result.retry_after_s is None or error.result.retry_after_s >= 0


# Editing ---------------------------------------------------------------------------------------


async def test_an_edit_changes_the_message_in_place(double: Double, telegram: Telegram) -> None:
    ref = (await telegram.send(a_message())).ref
    body = dataclasses.replace(a_message().body, banner="DIPERBARUI")
    await telegram.send(a_message(Action.EDIT, thread=(ref,), body=body))
    [message] = double.chats.of(CHAT)
    assert message.edited == 1
    assert "DIPERBARUI" in message.shown


async def test_an_edit_that_changes_nothing_is_accepted(double: Double, telegram: Telegram) -> None:
    ref = (await telegram.send(a_message())).ref
    receipt = await telegram.send(a_message(Action.EDIT, thread=(ref,)))
    assert receipt.note == "unchanged"


async def test_an_edit_of_a_deleted_message_finds_none(double: Double, telegram: Telegram) -> None:
    with pytest.raises(DeliveryError) as failed:
        await telegram.send(a_message(Action.EDIT, thread=("99",)))
    assert failed.value.result.reason is Reason.NO_MESSAGE
    assert failed.value.result.verdict is Verdict.PERMANENT


async def test_a_second_push_answers_the_first_and_survives_its_deletion(
    double: Double, telegram: Telegram
) -> None:
    ref = (await telegram.send(a_message())).ref
    await telegram.send(a_message(thread=(ref,)))
    assert double.chats.of(CHAT)[1].reply_to == int(ref)
    await telegram.send(a_message(thread=("99",)))
    assert double.chats.of(CHAT)[2].reply_to is None


async def test_a_digest_makes_no_sound_and_an_alert_does(double: Double, telegram: Telegram) -> None:
    await telegram.send(a_message(silent=True))
    await telegram.send(a_message())
    assert [message.silent for message in double.chats.of(CHAT)] == [True, False]


async def test_the_chats_are_still_there_after_a_restart(
    double: Double, telegram: Telegram, tmp_path: Path
) -> None:
    ref = (await telegram.send(a_message())).ref
    again = Double(tmp_path / "telegram", strict=True)
    await again.start()
    assert [str(message.message_id) for message in again.chats.of(CHAT)] == [ref]
    await again.stop()


# The token -------------------------------------------------------------------------------------


async def test_the_token_is_in_no_error_and_no_log(
    double: Double, telegram: Telegram, capsys: pytest.CaptureFixture[str]
) -> None:
    before = logging.getLogger().handlers[:]
    configure_logs("notifier", "DEBUG")
    try:
        await telegram.send(a_message())
        for fault in (Fault.RESET, Fault.HANG, Fault.UNAUTHORIZED, Fault.BAD_GATEWAY):
            double.fail_next(fault)
            with pytest.raises(DeliveryError) as failed:
                await telegram.send(a_message())
            logging.getLogger("anything").error("failed", exc_info=failed.value)
            assert TOKEN not in repr(failed.value) + str(failed.value.__cause__)
        # A client of somebody else's that logs its request lines.
        logging.getLogger("another.client").warning("POST %s/bot%s/sendMessage", double.url, TOKEN)
        async with httpx.AsyncClient() as client:
            await client.get(f"{double.url}/bot{TOKEN}/getMe")
    finally:
        logging.getLogger().handlers[:] = before
        logging.getLogger().setLevel(logging.WARNING)
    said = capsys.readouterr()
    assert "sendMessage" in said.err, "the filter was put to the test"
    assert TOKEN not in said.err + said.out
