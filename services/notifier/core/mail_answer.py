"""Read an answer to one of our mails: what it asks for, whom it says it is from, and what it proves itself by.

Nothing here is believed: who sent it is decided by the signatures it quotes and by what our mail server found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses
from enum import StrEnum

_LONGEST = 2_000_000
_LOOK_AT_LINES = 12
_ANSWERED = re.compile(r"^\s*(?:(?:re|aw|sv|bls|balas|jawab)\s*(?:\[\d+\])?\s*:\s*)+", re.IGNORECASE)
_MESSAGE_ID = re.compile(r"<([^<>\s@]{3,900})@([^<>\s@]{1,255})>")
_TOKEN = re.compile(r"^(\S{1,20})\s+([0-9a-f]{32}\.[0-9a-f]{16})$")
_CODE = re.compile(r"(?<![0-9])([0-9]{8})(?![0-9])")
_TAG = re.compile(r"<[^<>]{0,2000}>")
_STOP = frozenset({"stop", "berhenti", "unsubscribe"})
_RESUME = frozenset({"start", "mulai", "lanjut"})


class Wanted(StrEnum):
    """What somebody asks for."""

    STOP = "stop"
    RESUME = "resume"
    CODE = "code"


@dataclass(frozen=True)
class MailAnswer:
    """What a mail says.

    Attributes:
        wanted: what it asks for.
        code: the digits that came back.
        sender: the one address of its one From header, in lower case; empty where there is none or are several.
        quoted: local part and domain of each Message-ID it answers to.
        token: what an unsubscribe link of ours put into its subject.
        results: the Authentication-Results headers, the topmost first.
    """

    wanted: Wanted
    code: str
    sender: str
    quoted: tuple[tuple[str, str], ...]
    token: str
    results: tuple[str, ...]


def read_own(data: bytes) -> tuple[str, str] | None:
    """Local part and domain of a mail's own Message-ID; None where it has none or more than one."""
    headers = message_from_bytes(data[:100_000], policy=policy.compat32).get_all("Message-ID", [])
    found = _MESSAGE_ID.fullmatch(str(headers[0]).strip()) if len(headers) == 1 else None
    return (found[1], found[2].lower()) if found else None


def read_answer(data: bytes) -> MailAnswer | None:
    """What a mail asks for; None for one that asks for nothing, or that a machine wrote by itself."""
    if len(data) > _LONGEST:
        return None
    mail = message_from_bytes(data, policy=policy.compat32)
    if _is_automatic(mail):
        return None
    subject = _ANSWERED.sub("", _decoded(mail.get("Subject"))).strip()
    with_token = _TOKEN.match(subject)
    token = with_token[2] if with_token else ""
    lines = list(_lines(mail))
    wanted = _wanted(with_token[1] if with_token else subject)
    if wanted is None:
        wanted = next(filter(None, (_wanted(line) for line in lines[:1])), None)
    code = next((found[1] for line in (subject, *lines) if (found := _CODE.search(line))), "")
    if wanted is None and code:
        wanted = Wanted.CODE
    if wanted is None:
        return None
    return MailAnswer(wanted, code, _sender(mail), _quoted(mail), token, _results(mail))


def _is_automatic(mail: Message) -> bool:
    """An answer out of office that quotes our word for "stop" must stop nothing (RFC 3834)."""
    auto = str(mail.get("Auto-Submitted", "no")).partition(";")[0].strip().lower()
    precedence = str(mail.get("Precedence", "")).strip().lower()
    return (
        auto != "no"
        or precedence in {"bulk", "junk", "list", "auto_reply"}
        or any(name in mail for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
        or mail.get_content_type() == "multipart/report"
    )


def _wanted(text: str) -> Wanted | None:
    word = text.strip().strip(".!\"'*").strip().lower()
    if word in _STOP:
        return Wanted.STOP
    return Wanted.RESUME if word in _RESUME else None


def _decoded(value: object) -> str:
    try:
        text = str(make_header(decode_header(str(value or ""))))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        text = str(value or "")
    return " ".join(text.split())[:300]


def _sender(mail: Message) -> str:
    headers = [str(value) for value in mail.get_all("From", [])]
    found = [address for _, address in getaddresses(headers) if address]
    return found[0].lower() if len(headers) == len(found) == 1 else ""


def _quoted(mail: Message) -> tuple[tuple[str, str], ...]:
    headers = [str(mail.get(name, ""))[:20_000] for name in ("In-Reply-To", "References")]
    return tuple(dict.fromkeys((found[1], found[2].lower()) for found in _MESSAGE_ID.finditer(" ".join(headers))))


def _results(mail: Message) -> tuple[str, ...]:
    return tuple(" ".join(str(value).split()) for value in mail.get_all("Authentication-Results", []))


def _lines(mail: Message) -> Iterator[str]:
    """The first lines a person wrote: not quoted, not a signature."""
    text = next((found for kind in ("text/plain", "text/html") if (found := _body(mail, kind))), "")
    written = (line.strip() for line in text.splitlines())
    count = 0
    for line in written:
        if line.startswith(">") or line == "--" or count >= _LOOK_AT_LINES:
            return
        if line:
            count += 1
            yield line[:300]


def _body(mail: Message, kind: str) -> str:
    for part in mail.walk():
        if part.get_content_type() == kind and part.get_filename() is None:
            raw = part.get_payload(decode=True)
            if not isinstance(raw, bytes):
                return ""
            try:
                text = raw[:100_000].decode(part.get_content_charset() or "utf-8", "replace")
            except (LookupError, ValueError):  # no charset we know, or no name of one at all
                text = raw[:100_000].decode("utf-8", "replace")
            return _TAG.sub("\n", text) if kind == "text/html" else text
    return ""


def passed_at(results: tuple[str, ...], server: str, domain: str) -> bool:
    """Whether our mail server found the sender's domain authentic (RFC 8601).

    Only the topmost header of that name counts: our server puts its own on top and removes forged ones.
    """
    own = next((text for text in results if _server_of(text) == server.lower()), None)
    if own is None or not domain:
        return False
    for finding in own.lower().split(";")[1:]:
        words = finding.split()
        if words[:1] == ["dmarc=pass"] and f"header.from={domain}" in words:
            return True
        if words[:1] == ["dkim=pass"] and f"header.d={domain}" in words:
            return True
    return False


def _server_of(text: str) -> str:
    return (text.partition(";")[0].split() or [""])[0].lower()
