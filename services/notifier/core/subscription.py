"""What an official asked to hear, and how the official wants to hear it."""

from __future__ import annotations

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from services.contracts.codes import Kind, Role, Severity, Topic
from services.notifier.core.digest import DigestSchedule
from services.notifier.core.quiet import QuietHours

#: A subscription to every region.
EVERYWHERE = "*"
DEFAULT_ROLES = frozenset({Role.EVENT, Role.VENUE})
#: Kinds that may interrupt somebody; the others wait for a digest unless they are critical.
DEFAULT_PUSH_KINDS = frozenset({Kind.INCIDENT, Kind.ENFORCEMENT})


@dataclass(frozen=True)
class Subscription:
    """One line of what an official wants; empty ``topics`` or ``kinds`` mean all of them.

    ``regions`` holds ISO 3166-2 (``ID-NT``), a whole country (``KH``) or ``*``.  With ``counterparts``,
    an event just across the border of one of them counts as well.
    """

    regions: frozenset[str]
    topics: frozenset[Topic] = frozenset()
    kinds: frozenset[Kind] = frozenset()
    min_severity: Severity = Severity.LOW
    roles: frozenset[Role] = DEFAULT_ROLES
    counterparts: bool = True


@dataclass(frozen=True)
class Official:
    """Somebody who is told; no name or address here, they live under a key of their own.

    ``channels`` is the order of preference: the first is used, the next ones when it fails.
    """

    official_id: str
    subscriptions: tuple[Subscription, ...]
    channels: tuple[str, ...]
    language: str = "id"
    zone: ZoneInfo = field(default_factory=lambda: ZoneInfo("Asia/Jakarta"))
    quiet: QuietHours | None = None
    digest: DigestSchedule = field(default_factory=DigestSchedule)
    digest_channel: str | None = None
    push_kinds: frozenset[Kind] = DEFAULT_PUSH_KINDS
    max_pushes_a_day: int | None = None

    def channel_for_digest(self) -> str:
        """Where digests go: the chosen channel, else the preferred one."""
        return self.digest_channel or self.channels[0]
