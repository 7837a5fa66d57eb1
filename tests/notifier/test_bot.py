"""Invitations, commands and buttons: what officials say to the bot, and what strangers cannot do."""

from __future__ import annotations

from datetime import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.cli.demo.botapi import Fault
from services.contracts.codes import Severity
from services.contracts.delivery import Action
from services.contracts.tagging import Facts
from services.notifier import audit, roster
from services.notifier.bot import ANSWERS_A_MINUTE, Bot
from services.notifier.channels.telegram import BotApi
from services.notifier.conversation import handle_update
from services.notifier.core.commands import Ask, read_command
from services.notifier.core.quiet import QuietHours
from services.notifier.core.reason import Reason
from services.notifier.roster import Standing
from services.notifier.tables import AUDIT
from tests.notifier.builders import a_number, an_alert, an_entry, an_update
from tests.notifier.talk import CHAT, STRANGER, Talk
from tests.notifier.world import World


@pytest.mark.parametrize("text", [
    "", "hello", "/", "//start", "start", "/START x", "/start " + "x" * 65, "/start ab", "/mute 0", "/mute 999",
    "/mute -1", "/mute ٣", "/stop ya ya", "/start <b>", "/help\n/stop ya", "/unknown",
    "/quiet 25:00 05:00", "/quiet 21:00", "/quiet 21:00 21:00", "/digest 06:30 x", "/digest " + "06:30 " * 20,
    "/why <b>", "/regions ID-JK", "1234567", "123456789", "١٢٣٤٥٦٧٨", "a@b@c", "a b@c.d",
])  # fmt: skip
def test_these_join_nothing_and_stop_nothing(text: str) -> None:
    assert read_command(text).ask in {Ask.UNCLEAR, Ask.HELP}


def test_these_are_commands() -> None:
    assert read_command("/start " + "x" * 43).ask is Ask.JOIN
    assert read_command("/status@siaga_bot").ask is Ask.STATUS
    assert read_command("/mute 8").hours == 8
    assert read_command("/pause").hours == 0
    assert read_command("/quiet 21:30 5.00").quiet == QuietHours(time(21, 30), time(5))
    assert read_command("/digest 16:00, 06:30").digest == (time(6, 30), time(16))
    assert read_command("/why abcd1234").word == "ABCD1234"
    assert read_command("1234 5678").ask is Ask.CODE
    assert read_command("Desk@Polri.example").word == "desk@polri.example"
    assert read_command("/stop").ask is Ask.STOP
    assert read_command("/stop YA").ask is Ask.STOP_SURE


async def test_an_invited_official_joins_waits_is_approved_and_receives(talk: Talk) -> None:
    invitation = await talk.invite()
    assert "menyetujui" in await talk.say(f"/start {invitation.token}")
    assert await talk.standing(invitation.official_id) is Standing.PENDING
    await talk.world.hear(an_alert())
    await talk.world.send()
    assert not any("TINGGI" in text for text in talk.on_screen()), "nothing before the approval"
    await talk.approve(invitation.official_id)
    await talk.bot.step(0)
    assert "disetujui" in talk.on_screen()[-1]
    await talk.world.hear(an_alert(incident_id="incident-2"))
    await talk.world.send()
    assert "TINGGI" in talk.on_screen()[-1]


async def test_an_invitation_works_once(talk: Talk) -> None:
    invitation = await talk.invite()
    await talk.say(f"/start {invitation.token}")
    assert "tidak berlaku" in await talk.say(f"/start {invitation.token}", STRANGER)


async def test_an_invitation_does_not_work_after_three_days(talk: Talk) -> None:
    invitation = await talk.invite()
    talk.world.pass_time(hours=73)
    assert "tidak berlaku" in await talk.say(f"/start {invitation.token}")
    assert await talk.standing(invitation.official_id) is Standing.INVITED


async def test_an_invitation_does_not_work_in_a_group(talk: Talk) -> None:
    invitation = await talk.invite()
    assert "pribadi" in await talk.say(f"/start {invitation.token}", -100, chat_type="group")
    assert await talk.standing(invitation.official_id) is Standing.INVITED


async def test_a_guessed_token_is_no_invitation(talk: Talk) -> None:
    await talk.invite()
    assert "tidak berlaku" in await talk.say("/start " + "x" * 43, STRANGER)


async def test_the_token_is_not_in_the_store(talk: Talk, tmp_path: Path) -> None:
    invitation = await talk.invite()
    await talk.world.store.write(lambda conn: conn.execute(sa.text("SELECT 1")))
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("notifier.sqlite3*"))
    assert invitation.official_id.encode() in stored
    assert invitation.token.encode() not in stored
    assert b"PPA unit" not in stored


@pytest.mark.parametrize(
    ("sender", "words"),
    [
        ({"id": 77, "language_code": "km"}, "This invitation is not valid"),
        ({"id": 77, "language_code": "lo-LA"}, "This invitation is not valid"),
        ({"id": 77, "language_code": "pt"}, "This invitation is not valid"),
        ({"id": 77, "language_code": "ms"}, "Undangan ini tidak berlaku"),
        ({"id": 77, "language_code": "id"}, "Undangan ini tidak berlaku"),
        ({"id": 77}, "Undangan ini tidak berlaku"),
        ({"id": 77, "language_code": 5}, "Undangan ini tidak berlaku"),
    ],
)
async def test_somebody_unknown_is_answered_in_a_language_they_read(
    world: World, sender: dict[str, object], words: str
) -> None:
    chat = {"id": 77, "type": "private"}
    link = {"update_id": 1, "message": {"chat": chat, "from": sender, "text": f"/start {'x' * 43}"}}
    [reply] = await world.store.write(lambda conn: handle_update(conn, world.vault, link, world.now))
    assert reply.text.startswith(words)


async def test_a_stranger_learns_nothing(talk: Talk) -> None:
    await talk.world.add(an_entry())
    for text in ("hello", "/status", "/stop ya", "/resume"):
        assert "diundang" in await talk.say(text, STRANGER)
    assert await talk.say("/status", -100, chat_type="group") == ""


async def test_status_says_what_one_receives(talk: Talk) -> None:
    await talk.world.add(an_entry(quiet={"from": "21:00", "to": "05:30"}))
    status = await talk.say("/status")
    assert "NTT" in status
    assert "21:00-05:30" in status


async def test_stop_asks_first_and_resume_takes_it_back(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry())
    await talk.say("/stop")
    assert await talk.standing(official_id) is Standing.ACTIVE
    await talk.say("/stop ya")
    assert await talk.standing(official_id) is Standing.SUSPENDED
    await talk.say("/resume")
    assert await talk.standing(official_id) is Standing.ACTIVE


async def test_what_others_noted_meanwhile_keeps_nobody_from_coming_back(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry())
    await talk.say("/stop ya")
    now = talk.world.now.timestamp()
    await talk.world.store.write(
        lambda conn: audit.record(conn, now, "operator", "unknown delivery resolved", official_id)
    )
    await talk.say("/resume")
    assert await talk.standing(official_id) is Standing.ACTIVE


async def test_who_stopped_and_was_then_suspended_by_an_operator_cannot_come_back_alone(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry())
    await talk.say("/stop ya")
    now = talk.world.now.timestamp()
    await talk.world.store.write(
        lambda conn: roster.set_standing(conn, official_id, Standing.SUSPENDED, "operator", now, why="moved")
    )
    await talk.say("/resume")
    assert await talk.standing(official_id) is Standing.SUSPENDED


async def test_who_was_suspended_by_an_operator_cannot_come_back_alone(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry())
    await talk.world.store.write(
        lambda conn: roster.set_standing(
            conn, official_id, Standing.SUSPENDED, "operator", 1.0, why="left the post"
        )
    )
    await talk.say("/resume")
    assert await talk.standing(official_id) is Standing.SUSPENDED


async def test_mute_holds_back_all_but_critical(talk: Talk) -> None:
    await talk.world.add(an_entry())
    await talk.say("/mute 2")
    before = len(talk.on_screen())
    await talk.world.hear(an_alert())
    await talk.world.send()
    assert len(talk.on_screen()) == before
    await talk.world.hear(an_alert(incident_id="incident-2", severity=Severity.CRITICAL))
    await talk.world.send()
    assert len(talk.on_screen()) == before + 1
    talk.world.pass_time(hours=3)
    await talk.world.hear(an_alert(incident_id="incident-3"))
    await talk.world.send()
    assert len(talk.on_screen()) == before + 2


async def test_a_pressed_button_is_kept_as_a_correction(talk: Talk) -> None:
    await talk.world.add(an_entry())
    await talk.world.hear(an_alert())
    await talk.world.send()
    await talk.press("Salah wilayah")
    await talk.press("Salah wilayah")
    assert await talk.corrections() == ["wr"]
    assert [call.method for call in talk.double.calls].count("answerCallbackQuery") == 2


async def test_a_muted_incident_stays_silent_but_another_does_not(talk: Talk) -> None:
    await talk.world.add(an_entry())
    await talk.world.hear(an_alert())
    await talk.world.send()
    await talk.press("Tunda 24 jam")
    await talk.world.hear(an_update(facts=Facts(victims=(a_number(30),))))
    await talk.world.hear(an_alert(incident_id="incident-2"))
    await talk.world.send()
    assert len(talk.on_screen()) == 2


@pytest.mark.parametrize("data", ["wr:00000000", "wr:", "", "xx:12345678", "mu", "wr:zzzzzzzz:1"])
async def test_a_button_we_did_not_make_does_nothing(talk: Talk, data: str) -> None:
    await talk.world.add(an_entry())
    await talk.world.hear(an_alert())
    await talk.world.send()
    await talk.press("", data=data or "x")
    assert await talk.corrections() == []


async def test_somebody_else_cannot_press_an_officials_button(talk: Talk) -> None:
    await talk.world.add(an_entry())
    await talk.world.hear(an_alert())
    await talk.world.send()
    await talk.press("Salah wilayah", user_id=STRANGER)
    assert await talk.corrections() == []


async def test_an_update_is_handled_once_over_a_restart(talk: Talk) -> None:
    await talk.world.add(an_entry())
    await talk.say("/help")
    api = BotApi("1:token", talk.double.url)
    again = Bot(api, talk.world.store, talk.world.vault, lambda: talk.world.now)
    before = len(talk.on_screen())
    assert await again.step(0) == 0
    assert len(talk.on_screen()) == before
    await api.close()


@pytest.mark.parametrize("first", [7, 2**31 - 5], ids=["lower", "higher"])
async def test_after_a_week_without_updates_telegram_numbers_anew_and_is_heard(talk: Talk, first: int) -> None:
    [official_id] = await talk.world.add(an_entry())
    assert "/status" in await talk.say("/help")
    assert await talk.bot.step(0) == 0
    talk.double.updates.number_anew(first)
    assert "/stop ya" in await talk.say("/stop")
    await talk.say("/stop ya")
    assert await talk.standing(official_id) is Standing.SUSPENDED
    before = len(talk.on_screen())
    assert await talk.bot.step(0) == 0, "and each is handled once"
    assert len(talk.on_screen()) == before


async def test_a_chat_that_blocked_the_bot_and_writes_again_is_used_again(talk: Talk) -> None:
    await talk.world.add(an_entry(channels=["telegram"]))
    talk.double.fail_next(Fault.BLOCKED)
    await talk.world.hear(an_alert())
    await talk.world.send()
    await talk.world.hear(an_alert(incident_id="incident-2"))
    await talk.world.send()
    assert talk.on_screen() == [], "nobody knocks at a chat that refused us"
    assert "NTT" in await talk.say("/status")
    await talk.world.hear(an_alert(incident_id="incident-3"))
    await talk.world.send()
    assert "TINGGI" in talk.on_screen()[-1]


async def test_a_mailbox_is_not_used_again_because_its_official_writes_to_the_bot(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry(channels=["telegram", "email"]))
    await talk.world.store.write(lambda conn: roster.suspend_channel(conn, official_id, "email", Reason.GONE, 1.0))
    await talk.say("/status")
    found = await talk.world.store.read(lambda conn: roster.why_suspended(conn, official_id, "email"))
    assert found == Reason.GONE


async def test_a_chat_that_floods_gets_no_more_answers(talk: Talk) -> None:
    await talk.world.add(an_entry())
    for _ in range(ANSWERS_A_MINUTE + 5):
        await talk.say("x")
    assert len(talk.on_screen()) == ANSWERS_A_MINUTE


async def test_an_update_of_any_shape_does_not_stop_the_ones_behind_it(talk: Talk) -> None:
    await talk.world.add(an_entry())
    for update in (
        {"message": 1},
        {"message": {"chat": {"id": "x"}}},
        {"callback_query": {"id": 7}},
        {"poll": {}},
        {},
    ):
        talk.double.updates.push(update)
    talk.double.updates.push(
        {"callback_query": {"id": "1", "data": None, "message": {"chat": {"id": CHAT}, "message_id": []}}}
    )
    assert "/status" in await talk.say("/help")


async def test_the_audit_shows_an_altered_entry(talk: Talk) -> None:
    await talk.world.add(an_entry())
    await talk.invite()
    assert await talk.world.store.read(audit.first_broken) is None
    await talk.world.store.write(
        lambda conn: conn.execute(sa.update(AUDIT).where(AUDIT.c.id == 2).values(actor="x"))
    )
    assert await talk.world.store.read(audit.first_broken) == 2


async def test_forgetting_leaves_no_name_no_address_and_no_key(talk: Talk) -> None:
    [official_id] = await talk.world.add(an_entry())
    await talk.world.hear(an_alert())
    await talk.world.send()
    await talk.world.store.write(lambda conn: roster.forget(conn, official_id, "test", 1.0))
    for table in ("contact", "contact_key", "official", "last_sent", "thread"):
        rows = await talk.world.store.read(lambda conn, t=table: conn.execute(sa.text(f"SELECT * FROM {t}")).all())
        assert rows == []
    await talk.world.hear(an_update(severity=Severity.CRITICAL))
    await talk.world.send()
    assert [d.action for d in await talk.world.deliveries()] == [Action.PUSH]
