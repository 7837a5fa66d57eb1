"""Keep what was read from the store last, up to a weight: many small things, or a few large ones."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import AnyStr, Generic, TypeVar

T = TypeVar("T")


class Recent(Generic[AnyStr, T]):
    """What was made of stored bytes or text; what nobody asked for the longest goes first.

    A number of things would be no bound: the state of an incident grows with every report on it, and each
    report leaves another one behind.
    """

    def __init__(self, read: Callable[[AnyStr], T], most: int) -> None:
        """``most`` bytes or characters of stored form; what is made of it takes about three times as much."""
        self.most = most
        self._read: Callable[[AnyStr], T] = read
        self._kept: OrderedDict[AnyStr, T] = OrderedDict()
        self._weight = 0
        self._lock = Lock()

    def __len__(self) -> int:
        return len(self._kept)

    @property
    def weight(self) -> int:
        """Of stored form, what is kept now."""
        return self._weight

    def __call__(self, stored: AnyStr) -> T:
        """What is stored, read; raises what reading it raises, and then keeps nothing."""
        with self._lock:
            if stored in self._kept:
                self._kept.move_to_end(stored)
                return self._kept[stored]
        made = self._read(stored)
        self._keep(stored, made)
        return made

    def _keep(self, stored: AnyStr, made: T) -> None:
        if len(stored) > self.most:
            return  # all else would have to go for it
        with self._lock:
            if stored in self._kept:
                return  # another thread was faster
            self._kept[stored] = made
            self._weight += len(stored)
            while self._weight > self.most:
                self._weight -= len(self._kept.popitem(last=False)[0])
