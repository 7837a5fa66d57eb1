"""Let a request through, or not: who asks, for what, and how often."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.notifier.core.outlets.passes import Sign, hash_token, read_pass
from services.notifier.core.outlets.throttle import Bucket, Rate, take
from services.notifier.outlets import readers
from services.notifier.outlets.readers import Reader
from services.runtime.store import Store

#: One a second goes on for ever; a reader that fetches a feed with all its CAP messages fits into the burst.
RATE = Rate(per_minute=60, burst=150)
#: A token that was revoked is refused after this time at the latest.
_FRESH_S = 2.0
_NOTED_EVERY_S = 3600.0


@dataclass(frozen=True)
class Limits:
    """How a reader stands: ``left`` requests at once, all of ``burst`` again in ``full_in_s``."""

    rate: Rate
    left: int
    full_in_s: int


@dataclass(frozen=True)
class Asked:
    """How a request says who it is from: by header, by ``?token=``, or by ``?for=`` for this path alone."""

    path: str
    authorization: str | None = None
    token: str | None = None
    passed: str | None = None


class Gate:
    """Knows the readers by heart, so that a wrong token costs no question to the store."""

    def __init__(
        self,
        store: Store,
        sign: Sign,
        clock: Callable[[], float],
        *,
        rate: Rate = RATE,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._sign = sign
        self._clock = clock
        self._steady = steady
        self._rate = rate
        self._by_hash: Mapping[str, Reader] = {}
        self._by_id: Mapping[str, Reader] = {}
        self._read_at = float("-inf")
        self._buckets: dict[str, Bucket] = {}
        self._used: dict[str, float] = {}

    async def who(self, asked: Asked) -> Reader | None:
        """The reader, by the header, else by the address; None for everything else, whatever is wrong with it."""
        await self._refresh()
        reader = self._known(asked)
        now = self._clock()
        if reader is None or not reader.is_valid(now):
            return None
        self._used[reader.reader_id] = now
        return reader

    def wait_for(self, reader: Reader) -> float:
        """Seconds this reader has to wait; 0 if the request may be answered."""
        bucket, wait = take(self._buckets.get(reader.reader_id), self._rate, self._steady())
        self._buckets[reader.reader_id] = bucket
        return wait

    def limits(self, reader: Reader) -> Limits:
        """How many requests this reader has left after the last one."""
        bucket = self._buckets.get(reader.reader_id)
        left = self._rate.burst if bucket is None else bucket.left
        return Limits(self._rate, int(left), math.ceil((self._rate.burst - left) * 60 / self._rate.per_minute))

    async def note_use(self) -> None:
        """Write down who was here, each at most once an hour."""
        known = {reader.reader_id: reader.last_used_at or 0.0 for reader in self._by_hash.values()}
        due = {one: at for one, at in self._used.items() if at - known.get(one, at) >= _NOTED_EVERY_S}
        self._used.clear()
        if due:
            await self._store.write(lambda conn: readers.note_use(conn, list(due), max(due.values())))

    def _known(self, asked: Asked) -> Reader | None:
        if asked.authorization is not None:
            scheme, _, given = asked.authorization.partition(" ")
            return self._by_hash.get(hash_token(given.strip())) if scheme.lower() == "bearer" else None
        if asked.token is not None:
            return self._by_hash.get(hash_token(asked.token))
        reader_id = read_pass(self._sign, asked.passed, asked.path) if asked.passed is not None else None
        return self._by_id.get(reader_id) if reader_id else None

    async def _refresh(self) -> None:
        now = self._steady()
        if now - self._read_at < _FRESH_S:
            return
        self._by_hash = await self._store.read(readers.readers_by_hash)
        self._by_id = {reader.reader_id: reader for reader in self._by_hash.values()}
        self._read_at = now
