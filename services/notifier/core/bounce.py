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
#: No such mailbox, user not local, mailbox name not allowed (RFC 5321, 4.2.3).
_MAILBOX = frozenset({550, 551, 553})
_OTHER_MATTER = re.compile(
    r"relay|auth|spam|junk|policy|policies|block|black|deni|reject|refus|not permitted|not allowed|prohibit"
    r"|administrat|sender|reputation|helo|dns|\bip\b|client|rate|limit|quota|full|content|virus|spf|dkim|dmarc|tls",
    re.IGNORECASE,
)
_STATUS = re.compile(r"^\s*([245])\.(\d{1,3})\.(\d{1,3})")
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,700}>")
_LONGEST = 2_000_000


@dataclass(frozen=True)
class Bounce:
    """``message_id`` is the one we gave the mail; ``gone`` means the address does not exist.

    What was given up after days of trying is as ``permanent`` as what was refused: its status begins with 4, its
    action is "failed" (RFC 3464, 2.3.3).
    """

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
    said, given_up = status
    if said[0] == "2":
        return None
    return Bounce(message_id, said, given_up or said[0] == "5", is_gone(said))


def is_gone(said: str) -> bool:
    """Whether a status, or an answer that begins with one, says that the address does not exist."""
    found = _STATUS.match(said)
    return found is not None and (found[1], found[2]) == ("5", "1") and found[3] not in _OF_THE_SENDER


def is_of_the_address(code: int, said: str) -> bool:
    """Whether a refusal without a status is about the mailbox, and not about us or that server's rules.

    One server that will not relay for us, or blocks us, would else shut the mailbox of everybody.
    """
    return code in _MAILBOX and not _OTHER_MATTER.search(said)


def has_status(said: str) -> bool:
    """Whether an answer of a mail server begins with a status (RFC 2034)."""
    return _STATUS.match(said) is not None


def _status(parts: list[Message]) -> tuple[str, bool] | None:
    """The status of what failed, and whether the report says so in as many words."""
    for part in parts:
        if part.get_content_type() != "message/delivery-status":
            continue
        for fields in part.walk():
            found = _STATUS.match(str(fields.get("Status", "")))
            action = str(fields.get("Action", "")).strip().lower()
            if found and action in {"failed", ""}:
                return ".".join(found.groups()), action == "failed"
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
