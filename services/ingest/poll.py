"""Poll the sources of one domain for ever: claim, read, settle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import sqlalchemy as sa
import structlog

from services.ingest import claims
from services.ingest.archive import (
    Reading,
    Written,
    resolve_aliases,
    seen_by,
    sightings_of,
    which_are_stored,
    write_readings,
)
from services.ingest.core.compose import Named, same_story
from services.ingest.core.gap import Gap, GapEnd, gap_left
from services.ingest.core.outcome import Outcome, PollReason
from services.ingest.core.sitemap import Sitemap
from services.ingest.core.source import Source
from services.ingest.core.standby import asks_first
from services.ingest.core.state import SourceState, at_place, gap_to_close
from services.ingest.looks import LookAgain
from services.ingest.metrics import IngestMetrics
from services.ingest.polled import Body, Polled
from services.ingest.reading import SourceReader
from services.ingest.settle import settle_source
from services.ingest.sitemap_store import known_sitemaps
from services.ingest.source_health import note_fits
from services.ingest.telling import Teller
from services.runtime.errors import UnavailableError
from services.runtime.spans import Spans
from services.runtime.store import Store

log = structlog.get_logger(__name__)

#: Longest sleep between two looks at what is due: a clock set forward is noticed this soon.  Each look is a
#: transaction a domain: at one a second 1,000 idle domains kept a core busy.
LOOK_S = 15.0
#: How soon a lead that became free, or a store that came back, is noticed.
STANDBY_S = 2.0


@dataclass(frozen=True)
class Clockwork:
    """The clock, the dice and the name of this process."""

    now: Callable[[], datetime]
    jitter: Callable[[], float]
    owner: str


class Poller:
    """Polls sources; any number of processes may do so on one store."""

    def __init__(
        self,
        *,
        store: Store,
        reader: SourceReader,
        metrics: IngestMetrics,
        clock: Clockwork,
        kick: Callable[[], None],
        look_s: float = LOOK_S,
        spans: Spans | None = None,
    ) -> None:
        self._store = store
        self._reader = reader
        self._metrics = metrics
        self._clock = clock
        self._kick = kick
        self._look_s = look_s
        spans = spans or Spans()
        self._teller = Teller(metrics, spans, clock.now)
        self.looks = LookAgain(
            store=store, reader=reader, now=clock.now, kick=kick, count=metrics.count_look, spans=spans
        )

    async def run(self, domain: str, sources: Sequence[Source]) -> None:
        """Poll what is due of a domain, one source after the other, until cancelled."""
        by_id = {source.id: source for source in sources}
        while True:
            try:
                wait = await self.step(domain, by_id)
            except UnavailableError as error:
                log.warning("polling waits", domain=domain, reason=str(error))
                wait = STANDBY_S
            if wait > 0:
                await asyncio.sleep(min(wait, self._look_s))

    async def step(self, domain: str, by_id: dict[str, Source]) -> float:
        """Poll the next due source of the domain; returns the seconds until another may be due."""
        if not await self._store.lead(f"poll-{domain}"):
            return STANDBY_S
        now = self._clock.now().timestamp()
        claim = await self._store.write(
            lambda conn: claims.claim(conn, domain, list(by_id), self._clock.owner, now)
        )
        if not isinstance(claim, claims.Claim):
            # Nothing is due: time for a page that is to be read again.
            return 0.0 if await self._look(domain, by_id) else max(claim, 0.01)
        source = by_id[claim.source_id]
        try:
            await self.poll(source, claim.state)
        except claims.ClaimLostError:
            log.warning("another process took the source over", source=source.id)
        except UnavailableError:
            raise
        except Exception:  # one bad feed must not end the polling of its domain
            log.exception("poll failed", source=source.id)
            failed = Polled(Outcome(PollReason.INTERNAL))
            await self._settle(source, claim.state, failed, (), (), at_first=claim.state.standby is None)
        return 0.0

    async def _look(self, domain: str, by_id: dict[str, Source]) -> bool:
        """Read one page again if one is due; whether there was one."""
        try:
            return await self.looks.step(domain, by_id) is not None
        except UnavailableError:
            raise
        except Exception:  # one bad page must not end the polling of its domain
            log.exception("look failed", domain=domain)
            return False

    async def poll(self, source: Source, state: SourceState) -> Outcome:
        """Ask the source once and settle what came of it in one transaction.

        Raises:
            ClaimLostError: nothing was stored, another process has the source.
        """
        began = time.time()
        with self._metrics.poll_seconds.time():
            at_first = asks_first(state.standby, self._clock.now()) or source.fallback is None
            asked, there = at_place(source, state, first=at_first)
            polled = await self._reader.poll(asked, there, await self._sitemaps(asked, state, at_first))
            named: tuple[Named, ...] = ()
            ready: list[Reading] = []
            if polled.body is not None:
                polled, named, seen = await self._entries(asked, there, polled, polled.body)
                early = partial(self._publish, source, state, polled, began)
                ready = await self._reader.readings(source, named, seen, self._clock.now(), early)
            return await self._settle(source, state, polled, ready, named, at_first=at_first, began=began)

    async def _entries(
        self, asked: Source, there: SourceState, polled: Polled, body: Body
    ) -> tuple[Polled, tuple[Named, ...], dict[str, str]]:
        """The stories of a body and those a gap hid, where they can still be had; and what is known of them."""
        named, seen = await self._named(asked, body.named)
        polled = _with_overrun(polled, known=bool(seen), first=there.first, entries=len(named))
        gap = gap_to_close(there, overrun=polled.outcome.overrun)
        if gap is not None and asked.outlet.shape == "wordpress" and asked.format == "rss":
            older, polled = await self._read_back(asked, there, polled, body, gap)
            named, seen = await self._named(asked, (*older, *body.named))
        return polled, named, seen

    async def _read_back(
        self, asked: Source, there: SourceState, polled: Polled, body: Body, gap: Gap
    ) -> tuple[tuple[Named, ...], Polled]:
        """What further pages still show; where one cannot be read now, the next poll tries again."""
        known = partial(self._are_known, asked, gap)
        older, end = await self._reader.older(asked, there.url, body.named, known)
        left = gap_left(gap, end)
        log.info("older pages read", source=asked.id, stories=len(older), end=str(end), again=left is not None)
        if left is not None:
            await self._store.write(lambda conn: claims.note_gap(conn, asked.id, self._clock.owner, left))
        outcome = replace(polled.outcome, overrun=end is not GapEnd.CLOSED)
        return older, replace(polled, outcome=outcome, gap=left)

    async def _named(self, source: Source, found: Sequence[Named]) -> tuple[tuple[Named, ...], dict[str, str]]:
        """The stories these entries are, each once, and the hashes of those this source showed before."""
        named = await self._with_aliases(tuple({one.story_id: one for one in found}.values()))
        names = [one.story_id for one in named]
        return named, await self._store.read(lambda conn: sightings_of(conn, source.id, names))

    async def _are_known(self, source: Source, gap: Gap, found: Sequence[Named]) -> bool:
        """Whether one of these was seen before the gap: what came since is no sign that nothing is missing."""
        named = await self._with_aliases(tuple(found))
        names = [one.story_id for one in named]
        return await self._store.read(lambda conn: seen_by(conn, source.id, names, gap.since))

    async def _sitemaps(self, asked: Source, state: SourceState, at_first: bool) -> dict[str, Sitemap]:
        """What is known of the sitemaps below the address that is asked now."""
        if asked.format != "news_sitemap" or (at_first and state.standby is not None):
            return {}
        return await self._store.read(lambda conn: known_sitemaps(conn, asked.id))

    async def _publish(
        self, source: Source, state: SourceState, polled: Polled, began: float, readings: list[Reading]
    ) -> None:
        """Publish a few readings early, without validators: a crash from here on only asks again."""

        def work(conn: sa.Connection) -> Written:
            claims.check(conn, source.id, self._clock.owner)
            written = write_readings(conn, source, readings, self._clock.now(), first_poll=state.first)
            note_fits(conn, source.id, [reading.fits for reading in readings])
            return written

        written = await self._store.write(work)
        self._kick()
        for reason in written.reasons:
            self._metrics.decisions.labels(source.outlet.key, str(reason)).inc()
        self._teller.tell_stories(source, polled, written.announced, began)

    async def _settle(
        self,
        source: Source,
        state: SourceState,
        polled: Polled,
        readings: Sequence[Reading],
        named: Sequence[Named],
        *,
        at_first: bool = True,
        began: float | None = None,
    ) -> Outcome:
        settlement = await self._store.write(
            lambda conn: settle_source(
                conn,
                source,
                state,
                polled,
                readings,
                seen=[one.story_id for one in named],
                at_first=at_first,
                now=self._clock.now(),
                jitter=self._clock.jitter(),
                owner=self._clock.owner,
            )
        )
        self._kick()
        self._teller.tell(source, state, settlement)
        self._teller.tell_stories(source, polled, settlement.announced, began or time.time())
        return settlement.outcome

    async def _with_aliases(self, named: tuple[Named, ...]) -> tuple[Named, ...]:
        """Entries whose address changed keep the story their guid named before."""
        names = [alias for one in named for alias in one.aliases]
        if not names:
            return named
        shown = {one.story_id for one in named}

        def known(conn: sa.Connection) -> tuple[dict[str, str], set[str]]:
            return resolve_aliases(conn, names), which_are_stored(conn, list(shown))

        by_alias, stored = await self._store.read(known)
        return tuple(replace(one, story_id=same_story(one, by_alias, stored, shown)) for one in named)


def _with_overrun(polled: Polled, *, known: bool, first: bool, entries: int) -> Polled:
    """A body without a single known story: what was published between it and the last one is lost."""
    grew = polled.walked is not None and polled.walked.grew
    overrun = not known and not first and not grew and entries > 1
    return replace(polled, outcome=replace(polled.outcome, overrun=overrun))
