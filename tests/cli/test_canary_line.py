"""The live view says of each channel when its synthetic alert was last read back."""

from __future__ import annotations

import asyncio
import io
import smtplib
from pathlib import Path

import pytest
from rich.console import Console

from services.cli.canary_line import canary_lines
from services.cli.demo import canary
from services.cli.demo.mailbox import Mailbox
from services.cli.stack import Plan, Ports, service_parts
from services.cli.view import Picture, draw
from services.cli.watch import read_canaries
from services.notifier.canary import Seen

NOW = 1_000_000.0


def shown(seen: dict[str, Seen]) -> str:
    picture = Picture(
        broker="embedded", broker_note="", stories=[], parts=[], places=[], notes=[], totals="",
        canaries=canary_lines(seen, 60.0), now=NOW,
    )  # fmt: skip
    console = Console(width=140, height=40, record=True, file=io.StringIO())
    console.print(draw(picture, 40))
    return console.export_text(styles=True)


def test_what_was_read_back_is_said_with_its_age() -> None:
    text = shown({"telegram": Seen(NOW - 15, NOW - 12), "email": Seen(NOW - 40, NOW - 30)})
    assert "Telegram read back 12 s ago, 3 s after it was made" in text
    assert "e-mail read back 30 s ago, 10 s after it was made" in text


def test_what_was_never_read_back_is_said_so() -> None:
    text = shown({"email": Seen(NOW - 5, NOW - 5)})
    assert "e-mail not read back yet" in text
    assert "Telegram" not in text


@pytest.mark.parametrize(("ago", "late"), [(179.0, False), (181.0, True)])
def test_three_periods_without_one_are_late_and_less_is_not(ago: float, late: bool) -> None:
    [line] = canary_lines({"telegram": Seen(NOW - ago - 1, NOW - ago)}, 60.0)
    assert line.is_late(NOW) is late


def test_without_a_test_subscriber_nothing_is_said() -> None:
    assert "canary" not in shown({})


def test_a_store_that_is_not_there_yet_has_none(tmp_path: Path) -> None:
    assert read_canaries(tmp_path, 60.0) == []


def test_a_program_hears_of_it_once_for_each() -> None:
    [one] = canary_lines({"telegram": Seen(NOW - 15, NOW - 12)}, 60.0)
    assert one.line() == {"canary": "telegram", "read_back": "1970-01-12T13:46:28+00:00"}
    [none] = canary_lines({"telegram": Seen(NOW, NOW)}, 60.0)
    assert none.line() == {"canary": "telegram", "read_back": None}


def notifier_of(folder: Path, feeds: str) -> dict[str, str]:
    plan = Plan(folder, Ports(20_000), feeds, "", folder / "feeds.yaml", folder / "officials.yaml")
    secret = {"contact-key": folder / "key", "telegram-token": folder / "token"}
    [notifier] = [part for part in service_parts(plan, "b:1", "", secret) if part.name == "notifier"]
    return dict(notifier.env)


def test_the_demo_has_a_test_subscriber_on_each_channel(tmp_path: Path) -> None:
    env = notifier_of(tmp_path, "seeds")
    assert env["SIAGA_CANARY_TELEGRAM_CHAT"] == str(canary.CHAT)
    assert env["SIAGA_CANARY_EMAIL"] == canary.MAIL
    assert env["SIAGA_BOUNCE_MAILDIR"] == str(canary.maildir(tmp_path / "demo"))
    assert env["SIAGA_CANARY_EVERY_S"] == "60.0"


def test_channels_of_the_operators_own_have_none_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIAGA_TELEGRAM_TOKEN_FILE", "/run/secrets/token")
    monkeypatch.setenv("SIAGA_SMTP_HOST", "mail.example.org")
    env = notifier_of(tmp_path, "live")
    assert not {"SIAGA_CANARY_TELEGRAM_CHAT", "SIAGA_CANARY_EMAIL", "SIAGA_BOUNCE_MAILDIR"} & env.keys()
    assert env["SIAGA_CANARY_EVERY_S"] == "900.0"


async def test_its_mails_lie_apart_and_nobody_elses_do(tmp_path: Path) -> None:
    box = Mailbox(tmp_path / "mail", copies={canary.MAIL: canary.maildir(tmp_path)})
    await box.start()

    def send() -> None:
        with smtplib.SMTP("127.0.0.1", box.port) as smtp:
            for to in (canary.MAIL, "office@example.org"):
                smtp.sendmail("siaga@example.org", [to], f"To: {to}\r\n\r\nx\r\n")

    await asyncio.to_thread(send)
    await box.stop()
    apart = [path.read_text() for path in (canary.maildir(tmp_path) / "new").glob("*")]
    assert len(apart) == 1
    assert f"To: {canary.MAIL}" in apart[0]
    assert len(box.mails()) == 2
