"""Say when a channel, and one recipient on it, may be used again; all times are seconds of one clock."""

from __future__ import annotations

import bisect
import math
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Pace:
    """Least seconds between two sends: over the whole channel, to one recipient, to one group.

    With a ``burst`` the channel's distance holds over so many sends together, and two of them may come
    as close as half of it: what a stall cost is caught up inside the window, never beyond it.  So many
    ``at_once`` may wait for an answer: as many at most are unknown after a crash.  With ``by_arrival`` it is
    the receiver's clock that the pace holds on: a stall on the way puts an arrival long after the door.
    """

    channel_s: float
    recipient_s: float
    group_s: float
    burst: int = 1
    at_once: int = 16
    by_arrival: bool = False


#: Telegram: about 30 a second in all, 1 a second for a chat, 20 a minute for a group.  25 a second and
#: 35 ms, so that the server's own clock never sees 26 in one; kept below the others as well.
TELEGRAM_PACE = Pace(channel_s=1.035 / 25, recipient_s=1.05, group_s=3.2, burst=25, by_arrival=True)
#: A local mail server takes more than this; it owns the pace towards the world.
MAIL_PACE = Pace(channel_s=1 / 50, recipient_s=0.2, group_s=0.2, at_once=8)
_FIRST_FEW = 8
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
    #: With what is only chosen so far.
    _recipient_free: dict[str, float] = field(default_factory=dict)
    #: By what has really left, or what a chat told us.
    _recipient_rests: dict[str, float] = field(default_factory=dict)
    _passed_at: float = -math.inf
    #: Through the door and not answered yet: they may arrive at any moment.
    _on_the_way: int = 0
    _answered: list[float] = field(default_factory=list)
    #: The quickest from door to answer, and over how many it was found.
    _quickest: float = math.inf
    _answers: int = 0

    def is_free(self, recipient: str, now: float) -> bool:
        """Whether this recipient may be sent to now."""
        return self._recipient_free.get(recipient, 0.0) <= now

    def take(self, recipient: str, now: float, *, is_group: bool = False, urgent: bool = False) -> float:
        """Take the next slot; the time at which to send, never before ``now``.

        What is ``urgent`` need not wait for the slots already given to others: it is at the door at once, where
        it goes first, and what follows is chosen that much later.
        """
        if len(self._recipient_free) > _MANY:
            self.forget_idle(now)
        channel_at = max(now, self._channel_free)
        at = max(now, self._closed_until if urgent else channel_at, self._recipient_free.get(recipient, 0.0))
        self._channel_free = max(channel_at, at) + self.pace.channel_s
        self.claim(recipient, at, is_group=is_group)
        return at

    def give_back(self, recipient: str) -> None:
        """What was chosen for this recipient does not leave after all; its slot is another's."""
        self._channel_free = max(self._closed_until, self._channel_free - self.pace.channel_s)
        self._recipient_free[recipient] = self._recipient_rests.get(recipient, 0.0)

    def keep_for(self, recipient: str, now: float, *, is_group: bool = False) -> float:
        """Keep a recipient's next moment for what takes no slot; when that is, never before ``now``."""
        at = max(now, self._recipient_free.get(recipient, 0.0))
        self.claim(recipient, at, is_group=is_group)
        return at

    def rests_for(self, recipient: str, now: float) -> float:
        """Seconds until a recipient may hear again, by what has really left."""
        return max(0.0, self._recipient_rests.get(recipient, 0.0) - now)

    def opens_at(self, now: float) -> float:
        """When the door lets the next one through, never before ``now``.

        Any window then holds at most ``burst`` arrivals: when the last of them passed the door, the others had
        arrived inside the window or were still on their way.
        """
        pace = self.pace
        at = max(now, self._passed_at + (pace.channel_s if pace.burst == 1 else pace.channel_s / 2))
        room = pace.burst - self._on_the_way
        if room <= 0:
            return max(at, now + pace.channel_s)  # nobody knows when: look again
        if len(self._answered) >= room:
            at = max(at, self._answered[-room] - self._way + pace.burst * pace.channel_s)
        return at

    def leave(self, recipient: str, now: float, *, is_group: bool = False) -> None:
        """One goes through the door just now; ``answered`` or ``never_left`` must follow."""
        self._passed_at = now
        self._on_the_way += 1
        self.reached(recipient, now, is_group=is_group)

    def answered(self, recipient: str, left: float, now: float, *, is_group: bool = False) -> None:
        """What went through the door at ``left`` has its answer, or nobody waits for it any more."""
        self._on_the_way -= 1
        self._answers += 1
        self._quickest = min(self._quickest, now - left)
        bisect.insort(self._answered, now)
        if len(self._answered) > self.pace.burst:
            del self._answered[0]
        self.reached(recipient, now - self._way, is_group=is_group)

    def never_left(self) -> None:
        """What went through the door did not reach the line: no connection."""
        self._on_the_way -= 1

    @property
    def _way(self) -> float:
        """What is taken off the time of an answer to have the time of the arrival at the latest.

        The quickest from door to answer has the shortest way there in it, which every other one has too; what
        another took longer than that it may have lost on its way there.  Of the first few nobody knows whether
        they were quick.
        """
        return self._quickest if self._answers > _FIRST_FEW else 0.0

    def reached(self, recipient: str, at: float, *, is_group: bool = False) -> None:
        """This recipient is sent to at ``at``, by us or by another worker."""
        self.pause_recipient(recipient, at + self._distance(is_group=is_group))

    def claim(self, recipient: str, at: float, *, is_group: bool) -> None:
        """Something will be sent to this recipient at ``at``: nothing else is chosen for it."""
        until = at + self._distance(is_group=is_group)
        self._recipient_free[recipient] = max(self._recipient_free.get(recipient, 0.0), until)

    def _distance(self, *, is_group: bool) -> float:
        return self.pace.group_s if is_group else self.pace.recipient_s

    def pause(self, until: float) -> None:
        """The whole channel was told to wait."""
        self._channel_free = max(self._channel_free, until)
        self._closed_until = max(self._closed_until, until)

    def pause_recipient(self, recipient: str, until: float) -> None:
        """One recipient's chat was told to wait."""
        for times in (self._recipient_free, self._recipient_rests):
            times[recipient] = max(times.get(recipient, 0.0), until)

    def paused_for(self, now: float) -> float:
        """Seconds until the channel has a slot again."""
        return max(0.0, self._channel_free - now)

    def closed_for(self, now: float) -> float:
        """Seconds for which the channel was told to wait: nothing may pass its door."""
        return max(0.0, self._closed_until - now)

    def forget_idle(self, now: float) -> None:
        """Drop recipients that have long been free, so that memory does not grow with everyone ever told."""
        self._recipient_free = {name: at for name, at in self._recipient_free.items() if at > now}
        self._recipient_rests = {name: at for name, at in self._recipient_rests.items() if at > now}
