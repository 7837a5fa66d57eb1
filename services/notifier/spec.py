"""What is written down of an official, in a file or in the store, and how it becomes the core's Official."""

from __future__ import annotations

import re
from datetime import time, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from services.contracts.codes import Kind, Role, Severity, Topic
from services.notifier.core.canary import RESERVED
from services.notifier.core.digest import DigestSchedule
from services.notifier.core.mail_text import is_plain_address
from services.notifier.core.quiet import QuietHours
from services.notifier.core.subscription import DEFAULT_PUSH_KINDS, DEFAULT_ROLES, Official, Subscription

#: Languages of a card; what a language's file does not say yet is said in the language it falls back to.
LANGUAGES = ("id", "en", "km", "ms", "tet")
ChannelName = Literal["telegram", "email"]
_EVERY = re.compile(r"^(\d{1,4})\s*(s|m|h)$")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"{name!r} is not an IANA time zone such as Asia/Makassar") from None
    return name


def _every(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _EVERY.match(value)
    if not found:
        raise ValueError(f"{value!r} is not an interval such as 2m or 1h")
    return int(found[1]) * _SECONDS[found[2]]


def _clock(value: object) -> object:
    # YAML 1.1 reads 21:00 without quotes as 1260; say so rather than take it for seconds.
    if isinstance(value, int | float):
        raise ValueError(f'write the time in quotes: "HH:MM", not {value}')  # noqa: TRY004 - pydantic wants ValueError
    return value


def _own_time(value: time) -> time:
    # A time with an offset cannot be compared with the official's wall clock: every decision would fail.
    if value.tzinfo is not None:
        raise ValueError("write the time without an offset: it is meant in the official's own zone")
    return value


def _mailbox(value: str) -> str:
    if not is_plain_address(value):
        raise ValueError(f"{value!r} is not one plain mailbox")
    # Who signs in or answers is looked up by the address in small letters, whatever the file has.
    return value.lower()


Clock = Annotated[time, BeforeValidator(_clock), AfterValidator(_own_time)]
RegionOrAll = Annotated[str, StringConstraints(pattern=r"^(\*|[A-Z]{2}(-[A-Z0-9]{1,3})?)$")]


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class QuietSpec(_Strict):
    """Quiet hours in local wall time; may cross midnight."""

    start: Clock = Field(alias="from")
    end: Clock = Field(alias="to")

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class DigestSpec(_Strict):
    """Times of day, or an interval such as ``2m``."""

    at: tuple[Clock, ...] = Field(default=(time(6, 30), time(16, 0)), min_length=1, max_length=12)
    every: Annotated[int, BeforeValidator(_every), Field(ge=10, le=7 * 86400)] | None = None
    channel: ChannelName | None = None


class SubscriptionSpec(_Strict):
    """One line of what is wanted."""

    regions: tuple[RegionOrAll, ...] = Field(min_length=1, max_length=100)
    topics: tuple[Topic, ...] = ()
    kinds: tuple[Kind, ...] = ()
    min_severity: Severity = Severity.LOW
    roles: tuple[Role, ...] = tuple(sorted(DEFAULT_ROLES))
    counterparts: bool = True


class OfficialSpec(_Strict):
    """How somebody is told, and of what; no name and no address."""

    channels: tuple[ChannelName, ...] = Field(min_length=1, max_length=2)
    language: Literal["id", "en", "km", "ms", "tet"] = "id"
    zone: Annotated[str, AfterValidator(_zone)] = "Asia/Jakarta"
    quiet: QuietSpec | None = None
    digest: DigestSpec = DigestSpec()
    push_kinds: tuple[Kind, ...] = tuple(sorted(DEFAULT_PUSH_KINDS))
    max_pushes_a_day: int | None = Field(default=None, ge=0, le=1000)
    subscriptions: tuple[SubscriptionSpec, ...] = Field(min_length=1, max_length=50)

    def official(self, official_id: str) -> Official:
        """As the core knows it."""
        quiet = QuietHours(self.quiet.start, self.quiet.end) if self.quiet else None
        every = timedelta(seconds=self.digest.every) if self.digest.every else None
        return Official(
            official_id=official_id,
            subscriptions=tuple(_subscription(line) for line in self.subscriptions),
            channels=self.channels,
            language=self.language,
            zone=ZoneInfo(self.zone),
            quiet=quiet,
            digest=DigestSchedule(self.digest.at, every),
            digest_channel=self.digest.channel,
            push_kinds=frozenset(self.push_kinds),
            max_pushes_a_day=self.max_pushes_a_day,
        )


def refuse_reserved(spec: OfficialSpec) -> OfficialSpec:
    """The spec of somebody real.

    Raises:
        ValueError: it names the region of synthetic alerts.
    """
    if any(region.partition("-")[0] == RESERVED for line in spec.subscriptions for region in line.regions):
        raise ValueError(f"{RESERVED} is reserved for synthetic alerts")
    return spec


def _subscription(line: SubscriptionSpec) -> Subscription:
    return Subscription(
        regions=frozenset(line.regions),
        topics=frozenset(line.topics),
        kinds=frozenset(line.kinds),
        min_severity=line.min_severity,
        roles=frozenset(line.roles),
        counterparts=line.counterparts,
    )


class ContactSpec(_Strict):
    """Where somebody is reached; a Telegram chat id or a mail address, or both."""

    telegram: int | None = Field(default=None, ge=-(2**52), le=2**52)
    email: Annotated[str, AfterValidator(_mailbox)] | None = None

    def addresses(self) -> dict[str, str]:
        """By channel."""
        found = {"telegram": None if self.telegram is None else str(self.telegram), "email": self.email}
        return {channel: address for channel, address in found.items() if address is not None}


class OfficialEntry(OfficialSpec):
    """One entry of an officials file."""

    ref: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{1,60}$")]
    title: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    contacts: ContactSpec

    @model_validator(mode="after")
    def _is_somebody_real(self) -> Self:
        refuse_reserved(self)
        return self

    def spec(self) -> OfficialSpec:
        """Without name and addresses."""
        return OfficialSpec.model_validate(
            self.model_dump(exclude={"ref", "title", "contacts"}, by_alias=True), by_alias=True, by_name=True
        )
