"""Compose a mail whose headers are exactly the ones we meant, as text and as HTML."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes, policy
from email.header import Header
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

from services.notifier.core.card import Card, Link
from services.notifier.core.clean import clean_line

_MESSAGE_ID_UNSAFE = re.compile(r"[^A-Za-z0-9.-]+")
_ADDRESS = re.compile(r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,255}$")
_SUBJECT_LIMIT = 150


class UnsafeMailError(Exception):
    """A mail whose bytes, parsed again, are not what was composed.  It is never sent."""


def clean_header(text: str, limit: int = _SUBJECT_LIMIT) -> str:
    """A header value that no parser can take for an encoded word or for another header.

    Python before 3.13 decodes ``=?utf-8?q?x=0ABcc:...?=`` on assignment and writes the ``Bcc`` as a real
    header (CVE-2024-6923), so the opening is broken on every version.
    """
    broken = clean_line(text, limit * 2).replace("=?", "= ?")
    return _encodable(clean_line(broken, limit))


def message_name(subject: str, official_id: str, action: str) -> str:
    """What a mail is called before its domain: the part that is signed."""
    return ".".join(_MESSAGE_ID_UNSAFE.sub("-", part) for part in (subject, official_id, action)) + ".email"


def message_id(subject: str, official_id: str, action: str, domain: str, *, signature: str = "") -> str:
    """The same for every attempt of one delivery, so that whoever receives it twice can tell.

    With a signature an answer that quotes it proves that its sender had the mail.
    """
    name = message_name(subject, official_id, action)
    return f"<{name}.{signature}@{domain}>" if signature else f"<{name}@{domain}>"


def is_plain_address(address: str) -> bool:
    """One mailbox in ASCII and nothing else: no name, no list, no comment."""
    return _ADDRESS.fullmatch(address) is not None


@dataclass(frozen=True)
class Letter:
    """A mail before it is bytes.  ``thread`` holds Message-IDs, the first of the incident first."""

    sender: str
    recipient: str
    subject: str
    text: str
    html: str
    message_id: str
    date: datetime
    thread: tuple[str, ...] = ()
    unsubscribe: str = ""
    one_click: bool = False
    bulk: bool = False
    urgent: bool = False
    extra: tuple[tuple[str, str], ...] = field(default=())


def compose(letter: Letter) -> bytes:
    """The mail as it goes over the wire.

    Raises:
        UnsafeMailError: an address is not a plain mailbox, or the bytes read back differently.
    """
    for address in (letter.sender, letter.recipient):
        if not is_plain_address(address):
            raise UnsafeMailError("an address is not one plain mailbox")
    headers = _headers(letter)
    mail = EmailMessage(policy=policy.SMTP)
    for name, value in headers:
        mail[name] = value
    mail.set_content(_encodable(letter.text), cte="quoted-printable")
    mail.add_alternative(_encodable(letter.html), subtype="html", cte="quoted-printable")
    data = _write_subject(mail.as_bytes(policy=_UNFOLDED), clean_header(letter.subject))
    _check(data, headers)
    return data


_PLACEHOLDER = "subject"
#: At its usual 78 characters the library makes encoded words of a link or a Message-ID that is longer, which
#: no mail program reads there; RFC 5322 (2.1.1) allows 998.
_UNFOLDED = policy.SMTP.clone(max_line_length=998)


def _write_subject(data: bytes, subject: str) -> bytes:
    """Put the subject in as encoded words (RFC 2047, 75 characters each) that hold their own spaces.

    ``EmailMessage`` of Python 3.11 loses a space where it folds between two words that are not ASCII.
    """
    charset = "us-ascii" if subject.isascii() else "utf-8"
    encoded = Header(subject, charset, header_name="Subject").encode(linesep="\r\n").encode("ascii")
    head, gap, body = data.partition(b"\r\n\r\n")
    line = f"Subject: {_PLACEHOLDER}\r\n".encode("ascii")
    return head.replace(line, b"Subject: " + encoded + b"\r\n", 1) + gap + body


def _encodable(text: str) -> str:
    """Without lone surrogates, which no charset can write and which would stop the mail for ever."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _headers(letter: Letter) -> list[tuple[str, str]]:
    headers = [
        ("From", letter.sender),
        ("To", letter.recipient),
        ("Subject", _PLACEHOLDER),
        ("Date", format_datetime(letter.date)),
        ("Message-ID", letter.message_id),
        ("Auto-Submitted", "auto-generated"),
    ]
    if letter.thread:
        headers += [("In-Reply-To", letter.thread[-1]), ("References", " ".join(letter.thread[-8:]))]
    if letter.unsubscribe:
        headers.append(("List-Unsubscribe", letter.unsubscribe))
        if letter.one_click:
            headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
    if letter.bulk:
        headers.append(("Precedence", "bulk"))
    if letter.urgent:
        headers += [("Importance", "high"), ("X-Priority", "1")]
    return headers + list(letter.extra)


_WRITTEN_BY_LIBRARY = {"mime-version", "content-type"}


def _check(data: bytes, headers: Sequence[tuple[str, str]]) -> None:
    """The set of headers that a stranger's parser sees is the set that was meant."""
    read = message_from_bytes(data, policy=policy.SMTP)
    seen = sorted(name.lower() for name in read if name.lower() not in _WRITTEN_BY_LIBRARY)
    if seen != sorted(name.lower() for name, _ in headers):
        raise UnsafeMailError("the headers read back are not the headers composed")
    raw = message_from_bytes(data, policy=policy.compat32)
    for name, value in headers:
        if name != "Subject" and value not in raw.get_all(name, []):
            raise UnsafeMailError(f"the header {name} does not read back as composed")
    parts = [part.get_content_type() for part in read.walk()]
    if parts != ["multipart/alternative", "text/plain", "text/html"]:
        raise UnsafeMailError("the parts read back are not the parts composed")


_STYLE = {
    "body": "margin:0;padding:24px;background:#f4f5f7;font-family:Arial,Helvetica,sans-serif;color:#1d2530",
    "box": "max-width:640px;margin:0 auto 16px;background:#fff;border:1px solid #dfe3e8;border-radius:6px",
    "bar": "padding:10px 18px;border-radius:6px 6px 0 0;color:#fff;font-weight:bold;background:{colour}",
    "pad": "padding:14px 18px;line-height:1.5;font-size:15px",
    "small": "color:#5b6673;font-size:12px;line-height:1.5",
    "banner": "background:#fff4d6;padding:8px 12px;border-radius:4px;margin:0 0 10px",
}
_COLOURS = ("#6b7280", "#6b7280", "#a16207", "#c2410c", "#b91c1c")


def card_text(card: Card, number: int | None = None, remark: str = "") -> str:
    """A card as plain text."""
    lead = f"{number}. " if number is not None else ""
    banner = " · ".join(part for part in (card.banner, remark) if part)
    lines = [f"{lead}{card.title}", banner, card.place, "", card.sentence, ""]
    lines += [f"- {label}: {value}" for label, value in card.numbers]
    lines += [card.when, _link_text(card.source, card.more_sources), card.why]
    kept = [line for line, before in zip(lines, ["", *lines[:-1]], strict=True) if line or before]
    return "\n".join(kept).strip()


def _link_text(link: Link | None, more: str) -> str:
    if link is None:
        return ""
    where = f"{link.outlet} ({link.host}) [{link.language}]" if link.host else link.outlet
    return " · ".join(part for part in (where, more) if part) + (f"\n  {link.url}" if link.url else "")


def card_html(card: Card, number: int | None = None, remark: str = "") -> str:
    """A card as an HTML box: no image, no script, nothing fetched from elsewhere."""
    lead = f"{number}. " if number is not None else ""
    rows = "".join(f"<li>{escape(label)}: {escape(value)}</li>" for label, value in card.numbers)
    banner = " · ".join(part for part in (card.banner, remark) if part)
    said = escape(card.sentence)
    small = "<br>".join(escape(line) for line in (card.why, f"{card.notice} {card.thread}") if line)
    bar = _STYLE["bar"].format(colour=_COLOURS[card.severity])
    return "".join([
        f'<div style="{_STYLE["box"]}"><div style="{bar}">{escape(lead + card.title)}</div>',
        f'<div style="{_STYLE["pad"]}">',
        f'<p style="{_STYLE["banner"]}"><b>{escape(banner)}</b></p>' if banner else "",
        f'<p style="margin:0 0 8px"><b>{escape(card.place)}</b></p>',
        f'<p style="margin:0 0 8px">{f"<s>{said}</s>" if card.withdrawn else said}</p>',
        f'<ul style="margin:0 0 8px;padding-left:20px">{rows}</ul>' if rows else "",
        f'<p style="margin:0 0 8px">{escape(card.when)}<br>{_link_html(card.source, card.more_sources)}</p>',
        f'<p style="margin:0;{_STYLE["small"]}">{small}</p>',
        "</div></div>",
    ])  # fmt: skip


def note_html(text: str) -> str:
    """A paragraph that is about no incident, as an HTML box."""
    return f'<div style="{_STYLE["box"]}"><div style="{_STYLE["pad"]}">{escape(text)}</div></div>'


def _link_html(link: Link | None, more: str) -> str:
    if link is None:
        return ""
    label = escape(f"{link.outlet} ({link.host})" if link.host else link.outlet)
    anchor = f'<a href="{escape(link.url)}" rel="noreferrer noopener">{label}</a>' if link.url else label
    return " · ".join(part for part in (f"{anchor} [{escape(link.language)}]", escape(more)) if part)


def page(language: str, heading: str, boxes: Sequence[str], footer: Sequence[str]) -> str:
    """The whole HTML part of a mail."""
    head = f'<div style="max-width:640px;margin:0 auto 12px;font-size:18px"><b>{escape(heading)}</b></div>'
    foot = "<br>".join(escape(line) for line in footer if line)
    return (
        f'<!doctype html><html lang="{escape(language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(heading)}</title></head>'
        f'<body style="{_STYLE["body"]}">{head if heading else ""}{"".join(boxes)}'
        f'<div style="max-width:640px;margin:0 auto;{_STYLE["small"]}">{foot}</div></body></html>\n'
    )
