"""Say when a channel, and one recipient on it, may be used again; all times are seconds of one clock."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pace:
    """Least seconds between two sends: over the whole channel, to one recipient, to one group."""

    channel_s: float
    recipient_s: float
    group_s: float


#: Telegram: about 30 a second in all, 1 a second for a chat, 20 a minute for a group; kept below each.
TELEGRAM_PACE = Pace(channel_s=1 / 25, recipient_s=1.05, group_s=3.2)
#: A local mail server takes more than this; it owns the pace towards the world.
MAIL_PACE = Pace(channel_s=1 / 50, recipient_s=0.2, group_s=0.2)


@dataclass
class Pacer:
    """One channel's slots.  A slot is taken before the send, so bursts cannot form."""

    pace: Pace
    _channel_free: float = 0.0
    _recipient_free: dict[str, float] = field(default_factory=dict)

    def is_free(self, recipient: str, now: float) -> bool:
        """Whether this recipient may be sent to now."""
        return self._recipient_free.get(recipient, 0.0) <= now

    def take(self, recipient: str, now: float, *, is_group: bool = False) -> float:
        """Take the next slot; the time at which to send, never before ``now``."""
        at = max(now, self._channel_free, self._recipient_free.get(recipient, 0.0))
        self._channel_free = at + self.pace.channel_s
        self._recipient_free[recipient] = at + (self.pace.group_s if is_group else self.pace.recipient_s)
        return at

    def pause(self, until: float) -> None:
        """The whole channel was told to wait."""
        self._channel_free = max(self._channel_free, until)

    def pause_recipient(self, recipient: str, until: float) -> None:
        """One recipient's chat was told to wait."""
        self._recipient_free[recipient] = max(self._recipient_free.get(recipient, 0.0), until)

    def paused_for(self, now: float) -> float:
        """Seconds until the channel has a slot again."""
        return max(0.0, self._channel_free - now)

    def forget_idle(self, now: float) -> None:
        """Drop recipients that have long been free, so that memory does not grow with everyone ever told."""
        self._recipient_free = {name: at for name, at in self._recipient_free.items() if at > now}
