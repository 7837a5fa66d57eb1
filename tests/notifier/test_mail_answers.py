"""STOP, START and codes that come back by mail: what counts, and what somebody else could have written."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.notifier import invitations, mail_codes, roster
from services.notifier.channels.email import Email, MailServer, stop_token
from services.notifier.core.mail_answer import Wanted, passed_at, read_answer
from services.notifier.core.mail_text import Letter
from services.notifier.inbox import Inbox
from services.notifier.invitations import Guest
from services.notifier.mail_answers import STOPPED_BY_MAIL, Letterbox
from services.notifier.people_tables import STRAY_MAIL
from services.notifier.postman import Postman
from services.notifier.roster import Standing
from tests.notifier.builders import an_alert, an_entry
from tests.notifier.test_joining import DESK, DOMAINS, Office
from tests.notifier.world import World

OFFICIAL = "ppa-ppo-ntt@example.org"


def a_mail(subject: str = "Re: TINGGI", body: str = "", sender: str = OFFICIAL, **headers: str) -> bytes:
    given = {"From": sender, "To": "siaga@example.org", "Subject": subject} | {
        name.replace("_", "-"): value for name, value in headers.items()
    }
    return ("".join(f"{name}: {value}\n" for name, value in given.items()) + f"\n{body}\n").encode()


ASKS_FOR_NOTHING = {
    "thanks": a_mail(body="Thank you, we will stop the boat at Bolok."),
    "stop inside a sentence": a_mail(body="please stop these reports of"),
    "stop quoted only": a_mail(body="Noted.\n> STOP\n> To stop these mails, reply with the subject STOP."),
    "stop further down": a_mail(body="Hello\nSTOP"),
    "out of office": a_mail("Re: STOP", Auto_Submitted="auto-replied"),
    "old autoresponder": a_mail("STOP", Precedence="auto_reply"),
    "a list": a_mail("STOP", List_Id="<a.b>"),
    "seven digits": a_mail(body="1234567"),
    "a phone number": a_mail(body="0812345678901"),
    "nothing": b"",
    "bytes": b"\xff\x00" * 99,
    "a charset that is none": b"Subject: =?x-none?q?STO=50?=\nContent-Type: text/plain; charset=x\n\nhello\n",
    "too long": b"Subject: STOP\n\n" + b"x" * 2_100_000,
}


@pytest.mark.parametrize("name", ASKS_FOR_NOTHING)
def test_these_mails_ask_for_nothing(name: str) -> None:
    assert read_answer(ASKS_FOR_NOTHING[name]) is None


@pytest.mark.parametrize(("mail", "wanted"), [
    (a_mail("STOP"), Wanted.STOP), (a_mail("berhenti"), Wanted.STOP), (a_mail("Re: Bls: Stop."), Wanted.STOP),
    (a_mail(body="BERHENTI\n\n> TINGGI"), Wanted.STOP), (a_mail("MULAI"), Wanted.RESUME),
    (a_mail("=?utf-8?q?STO=50?="), Wanted.STOP), (a_mail(body="kode: 12345678"), Wanted.CODE),
    (b"Content-Type: text/html\nSubject: x\n\n<p>STOP</p><blockquote>old</blockquote>", Wanted.STOP),
])  # fmt: skip
def test_these_mails_ask_for_something(mail: bytes, wanted: Wanted) -> None:
    answer = read_answer(mail)
    assert answer is not None
    assert answer.wanted is wanted


def test_a_mail_with_two_senders_has_none() -> None:
    two = read_answer(b"From: a@example.org\nFrom: b@example.org\nSubject: STOP\n\n")
    pair = read_answer(b"From: a@example.org, b@example.org\nSubject: STOP\n\n")
    assert two is not None
    assert pair is not None
    assert two.sender == pair.sender == ""


@pytest.mark.parametrize(("results", "passes"), [
    (("mx.example; dmarc=pass header.from=example.org",), True),
    (("mx.example 1; spf=fail; dkim=pass header.d=example.org",), True),
    (("mx.example; dkim=pass header.d=evil.example",), False),
    (("mx.example; dkim=fail header.d=example.org", "mx.example; dkim=pass header.d=example.org"), False),
    (("evil.example; dmarc=pass header.from=example.org",), False),
    (("mx.example; x=dmarc=pass header.from=example.org",), False),
    (("mx.example.evil.example; dmarc=pass header.from=example.org",), False),
    ((), False),
])  # fmt: skip
def test_only_what_our_mail_server_found_counts(results: tuple[str, ...], passes: bool) -> None:
    assert passed_at(results, "mx.example", "example.org") is passes


class Post:
    """A world that sends mail into a list and takes answers from a Maildir."""

    def __init__(self, world: World, office: Office, folder: Path) -> None:
        self.world, self.office, self.folder = world, office, folder
        self.box = Letterbox("example.org")
        self.postman = Postman(world.store, world.vault, lambda: world.now, email=office)

    async def come_back(self, data: bytes) -> None:
        maildir = self.folder / "maildir"
        for name in ("new", "cur", "tmp"):
            (maildir / name).mkdir(parents=True, exist_ok=True)
        count = len(list((maildir / "cur").iterdir()))
        (maildir / "new" / str(count)).write_bytes(data)
        await Inbox(maildir, self.world.store, self.world.vault, self.box, lambda: self.world.now)()
        assert not list((maildir / "new").iterdir())
        await self.postman()

    async def suspended(self, official_id: str) -> str | None:
        def work(conn: sa.Connection) -> str | None:
            query = sa.text("SELECT suspended FROM contact WHERE official_id = :o AND channel = 'email'")
            return conn.execute(query, {"o": official_id}).scalar()

        return await self.world.store.read(work)

    async def stray(self) -> list[str]:
        return await self.world.store.read(
            lambda conn: [row.reason for row in conn.execute(sa.select(STRAY_MAIL).order_by(STRAY_MAIL.c.file))]
        )


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Post]:
    office = Office()
    world = World(tmp_path)
    signing = Email(MailServer("localhost", 25, "siaga@example.org"), world.vault.mark)
    signing.hand_in = office.hand_in  # type: ignore[method-assign] - letters as they leave
    world.channels["email"] = signing
    world.dispatcher = world.a_dispatcher()
    yield Post(world, office, tmp_path)
    await world.close()


async def sent(post: Post, entry_ref: str = "ppa-ppo-ntt") -> tuple[str, Letter]:
    """An official with mail only, and the alert that was mailed."""
    [official_id] = await post.world.add(an_entry(entry_ref, channels=["email"]))
    await post.world.hear(an_alert())
    await post.world.send()
    return official_id, post.office.letters[-1]


async def test_an_answer_that_quotes_our_mail_stops_mail_and_is_confirmed(post: Post) -> None:
    official_id, letter = await sent(post)
    await post.come_back(a_mail(body="BERHENTI", In_Reply_To=letter.message_id))
    assert await post.suspended(official_id) == STOPPED_BY_MAIL
    assert "dihentikan" in post.office.letters[-1].subject
    await post.world.hear(an_alert(incident_id="incident-2"))
    await post.world.send()
    assert [s[3] for s in await post.world.states("incident-2")] == ["no_channel_left"], "visible, not silent"


async def test_an_answer_to_the_confirmation_starts_mail_again(post: Post) -> None:
    official_id, letter = await sent(post)
    await post.come_back(a_mail("STOP", In_Reply_To=letter.message_id))
    await post.come_back(a_mail("MULAI", References=f"{letter.message_id} {post.office.letters[-1].message_id}"))
    assert await post.suspended(official_id) is None
    assert "dilanjutkan" in post.office.letters[-1].subject


async def test_said_twice_is_confirmed_once(post: Post) -> None:
    _, letter = await sent(post)
    for _ in range(3):
        await post.come_back(a_mail("STOP", In_Reply_To=letter.message_id))
    assert len(post.office.letters) == 2


async def test_the_unsubscribe_link_of_a_mail_program_proves_itself_by_its_token(post: Post) -> None:
    official_id, letter = await sent(post)
    token = stop_token(official_id, post.world.vault.mark)
    assert f"?subject=BERHENTI%20{token}" in letter.unsubscribe
    await post.come_back(a_mail(f"BERHENTI {token}"))
    assert await post.suspended(official_id) == STOPPED_BY_MAIL


async def test_with_telegram_left_the_official_is_still_told(post: Post) -> None:
    [official_id] = await post.world.add(an_entry(channels=["email", "telegram"]))
    token = stop_token(official_id, post.world.vault.mark)
    await post.come_back(a_mail(f"STOP {token}"))
    await post.world.hear(an_alert())
    await post.world.send()
    assert len(post.world.telegram.sent) == 1


FORGED = ("nothing quoted", "an id without signature", "a guessed signature", "another domain", "a guessed token")


@pytest.mark.parametrize("how", FORGED)
async def test_an_answer_that_proves_nothing_is_shown_and_not_acted_upon(post: Post, how: str) -> None:
    official_id, letter = await sent(post)
    name, _, domain = letter.message_id.strip("<>").rpartition("@")
    unsigned, _, signature = name.rpartition(".")
    other = "0" * 16 if signature != "0" * 16 else "1" * 16
    subject, quoted = {
        "nothing quoted": ("STOP", ""),
        "an id without signature": ("STOP", f"<{unsigned}@{domain}>"),
        "a guessed signature": ("STOP", f"<{unsigned}.{other}@{domain}>"),
        "another domain": ("STOP", f"<{name}@evil.example>"),
        "a guessed token": (f"STOP {official_id}.{other}", ""),
    }[how]
    await post.come_back(a_mail(subject, In_Reply_To=quoted))
    assert await post.suspended(official_id) is None
    assert await post.stray() == ["quotes_nothing_of_ours"]
    assert len(post.office.letters) == 1


async def test_somebody_to_whom_the_mail_was_forwarded_stops_nothing(post: Post) -> None:
    official_id, letter = await sent(post)
    await post.come_back(a_mail("STOP", sender="colleague@example.org", In_Reply_To=letter.message_id))
    assert await post.suspended(official_id) is None
    assert await post.stray() == ["not_from_the_mailbox_it_went_to"]


async def test_where_our_server_signs_its_findings_a_faked_sender_stops_nothing(post: Post) -> None:
    official_id, letter = await sent(post)
    post.box = Letterbox("example.org", "mx.example")
    quoted = {"In_Reply_To": letter.message_id}
    await post.come_back(
        a_mail("STOP", Authentication_Results="mx.example; dmarc=fail header.from=example.org", **quoted)
    )
    assert await post.suspended(official_id) is None
    assert await post.stray() == ["sender_not_authenticated"]
    await post.come_back(
        a_mail("STOP", Authentication_Results="mx.example; dmarc=pass header.from=example.org", **quoted)
    )
    assert await post.suspended(official_id) == STOPPED_BY_MAIL


async def test_who_was_forgotten_is_nobody(post: Post) -> None:
    official_id, letter = await sent(post)
    await post.world.store.write(lambda conn: roster.forget(conn, official_id, "budi", 1.0))
    await post.come_back(a_mail("STOP", In_Reply_To=letter.message_id))
    assert await post.stray() == ["quotes_nothing_of_ours"]


async def test_mail_that_an_operator_or_a_bounce_stopped_does_not_start_again(post: Post) -> None:
    official_id, letter = await sent(post)
    await post.world.store.write(lambda conn: roster.suspend_channel(conn, official_id, "email", "bounced", 1.0))
    await post.come_back(a_mail("MULAI", In_Reply_To=letter.message_id))
    assert await post.suspended(official_id) == "bounced"


async def test_a_code_that_comes_back_proves_the_mailbox_and_a_wrong_one_does_not(post: Post) -> None:
    vault, now = post.world.vault, post.world.now.timestamp()
    entry = an_entry(channels=["email"], contacts={"email": DESK})

    def ask(conn: sa.Connection) -> str:
        return invitations.invite_by_mail(
            conn, vault, Guest(entry.spec(), "desk", "sari"), DESK, DOMAINS, now=now
        )[0]

    official_id = await post.world.store.write(ask)
    await post.postman()
    letter = post.office.letters[-1]
    words = letter.text.replace(".", " ").split()
    code = next(word for word in words if word.isdigit() and len(word) == mail_codes.DIGITS)
    wrong = f"{(int(code) + 1) % 10**8:08d}"

    async def standing() -> Standing | None:
        return await post.world.store.read(lambda conn: invitations.standing_of(conn, official_id))

    await post.come_back(a_mail(body=wrong, sender=DESK, In_Reply_To=letter.message_id))
    assert await standing() is Standing.INVITED
    await post.come_back(a_mail(body=f"{code}\n> {wrong}", sender=DESK, In_Reply_To=letter.message_id))
    assert await standing() is Standing.PENDING


async def test_no_mail_stops_the_ones_behind_it(post: Post) -> None:
    official_id, letter = await sent(post)
    for data in ASKS_FOR_NOTHING.values():
        await post.come_back(data)
    assert await post.suspended(official_id) is None
    await post.come_back(a_mail("STOP", In_Reply_To=letter.message_id))
    assert await post.suspended(official_id) == STOPPED_BY_MAIL
