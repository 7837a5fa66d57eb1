"""The link in a mail stops the mails: by POST alone, with a genuine ticket alone, and it is told elsewhere."""

from __future__ import annotations

import re
from dataclasses import replace
from email import message_from_bytes, policy

import pytest
import sqlalchemy as sa

from services.contracts.codes import Severity
from services.contracts.delivery import Action
from services.notifier import audit, roster
from services.notifier.channels.base import Outgoing
from services.notifier.channels.email import MailServer, write_letter
from services.notifier.core.card import View, make_card
from services.notifier.core.mail_text import compose
from services.notifier.core.outlets.passes import make_stop
from services.notifier.outlets.stop_routes import StopDesk, stop_routes
from services.notifier.outlets.stops import one_click_link
from services.notifier.people_tables import NOTICE
from services.notifier.spec import OfficialEntry
from services.notifier.tables import CONTACT
from services.notifier.vault import Vault
from tests.notifier.builders import NOON, an_alert, an_entry
from tests.notifier.outlets.doors import BASE, Doors
from tests.notifier.outlets.support import JAKARTA
from tests.notifier.world import World

FORM = {"content-type": "application/x-www-form-urlencoded"}
ONE_CLICK = b"List-Unsubscribe=One-Click"
MULTIPART = b'--edge\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--edge--\r\n'


class Page:
    """The page of one official's mails."""

    def __init__(self, world: World, official_id: str, address: str) -> None:
        self.world = world
        self.official_id = official_id
        self.link = one_click_link(BASE, world.vault)(official_id, address).removeprefix(BASE)
        self.doors = Doors(world)
        desk = StopDesk(world.store, world.vault, self.doors.metrics, self._seconds)
        self.doors = Doors(world, routes=stop_routes(desk))
        desk.metrics = self.doors.metrics

    def _seconds(self) -> float:
        return self.world.now.timestamp()

    async def get(self, link: str | None = None) -> tuple[int, str]:
        answer = await self.doors.ask(link or self.link)
        return answer.status_code, answer.text

    async def post(self, body: bytes = ONE_CLICK, link: str | None = None, **headers: str) -> tuple[int, str]:
        answer = await self.doors.ask(
            link or self.link,
            method="POST",
            content=body,
            headers=FORM | {k.replace("_", "-"): v for k, v in headers.items()},
        )
        return answer.status_code, answer.text

    async def suspended(self) -> str | None:
        def work(conn: sa.Connection) -> str | None:
            query = sa.select(CONTACT.c.suspended)
            where = (CONTACT.c.official_id == self.official_id, CONTACT.c.channel == "email")
            return conn.execute(query.where(*where)).scalar_one()

        return await self.world.store.read(work)

    async def notices(self) -> list[tuple[str, str]]:
        query = sa.select(NOTICE.c.channel, NOTICE.c.kind).order_by(NOTICE.c.id)
        return [
            (row.channel, row.kind) for row in await self.world.store.read(lambda conn: conn.execute(query).all())
        ]

    async def deeds(self) -> list[tuple[str, str]]:
        entries = await self.world.store.read(lambda conn: audit.entries_of(conn, self.official_id))
        return [(entry["deed"], entry["actor"]) for entry in entries if "channel" in entry["deed"]]


async def a_page(world: World, entry: OfficialEntry | None = None) -> Page:
    entry = entry or an_entry(channels=["email", "telegram"])
    [official_id] = await world.add(entry)
    return Page(world, official_id, entry.contacts.addresses()["email"])


async def test_opening_the_link_changes_nothing_however_often(world: World) -> None:
    page = await a_page(world)
    for _ in range(3):
        status, text = await page.get()
        assert status == 200
        assert "Hentikan surel" in text
    assert (await page.doors.ask(page.link, method="HEAD")).status_code == 200
    assert await page.suspended() is None
    assert await page.notices() == []
    assert await page.deeds() == []


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        (ONE_CLICK, FORM["content-type"]),
        (MULTIPART, "multipart/form-data; boundary=edge"),
        (MULTIPART, 'Multipart/Form-Data; boundary="edge"'),
    ],
)
async def test_one_click_stops_the_mails_and_tells_the_other_channel(
    world: World, body: bytes, content_type: str
) -> None:
    page = await a_page(world)
    status, text = await page.post(body, content_type=content_type)
    assert status == 200
    assert "Surel dihentikan" in text
    assert await page.suspended() == "stopped_by_mail"
    assert await page.notices() == [("telegram", "mail_stopped_by_link")]
    assert await page.deeds() == [("channel suspended", "official, by the link in a mail")]
    assert await world.store.read(audit.first_broken) is None


async def test_what_comes_afterwards_takes_the_other_channel(world: World) -> None:
    page = await a_page(world)
    await page.post()
    await world.hear(an_alert(severity=Severity.CRITICAL))
    await world.send()
    assert len(world.telegram.sent) == 1
    assert world.email.sent == []


async def test_without_a_stop_it_would_have_been_a_mail(world: World) -> None:
    await a_page(world)
    await world.hear(an_alert(severity=Severity.CRITICAL))
    await world.send()
    assert len(world.email.sent) == 1


async def test_said_twice_is_done_once(world: World) -> None:
    page = await a_page(world)
    await page.post()
    status, text = await page.post()
    assert status == 200
    assert "Surel dihentikan" in text
    assert len(await page.notices()) == 1
    assert len(await page.deeds()) == 1


@pytest.mark.parametrize(
    "body",
    [b"", b"List-Unsubscribe", b"List-Unsubscribe=", b"List-Unsubscribe=No", b"a=b", b"x" * 100_000,
     b"List-Unsubscribe=One-Click&List-Unsubscribe=Undo", b"list-unsubscribe=one-click", MULTIPART],
    ids=range(9),
)  # fmt: skip
async def test_another_body_changes_nothing(world: World, body: bytes) -> None:
    page = await a_page(world)
    status, text = await page.post(body)
    assert (status, text) == (400, "Bad request\n")
    assert await page.suspended() is None


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "application/json", "multipart/form-data", "multipart/form-data; boundary=x\r\nY: z"],
)
async def test_another_content_type_changes_nothing(world: World, content_type: str) -> None:
    page = await a_page(world)
    if "\r" not in content_type:
        status, _ = await page.post(content_type=content_type)
        assert status == 400
    assert await page.suspended() is None


async def test_a_ticket_that_is_not_ours_is_like_a_page_that_is_not_there(world: World) -> None:
    page = await a_page(world)
    body, mark = page.link.removeprefix("/u/").split(".")
    [other] = await world.add(an_entry("other", contacts={"telegram": 900000002, "email": "other@example.org"}))
    theirs = Vault(b"another secret of another installation..")
    tampered = [
        f"/u/{body}.{'0' * 32}",
        f"/u/{body}.{mark[:-1]}",
        f"/u/{body}.{mark}0",
        f"/u/{body}",
        f"/u/{body}A.{mark}",
        "/u/" + make_stop(world.vault.mark, other, "email", "").split(".")[0] + f".{mark}",
        "/u/" + make_stop(world.vault.mark, page.official_id, "telegram", "x"),
        "/u/"
        + make_stop(
            theirs.mark, page.official_id, "email", theirs.fingerprint("email", "ppa-ppo-ntt@example.org")
        ),
        "/u/" + make_stop(world.vault.mark, page.official_id, "email", ""),
        "/u/" + make_stop(world.vault.mark, "nobody", "email", ""),
        "/u/",
        "/u/%00",
        "/u/a/b",
    ]
    for link in tampered:
        assert await page.get(link) == (404, "Not found\n"), link
        assert await page.post(link=link) == (404, "Not found\n"), link
    assert await page.suspended() is None


async def test_a_ticket_dies_with_the_mailbox_it_went_to(world: World) -> None:
    page = await a_page(world)
    await world.add(an_entry(channels=["email"], contacts={"email": "successor@example.org"}))
    assert (await page.post())[0] == 404
    assert await page.suspended() is None


async def test_a_forgotten_official_has_no_page(world: World) -> None:
    page = await a_page(world)
    await world.store.write(lambda conn: roster.forget(conn, page.official_id, "test", 1.0))
    assert (await page.get())[0] == 404


async def test_a_mistake_is_taken_back_with_one_press(world: World) -> None:
    page = await a_page(world)
    await page.post()
    assert "Terima surel lagi" in (await page.get())[1]
    status, text = await page.post(b"List-Unsubscribe=Undo")
    assert status == 200
    assert "Surel diaktifkan lagi" in text
    assert await page.suspended() is None
    assert await page.notices() == [("telegram", "mail_stopped_by_link"), ("telegram", "mail_resumed_by_link")]


async def test_what_a_bounce_stopped_is_not_taken_back_by_a_link(world: World) -> None:
    page = await a_page(world)
    await world.store.write(lambda conn: roster.suspend_channel(conn, page.official_id, "email", "bounced", 1.0))
    for text in ((await page.get())[1], (await page.post(b"List-Unsubscribe=Undo"))[1], (await page.post())[1]):
        assert "Hubungi operator" in text
        assert "<button" not in text
    assert await page.suspended() == "bounced"
    assert await page.notices() == []


async def test_who_has_no_other_channel_is_told_so_on_the_page(world: World) -> None:
    page = await a_page(world, an_entry(channels=["email"], contacts={"email": "only@example.org"}))
    _, text = await page.post()
    assert "tidak dapat menghubungi Anda" in text
    assert await page.notices() == []


async def test_the_page_speaks_the_officials_language(world: World) -> None:
    page = await a_page(world, an_entry(channels=["email"], contacts={"email": "x@example.org"}, language="en"))
    _, text = await page.get()
    assert "Stop the mails" in text
    assert '<html lang="en">' in text


async def test_the_page_holds_no_address_and_runs_and_loads_nothing(world: World) -> None:
    page = await a_page(world)
    answer = await page.doors.ask(page.link)
    assert "@" not in answer.text.replace("@media", "")
    assert page.official_id not in answer.text
    assert "<script" not in answer.text
    assert "http" not in answer.text
    policy_ = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy_
    assert "frame-ancestors 'none'" in policy_
    assert answer.headers["cache-control"] == "no-store"


async def test_a_ticket_played_again_and_again_is_slowed_down(world: World) -> None:
    page = await a_page(world)
    page.doors.steady = -1e9
    statuses = [(await page.get())[0] for _ in range(25)]
    assert statuses.count(200) >= 20
    assert statuses[-1] == 429


SERVER = MailServer("localhost", 25, "siaga@example.org")


def a_message() -> Outgoing:
    card = make_card(an_alert(), None, View("id", JAKARTA, NOON))
    subject = "0b2f6d9c-3a41-5c8e-9d57-6a1f2b3c4d5e.1"
    return Outgoing(subject, "5" * 32, Action.PUSH, "who@example.org", "id", card, NOON)


def a_mail(world: World, *, with_page: bool) -> bytes:
    link = one_click_link(BASE, world.vault) if with_page else None
    return compose(write_letter(a_message(), SERVER, world.vault.mark, link))


async def test_a_mail_carries_the_one_click_headers_where_there_is_a_page(world: World) -> None:
    data = a_mail(world, with_page=True)
    mail = message_from_bytes(data, policy=policy.SMTP)
    # A mail program takes the header as it stands: an encoded word would be no link to it.
    [raw] = re.findall(rb"^List-Unsubscribe: (.*)\r$", data, re.MULTILINE)
    assert raw.decode() == mail["List-Unsubscribe"]
    assert b"=?" not in raw
    links = [link.strip(" <>") for link in mail["List-Unsubscribe"].split(",")]
    assert links[0].startswith(f"{BASE}/u/")
    assert links[1].startswith("mailto:")
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert links[0] in mail.get_body(("plain",)).get_content()
    assert "who" not in links[0]


async def test_a_mail_without_a_page_carries_only_the_address_to_answer_to(world: World) -> None:
    mail = message_from_bytes(a_mail(world, with_page=False), policy=policy.SMTP)
    assert mail["List-Unsubscribe"].strip().startswith("<mailto:")
    assert mail["List-Unsubscribe-Post"] is None


async def test_a_long_thread_stays_readable_to_mail_programs(world: World) -> None:
    refs = tuple(
        f"<0b2f6d9c-3a41-5c8e-9d57-6a1f2b3c4d5e.{n}.{'5' * 32}.push.email.d1f008b70d26b6b9@example.org>"
        for n in range(8)
    )
    data = compose(replace(write_letter(a_message(), SERVER, world.vault.mark), thread=refs))
    assert b"=?" not in re.sub(rb"(?m)^Subject: [^\r]*(\r\n [^\r]*)*", b"", data.partition(b"\r\n\r\n")[0])
    assert max(map(len, data.split(b"\r\n"))) <= 998
