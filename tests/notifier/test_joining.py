"""Two people let a third one in: links, codes to a mailbox, the second person's approval, and who fakes them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.notifier import admins, audit, held, invitations, mail_codes, notices, roster
from services.notifier.bot import Bot
from services.notifier.channels.base import DeliveryError, Receipt
from services.notifier.channels.email import Email, MailServer
from services.notifier.channels.telegram import BotApi
from services.notifier.core.ledger import Verdict
from services.notifier.core.mail_text import Letter, compose
from services.notifier.core.reason import Reason
from services.notifier.invitations import Guest, InvitationOverError, NotApprovedError
from services.notifier.mail_codes import Asked, Proved, Request
from services.notifier.notices import Kind, NoticeState
from services.notifier.people_tables import MAIL_CODE, NOTICE
from services.notifier.postman import Postman
from services.notifier.roster import Standing
from services.runtime.errors import OperatorError
from tests.notifier.builders import an_alert, an_entry
from tests.notifier.talk import CHAT, STRANGER, Talk
from tests.notifier.world import World

DOMAINS = frozenset({"polri.example", "kemlu.example"})
DESK = "desk@polri.example"


class Office(Email):
    """A mail server of the tests: keeps every letter, or says what it is told to."""

    def __init__(self) -> None:
        super().__init__(MailServer("localhost", 25, "siaga@example.org"))
        self.letters: list[Letter] = []
        self.answers: list[DeliveryError] = []

    async def hand_in(self, letter: Letter) -> Receipt:
        compose(letter)
        if self.answers:
            raise self.answers.pop(0)
        self.letters.append(letter)
        return Receipt(letter.message_id)


class Door(Talk):
    """A bot that asks for a mailbox."""

    office: Office

    async def code(self) -> str:
        """What the last letter's code was."""
        await self.postman()
        words = self.office.letters[-1].text.replace(".", " ").split()
        return next(word for word in words if word.isdigit() and len(word) == mail_codes.DIGITS)

    async def wrong_code(self) -> str:
        return f"{(int(await self.code()) + 1) % 10**8:08d}"


@pytest.fixture
async def door(talk: Talk) -> AsyncIterator[Door]:
    api = BotApi("1:token", talk.double.url)
    bot = Bot(api, talk.world.store, talk.world.vault, lambda: talk.world.now, domains=DOMAINS)
    office = Office()
    postman = Postman(talk.world.store, talk.world.vault, lambda: talk.world.now, telegram=api, email=office)
    made = Door(talk.world, talk.double, bot, postman)
    made.office = office
    yield made
    await api.close()


async def test_an_official_proves_a_mailbox_and_is_told_what_will_come(door: Door) -> None:
    invitation = await door.invite()
    assert "surel dinas" in await door.say(f"/start {invitation.token}")
    assert "8 angka" in await door.say(DESK.upper())
    assert "menyetujui" in await door.say(await door.code())
    assert await door.standing(invitation.official_id) is Standing.PENDING
    await door.approve(invitation.official_id)
    welcome = door.on_screen()[-1]
    assert "disetujui" in welcome
    assert "NTT" in welcome
    assert "KRITIS kapan saja" in welcome
    await door.world.hear(an_alert())
    await door.world.send()
    assert "TINGGI" in door.on_screen()[-1]


@pytest.mark.parametrize("address", [
    "desk@gmail.example", "desk@sub.polri.example", "desk@polri.example.evil.example", "desk@xpolri.example",
])  # fmt: skip
async def test_a_mailbox_elsewhere_is_refused(door: Door, address: str) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    assert "tidak dapat dipakai" in await door.say(address)
    await door.postman()
    assert door.office.letters == []


async def test_five_wrong_codes_end_it_even_for_the_right_one(door: Door) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    await door.say(DESK)
    right, wrong = await door.code(), await door.wrong_code()
    answers = [await door.say(wrong) for _ in range(mail_codes.WRONG_AT_MOST)]
    assert "salah" in answers[0]
    assert "tidak berlaku lagi" in answers[-1]
    assert "tidak berlaku lagi" in await door.say(right)
    assert await door.standing(invitation.official_id) is Standing.CONFIRMING


async def test_four_wrong_codes_leave_one_try(door: Door) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    await door.say(DESK)
    right, wrong = await door.code(), await door.wrong_code()
    for _ in range(mail_codes.WRONG_AT_MOST - 1):
        await door.say(wrong)
    assert "menyetujui" in await door.say(right)


async def test_a_code_is_over_after_ten_minutes(door: Door) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    await door.say(DESK)
    code = await door.code()
    door.world.pass_time(minutes=10)
    assert "tidak berlaku lagi" in await door.say(code)


async def test_a_new_code_ends_the_one_before(door: Door) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    await door.say(DESK)
    first = await door.code()
    await door.say(DESK)
    second = await door.code()
    assert "salah" in await door.say(first)
    assert "menyetujui" in await door.say(second)


async def test_more_than_three_codes_an_hour_are_not_sent(door: Door) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    for n in range(mail_codes.ASKS_AN_HOUR):
        assert "dikirim" in await door.say(f"desk{n}@polri.example")
    assert "Terlalu banyak" in await door.say("desk9@polri.example")
    door.world.pass_time(minutes=61)
    assert "dikirim" in await door.say("desk9@polri.example")


async def test_one_mailbox_is_not_flooded_through_several_officials(world: World) -> None:
    def work(conn: sa.Connection) -> list[Asked]:
        asked = []
        for n in range(mail_codes.ASKS_AN_HOUR + 1):
            guest = Guest(an_entry(f"ref-{n}").spec(), "desk", "sari")
            made = invitations.invite(conn, world.vault, guest, 1.0)
            asked.append(mail_codes.ask_code(conn, world.vault, Request(made.official_id, DESK), DOMAINS, 1.0))
        return asked

    asked = await world.store.write(work)
    assert asked == [Asked.SENT] * mail_codes.ASKS_AN_HOUR + [Asked.TOO_OFTEN]


async def test_one_officials_code_is_not_another_officials(door: Door) -> None:
    mine, other = await door.invite(), await door.invite()
    door.double.add_chat(STRANGER)
    await door.say(f"/start {mine.token}")
    await door.say(f"/start {other.token}", STRANGER)
    await door.say(DESK)
    code = await door.code()
    await door.say("desk2@polri.example", STRANGER)
    await door.postman()
    assert "salah" in await door.say(code, STRANGER)


async def test_who_was_suspended_meanwhile_proves_nothing(door: Door) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    await door.say(DESK)
    code, vault = await door.code(), door.world.vault

    def work(conn: sa.Connection) -> Proved:
        roster.set_standing(conn, invitation.official_id, Standing.SUSPENDED, "budi", 1.0)
        return mail_codes.prove(conn, vault, invitation.official_id, code, door.world.now.timestamp())

    assert await door.world.store.write(work) is Proved.OVER


async def test_neither_code_nor_address_is_in_the_store(door: Door, tmp_path: Path) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    await door.say(DESK)
    code = await door.code()
    stored = b"".join(path.read_bytes() for path in tmp_path.glob("notifier.sqlite3*"))
    assert invitation.official_id.encode() in stored
    assert code.encode() not in stored
    assert DESK.encode() not in stored


async def test_two_starts_at_once_let_one_in(talk: Talk) -> None:
    invitation, vault = await talk.invite(), talk.world.vault
    now = talk.world.now.timestamp()
    both = [
        talk.world.store.write(lambda conn, c=chat: invitations.redeem(conn, vault, invitation.token, c, now))
        for chat in (CHAT, STRANGER)
    ]
    assert sorted(await asyncio.gather(*both), key=str) == sorted([invitation.official_id, None], key=str)


async def test_a_chat_that_joined_does_not_use_up_anothers_link(talk: Talk) -> None:
    await talk.world.add(an_entry())
    invitation = await talk.invite()
    assert "sudah terdaftar" in await talk.say(f"/start {invitation.token}")
    assert await talk.standing(invitation.official_id) is Standing.INVITED


async def test_the_inviter_cannot_approve_but_somebody_else_can(talk: Talk) -> None:
    invitation = await talk.invite()
    await talk.say(f"/start {invitation.token}")
    with pytest.raises(NotApprovedError, match="somebody else"):
        await talk.approve(invitation.official_id, "sari")
    assert await talk.standing(invitation.official_id) is Standing.PENDING
    await talk.approve(invitation.official_id, "budi")
    assert await talk.standing(invitation.official_id) is Standing.ACTIVE


async def test_the_inviter_cannot_approve_by_way_of_a_suspension(talk: Talk) -> None:
    invitation = await talk.invite()
    await talk.say(f"/start {invitation.token}")
    await talk.world.store.write(
        lambda conn: roster.set_standing(conn, invitation.official_id, Standing.SUSPENDED, "sari", 1.0)
    )
    with pytest.raises(NotApprovedError):
        await talk.approve(invitation.official_id, "sari")


@pytest.mark.parametrize("follows", [True, False])
async def test_a_guest_suspended_before_any_approval_is_approved_by_nobody(door: Door, follows: bool) -> None:
    invitation = await door.invite()
    if follows:
        await door.say(f"/start {invitation.token}")  # in Telegram, with no mailbox proved
    await _suspend(door, invitation.official_id)
    with pytest.raises(InvitationOverError, match="only a new invitation"):
        await door.approve(invitation.official_id, "budi")
    assert await door.standing(invitation.official_id) is Standing.SUSPENDED


async def test_a_guest_suspended_while_waiting_is_approved_by_nobody(talk: Talk) -> None:
    invitation = await talk.invite()
    await talk.say(f"/start {invitation.token}")
    await _suspend(talk, invitation.official_id)
    with pytest.raises(InvitationOverError):
        await talk.approve(invitation.official_id, "budi")


async def test_an_official_suspended_after_an_approval_is_approved_again(talk: Talk) -> None:
    invitation = await talk.invite()
    await talk.say(f"/start {invitation.token}")
    await talk.approve(invitation.official_id, "budi")
    await _suspend(talk, invitation.official_id)
    await talk.approve(invitation.official_id, "budi")
    assert await talk.standing(invitation.official_id) is Standing.ACTIVE


async def test_an_official_of_the_file_is_approved_again_after_a_suspension(talk: Talk) -> None:
    (official_id,) = await talk.world.add(an_entry())
    await _suspend(talk, official_id)
    await talk.approve(official_id, "budi")
    assert await talk.standing(official_id) is Standing.ACTIVE


async def _suspend(talk: Talk, official_id: str) -> None:
    await talk.world.store.write(
        lambda conn: roster.set_standing(conn, official_id, Standing.SUSPENDED, "budi", 1.0)
    )


async def test_nobody_is_approved_who_has_not_followed_the_link(talk: Talk) -> None:
    invitation = await talk.invite()
    with pytest.raises(NotApprovedError, match="not followed"):
        await talk.approve(invitation.official_id, "budi")


async def test_an_official_with_a_mailbox_only_joins_by_the_code_of_the_letter(door: Door) -> None:
    vault, now = door.world.vault, door.world.now.timestamp()
    entry = an_entry(channels=["email"], contacts={"email": DESK}, language="en")

    def ask(conn: sa.Connection) -> tuple[str, Asked]:
        guest = Guest(entry.spec(), "Consular desk", "sari")
        return invitations.invite_by_mail(conn, vault, guest, DESK, DOMAINS, now=now)

    official_id, asked = await door.world.store.write(ask)
    assert asked is Asked.SENT
    code = await door.code()
    assert "Reply to this mail" in door.office.letters[-1].text
    assert code not in door.office.letters[-1].subject, "an automatic answer repeats the subject"
    door.world.pass_time(hours=71)
    now = door.world.now.timestamp()
    assert (
        await door.world.store.write(lambda c: mail_codes.prove(c, vault, official_id, code, now)) is Proved.RIGHT
    )
    await door.approve(official_id)
    assert "You receive:" in door.office.letters[-1].text
    assert door.office.letters[-1].recipient == DESK


async def test_a_notice_that_did_not_leave_is_tried_again_and_one_nobody_saw_is_not(door: Door) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    said = {"verdict": Verdict.TRANSIENT, "reason": Reason.NOT_CONNECTED}
    door.office.answers = [
        DeliveryError("away", **said),
        DeliveryError("?", verdict=Verdict.UNKNOWN, reason=Reason.NO_ANSWER),
    ]
    await door.say(DESK)
    await door.postman()
    assert door.office.letters == []
    door.world.pass_time(seconds=11)
    await door.postman()
    door.world.pass_time(hours=1)
    await door.postman()
    assert door.office.letters == []
    rows = await door.world.store.read(lambda conn: conn.execute(sa.select(NOTICE)).all())
    assert [(row.state, row.attempts, row.sealed) for row in rows] == [(NoticeState.UNKNOWN, 2, None)]


async def test_a_notice_cut_off_by_the_end_of_a_process_is_not_sent_again(door: Door) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    await door.say(DESK)
    vault, now = door.world.vault, door.world.now.timestamp()
    await door.world.store.write(lambda conn: notices.take_due(conn, vault, ["email"], now, 9))
    await door.postman()
    assert door.office.letters == []
    rows = await door.world.store.read(lambda conn: conn.execute(sa.select(NOTICE)).all())
    assert [(row.kind, row.state) for row in rows] == [(Kind.CODE, NoticeState.UNKNOWN)]


async def test_what_is_held_of_an_official_is_shown_and_after_forgetting_nothing_is(door: Door) -> None:
    invitation = await door.invite()
    await door.say(f"/start {invitation.token}")
    await door.say(DESK)
    await door.say(await door.code())
    await door.approve(invitation.official_id)
    await door.world.hear(an_alert())
    await door.world.send()
    vault, official_id = door.world.vault, invitation.official_id
    shown = await door.world.store.read(lambda conn: held.everything_of(conn, vault, official_id))
    assert shown["contacts"] == {"telegram": str(CHAT), "email": DESK, "name": "PPA unit"}
    assert [one["state"] for one in shown["deliveries"]] == ["accepted"]
    assert [one["kind"] for one in shown["notices"]] == ["code", "welcome"]
    assert shown["audit"][0]["deed"] == "official invited"
    await door.world.store.write(lambda conn: roster.forget(conn, official_id, "budi", 1.0))
    left = await door.world.store.read(
        lambda conn: [
            table
            for table in ("official", "contact", "contact_key", "invitation", "mail_code", "notice", "wish")
            if conn.execute(sa.text(f"SELECT 1 FROM {table}")).first()
        ]
    )
    assert left == []
    assert await door.world.store.read(audit.first_broken) is None


async def test_forgetting_that_fails_half_way_forgets_nothing(world: World) -> None:
    [official_id] = await world.add(an_entry())

    def work(conn: sa.Connection) -> None:
        roster.forget(conn, official_id, "budi", 1.0)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        await world.store.write(work)
    shown = await world.store.read(lambda conn: held.everything_of(conn, world.vault, official_id))
    assert shown["contacts"]["telegram"] == str(CHAT)


def test_every_row_about_a_person_is_held_and_forgotten() -> None:
    """A table that gets a column official_id must be shown, and destroyed or named as evidence."""
    from services.notifier import people_tables, source_tables, tables

    evidence = {"delivery", "attempt", "correction", "audit"}
    personal = {table.name for table in roster._PERSONAL} | {people_tables.STRAY_MAIL.name}
    ours = (tables, people_tables, source_tables)
    known = {
        table.name
        for module in ours
        for table in vars(module).values()
        if isinstance(table, sa.Table) and "official_id" in table.c
    }
    assert known == personal | evidence


async def test_an_admin_is_known_by_a_secret_and_not_by_a_name(world: World, tmp_path: Path) -> None:
    secret_file = tmp_path / "sari"
    secret = await world.store.write(lambda conn: admins.add_admin(conn, "sari", "operator root", 1.0))
    secret_file.write_text(secret + "\n")
    assert await world.store.read(lambda conn: admins.actor_of(conn, secret_file)) == "admin sari"
    for wrong in ("sari:guess", "sari:", "budi:" + secret.partition(":")[2], "", secret[:-1]):
        secret_file.write_text(wrong)
        with pytest.raises(OperatorError, match="not the secret"):
            await world.store.read(lambda conn: admins.actor_of(conn, secret_file))
    with pytest.raises(OperatorError, match="SIAGA_ADMIN_FILE"):
        await world.store.read(lambda conn: admins.actor_of(conn, None))


async def test_an_admin_who_was_removed_is_none_and_the_name_is_not_used_again(
    world: World, tmp_path: Path
) -> None:
    secret_file = tmp_path / "sari"
    secret_file.write_text(await world.store.write(lambda conn: admins.add_admin(conn, "sari", "x", 1.0)))
    await world.store.write(lambda conn: admins.remove_admin(conn, "sari", "x", 2.0))
    with pytest.raises(OperatorError, match="not the secret"):
        await world.store.read(lambda conn: admins.actor_of(conn, secret_file))
    with pytest.raises(OperatorError, match="never used twice"):
        await world.store.write(lambda conn: admins.add_admin(conn, "sari", "x", 3.0))
    user = await world.store.read(lambda conn: admins.actor_of(conn, None))
    assert user == f"operator {admins.machine_user()}"


def test_the_environment_does_not_say_who_works(monkeypatch: pytest.MonkeyPatch) -> None:
    before = admins.machine_user()
    monkeypatch.setenv("LOGNAME", "somebody")
    monkeypatch.setenv("USER", "somebody")
    assert admins.machine_user() == before != "somebody"


async def test_an_address_that_a_server_repeats_is_not_kept_in_the_ledger(world: World) -> None:
    await world.add(an_entry(channels=["email"]))
    world.email.answers = [
        DeliveryError("550 5.1.1 <ppa@example.org>: unknown", verdict=Verdict.PERMANENT, reason=Reason.GONE)
    ]
    await world.hear(an_alert())
    await world.send()
    details = await world.store.read(
        lambda conn: conn.execute(sa.text("SELECT detail FROM attempt")).scalars().all()
    )
    assert "550 5.1.1 <<address>>: unknown" in details


async def test_old_codes_count_for_an_hour_only(world: World) -> None:
    count = sa.select(sa.func.count()).select_from(MAIL_CODE)
    guest = Guest(an_entry().spec(), "desk", "sari")

    def work(conn: sa.Connection) -> Asked:
        made = invitations.invite(conn, world.vault, guest, 1.0)
        for n in range(mail_codes.ASKS_AN_HOUR):
            mail_codes.ask_code(conn, world.vault, Request(made.official_id, DESK), DOMAINS, float(n))
        return mail_codes.ask_code(conn, world.vault, Request(made.official_id, DESK), DOMAINS, 3700.0)

    assert await world.store.write(work) is Asked.SENT
    assert await world.store.read(lambda conn: conn.execute(count).scalar_one()) == mail_codes.ASKS_AN_HOUR + 1
