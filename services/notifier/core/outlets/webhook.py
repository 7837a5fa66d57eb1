"""Standard Webhooks (standardwebhooks.com): ids, signatures, and when to try again."""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from services.contracts.alert import Alert
from services.contracts.codes import Severity
from services.notifier.core.outlets.entry import ALL, Entry, Standing
from services.notifier.core.outlets.facts import describe
from services.notifier.core.outlets.shown import show

PREFIX = "whsec_"
#: The specification asks for 24 to 64 random bytes.
_SECRET_BYTES = range(24, 65)
_SPACE = uuid.UUID("0f5d2f0c-93c9-5a53-8d0a-5a9f3a1f7b1c")
#: Seconds after each failed try; the specification's own schedule, about three days in all.
WAITS_S = (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400)
#: Whoever asks for more patience than this is tried once a day.
_LONGEST_S = 86_400.0


class BadSecretError(ValueError):
    """Not ``whsec_`` and 24 to 64 bytes in base64."""


def read_secret(text: str) -> bytes:
    """The key of a secret as both sides keep it.

    Raises:
        BadSecretError: says what is wrong, never what was given.
    """
    body = text.removeprefix(PREFIX)
    if body == text:
        raise BadSecretError(f"does not begin with {PREFIX}")
    try:
        key = base64.b64decode(body, validate=True)
    except (binascii.Error, ValueError):
        raise BadSecretError(f"is not base64 after {PREFIX}") from None
    if len(key) not in _SECRET_BYTES:
        raise BadSecretError(f"has {len(key)} bytes, not 24 to 64")
    return key


def message_id(target: str, alert_id: str) -> str:
    """The same for every try and after every restart: the receiver's key against doing things twice."""
    return f"msg_{uuid.uuid5(_SPACE, f'{target}|{alert_id}').hex}"


def sign(keys: tuple[bytes, ...], sent_id: str, timestamp: int, body: bytes) -> str:
    """One signature for each key that is valid now, so that a secret can be changed without a gap."""
    signed = f"{sent_id}.{timestamp}.".encode() + body
    made = (base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
    return " ".join(f"v1,{one}" for one in made)


def headers(keys: tuple[bytes, ...], sent_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """What a try carries; the time is the try's own, so that an old one cannot be played again."""
    timestamp = int(at.timestamp())
    return {
        "content-type": "application/json",
        "webhook-id": sent_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": sign(keys, sent_id, timestamp, body),
    }


@dataclass(frozen=True)
class Wanted:
    """What a target asked for; empty ``topics`` mean all of them."""

    regions: frozenset[str]
    topics: frozenset[str] = frozenset()
    min_severity: Severity = Severity.BACKGROUND


class Tell(StrEnum):
    """What a target is told of an event; the word after ``incident.`` in the message's type."""

    RAISED = "raised"
    UPDATED = "updated"
    LEFT = "left"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"
    SPLIT = "split"


_ENDINGS = {
    Standing.WITHDRAWN: Tell.WITHDRAWN,
    Standing.NOT_RELEVANT: Tell.WITHDRAWN,
    Standing.MERGED: Tell.MERGED,
    Standing.SPLIT: Tell.SPLIT,
}


def what_to_tell(wanted: Wanted, entry: Entry, *, known: bool) -> Tell | None:
    """``known``: this target was told of the incident before, so it is told how it goes on and ends."""
    if entry.standing in _ENDINGS:
        return _ENDINGS[entry.standing] if known else None
    if not _is_within(wanted, entry.alert):
        return Tell.LEFT if known else None
    if known:
        return Tell.UPDATED
    return Tell.RAISED if entry.alert.severity >= wanted.min_severity else None


def _is_within(wanted: Wanted, alert: Alert) -> bool:
    here = ALL in wanted.regions or bool(wanted.regions & set(alert.regions()))
    return here and (not wanted.topics or bool(wanted.topics & set(map(str, alert.topics))))


def write_body(tell: Tell, entry: Entry, language: str, zone: ZoneInfo) -> bytes:
    """``type``, ``timestamp`` and ``data``: full state, so a later message makes an earlier one needless."""
    shown = show(entry, language, zone)
    told: dict[str, Any] = describe(entry)
    told["card"] = {"language": shown.language, "title": shown.title, "text": shown.text}
    body = {"type": f"incident.{tell}", "timestamp": entry.updated_at.isoformat(), "data": told}
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def next_wait(tries: int, jitter: float, retry_after_s: float | None = None) -> float | None:
    """Seconds until the next try after ``tries`` failed ones; None when it is given up.

    Args:
        tries: how often it was tried, at least once.
        jitter: 0..1; waits are spread by a fifth, so that targets do not come back in step.
        retry_after_s: what the receiver asked for.
    """
    if tries > len(WAITS_S):
        return None
    wait = WAITS_S[tries - 1] * (0.9 + 0.2 * jitter)
    return min(max(wait, retry_after_s or 0.0), _LONGEST_S * 1.1)
