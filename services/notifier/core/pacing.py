"""Say when a channel, and one recipient on it, may be used again; all times are seconds of one clock."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pace:
    """Least seconds between two sends: over the whole channel, to one recipient, to one group.

    With a ``burst`` the channel's distance holds over so many sends together, and two of them may come
    as close as half of it: what a stall cost is caught up inside the window, never beyond it.  So many
    ``at_once`` may wait for an answer: as many at most are unknown after a crash.  With ``counts_written``
    a send counts from the moment its request was written, which a stall may put long after the door.
    """

    channel_s: float
    recipient_s: float
    group_s: float
    burst: int = 1
    at_once: int = 16
    counts_written: bool = False


#: Telegram: about 30 a second in all, 1 a second for a chat, 20 a minute for a group.  25 a second and
#: 35 ms, so that the server's own clock never sees 26 in one; kept below the others as well.
TELEGRAM_PACE = Pace(channel_s=1.035 / 25, recipient_s=1.05, group_s=3.2, burst=25, counts_written=True)
#: A local mail server takes more than this; it owns the pace towards the world.
MAIL_PACE = Pace(channel_s=1 / 50, recipient_s=0.2, group_s=0.2, at_once=8)
#: Recipients remembered before those that have long been free are dropped.
_MANY = 10_000


@dataclass
class Pacer:
    """One channel's slots, and its door.

    A slot is taken when a delivery is chosen, so that no more are under way than may leave; the door is
    passed at the very moment of the send, and what has really left is what counts.
    """

    pace: Pace
    _channel_free: float = 0.0
    _closed_until: float = 0.0
    _recipient_free: dict[str, float] = field(default_factory=dict)
    _passed_at: float = -math.inf
    #: Through the door and not written yet: they may arrive at any moment.
    _on_the_way: int = 0
    _written: deque[float] = field(default_factory=deque)

    def is_free(self, recipient: str, now: float) -> bool:
        """Whether this recipient may be sent to now."""
        return self._recipient_free.get(recipient, 0.0) <= now

    def take(self, recipient: str, now: float, *, is_group: bool = False) -> float:
        """Take the next slot; the time at which to send, never before ``now``."""
        if len(self._recipient_free) > _MANY:
            self.forget_idle(now)
        at = max(now, self._channel_free, self._recipient_free.get(recipient, 0.0))
        self._channel_free = at + self.pace.channel_s
        self.reached(recipient, at, is_group=is_group)
        return at

    def opens_at(self, now: float) -> float:
        """When the door lets the next one through, never before ``now``.

        Any window then holds at most ``burst`` sends: when the last of them passed the door, the others were
        written inside the window or still on their way.
        """
        pace = self.pace
        at = max(now, self._passed_at + (pace.channel_s if pace.burst == 1 else pace.channel_s / 2))
        room = pace.burst - self._on_the_way
        if room <= 0:
            return max(at, now + pace.channel_s)  # nobody knows when: look again
        if len(self._written) >= room:
            at = max(at, self._written[-room] + pace.burst * pace.channel_s)
        return at

    def leave(self, recipient: str, now: float, *, is_group: bool = False) -> None:
        """One goes through the door just now; ``arrive`` must follow."""
        self._passed_at = now
        self._on_the_way += 1
        self.reached(recipient, now, is_group=is_group)

    def arrive(self, recipient: str, now: float, *, is_group: bool = False) -> None:
        """What went through the door has been written just now."""
        self._on_the_way -= 1
        self._written.append(now)
        while len(self._written) > self.pace.burst:
            self._written.popleft()
        self.reached(recipient, now, is_group=is_group)

    def reached(self, recipient: str, at: float, *, is_group: bool = False) -> None:
        """This recipient is sent to at ``at``, by us or by another worker."""
        self.pause_recipient(recipient, at + (self.pace.group_s if is_group else self.pace.recipient_s))

    def pause(self, until: float) -> None:
        """The whole channel was told to wait."""
        self._channel_free = max(self._channel_free, until)
        self._closed_until = max(self._closed_until, until)

    def pause_recipient(self, recipient: str, until: float) -> None:
        """One recipient's chat was told to wait."""
        self._recipient_free[recipient] = max(self._recipient_free.get(recipient, 0.0), until)

    def paused_for(self, now: float) -> float:
        """Seconds until the channel has a slot again."""
        return max(0.0, self._channel_free - now)

    def closed_for(self, now: float) -> float:
        """Seconds for which the channel was told to wait: nothing may pass its door."""
        return max(0.0, self._closed_until - now)

    def forget_idle(self, now: float) -> None:
        """Drop recipients that have long been free, so that memory does not grow with everyone ever told."""
        self._recipient_free = {name: at for name, at in self._recipient_free.items() if at > now}
