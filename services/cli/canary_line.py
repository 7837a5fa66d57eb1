"""Say of each channel when its synthetic alert was last read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from services.notifier.canary import Seen

_CHANNEL = {"telegram": "Telegram", "email": "e-mail"}
#: So many periods without one are a failure and no delay.
_MISSED = 3


@dataclass(frozen=True)
class CanaryLine:
    """One channel's test subscriber; ``seen`` is when the last synthetic alert was made and read back."""

    channel: str
    seen: Seen
    every_s: float

    @property
    def has_come(self) -> bool:
        """Whether any was read back since the test subscriber was set up."""
        return self.seen.at > self.seen.made

    def is_late(self, now: float) -> bool:
        """Whether one should have been read back by now."""
        return now - self.seen.at > _MISSED * self.every_s

    def words(self, now: float) -> str:
        """For the health line of the live view."""
        name = _CHANNEL.get(self.channel, self.channel)
        if not self.has_come:
            return f"{name} not read back yet"
        took = max(0.0, self.seen.at - self.seen.made)
        return f"{name} read back {max(0.0, now - self.seen.at):.0f} s ago, {took:.0f} s after it was made"

    def line(self) -> dict[str, str | None]:
        """For a program that reads lines: changes only with a new alert."""
        at = datetime.fromtimestamp(self.seen.at, UTC).isoformat(timespec="seconds") if self.has_come else None
        return {"canary": self.channel, "read_back": at}


def canary_lines(seen: Mapping[str, Seen], every_s: float) -> list[CanaryLine]:
    """By channel, in a fixed order."""
    return [CanaryLine(channel, seen[channel], every_s) for channel in sorted(seen)]
