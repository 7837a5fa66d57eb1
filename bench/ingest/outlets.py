"""The outlets' servers and the lines to them: outages, refusals, lies and slowness, and a log of every request."""

from __future__ import annotations

import asyncio
import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import format_datetime

from bench.ingest.desks import HOUR, START, Desk
from services.ingest.core.conditional import NONE, Validators
from services.ingest.core.outcome import PollReason
from services.ingest.fetch import Answer, FetchError, Limits

#: What a server makes of validators.  ``moving``: a new ETag with every build, whatever is in it.
KINDS = ("both", "both", "both", "etag", "date", "moving", "none", "liar")
TIMEOUT_S = 30.0
CONTENT_TYPE = {"content-type": "application/rss+xml; charset=utf-8"}


@dataclass(frozen=True)
class Spell:
    """A stretch of time in which a server does something else than serve.  Seconds.

    ``kind``: 503, 500, 429, reset, timeout, challenge or stuck (a cache that says 304 whatever happened).
    """

    begins: float
    ends: float
    kind: str
    retry_after: float | None = None
    as_date: bool = False


@dataclass(frozen=True)
class Request:
    """One request as the server saw it."""

    source_id: str
    domain: str
    began: float
    ended: float
    status: int
    conditional: bool
    unchanged: bool
    stuck: bool = False
    good: bool = False


@dataclass
class Server:
    """One feed's server."""

    desk: Desk
    kind: str
    spells: list[Spell]
    served: int | None = None
    not_before: float = 0.0
    held: list[tuple[float, float]] = field(default_factory=list)

    def spell(self, now: float) -> Spell | None:
        return next((one for one in self.spells if one.begins <= now < one.ends), None)

    def validators(self, now: float) -> Validators:
        """What the server would hand out now."""
        etag = f'"{self.desk.source.id}-{self.desk.version}"'
        if self.kind == "moving":
            etag = f'"{now:.0f}"'
        date = format_datetime(START + timedelta(seconds=int(self.desk.changed_at)), usegmt=False)
        if self.kind == "none":
            return NONE
        return Validators(None if self.kind == "date" else etag, None if self.kind in ("etag", "moving") else date)


@dataclass
class Outlets:
    """Stands where the fetcher stands; the poller cannot tell."""

    servers: dict[str, Server]
    dice: random.Random
    limits: Limits = field(default_factory=Limits)
    log: list[Request] = field(default_factory=list)
    busiest: int = 0
    too_early: int = 0
    waits_asked: int = 0
    shortest_gap: dict[str, float] = field(default_factory=dict)
    _open: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _last_end: dict[str, float] = field(default_factory=dict)

    async def get(self, url: str, *, validators: Validators = NONE, **_: object) -> Answer:
        """Answer as the server of ``url`` would.  Raises FetchError."""
        server = self.servers[url]
        domain, began = server.desk.source.politeness_key, _now()
        self._open[domain] += 1
        self.busiest = max(self.busiest, self._open[domain])
        self.too_early += began < server.not_before
        if domain in self._last_end:
            gap = began - self._last_end[domain]
            self.shortest_gap[domain] = min(gap, self.shortest_gap.get(domain, gap))
        status, unchanged, stuck, good = 0, False, False, False
        try:
            answer, unchanged, stuck = await self._answer(server, validators)
            status = answer.status
            good = answer.raw_headers != () or (
                status == 200 and server.kind == "none" and b"</" in answer.body[-20:]
            )
            return answer
        finally:
            ended = _now()
            self._open[domain] -= 1
            self._last_end[domain] = ended
            source_id = server.desk.source.id
            self.log.append(
                Request(source_id, domain, began, ended, status, bool(validators), unchanged, stuck, good)
            )

    async def close(self) -> None:
        """Nothing to close."""

    async def _answer(self, server: Server, sent: Validators) -> tuple[Answer, bool, bool]:
        spell = server.spell(_now())
        kind = spell.kind if spell else self._mishap()
        if kind == "timeout":
            await asyncio.sleep(TIMEOUT_S)
            raise FetchError(PollReason.TIMEOUT, "simulated")
        await asyncio.sleep(self.dice.uniform(0.1, 2.5))
        if kind == "reset":
            raise FetchError(PollReason.NETWORK, "simulated")
        if kind == "challenge":
            return (
                _answered(server, 200, b"<html><head><title>Just a moment...</title></head></html>"),
                False,
                False,
            )
        if kind in ("429", "500", "502", "503"):
            return self._refuse(server, int(kind), spell), False, False
        return self._serve(server, sent, kind)

    def _mishap(self) -> str:
        """Two answers in a hundred go wrong without any reason."""
        if self.dice.random() >= 0.02:
            return ""
        return self.dice.choice(("500", "502", "503", "timeout", "reset", "cut"))

    def _refuse(self, server: Server, status: int, spell: Spell | None) -> Answer:
        headers: dict[str, str] = {}
        if spell is not None and spell.retry_after is not None:
            until = _now() + spell.retry_after
            server.not_before = until
            server.held.append((_now(), until))
            self.waits_asked += 1
            date = format_datetime(START + timedelta(seconds=int(until) + 1))
            headers["retry-after"] = date if spell.as_date else str(int(spell.retry_after))
        return _answered(server, status, b"", headers)

    def _serve(self, server: Server, sent: Validators, kind: str) -> tuple[Answer, bool, bool]:
        now, desk = _now(), server.desk
        desk.pass_time(now)
        unchanged = server.served == desk.version
        fresh = server.validators(now)
        stuck = kind == "stuck" and bool(sent)
        if stuck or (sent and _matches(sent, fresh)):
            return _answered(server, 304, b"", fresh=sent), unchanged, stuck and not unchanged
        body = desk.body()
        if kind == "cut":
            cut = Answer(200, desk.source.url, CONTENT_TYPE, (), body[: len(body) // 2], truncated=True)
            return cut, unchanged, False
        server.served = desk.version
        return _answered(server, 200, body, fresh=fresh), unchanged, False


def make_outlets(desks: Sequence[Desk], seed: int, days: float) -> Outlets:
    """A server for each desk, with the week's troubles."""
    dice = random.Random(f"outlets {seed}")
    by_domain = {desk.source.politeness_key: _spell(dice, days, hours=1.0) for desk in desks}
    servers = {}
    kinds = [KINDS[n % len(KINDS)] for n in range(len(desks))]
    dice.shuffle(kinds)
    for desk, kind in zip(desks, kinds, strict=True):
        spells = [by_domain[desk.source.politeness_key], _spell(dice, days, hours=2.0)]
        spells += [_refusal(dice, days) for _ in range(max(1, round(2 * days / 7)))]
        if kind == "liar":
            begins = [dice.uniform(0, days * 24 * HOUR) for _ in range(max(1, round(2 * days / 7)))]
            spells += [Spell(at, at + dice.uniform(3, 10) * HOUR, "stuck") for at in begins]
        servers[desk.source.url] = Server(desk, kind, spells)
    return Outlets(servers, random.Random(f"lines {seed}"))


def _spell(dice: random.Random, days: float, hours: float) -> Spell:
    begins = dice.uniform(6 * HOUR, days * 24 * HOUR)
    kind = dice.choice(("503", "500", "timeout", "reset", "challenge"))
    asks = dice.choice((None, 600.0, 1800.0)) if kind == "503" else None
    return Spell(begins, begins + hours * HOUR, kind, asks)


def _refusal(dice: random.Random, days: float) -> Spell:
    begins = dice.uniform(6 * HOUR, days * 24 * HOUR)
    asks = dice.choice((120.0, 900.0, 3600.0))
    return Spell(begins, begins + dice.uniform(60, 1800), "429", asks, as_date=dice.random() < 0.3)


def _matches(sent: Validators, fresh: Validators) -> bool:
    """RFC 9110 section 13.2.2: the ETag decides where there is one."""
    if sent.etag is not None and fresh.etag is not None:
        return sent.etag == fresh.etag
    return sent.last_modified is not None and sent.last_modified == fresh.last_modified


def _answered(
    server: Server, status: int, body: bytes, headers: dict[str, str] | None = None, fresh: Validators = NONE
) -> Answer:
    pairs = [(b"ETag", fresh.etag), (b"Last-Modified", fresh.last_modified)]
    raw = tuple((name, value.encode()) for name, value in pairs if value is not None)
    return Answer(status, server.desk.source.url, CONTENT_TYPE | (headers or {}), raw, body)


def _now() -> float:
    return asyncio.get_running_loop().time()
