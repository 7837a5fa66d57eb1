"""What every channel gets and gives: one outgoing message, one receipt, one exception."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.contracts.delivery import Action
from services.notifier.core.card import Card
from services.notifier.core.ledger import Result, Verdict
from services.notifier.core.pacing import Pace
from services.notifier.core.reason import Reason


@dataclass(frozen=True)
class Entry:
    """One incident inside a digest, and a remark such as "listed again"."""

    card: Card
    remark: str = ""


@dataclass(frozen=True)
class Digest:
    """The incidents of one window; ``notes`` are paragraphs that are about no incident."""

    heading: str
    entries: tuple[Entry, ...]
    footer: str
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Outgoing:
    """A message as a channel needs it.

    Attributes:
        subject: the alert id or the digest window; with official and action it names the delivery.
        address: where to, in the clear: never logged.
        thread: the references of earlier messages of the same incident, the first one first.
        urgent: may make a sound at night.
        silent: must not make a sound.
        buttons: label and callback data, as rows.
        published_at: when the news was published, for a message that is sent anew.
        fetched_at: when we read the newest of its stories, likewise.
        raised_at: when the tagger made its alert, likewise.
        story_id: the first story of the alert, by which a log is searched; None of a digest.
        again: to be awaited before a second request for the same message: it counts as one more.
    """

    subject: str
    official_id: str
    action: Action
    address: str
    language: str
    body: Card | Digest
    now: datetime
    thread: tuple[str, ...] = ()
    urgent: bool = False
    silent: bool = False
    buttons: tuple[tuple[tuple[str, str], ...], ...] = ()
    published_at: datetime | None = None
    fetched_at: datetime | None = None
    raised_at: datetime | None = None
    story_id: str | None = None
    again: Callable[[], Awaitable[None]] | None = field(default=None, repr=False, compare=False)


@dataclass(frozen=True)
class Receipt:
    """The channel took it; ``ref`` names the message there."""

    ref: str
    note: str = ""


class Scope(StrEnum):
    """What a refusal is about."""

    RECIPIENT = "recipient"
    CHANNEL = "channel"


class DeliveryError(Exception):
    """The message was not taken, or nobody can tell; says which, why, and for how long to wait."""

    def __init__(
        self,
        detail: str,
        *,
        verdict: Verdict,
        reason: Reason,
        retry_after_s: float | None = None,
        scope: Scope = Scope.RECIPIENT,
        moved_to: str | None = None,
    ) -> None:
        super().__init__(detail)
        self.result = Result(verdict, reason, retry_after_s)
        self.scope = scope
        self.moved_to = moved_to


class Channel(Protocol):
    """A way to reach somebody."""

    pace: Pace

    async def open(self) -> None:
        """Get ready to send: a first message that is late closes up with those behind it.  Never fails."""

    async def send(self, message: Outgoing) -> Receipt:
        """Do what ``message.action`` says; raises `DeliveryError`."""

    async def close(self) -> None:
        """Give connections back."""
