"""Mails that come back: which ones count, and what follows."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.contracts.codes import Severity
from services.notifier.channels.base import Digest
from services.notifier.core.bounce import read_bounce
from services.notifier.core.reason import Reason
from services.notifier.inbox import Inbox
from services.notifier.mail_answers import Letterbox
from tests.notifier.builders import an_alert, an_entry, an_update
from tests.notifier.world import World

MAIL = """From: MAILER-DAEMON@example.org
To: siaga@example.org
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B"

--B
Content-Type: text/plain

This is the mail system.
--B
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ppa@example.org
Action: {action}
Status: {status}

--B
Content-Type: text/rfc822-headers

From: siaga@example.org
Message-ID: {message_id}

--B--
"""


def a_bounce(
    message_id: str = "<a.b.push.email@example.org>", *, status: str = "5.1.1", action: str = "failed"
) -> bytes:
    return MAIL.format(message_id=message_id, status=status, action=action).encode()


MUST_NOT = {
    "an ordinary mail": b"From: a@example.org\nSubject: hello\n\nhi\n",
    "an answer out of office": b"Auto-Submitted: auto-replied\nSubject: away\n\nback on Monday\n",
    "a delay": a_bounce(status="4.4.1", action="delayed"),
    "a success": a_bounce(status="2.1.5", action="delivered"),
    "a status that is none": a_bounce(status="whatever"),
    "no message id": a_bounce(message_id=""),
    "nothing": b"",
    "bytes": b"\xff\xfe\x00" * 50,
}


@pytest.mark.parametrize("name", MUST_NOT)
def test_these_are_no_bounces(name: str) -> None:
    assert read_bounce(MUST_NOT[name]) is None


def test_a_failure_for_good_is_one_and_says_whether_the_address_is_gone() -> None:
    gone, full = read_bounce(a_bounce()), read_bounce(a_bounce(status="5.2.2"))
    assert gone is not None
    assert full is not None
    assert (gone.permanent, gone.gone) == (True, True)
    assert (full.permanent, full.gone) == (True, False)


def test_what_was_given_up_after_days_is_for_good_and_shuts_no_mailbox() -> None:
    found = read_bounce(a_bounce(status="4.4.7"))
    assert found is not None
    assert (found.permanent, found.gone) == (True, False)


def test_a_trouble_that_nobody_calls_a_failure_is_not_for_good() -> None:
    found = read_bounce(a_bounce(status="4.4.7").replace(b"Action: failed\n", b""))
    assert found is not None
    assert not found.permanent


@pytest.mark.parametrize("status", ["5.1.7", "5.1.8", "5.2.2", "5.4.4", "5.7.1", "4.1.1", "4.1.8"])
def test_a_status_that_is_not_of_the_address_shuts_no_mailbox(status: str) -> None:
    found = read_bounce(a_bounce(status=status))
    assert found is not None
    assert not found.gone


@pytest.mark.parametrize("status", ["5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10"])
def test_a_status_of_the_address_does(status: str) -> None:
    found = read_bounce(a_bounce(status=status))
    assert found is not None
    assert found.gone


async def come_back(world: World, folder: Path, data: bytes) -> None:
    maildir = folder / "bounces"
    for name in ("new", "cur", "tmp"):
        (maildir / name).mkdir(parents=True, exist_ok=True)
    (maildir / "new" / "1").write_bytes(data)
    await Inbox(maildir, world.store, world.vault, Letterbox("example.org"), lambda: world.now)()
    assert [path.name for path in (maildir / "cur").iterdir()] == ["1:2,S"]
    assert list((maildir / "new").iterdir()) == []


async def test_a_mail_that_is_not_ours_changes_nothing(world: World, tmp_path: Path) -> None:
    await world.add(an_entry(channels=["email", "telegram"]))
    await world.hear(an_alert())
    await world.send()
    await come_back(world, tmp_path, a_bounce("<somebody.else@example.org>"))
    assert await world.states() == [("email", "push", "accepted", Reason.SENT)]


async def test_a_mail_that_came_back_is_marked_its_address_shut_and_its_news_told_elsewhere(
    world: World, tmp_path: Path
) -> None:
    world.email.reference = "<{n}@example.org>"
    await world.add(an_entry(channels=["email", "telegram"]))
    await world.hear(an_alert())
    await world.send()
    await come_back(world, tmp_path, a_bounce("<1@example.org>"))
    assert ("email", "push", "bounced", Reason.BOUNCED) in await world.states()
    world.pass_time(hours=12)
    await world.send_digests()
    assert [m.action for m in world.telegram.sent] == ["digest"]
    await world.hear(an_alert(incident_id="incident-2"))
    await world.send()
    assert [m.action for m in world.telegram.sent] == ["digest", "push"]


async def test_a_mail_given_up_after_days_is_no_longer_called_accepted_and_is_listed(
    world: World, tmp_path: Path
) -> None:
    world.email.reference = "<{n}@example.org>"
    await world.add(an_entry(channels=["email"]))
    await world.hear(an_alert())
    await world.send()
    world.pass_time(days=5)
    await come_back(world, tmp_path, a_bounce("<1@example.org>", status="4.4.7"))
    assert ("email", "push", "bounced", Reason.BOUNCED) in await world.states()
    world.pass_time(hours=12)
    await world.send_digests()
    assert [m.action for m in world.email.sent] == ["push", "digest"]


async def test_a_full_mailbox_keeps_its_address(world: World, tmp_path: Path) -> None:
    world.email.reference = "<{n}@example.org>"
    await world.add(an_entry(channels=["email"]))
    await world.hear(an_alert())
    await world.send()
    await come_back(world, tmp_path, a_bounce("<1@example.org>", status="5.2.2"))
    await world.hear(an_alert(incident_id="incident-2"))
    await world.send()
    assert len(world.email.sent) == 2


async def digests_so_far(world: World, hours: int = 12) -> list[int]:
    """How many incidents each digest listed, whichever way it went."""
    world.pass_time(hours=hours)
    await world.send_digests()
    sent = [message.body for message in (*world.email.sent, *world.telegram.sent)]
    return [len(body.entries) for body in sent if isinstance(body, Digest)]


async def test_what_a_digest_held_that_came_back_is_told_on_the_other_channel(
    world: World, tmp_path: Path
) -> None:
    world.email.reference = "<{n}@example.org>"
    await world.add(an_entry(channels=["email", "telegram"]))
    await world.hear(an_alert(severity=Severity.LOW))
    assert await digests_so_far(world) == [1]
    await come_back(world, tmp_path, a_bounce("<1@example.org>"))
    assert await digests_so_far(world) == [1, 1]
    assert [message.action for message in world.telegram.sent] == ["digest"]
    assert await digests_so_far(world, 24) == [1, 1], "once"


async def test_a_full_mailbox_gets_it_in_its_next_digest_and_not_for_ever(world: World, tmp_path: Path) -> None:
    world.email.reference = "<{n}@example.org>"
    await world.add(an_entry(channels=["email"]))
    await world.hear(an_alert(severity=Severity.LOW))
    for number in range(1, 6):
        await digests_so_far(world)
        await come_back(world, tmp_path, a_bounce(f"<{number}@example.org>", status="5.2.2"))
    assert await digests_so_far(world) == [1, 1, 1]
    assert set(await world.states()) == {("email", "digest", "bounced", Reason.BOUNCED)}


async def test_what_was_told_since_in_a_later_version_is_not_listed_again(world: World, tmp_path: Path) -> None:
    world.email.reference = "<{n}@example.org>"
    await world.add(an_entry(channels=["email"]))
    await world.hear(an_alert(severity=Severity.LOW))
    assert await digests_so_far(world) == [1]
    await world.hear(an_update(severity=Severity.HIGH))
    await world.send()
    await come_back(world, tmp_path, a_bounce("<1@example.org>", status="5.2.2"))
    assert await digests_so_far(world, 24) == [1]
