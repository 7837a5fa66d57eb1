"""Read a delivery status notification: which of our mails came back, and whether for good.

Source: RFC 3464 (delivery status), RFC 3463 (status codes).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import Message

#: X.1.7 and X.1.8 complain of the sender's address: a lapse of our own domain must shut nobody's mailbox.
_OF_THE_SENDER = frozenset({"7", "8"})
_STATUS = re.compile(r"^\s*([245])\.(\d{1,3})\.(\d{1,3})")
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,700}>")
_LONGEST = 2_000_000


@dataclass(frozen=True)
class Bounce:
    """``message_id`` is the one we gave the mail; ``gone`` means the address does not exist."""

    message_id: str
    status: str
    permanent: bool
    gone: bool


def read_bounce(data: bytes) -> Bounce | None:
    """The bounce a mail reports; None for any other mail, or one that reports a delay only."""
    if len(data) > _LONGEST:
        return None
    parts = list(message_from_bytes(data, policy=policy.compat32).walk())
    status = _status(parts)
    message_id = _original(parts)
    if status is None or message_id is None:
        return None
    if status[0] == "2":
        return None
    return Bounce(message_id, ".".join(status), status[0] == "5", is_gone(".".join(status)))


def is_gone(said: str) -> bool:
    """Whether a status, or an answer that begins with one, says that the address does not exist."""
    found = _STATUS.match(said)
    return found is not None and (found[1], found[2]) == ("5", "1") and found[3] not in _OF_THE_SENDER


def has_status(said: str) -> bool:
    """Whether an answer of a mail server begins with a status (RFC 2034)."""
    return _STATUS.match(said) is not None


def _status(parts: list[Message]) -> tuple[str, str, str] | None:
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in part.walk():
            found = _STATUS.match(str(fields.get("Status", "")))
            if found and str(fields.get("Action", "failed")).strip().lower() == "failed":
                return found[1], found[2], found[3]
    return None


def _original(parts: list[Message]) -> str | None:
    """The Message-ID of the returned mail: in the part that holds it, or its headers."""
    for number, part in enumerate(parts):
        if part.get_content_type() == "text/rfc822-headers":
            returned = message_from_bytes(part.get_payload(decode=True) or b"")  # type: ignore[arg-type]
        elif part.get_content_type() == "message/rfc822" and number + 1 < len(parts):
            returned = parts[number + 1]
        else:
            continue
        found = _MESSAGE_ID.search(str(returned.get("Message-ID", "")))
        if found:
            return found[0]
    return None
