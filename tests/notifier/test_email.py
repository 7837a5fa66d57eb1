"""What each answer of a mail server does to a delivery, step by step, on two servers nobody here wrote."""

from __future__ import annotations

import ssl
import subprocess
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from services.contracts.delivery import Action
from services.notifier.channels.base import DeliveryError, Digest, Entry, Outgoing, Scope
from services.notifier.channels.email import Email, MailServer, write_letter
from services.notifier.core.card import Note, Status, View, make_card
from services.notifier.core.ledger import Verdict
from services.notifier.core.reason import Reason
from tests.notifier.builders import NOON, an_alert
from tests.notifier.smtp_servers import Hooks, scripted, smtp_sink

VIEW = View("id", ZoneInfo("Asia/Makassar"), NOON)


def a_message(action: Action = Action.PUSH, **changes: Any) -> Outgoing:
    given: dict[str, Any] = {
        "subject": "incident-1.1", "official_id": "o", "action": action, "address": "ppa@example.org",
        "language": "id", "body": make_card(an_alert(), None, VIEW), "now": NOON,
    }  # fmt: skip
    return Outgoing(**(given | changes))


def a_channel(port: int, **changes: Any) -> Email:
    given: dict[str, Any] = {
        "host": "127.0.0.1", "port": port, "sender": "siaga@example.org", "security": "plaintext",
        "final_dot_s": 0.4, "step_s": 0.4,
    }  # fmt: skip
    return Email(MailServer(**(given | changes)))


async def send(channel: Email, message: Outgoing) -> DeliveryError | None:
    try:
        await channel.send(message)
    except DeliveryError as error:
        return error
    finally:
        await channel.close()
    return None


SERVER = MailServer("127.0.0.1", 25, "siaga@example.org")


@pytest.mark.parametrize(
    ("language", "note", "begins"),
    [
        ("id", Note(Status.WITHDRAWN), "DICABUT · "),
        ("en", Note(Status.NOT_RELEVANT), "WITHDRAWN · "),
        ("id", Note(Status.UPDATED), "DIPERBARUI · "),
        ("en", Note(second_copy=True), "POSSIBLY A SECOND COPY · "),
    ],
)
def test_the_subject_says_first_what_is_special_about_a_mail(language: str, note: Note, begins: str) -> None:
    card = make_card(an_alert(), None, View(language, VIEW.zone, NOON), note)
    subject = write_letter(a_message(body=card), SERVER).subject
    assert subject.startswith(f"{begins}{card.mark} {card.title}")


def test_the_subject_of_a_new_alert_begins_with_its_level() -> None:
    assert write_letter(a_message(), SERVER).subject.startswith("🟠 TINGGI | ")


# step and answer -> what the ledger hears, why, and how many mails are stored
TABLE: list[tuple[str, str, Verdict, Reason, int]] = [
    ("mail", "451 later", Verdict.TRANSIENT, Reason.SERVER_BUSY, 0),
    ("mail", "550 sender refused", Verdict.TRANSIENT, Reason.BAD_TOKEN, 0),
    ("mail", "drop", Verdict.TRANSIENT, Reason.NOT_CONNECTED, 0),
    ("mail", "hang", Verdict.TRANSIENT, Reason.NOT_CONNECTED, 0),
    ("rcpt", "550 5.1.1 no such user", Verdict.PERMANENT, Reason.GONE, 0),
    ("rcpt", "550 no such user", Verdict.PERMANENT, Reason.GONE, 0),
    ("rcpt", "551 user not local", Verdict.PERMANENT, Reason.GONE, 0),
    ("rcpt", "550 relay not permitted", Verdict.PERMANENT, Reason.REJECTED, 0),
    ("rcpt", "550 your address is on a blocklist", Verdict.PERMANENT, Reason.REJECTED, 0),
    ("rcpt", "554 transaction failed", Verdict.PERMANENT, Reason.REJECTED, 0),
    ("rcpt", "530 sign in first", Verdict.TRANSIENT, Reason.BAD_TOKEN, 0),
    ("rcpt", "550 5.1.8 sender's domain not found", Verdict.PERMANENT, Reason.REJECTED, 0),
    ("rcpt", "550 5.4.4 cannot be reached", Verdict.PERMANENT, Reason.REJECTED, 0),
    ("rcpt", "550 5.7.1 policy", Verdict.PERMANENT, Reason.REJECTED, 0),
    ("rcpt", "552 5.2.2 mailbox full", Verdict.PERMANENT, Reason.REJECTED, 0),
    ("rcpt", "450 4.2.0 greylisted", Verdict.TRANSIENT, Reason.SERVER_BUSY, 0),
    ("rcpt", "452 4.5.3 too many", Verdict.TRANSIENT, Reason.SERVER_BUSY, 0),
    ("rcpt", "421 going down", Verdict.TRANSIENT, Reason.SERVER_BUSY, 0),
    ("rcpt", "drop", Verdict.TRANSIENT, Reason.NOT_CONNECTED, 0),
    ("rcpt", "hang", Verdict.TRANSIENT, Reason.NOT_CONNECTED, 0),
    ("data", "554 5.6.0 content refused", Verdict.PERMANENT, Reason.REJECTED, 0),
    ("data", "451 4.3.0 try later", Verdict.TRANSIENT, Reason.SERVER_BUSY, 0),
    ("data", "421 4.3.2 shutting down", Verdict.TRANSIENT, Reason.SERVER_BUSY, 0),
    ("data", "drop", Verdict.UNKNOWN, Reason.NO_ANSWER, 1),
    ("data", "hang", Verdict.UNKNOWN, Reason.NO_ANSWER, 1),
]


@pytest.mark.parametrize(("step", "answer", "verdict", "reason", "stored"), TABLE, ids=lambda v: str(v)[:12])
async def test_what_an_answer_means(step: str, answer: str, verdict: Verdict, reason: Reason, stored: int) -> None:
    hooks = Hooks(**{step: answer})
    async with scripted(hooks) as port:
        error = await send(a_channel(port), a_message())
    assert error is not None
    assert (error.result.verdict, error.result.reason) == (verdict, reason)
    assert len(hooks.stored) == stored


# options of smtp-sink -> the same
SINK: list[tuple[tuple[str, ...], Verdict, Reason, int]] = [
    (("-r", "mail"), Verdict.TRANSIENT, Reason.SERVER_BUSY, 0),
    (("-r", "rcpt"), Verdict.TRANSIENT, Reason.SERVER_BUSY, 0),
    (("-f", "rcpt"), Verdict.PERMANENT, Reason.REJECTED, 0),  # 5.3.0
    (("-f", "mail"), Verdict.TRANSIENT, Reason.BAD_TOKEN, 0),
    (("-r", "data"), Verdict.TRANSIENT, Reason.SERVER_BUSY, 0),
    (("-f", "data"), Verdict.PERMANENT, Reason.REJECTED, 0),
    (("-r", "."), Verdict.TRANSIENT, Reason.SERVER_BUSY, 1),
    (("-f", "."), Verdict.PERMANENT, Reason.REJECTED, 1),
    (("-q", "mail"), Verdict.TRANSIENT, Reason.NOT_CONNECTED, 0),
    (("-q", "rcpt"), Verdict.TRANSIENT, Reason.NOT_CONNECTED, 0),
    (("-q", "."), Verdict.UNKNOWN, Reason.NO_ANSWER, 1),
]


@pytest.mark.parametrize(
    ("options", "verdict", "reason", "dumped"), SINK, ids=lambda v: "".join(v) if isinstance(v, tuple) else ""
)
async def test_what_postfix_says_means_the_same(
    tmp_path: Path, options: tuple[str, ...], verdict: Verdict, reason: Reason, dumped: int
) -> None:
    with smtp_sink(tmp_path / "sink", *options) as port:
        error = await send(a_channel(port, step_s=5.0, final_dot_s=5.0), a_message())
    assert error is not None
    assert (error.result.verdict, error.result.reason) == (verdict, reason)


async def test_a_mail_read_back_from_postfix_has_the_headers_and_the_one_recipient(tmp_path: Path) -> None:
    with smtp_sink(tmp_path / "sink") as port:
        assert await send(a_channel(port, step_s=5.0, final_dot_s=5.0), a_message()) is None
    [dump] = (tmp_path / "sink").glob("mail.*")
    raw = dump.read_bytes()
    assert raw.count(b"X-Rcpt-Args:") == 1
    mail = message_from_bytes(raw.split(b"\n\n", 1)[0] + b"\n\n", policy=policy.default)
    assert mail["Message-ID"] == "<incident-1.1.o.push.email@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert "BERHENTI" in mail["List-Unsubscribe"]


async def test_nobody_there_is_certainly_not_delivered() -> None:
    error = await send(a_channel(1), a_message())
    assert error is not None
    assert error.result.verdict is Verdict.TRANSIENT


async def test_a_server_without_starttls_gets_nothing_in_the_clear() -> None:
    hooks = Hooks()
    async with scripted(hooks) as port:
        error = await send(a_channel(port, security="starttls"), a_message())
    assert error is not None
    assert error.scope is Scope.CHANNEL
    assert error.result.verdict is Verdict.TRANSIENT
    assert hooks.stored == []


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 that signs itself."""
    path = tmp_path_factory.mktemp("tls") / "cert.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=siaga"
    files = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", path, "-out", path.with_suffix(".crt")]
    subprocess.run([*command.split(), *files], check=True, capture_output=True)
    return path


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.with_suffix(".crt"), certificate)
    return context


async def test_with_starttls_a_mail_goes_out_encrypted(certificate: Path) -> None:
    hooks = Hooks()
    async with scripted(hooks, tls_context=_context(certificate), require_starttls=True) as port:
        channel = a_channel(port, security="starttls", ca_file=certificate.with_suffix(".crt"), step_s=5.0)
        assert await send(channel, a_message()) is None
    assert len(hooks.stored) == 1


async def test_a_certificate_nobody_signed_gets_nothing(certificate: Path) -> None:
    hooks = Hooks()
    async with scripted(hooks, tls_context=_context(certificate), require_starttls=True) as port:
        error = await send(a_channel(port, security="starttls", step_s=5.0), a_message())
    assert error is not None
    assert error.scope is Scope.CHANNEL
    assert hooks.stored == []


async def test_a_connection_is_used_again_and_a_stale_one_is_replaced() -> None:
    hooks = Hooks()
    async with scripted(hooks) as port:
        channel = a_channel(port)
        await channel.send(a_message())
        await channel.send(a_message())
        channel._idle[0].client.transport.abort()  # type: ignore[union-attr]
        await channel.send(a_message())
        await channel.close()
    assert len(hooks.stored) == 3


async def test_updates_of_one_incident_thread_and_an_urgent_mail_says_so() -> None:
    hooks = Hooks()
    async with scripted(hooks) as port:
        channel = a_channel(port)
        first = await channel.send(a_message(urgent=True))
        await channel.send(a_message(subject="incident-1.2", thread=(first.ref,)))
        await channel.close()
    one, two = (message_from_bytes(content, policy=policy.default) for _, content in hooks.stored)
    assert two["In-Reply-To"] == one["Message-ID"] == first.ref
    assert (one["Importance"], two["Importance"]) == ("high", None)


async def test_the_same_delivery_again_has_the_same_message_id() -> None:
    hooks = Hooks()
    async with scripted(hooks) as port:
        channel = a_channel(port)
        assert (await channel.send(a_message())).ref == (await channel.send(a_message())).ref
        await channel.close()


async def test_a_digest_mail_is_text_and_html_and_loads_nothing() -> None:
    hooks = Hooks()
    card = make_card(an_alert(), None, VIEW)
    async with scripted(hooks) as port:
        channel = a_channel(port)
        await channel.send(
            a_message(Action.DIGEST, body=Digest("Ringkasan", (Entry(card), Entry(card, "lagi")), "selesai"))
        )
        await channel.close()
    mail = message_from_bytes(hooks.stored[0][1], policy=policy.default)
    text, html = (mail.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    assert text.count("TINGGI") == html.count("TINGGI") == 2
    for fetches in ("<img", "<script", "<link", "@import", "url(", "src="):
        assert fetches not in html
